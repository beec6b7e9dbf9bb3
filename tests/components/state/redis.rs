//! `state.redis` beyond the contract: the layout, read directly, and the rules of the stock store.

use std::time::{Duration, Instant};

use ::redis::Commands as _;

use super::*;
use crate::redis_server::Server;

/// A store in a database of its own, the server, and a client that sees the same. `None` without Redis.
pub async fn store(more: Settings<'_>) -> Option<(Arc<dyn Store>, &'static Server, ::redis::Connection)> {
    let (server, db) = redis_server::database()?;
    let (host, number) = (server.host(), db.to_string());
    let mut settings = vec![("redisHost", host.as_str()), ("redisDB", number.as_str())];
    settings.extend(more);
    Some((make("state.redis", &settings).await.unwrap(), server, server.client(db)))
}

fn fields(db: &mut ::redis::Connection, key: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = db.hgetall::<_, Vec<(String, String)>>(key).unwrap();
    fields.sort();
    fields
}

/// Seconds that a key has left; -1 for ever.
fn lifetime(db: &mut ::redis::Connection, key: &str) -> i64 {
    db.ttl(key).unwrap()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn values_are_hashes_with_data_and_version() {
    let Some((store, _, mut db)) = store(&[]).await else { return };
    store.set(set("app||k", "{\"a\":1}")).await.unwrap();
    assert_eq!(fields(&mut db, "app||k"), pairs(&[("data", "{\"a\":1}"), ("version", "1")]));
    store.set(set("app||k", "2")).await.unwrap();
    assert_eq!(fields(&mut db, "app||k"), pairs(&[("data", "2"), ("version", "2")]));
    assert_eq!(etag(&*store, "app||k").await, "2");
    store.set(set_first("first", "1")).await.unwrap();
    assert_eq!(fields(&mut db, "first"), pairs(&[("data", "1"), ("first-write", "0"), ("version", "1")]));

    // As a stock sidecar leaves it.
    let _: () = db.hset_multiple("theirs", &[("data", "\"x\""), ("version", "41")]).unwrap();
    assert_eq!(value(&*store, "theirs").await.as_deref(), Some("\"x\""));
    store.set(set_if("theirs", "\"y\"", "41")).await.unwrap();
    assert_eq!(fields(&mut db, "theirs"), pairs(&[("data", "\"y\""), ("version", "42")]));
    store.delete(delete_if("theirs", "42")).await.unwrap();
    assert!(!db.exists::<_, bool>("theirs").unwrap());
}

#[tokio::test]
async fn what_no_state_store_has_written() {
    let Some((store, _, mut db)) = store(&[]).await else { return };
    let _: () = db.set("plain", "text").unwrap();
    let item = get(&*store, "plain").await.unwrap();
    assert_eq!((&item.value[..], item.etag), (&b"text"[..], None));
    let both = store.bulk_get(&["plain".into(), "absent".into()], &Metadata::new()).await;
    assert_eq!(both[0].as_ref().unwrap().as_ref().unwrap().value, "text");
    assert_eq!(both[1], Ok(None));
    store.set(set("plain", "1")).await.expect("a key of another type is replaced");
    assert_eq!(fields(&mut db, "plain"), pairs(&[("data", "1"), ("version", "1")]));
    let _: () = db.rpush("list", "x").unwrap();
    store.transact(vec![Operation::Set(set("list", "1"))], &Metadata::new()).await.unwrap();
    assert_eq!(fields(&mut db, "list"), pairs(&[("data", "1"), ("version", "1")]));
    let _: () = db.hset("odd", "name", "value").unwrap();
    let error = store.get("odd", &Metadata::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "required hash field 'data' or 'version' was not found");
}

#[tokio::test]
async fn the_rules_and_words_of_the_stock_store() {
    let Some((store, ..)) = store(&[]).await else { return };
    store.set(set_if("k", "1", "77")).await.expect("an etag for a key that isn't there is fine");
    assert_eq!(etag(&*store, "k").await, "1");
    let text = |result: Result<(), Error>| result.unwrap_err().to_string();
    let mismatch = "possible etag mismatch. error from state store: ";
    assert_eq!(text(store.set(set_if("k", "2", "9")).await), format!("{mismatch}failed to set key k"));
    assert_eq!(text(store.delete(delete_if("k", "9")).await), format!("{mismatch}failed to delete k"));
    assert_eq!(
        store.set(set_if("k", "2", "zzz")).await,
        Err(Error::EtagInvalid(r#"strconv.Atoi: parsing "zzz": invalid syntax"#.into()))
    );
    let last = Set { concurrency: Concurrency::LastWrite, ..set_if("k", "2", "9") };
    store.set(last).await.expect("last-write ignores the etag");

    store.set(set_first("k", "3")).await.expect("only a marked key refuses a first write");
    assert_eq!(store.set(set("k", "4")).await, Err(Error::Other("failed to set key k".into())));
    let current = etag(&*store, "k").await;
    store.set(set_if("k", "4", &current)).await.expect("the etag still opens it");
    store.delete(delete("k")).await.expect("a deletion ignores the mark");
    assert_eq!(
        text(store.set(set_for("k", "1", "abc")).await),
        r#"failed to parse ttl from metadata: strconv.ParseInt: parsing "abc": invalid syntax"#
    );
    let never = store.set(set_for("k", "1", "9223372036854775807")).await;
    assert!(text(never).contains("value out of range"));
    assert_eq!(value(&*store, "k").await, None, "nothing of it is written");
}

#[tokio::test]
async fn lifetimes_are_those_of_the_key() {
    let Some((store, _, mut db)) = store(&[]).await else { return };
    let mut ttl = |key: &str| lifetime(&mut db, key);
    store.set(set_for("k", "1", "100")).await.unwrap();
    assert!((99..=100).contains(&ttl("k")));
    store.set(set("k", "2")).await.unwrap();
    assert!((99..=100).contains(&ttl("k")), "a write without a lifetime leaves it");
    store.set(set_for("k", "3", "0")).await.unwrap();
    assert_eq!(ttl("k"), -1);
    store.set(set_for("k", "3", "100")).await.unwrap();
    store.set(set_for("k", "3", "-1")).await.unwrap();
    assert_eq!(ttl("k"), -1);
    let operations = vec![Operation::Set(set_for("t", "1", "50")), Operation::Set(set_for("u", "1", "0"))];
    store.transact(operations, &Metadata::new()).await.unwrap();
    assert!((49..=50).contains(&ttl("t")) && ttl("u") == -1);
    let (other, _, mut db) = super::redis::store(&[("ttlInSeconds", "30")]).await.unwrap();
    other.set(set("k", "1")).await.unwrap();
    other.set(set_for("l", "1", "-1")).await.unwrap();
    assert!((29..=30).contains(&lifetime(&mut db, "k")) && lifetime(&mut db, "l") == -1);
}

#[tokio::test]
async fn transactions_see_their_own_steps_and_mark_nothing() {
    let Some((store, _, mut db)) = store(&[]).await else { return };
    let run = async |operations| store.transact(operations, &Metadata::new()).await;
    run(vec![Operation::Set(set_first("k", "1")), Operation::Set(set_if("k", "2", "1"))]).await.unwrap();
    assert_eq!(fields(&mut db, "k"), pairs(&[("data", "2"), ("version", "2")]));
    let stale = run(vec![
        Operation::Delete(delete_if("k", "2")),
        Operation::Set(set("k", "3")),
        Operation::Delete(delete_if("k", "2")),
    ]);
    assert_eq!(stale.await, Err(Error::EtagMismatch("failed to delete k".into())));
    assert_eq!(fields(&mut db, "k"), pairs(&[("data", "2"), ("version", "2")]));
}

#[tokio::test]
async fn scripts_are_sent_again_when_the_server_has_forgotten_them() {
    let Some((store, _, mut db)) = store(&[]).await else { return };
    for _ in 0..2 {
        store.set(set("k", "1")).await.unwrap();
        let _: () = ::redis::cmd("SCRIPT").arg("FLUSH").query(&mut db).unwrap();
        let results = store.bulk_set(vec![set("a", "1"), set("b", "2")]).await;
        assert_eq!(results, [Ok(()), Ok(())]);
        let _: () = ::redis::cmd("SCRIPT").arg("FLUSH").query(&mut db).unwrap();
    }
    assert_eq!(etag(&*store, "a").await, "2");
}

#[tokio::test]
async fn strong_writes_wait_for_replicas() {
    let Some(primary) = Server::start(&["--save", "", "--repl-diskless-sync-delay", "0"]) else { return };
    let (host, port) = primary.host().split_once(':').map(|(h, p)| (h.to_owned(), p.to_owned())).unwrap();
    let replica = Server::start(&["--save", "", "--replicaof", &host, &port]).unwrap();
    let mut admin = primary.client(0);
    crate::support::until("the replica is connected", || {
        let text: String = ::redis::cmd("INFO").arg("replication").query(&mut admin).unwrap();
        std::future::ready(text.contains("state=online"))
    })
    .await;
    let store = make("state.redis", &[("redisHost", &primary.host())]).await.unwrap();
    let strong = |key: &str| Set { strong: true, ..set(key, "1") };
    store.set(strong("one")).await.unwrap();
    assert_eq!(store.bulk_set(vec![strong("a"), strong("b")]).await, [Ok(()), Ok(())]);
    let mut copy = replica.client(0);
    for key in ["one", "a", "b"] {
        assert_eq!(copy.hget::<_, _, String>(key, "data").unwrap(), "1", "{key} is there at once");
    }
}

#[tokio::test]
async fn servers_that_cannot_be_used_are_named() {
    let error = async |settings: Settings<'_>| make("state.redis", settings).await.err().unwrap();
    let quick = [("redisMaxRetries", "1"), ("redisMinRetryInterval", "1")];
    let [count, pause] = quick;
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    assert_eq!(
        error(&[("redisHost", &free), count, pause]).await,
        format!("redis store: error connecting to redis at {free}: connection refused")
    );
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = silent.local_addr().unwrap().to_string();
    let started = Instant::now();
    let text = error(&[("redisHost", &host), ("dialTimeout", "100"), count, pause]).await;
    assert_eq!(text, format!("redis store: error connecting to redis at {host}: no answer in time"));
    assert!(started.elapsed() < Duration::from_secs(2));
    assert!(error(&[("redisHost", "h"), ("ttlInSeconds", "x")]).await.contains("ttl"));

    let Some(locked) = Server::start(&["--save", "", "--requirepass", "secret"]) else { return };
    let host = locked.host();
    for password in ["", "wrong"] {
        let text = error(&[("redisHost", &host), ("redisPassword", password), count, pause]).await;
        let start = format!("redis store: error connecting to redis at {host}: ");
        assert!(text.starts_with(&start) && text.contains("redisPassword"), "{text}");
    }
    let open = make("state.redis", &[("redisHost", &host), ("redisPassword", "secret")]).await.unwrap();
    open.set(set("k", "1")).await.unwrap();
    open.close().await;
    assert_eq!(open.set(set("k", "1")).await, Err(Error::Other("component is closed".into())));
}

#[tokio::test]
async fn a_server_that_is_silent_is_given_up_and_what_was_perhaps_done_is_not_repeated() {
    let Some(server) = Server::start(&["--save", ""]) else { return };
    let host = server.host();
    let make = async |more: Settings<'_>| {
        make("state.redis", &[&[("redisHost", host.as_str())], more].concat()).await.unwrap()
    };
    let hasty =
        make(&[("readTimeout", "200"), ("redisMaxRetries", "1"), ("redisMinRetryInterval", "1")]).await;
    let patient =
        make(&[("readTimeout", "200"), ("redisMaxRetries", "1000"), ("redisMinRetryInterval", "1")]).await;
    hasty.set(set("k", "1")).await.unwrap();
    patient.set(set("other", "1")).await.unwrap();
    server.pause();
    let silent = Error::Other(format!("redis at {host}: no answer in time"));
    assert_eq!(hasty.get("k", &Metadata::new()).await, Err(silent.clone()));
    // A second try would find the first one's version, and say that somebody else was there.
    assert_eq!(patient.set(set_if("other", "2", "1")).await, Err(silent));
    let waiting = tokio::spawn(async move { patient.set(set("k", "2")).await.map(|()| patient) });
    tokio::time::sleep(Duration::from_millis(50)).await;
    server.resume();
    let patient = waiting.await.unwrap().unwrap();
    assert_eq!(value(&*patient, "k").await.as_deref(), Some("2"));
    assert_eq!(etag(&*patient, "other").await, "2", "it was done once");
    assert_eq!(value(&*hasty, "k").await.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_server_that_restarts_is_used_again() {
    let Some(mut server) = Server::start(&["--save", ""]) else { return };
    let host = server.host();
    let once = [("redisHost", host.as_str()), ("redisMaxRetries", "-1")];
    let store = make("state.redis", &once).await.unwrap();
    store.set(set("k", "1")).await.unwrap();
    server.kill();
    let error = store.set(set("k", "2")).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("redis at {host}: ")), "{error}");
    let error = store.get("k", &Metadata::new()).await.unwrap_err().to_string();
    assert_eq!(error, format!("redis at {host}: connection refused"));
    server.restart();
    assert_eq!(value(&*store, "k").await, None, "it was not asked to keep anything");
    store.set(set("k", "3")).await.expect("a new connection, and a script that it doesn't know");
}
