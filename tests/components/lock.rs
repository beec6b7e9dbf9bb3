//! Lock stores: the conformance suite, then what each provider says in its own words.

use std::sync::Arc;
use std::time::Duration;

use dapr_cli::components::lock::{Store, Unlocked};
use redis::Commands as _;

use crate::redis_server::{self, Server};
use crate::support::{Settings, in_time, init, registry, until};

const MINUTE: Duration = Duration::from_mins(1);

async fn make(kind: &str, settings: Settings<'_>) -> Result<Arc<dyn Store>, String> {
    let make = registry().lock(kind, "v1").unwrap();
    make(init("app", settings)).await.map_err(|error| error.to_string())
}

/// `lock.redis` in a database of its own, and a client that sees the same. `None` without Redis.
async fn redis() -> Option<(Arc<dyn Store>, redis::Connection)> {
    let (server, db) = redis_server::database()?;
    let settings = [("redisHost", server.host()), ("redisDB", db.to_string())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    Some((make("lock.redis", &settings).await.unwrap(), server.client(db)))
}

async fn every_provider() -> Vec<(&'static str, Arc<dyn Store>)> {
    redis().await.map(|(store, _)| ("Redis", store)).into_iter().collect()
}

#[tokio::test]
async fn a_lock_is_of_one_owner_until_that_gives_it_back() {
    for (what, store) in every_provider().await {
        assert_eq!(store.unlock("r", "one").await, Ok(Unlocked::Missing), "{what}");
        assert_eq!(store.try_lock("r", "one", MINUTE).await, Ok(true), "{what}");
        assert_eq!(store.try_lock("r", "two", MINUTE).await, Ok(false), "{what}");
        assert_eq!(store.try_lock("r", "one", MINUTE).await, Ok(false), "{what}: not twice either");
        assert_eq!(store.try_lock("other", "two", MINUTE).await, Ok(true), "{what}");
        assert_eq!(store.unlock("r", "two").await, Ok(Unlocked::OfOther), "{what}");
        assert_eq!(store.unlock("r", "one").await, Ok(Unlocked::Success), "{what}");
        assert_eq!(store.unlock("r", "one").await, Ok(Unlocked::Missing), "{what}");
        assert_eq!(store.try_lock("r", "two", MINUTE).await, Ok(true), "{what}");
    }
}

#[tokio::test]
async fn a_lock_that_expires_is_free() {
    for (what, store) in every_provider().await {
        assert_eq!(store.try_lock("r", "one", Duration::from_secs(1)).await, Ok(true), "{what}");
        until("the lock expires", async || store.try_lock("r", "two", MINUTE).await == Ok(true)).await;
        assert_eq!(store.unlock("r", "one").await, Ok(Unlocked::OfOther), "{what}");
    }
}

#[tokio::test]
async fn of_many_who_want_it_one_gets_it() {
    for (what, store) in every_provider().await {
        let tries = (0..32).map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.try_lock("r", &n.to_string(), MINUTE).await.unwrap() })
        });
        let tries: Vec<_> = tries.collect();
        let mut won = 0;
        for one in tries {
            won += usize::from(one.await.unwrap());
        }
        assert_eq!(won, 1, "{what}");
    }
}

#[tokio::test]
async fn after_close() {
    for (what, store) in every_provider().await {
        in_time("closing", store.close()).await;
        let error = store.try_lock("r", "one", MINUTE).await.unwrap_err();
        assert_eq!(error.to_string(), "component is closed", "{what}");
    }
}

#[tokio::test]
async fn a_lock_in_redis_is_a_key_that_holds_its_owner() {
    let Some((store, mut db)) = redis().await else { return };
    assert_eq!(store.try_lock("lock||app||r", "me", MINUTE).await, Ok(true));
    assert_eq!(db.get::<_, String>("lock||app||r").unwrap(), "me");
    assert!((59..=60).contains(&db.ttl::<_, i64>("lock||app||r").unwrap()));
    // As a stock sidecar leaves it.
    let _: () = db.set_ex("theirs", "them", 60).unwrap();
    assert_eq!(store.try_lock("theirs", "me", MINUTE).await, Ok(false));
    assert_eq!(store.unlock("theirs", "me").await, Ok(Unlocked::OfOther));
    assert_eq!(store.unlock("theirs", "them").await, Ok(Unlocked::Success));
    assert!(!db.exists::<_, bool>("theirs").unwrap());
}

#[tokio::test]
async fn servers_that_cannot_keep_locks_are_named() {
    let error = async |settings: Settings<'_>| make("lock.redis", settings).await.err().unwrap();
    assert_eq!(error(&[]).await, "metadata property redisHost is empty");
    assert!(error(&[("redisHost", "h"), ("redisType", "cluster")]).await.contains("Redis Cluster"));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    assert_eq!(
        error(&[("redisHost", &free), ("redisMaxRetries", "-1")]).await,
        format!("error connecting to Redis: redis at {free}: connection refused")
    );
    let Some(primary) = Server::start(&["--save", "", "--repl-diskless-sync-delay", "0"]) else { return };
    let (host, port) = primary.host().split_once(':').map(|(h, p)| (h.to_owned(), p.to_owned())).unwrap();
    let _replica = Server::start(&["--save", "", "--replicaof", &host, &port]).unwrap();
    let mut admin = primary.client(0);
    until("the replica is connected", || {
        let text: String = redis::cmd("INFO").arg("replication").query(&mut admin).unwrap();
        std::future::ready(text.contains("connected_slaves:1"))
    })
    .await;
    assert_eq!(error(&[("redisHost", &primary.host())]).await, "replication is not supported");
}
