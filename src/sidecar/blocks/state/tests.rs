use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::sidecar::blocks::testing::{manifest, robust};

/// Fails on a key as often as it is named here; remembers what it was asked for.
#[derive(Default)]
struct Shaky {
    failures: Mutex<Vec<&'static str>>,
    asked: Mutex<VecDeque<String>>,
}

impl Shaky {
    fn ask(&self, key: &str) -> Result<(), Error> {
        let key = key.trim_start_matches("app||");
        self.asked.lock().unwrap().push_back(key.to_owned());
        if key == "etag" {
            return Err(Error::EtagMismatch(String::new()));
        }
        let mut failures = self.failures.lock().unwrap();
        match failures.iter().position(|failure| *failure == key) {
            Some(at) => {
                failures.remove(at);
                Err(Error::Other(format!("{key} is not to be had")))
            }
            None => Ok(()),
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().drain(..).collect()
    }
}

#[async_trait]
impl Store for Shaky {
    fn features(&self) -> &'static [Feature] {
        &[Feature::Transactional]
    }

    async fn get(&self, key: &str, _: &Metadata) -> Result<Option<Item>, Error> {
        let item = Item { value: Bytes::from(key.to_owned()), etag: None, metadata: Metadata::new() };
        self.ask(key).map(|()| Some(item))
    }

    async fn set(&self, request: Set) -> Result<(), Error> {
        self.ask(&request.key)
    }

    async fn delete(&self, request: Delete) -> Result<(), Error> {
        self.ask(&request.key)
    }

    async fn transact(&self, operations: Vec<Operation>, _: &Metadata) -> Result<(), Error> {
        for operation in operations {
            match operation {
                Operation::Set(set) => self.ask(&set.key)?,
                Operation::Delete(delete) => self.ask(&delete.key)?,
            }
        }
        Ok(())
    }
}

fn sidecar(retries: u32, failures: &[&'static str]) -> (Shared, Arc<Shaky>) {
    let spec = format!(
        "{{policies: {{retries: {{r: {{duration: 1s, maxRetries: {retries}}}}}}}, targets: {{components: {{s: {{outbound: {{retry: r}}}}}}}}}}"
    );
    let shared = robust("app", &spec);
    let store = Arc::new(Shaky { failures: Mutex::new(failures.to_vec()), ..Shaky::default() });
    shared.components.insert_state(manifest("s", "state.shaky", &[]), Arc::clone(&store) as _);
    (shared, store)
}

fn write(key: &str) -> Write {
    Write { key: key.into(), value: Bytes::from_static(b"1"), ..Write::default() }
}

#[tokio::test(start_paused = true)]
async fn every_operation_is_tried_again() {
    let (shared, store) = sidecar(1, &["get", "set", "delete", "step"]);
    let state = StateStore::open(&shared, "s").unwrap();
    assert!(state.get("get", &Metadata::new()).await.unwrap().is_some());
    state.save(vec![write("set")]).await.unwrap();
    state.delete(Removal { key: "delete".into(), ..Removal::default() }).await.unwrap();
    state
        .transact(vec![Step::Upsert(write("first")), Step::Upsert(write("step"))], &Metadata::new())
        .await
        .unwrap();
    let expected = ["get", "get", "set", "set", "delete", "delete", "first", "step", "first", "step"];
    assert_eq!(store.asked(), expected);
}

#[tokio::test(start_paused = true)]
async fn of_many_only_those_that_failed_are_tried_again() {
    let (shared, store) = sidecar(2, &["b", "b", "c"]);
    let state = StateStore::open(&shared, "s").unwrap();
    let keys = ["a", "b", "c"].map(str::to_owned);
    let items = state.bulk_get(&keys, &Metadata::new()).await.unwrap();
    let items: Vec<_> = items.into_iter().map(|item| item.unwrap().unwrap().value).collect();
    assert_eq!(items, ["app||a", "app||b", "app||c"]);
    assert_eq!(store.asked(), ["a", "b", "c", "b", "c", "b"]);

    let (shared, store) = sidecar(1, &["b", "c", "c"]);
    let state = StateStore::open(&shared, "s").unwrap();
    let error = state.save(["a", "b", "etag", "c"].map(write).to_vec()).await.unwrap_err();
    assert_eq!(store.asked(), ["a", "b", "etag", "c", "b", "c"]);
    assert!(error.message.contains("c is not to be had") && error.message.contains("etag"), "{error:?}");
    assert!(!error.message.contains("b is"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn an_etag_that_does_not_fit_is_no_failure_of_the_store() {
    let (shared, store) = sidecar(5, &[]);
    let state = StateStore::open(&shared, "s").unwrap();
    state.save(vec![write("etag")]).await.unwrap_err();
    assert_eq!(store.asked(), ["etag"]);
}
