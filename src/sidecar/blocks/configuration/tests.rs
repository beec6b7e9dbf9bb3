use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;
use crate::components::configuration::Error;
use crate::sidecar::blocks::testing::{TestApp, eventually, manifest, shared};

/// A store whose changes the test makes. Keys named `broken` fail.
#[derive(Default)]
struct Fake(Arc<Mutex<Vec<Watcher>>>);

struct Running(Arc<Mutex<Vec<Watcher>>>);

#[async_trait]
impl Subscription for Running {
    async fn stop(self: Box<Self>) {
        self.0.lock().unwrap().clear();
    }
}

fn check(keys: &[String]) -> Result<(), Error> {
    if keys.iter().any(|key| key == "broken") { Err(Error("no connection".into())) } else { Ok(()) }
}

fn item(value: &str) -> Item {
    Item { value: value.into(), version: "1".into(), metadata: Metadata::new() }
}

#[async_trait]
impl Store for Fake {
    async fn get(&self, keys: &[String], _: &Metadata) -> Result<Items, Error> {
        check(keys)?;
        Ok(keys.iter().filter(|key| *key != "absent").map(|key| (key.clone(), item("v"))).collect())
    }

    async fn subscribe(
        &self,
        keys: &[String],
        _: &Metadata,
        watcher: Watcher,
    ) -> Result<Box<dyn Subscription>, Error> {
        check(keys)?;
        self.0.lock().unwrap().push(watcher);
        Ok(Box::new(Running(Arc::clone(&self.0))))
    }
}

impl Fake {
    fn watchers(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    async fn change(&self, items: Items) {
        let watchers = self.0.lock().unwrap().clone();
        join_all(watchers.iter().map(|watcher| watcher(items.clone()))).await;
    }
}

fn sidecar(app: Option<&TestApp>) -> (Arc<Shared>, Arc<Fake>) {
    let (mut shared, fake) = (shared("app"), Arc::new(Fake::default()));
    shared.app = app.map(TestApp::channel);
    let provider: Arc<dyn Store> = Arc::<Fake>::clone(&fake);
    shared.components.insert_configuration(manifest("s", "configuration.fake", &[]), provider);
    (Arc::new(shared), fake)
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[tokio::test]
async fn items_and_errors() {
    let (shared, _) = sidecar(None);
    let none = Metadata::new();
    let items = get(&shared, "s", &keys(&["a", "absent"]), &none).await.unwrap();
    assert_eq!(items.into_iter().collect::<Vec<_>>(), [("a".to_owned(), item("v"))]);
    let told = |error: ApiError| (error.status.as_u16(), error.code, error.message);
    let error = get(&shared, "s", &keys(&["a", "broken"]), &none).await.unwrap_err();
    let text = "failed to get [a broken] from Configuration store s: no connection";
    assert_eq!(told(error), (500, "ERR_CONFIGURATION_GET", text.into()));
    let error = get(&shared, "x", &[], &none).await.unwrap_err();
    assert_eq!(
        told(error),
        (400, "ERR_CONFIGURATION_STORE_NOT_FOUND", "configuration store x not found".into())
    );
    let bare = crate::sidecar::blocks::testing::shared("app");
    let error = get(&bare, "x", &[], &none).await.unwrap_err();
    assert_eq!(
        told(error),
        (500, "ERR_CONFIGURATION_STORE_NOT_CONFIGURED", "configuration stores not configured".into())
    );
    let watching = Watching::default();
    let error = watching.for_app(&shared, "s", &[], &none).await.unwrap_err();
    let text = "app channel is not initialized. cannot subscribe to configuration updates";
    assert_eq!(told(error), (500, "ERR_APP_CHANNEL_NIL", text.into()));
    let error = watching.for_app(&shared, "x", &[], &none).await.unwrap_err();
    assert_eq!(error.code, "ERR_CONFIGURATION_STORE_NOT_FOUND");
    let app = TestApp::start(|_| (200, String::new())).await;
    let (shared, _) = sidecar(Some(&app));
    let error = watching.for_app(&shared, "s", &keys(&["broken"]), &none).await.unwrap_err();
    let text = "failed to subscribe [broken] from Configuration store s: no connection";
    assert_eq!(told(error), (500, "ERR_CONFIGURATION_SUBSCRIBE", text.into()));
}

#[tokio::test]
async fn the_app_is_told_of_changes_until_it_unsubscribes() {
    let refusals = AtomicUsize::new(1);
    let app = TestApp::start(move |_| {
        let refused = refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        (if refused.is_ok() { 503 } else { 204 }, String::new())
    })
    .await;
    let (shared, fake) = sidecar(Some(&app));
    let watching = Watching::default();
    let id = watching.for_app(&shared, "s", &keys(&["a/b", "c"]), &Metadata::new()).await.unwrap();
    assert!(uuid::Uuid::parse_str(&id).is_ok(), "{id}");
    fake.change([("a/b".to_owned(), item("v")), ("c".to_owned(), Item::default())].into()).await;
    let told: Vec<_> = app.take().into_iter().map(|told| (told.method, told.path, told.body)).collect();
    let first = (
        "POST".to_owned(),
        "/configuration/s/a%2Fb".to_owned(),
        format!(r#"{{"id":"{id}","items":{{"a/b":{{"value":"v","version":"1"}}}}}}"#),
    );
    let second = (
        "POST".to_owned(),
        "/configuration/s/c".to_owned(),
        format!(r#"{{"id":"{id}","items":{{"c":{{}}}}}}"#),
    );
    assert_eq!(told, [first.clone(), first, second], "the first one was sent again");

    let unknown = watching.unsubscribe(&shared, "s", "nobody").await;
    assert_eq!(unknown, Err(NotEnded::Unknown));
    let error = watching.unsubscribe(&shared, "x", &id).await.unwrap_err();
    assert!(matches!(error, NotEnded::Store(error) if error.code == "ERR_CONFIGURATION_STORE_NOT_FOUND"));
    assert_eq!(watching.unsubscribe(&shared, "s", &id).await, Ok(()));
    assert_eq!(fake.watchers(), 0);
    assert_eq!(watching.unsubscribe(&shared, "s", &id).await, Err(NotEnded::Unknown));
}

#[tokio::test]
async fn the_end_ends_them_all_and_admits_no_more() {
    let (shared, fake) = sidecar(None);
    let watching = Watching::default();
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let watcher = |id: &str| -> Watcher {
        let id = id.to_owned();
        Arc::new(move |items: Items| {
            let _ = sender.send((id.clone(), items));
            Box::pin(std::future::ready(()))
        })
    };
    let id = watching.subscribe(&shared, "s", &[], &Metadata::new(), watcher).await.unwrap();
    fake.change([("a".to_owned(), item("v"))].into()).await;
    assert_eq!(receiver.recv().await.unwrap().0, id);
    assert!(watching.close(Duration::from_secs(5)).await);
    assert!(receiver.recv().await.is_none(), "the watcher is dropped");
    let late = watching
        .subscribe(&shared, "s", &[], &Metadata::new(), |_| Arc::new(|_| Box::pin(std::future::ready(()))))
        .await
        .unwrap_err();
    assert!(late.message.ends_with("the sidecar is shutting down"), "{}", late.message);
    eventually("it is gone", || fake.watchers() == 0).await;
}

#[tokio::test]
async fn subscriptions_follow_their_store() {
    let (shared, first) = sidecar(None);
    let watching = Watching::default();
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let watcher = |_: &str| -> Watcher {
        Arc::new(move |items: Items| {
            let _ = sender.send(items);
            Box::pin(std::future::ready(()))
        })
    };
    let id =
        watching.subscribe(&shared, "s", &keys(&["a", "absent"]), &Metadata::new(), watcher).await.unwrap();
    let second = Arc::new(Fake::default());
    let provider: Arc<dyn Store> = Arc::<Fake>::clone(&second);
    shared.components.insert_configuration(manifest("s", "configuration.fake", &[]), provider);
    watching.follow(&shared, "s").await;
    assert_eq!((first.watchers(), second.watchers()), (0, 1));
    let told = receiver.recv().await.unwrap();
    assert_eq!(told.into_iter().collect::<Vec<_>>(), [("a".to_owned(), item("v"))]);
    second.change([("a".to_owned(), item("w"))].into()).await;
    assert_eq!(receiver.recv().await.unwrap()["a"], item("w"));
    watching.follow(&shared, "other").await;
    assert_eq!(second.watchers(), 1, "another store is none of its business");

    let _ = shared.components.remove("s");
    watching.follow(&shared, "s").await;
    assert_eq!(second.watchers(), 0);
    assert!(receiver.recv().await.is_none(), "the watcher is dropped");
    assert!(matches!(watching.unsubscribe(&shared, "s", &id).await, Err(NotEnded::Store(_))));
}
