//! State stores: the conformance suite, then what each provider says in its own words.

mod conformance;
mod redis;
mod sqlite;

use std::sync::Arc;

use bytes::Bytes;
use dapr_cli::components::Metadata;
use dapr_cli::components::state::{Concurrency, Delete, Error, Feature, Item, Operation, Set, Store};

use crate::redis_server;
use crate::support::{Settings, init, registry};

/// A provider under test and the directory that it may use.
struct Subject {
    what: &'static str,
    store: Arc<dyn Store>,
    /// Follows the rules of Redis: an etag is compared with what is there, if anything is; last-write ignores it;
    /// when values expire is not told.
    lenient: bool,
    _home: tempfile::TempDir,
}

async fn make(kind: &str, settings: Settings<'_>) -> Result<Arc<dyn Store>, String> {
    let make = registry().state(kind, "v1").unwrap();
    make(init("app", settings)).await.map_err(|error| error.to_string())
}

async fn every_provider() -> Vec<Subject> {
    let cases: [(&str, &str, Settings<'_>); 5] = [
        ("in memory", "state.in-memory", &[]),
        ("a file", "state.sqlite", &[("connectionString", "{home}/state.db")]),
        ("a URI", "state.sqlite3", &[("url", "file:{home}/a/b.db?cache=private"), ("tableName", "t")]),
        ("a rollback journal", "state.sqlite", &[("connectionString", "{home}/x.db"), ("disableWAL", "1")]),
        ("SQLite in memory", "state.sqlite", &[("connectionString", ":memory:")]),
    ];
    let mut subjects = Vec::new();
    for (what, kind, settings) in cases {
        let home = tempfile::tempdir().unwrap();
        let here = home.path().to_str().unwrap();
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| (*name, value.replace("{home}", here))).collect();
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let store = make(kind, &settings).await.unwrap();
        subjects.push(Subject { what, store, lenient: false, _home: home });
    }
    if let Some((store, ..)) = redis::store(&[]).await {
        let home = tempfile::tempdir().unwrap();
        subjects.push(Subject { what: "Redis", store, lenient: true, _home: home });
    }
    subjects
}

fn set(key: &str, value: &str) -> Set {
    Set { key: key.into(), value: Bytes::copy_from_slice(value.as_bytes()), ..Set::default() }
}

fn set_if(key: &str, value: &str, etag: &str) -> Set {
    Set { etag: Some(etag.into()), ..set(key, value) }
}

fn set_first(key: &str, value: &str) -> Set {
    Set { concurrency: Concurrency::FirstWrite, ..set(key, value) }
}

fn set_for(key: &str, value: &str, seconds: &str) -> Set {
    Set { metadata: Metadata::from([("ttlInSeconds".into(), seconds.into())]), ..set(key, value) }
}

fn delete(key: &str) -> Delete {
    Delete { key: key.into(), ..Delete::default() }
}

fn delete_if(key: &str, etag: &str) -> Delete {
    Delete { etag: Some(etag.into()), ..delete(key) }
}

async fn get(store: &dyn Store, key: &str) -> Option<Item> {
    store.get(key, &Metadata::new()).await.unwrap()
}

async fn value(store: &dyn Store, key: &str) -> Option<String> {
    get(store, key).await.map(|item| String::from_utf8(item.value.to_vec()).unwrap())
}

async fn etag(store: &dyn Store, key: &str) -> String {
    get(store, key).await.unwrap().etag.unwrap()
}

fn is_mismatch(result: &Result<(), Error>) -> bool {
    matches!(result, Err(Error::EtagMismatch(_)))
}

/// A mismatch, or how Redis refuses a first write without an etag.
fn is_refused(result: &Result<(), Error>) -> bool {
    is_mismatch(result) || matches!(result, Err(Error::Other(why)) if why.starts_with("failed to set key"))
}

#[tokio::test]
async fn features_in_the_order_of_the_metadata_api() {
    let names = async |kind, settings| {
        let features = make(kind, settings).await.unwrap().features();
        features.iter().map(|feature: &Feature| feature.name()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("state.in-memory", &[]).await, "ETAG TRANSACTIONAL TTL DELETE_WITH_PREFIX KEYS_LIKE");
    assert_eq!(
        names("state.sqlite", &[("connectionString", ":memory:")]).await,
        "ETAG TRANSACTIONAL TTL KEYS_LIKE"
    );
}

#[tokio::test]
async fn the_words_of_the_store_in_memory() {
    let store = make("state.in-memory", &[]).await.unwrap();
    let text = |result: Result<(), Error>| result.unwrap_err().to_string();
    let mismatch = "possible etag mismatch. error from state store: ";
    assert_eq!(
        text(store.set(set_if("k", "1", "e")).await),
        format!("{mismatch}state not exist or expired for key=k")
    );
    store.set(set("k", "1")).await.unwrap();
    let current = etag(&*store, "k").await;
    assert_eq!(
        text(store.delete(delete_if("k", "e")).await),
        format!("{mismatch}state etag not match for key=k: current={current}, expect=e")
    );
    assert_eq!(
        text(store.set(set_first("k", "2")).await),
        format!("{mismatch}item already exists and no etag was passed")
    );
    assert_eq!(
        text(store.set(set_for("k", "1", "abc")).await),
        r#"strconv.Atoi: parsing "abc": invalid syntax"#
    );
}
