//! Configuration stores: the conformance suite, then what each provider promises beyond it.

mod redis;

use std::sync::Arc;

use dapr_cli::components::Metadata;
use dapr_cli::components::configuration::{Item, Items, Store, Subscription, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::{Settings, in_time, init, registry, until};

async fn make(kind: &str, settings: Settings<'_>) -> Result<Arc<dyn Store>, String> {
    let make = registry().configuration(kind, "v1").unwrap();
    make(init("app", settings)).await.map_err(|error| error.to_string())
}

/// Sets a key to a value and a version, or removes it.
type Put = Box<dyn FnMut(&str, Option<(&str, &str)>) + Send>;

/// A provider under test, and how its operator changes it.
struct Subject {
    what: &'static str,
    store: Arc<dyn Store>,
    put: Put,
}

async fn every_provider() -> Vec<Subject> {
    redis::subject().await.into_iter().collect()
}

/// What a watcher was told, one call after the other.
struct Told(UnboundedReceiver<Items>);

impl Told {
    fn new() -> (Self, Watcher) {
        let (sender, receiver) = unbounded_channel();
        let watcher: Watcher = Arc::new(move |items| {
            let _ = sender.send(items);
            Box::pin(std::future::ready(()))
        });
        (Self(receiver), watcher)
    }

    async fn next(&mut self) -> Items {
        in_time("a change", self.0.recv()).await.unwrap()
    }

    /// Waits until a key has this item; what was told of others is returned.
    async fn until(&mut self, key: &str, wanted: &Item) -> Vec<String> {
        let mut others = Vec::new();
        loop {
            let items = self.next().await;
            others.extend(items.keys().filter(|other| *other != key).cloned());
            if items.get(key) == Some(wanted) {
                return others;
            }
        }
    }
}

fn item(value: &str, version: &str) -> Item {
    Item { value: value.into(), version: version.into(), metadata: Metadata::new() }
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

async fn get(store: &dyn Store, wanted: &[&str]) -> Items {
    store.get(&keys(wanted), &Metadata::new()).await.unwrap()
}

async fn subscribe(store: &dyn Store, wanted: &[&str], watcher: Watcher) -> Box<dyn Subscription> {
    store.subscribe(&keys(wanted), &Metadata::new(), watcher).await.unwrap()
}

#[tokio::test]
async fn items_have_values_and_versions_and_missing_ones_are_left_out() {
    for Subject { what, store, mut put } in every_provider().await {
        assert!(get(&*store, &[]).await.is_empty(), "{what}");
        put("a", Some(("1", "v1")));
        put("b", Some(("zwei", "")));
        let both = Items::from([("a".into(), item("1", "v1")), ("b".into(), item("zwei", ""))]);
        assert_eq!(get(&*store, &["a", "absent", "b", "a"]).await, both, "{what}");
        assert_eq!(get(&*store, &[]).await, both, "{what}: no keys are all keys");
        put("a", Some(("2", "v2")));
        put("b", None);
        assert_eq!(get(&*store, &[]).await, Items::from([("a".into(), item("2", "v2"))]), "{what}");
    }
}

#[tokio::test]
async fn changes_are_told_and_only_those_that_were_asked_for() {
    for Subject { what, store, mut put } in every_provider().await {
        put("a", Some(("1", "v1")));
        let (mut some, watcher) = Told::new();
        let _some = subscribe(&*store, &["a", "b"], watcher).await;
        let (mut all, watcher) = Told::new();
        let _all = subscribe(&*store, &[], watcher).await;
        put("c", Some(("3", "")));
        put("b", Some(("2", "")));
        assert!(some.until("b", &item("2", "")).await.is_empty(), "{what}: what is there is no change");
        put("a", Some(("1", "v2")));
        assert!(some.until("a", &item("1", "v2")).await.is_empty(), "{what}");
        put("a", None);
        some.until("a", &Item::default()).await;
        all.until("c", &item("3", "")).await;
        all.until("a", &Item::default()).await;
        put("d", Some(("4", "")));
        all.until("d", &item("4", "")).await;
    }
}

#[tokio::test]
async fn a_subscription_that_was_stopped_or_dropped_tells_nothing() {
    for Subject { what, store, mut put } in every_provider().await {
        let (mut stopped, watcher) = Told::new();
        let ends = subscribe(&*store, &["a"], watcher).await;
        let (mut dropped, watcher) = Told::new();
        let weak = Arc::downgrade(&watcher);
        drop(subscribe(&*store, &["a"], watcher).await);
        in_time("stopping", ends.stop()).await;
        until(what, async || weak.strong_count() == 0).await;
        let (mut other, watcher) = Told::new();
        let _other = subscribe(&*store, &["a"], watcher).await;
        put("a", Some(("1", "")));
        other.until("a", &item("1", "")).await;
        assert!(stopped.0.try_recv().is_err() && dropped.0.try_recv().is_err(), "{what}");
    }
}

#[tokio::test]
async fn after_close() {
    for Subject { what, store, .. } in every_provider().await {
        let (_told, watcher) = Told::new();
        let weak = Arc::downgrade(&watcher);
        let subscription = subscribe(&*store, &[], watcher).await;
        in_time("closing", store.close()).await;
        assert_eq!(weak.strong_count(), 0, "{what}");
        let error = store.get(&keys(&["a"]), &Metadata::new()).await.unwrap_err();
        assert_eq!(error.to_string(), "component is closed", "{what}");
        let (_told, watcher) = Told::new();
        assert!(store.subscribe(&[], &Metadata::new(), watcher).await.is_err(), "{what}");
        in_time("stopping", subscription.stop()).await;
    }
}
