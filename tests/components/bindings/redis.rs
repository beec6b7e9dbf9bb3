//! `bindings.redis`: what each operation does to the server.

use ::redis::{Commands as _, Connection};

use super::*;
use crate::redis_server;

/// A binding in a database of its own, and a client that sees the same. `None` without Redis.
pub async fn binding() -> Option<(Arc<dyn Output>, Connection)> {
    let (server, db) = redis_server::database()?;
    let settings = [("redisHost", server.host()), ("redisDB", db.to_string())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    Some((make("bindings.redis", &settings).await.unwrap(), server.client(db)))
}

#[tokio::test]
async fn keys_are_written_read_and_removed() {
    let Some((binding, mut db)) = binding().await else { return };
    let call = async |operation: &str, data: &str, metadata: Settings<'_>| {
        invoke(&*binding, operation, data, metadata).await.map(|response| {
            assert!(response.metadata.is_empty());
            response.data.map(|data| String::from_utf8(data.to_vec()).unwrap())
        })
    };
    let key = ("key", "k");
    assert_eq!(call("get", "", &[key]).await, Ok(Some(String::new())));
    assert_eq!(call("create", "{\"a\":1}", &[key]).await, Ok(None));
    assert_eq!(db.get::<_, String>("k").unwrap(), "{\"a\":1}");
    assert_eq!(call("get", "", &[key]).await, Ok(Some("{\"a\":1}".into())));
    assert_eq!(call("get", "", &[key, ("delete", "true")]).await, Ok(Some("{\"a\":1}".into())));
    assert_eq!(call("get", "", &[key]).await, Ok(Some(String::new())));
    call("create", "1", &[key, ("ttlInSeconds", "100")]).await.unwrap();
    assert!((99..=100).contains(&db.ttl::<_, i64>("k").unwrap()));
    call("create", "1", &[key]).await.unwrap();
    assert_eq!(db.ttl::<_, i64>("k").unwrap(), -1);
    assert_eq!(call("delete", "", &[key]).await, Ok(None));
    assert_eq!(call("delete", "", &[key]).await, Ok(None), "a missing key is fine");
    assert!(!db.exists::<_, bool>("k").unwrap());

    call("increment", "", &[key]).await.unwrap();
    call("increment", "", &[key, ("ttlInSeconds", "50")]).await.unwrap();
    assert_eq!(db.get::<_, i64>("k").unwrap(), 2);
    assert!((49..=50).contains(&db.ttl::<_, i64>("k").unwrap()));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let unreachable = make("bindings.redis", &[("redisHost", &free), ("redisMaxRetries", "-1")]).await;
    let text = format!("redis binding: error connecting to redis at {free}: connection refused");
    assert_eq!(unreachable.err().unwrap(), text);

    let Some((binding, mut db)) = binding().await else { return };
    let error = async |operation: &str, metadata: Settings<'_>| {
        invoke(&*binding, operation, "1", metadata).await.unwrap_err().to_string()
    };
    assert_eq!(error("create", &[]).await, "redis binding: missing key in request metadata");
    let key = ("key", "k");
    assert_eq!(
        error("create", &[key, ("ttlInSeconds", "x")]).await,
        "ttl value must be a valid integer: actual is 'x'"
    );
    assert_eq!(
        error("increment", &[key, ("ttlInSeconds", "0")]).await,
        "ttl value must be higher than zero: actual is 0"
    );
    assert!(!db.exists::<_, bool>("k").unwrap());
    let _: () = db.set("k", "no number").unwrap();
    assert!(error("increment", &[key]).await.contains("not an integer"));
    let _: () = db.hset("hash", "a", "b").unwrap();
    assert!(error("get", &[("key", "hash")]).await.starts_with("WRONGTYPE"));
}
