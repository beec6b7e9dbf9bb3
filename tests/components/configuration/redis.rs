//! `configuration.redis` beyond the contract: the form of values, the server's setting, and a server that restarts.

use ::redis::{Commands as _, Connection, cmd};

use super::*;
use crate::redis_server::{self, Server};

const SETTING: &str = "notify-keyspace-events";

fn put(mut db: Connection) -> Put {
    Box::new(move |key, value| {
        let _: () = match value {
            Some((value, "")) => db.set(key, value).unwrap(),
            Some((value, version)) => db.set(key, format!("{value}||{version}")).unwrap(),
            None => db.del(key).unwrap(),
        };
    })
}

/// A store in a database of its own, and a client that sees the same. `None` without Redis.
async fn store() -> Option<(Arc<dyn Store>, Connection)> {
    let (server, db) = redis_server::database()?;
    let settings = [("redisHost", server.host()), ("redisDB", db.to_string())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    Some((make("configuration.redis", &settings).await.unwrap(), server.client(db)))
}

pub async fn subject() -> Option<Subject> {
    let (store, db) = store().await?;
    Some(Subject { what: "Redis", store, put: put(db) })
}

#[tokio::test]
async fn what_is_a_value() {
    let Some((store, mut db)) = store().await else { return };
    let _: () = db.set("version", "a|b||7||more").unwrap();
    let _: () = db.set("empty", "||7").unwrap();
    let _: () = db.set("nothing", "").unwrap();
    let _: () = db.hset("hash", "data", "1").unwrap();
    let expected = Items::from([("version".into(), item("a|b", "7"))]);
    assert_eq!(get(&*store, &["version", "empty", "nothing", "hash"]).await, expected);
    assert_eq!(get(&*store, &[]).await, expected);
    let mut many = ::redis::pipe();
    for n in 0..2500 {
        many.set(format!("k{n}"), n).ignore();
    }
    let _: () = many.query(&mut db).unwrap();
    assert_eq!(get(&*store, &[]).await.len(), 2501, "however many there are");
}

#[tokio::test]
async fn an_expired_key_is_gone_and_one_that_never_was_is_no_news() {
    let Some((store, mut db)) = store().await else { return };
    let (mut told, watcher) = Told::new();
    let _subscription = subscribe(&*store, &[], watcher).await;
    let _: () = db.hset("state", "data", "1").unwrap();
    let _: () = db.del("state").unwrap();
    let _: () = db.set("k", "1||2").unwrap();
    assert_eq!(told.next().await, Items::from([("k".into(), item("1", "2"))]));
    let _: () = db.pexpire("k", 20).unwrap();
    told.until("k", &Item::default()).await;
}

#[tokio::test]
async fn the_setting_of_others_stays_and_is_made_anew_when_the_server_restarts() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().to_str().unwrap();
    let durable = ["--dir", directory, "--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = Server::start(&durable) else { return };
    let mut db = server.client(0);
    let _: () = cmd("CONFIG").arg(&["SET", SETTING, "El"]).query(&mut db).unwrap();
    let store = make("configuration.redis", &[("redisHost", &server.host())]).await.unwrap();
    let mut change = put(server.client(0));
    change("stays", Some(("1", "")));
    change("goes", Some(("1", "")));
    let (mut told, watcher) = Told::new();
    let _subscription = subscribe(&*store, &["stays", "goes", "comes"], watcher).await;
    let has = |db: &mut Connection, flags: &str| {
        let (_, setting): (String, String) = cmd("CONFIG").arg(&["GET", SETTING]).query(db).unwrap();
        flags.chars().all(|flag| setting.contains(flag))
    };
    assert!(has(&mut db, "ElKg$xe"), "what was there is still there");
    change("stays", Some(("2", "")));
    told.until("stays", &item("2", "")).await;

    server.kill();
    server.restart();
    // Perhaps before the store knows of the restart: it has to find out by itself.
    let mut change = put(server.client(0));
    change("goes", None);
    change("comes", Some(("1", "v")));
    let mut news = Items::new();
    while news.len() < 2 {
        news.extend(told.next().await);
    }
    assert_eq!(news, Items::from([("comes".into(), item("1", "v")), ("goes".into(), Item::default())]));
    change("stays", Some(("3", "")));
    told.until("stays", &item("3", "")).await;
    assert!(has(&mut server.client(0), "Kg$xe"));
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let settings = [("redisHost", free.as_str()), ("redisMaxRetries", "-1")];
    let error = make("configuration.redis", &settings).await.err().unwrap();
    assert_eq!(error, format!("redis store: error connecting to redis at {free}: connection refused"));
}
