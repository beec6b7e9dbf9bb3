//! `pubsub.redis` beyond the contract: the layout, read directly, and that nothing is lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ::redis::{Commands as _, Connection, cmd};
use dapr_cli::components::pubsub::{Batch, BulkHandler};
use tokio::sync::Semaphore;

use super::*;
use crate::redis_server::{self, Server};
use crate::support::until;

/// A database of its own on the shared server, opened by as many sidecars as wanted.
pub struct Database {
    server: &'static Server,
    number: u32,
}

impl Database {
    /// `None` without Redis.
    pub fn new() -> Option<Self> {
        redis_server::database().map(|(server, number)| Self { server, number })
    }

    /// A sidecar of this app.
    pub async fn open(&self, app_id: &str) -> Arc<dyn PubSub> {
        self.open_with(app_id, &[]).await
    }

    /// Failed messages come again quickly, unless `more` says otherwise.
    pub async fn open_with(&self, app_id: &str, more: Settings<'_>) -> Arc<dyn PubSub> {
        let (host, number) = (self.server.host(), self.number.to_string());
        let mut settings = vec![("redisHost", host.as_str()), ("redisDB", number.as_str())];
        let names = |name: &str| more.iter().any(|(given, _)| *given == name);
        if !names("redeliverInterval") {
            settings.push(("redeliverInterval", "50"));
        }
        settings.extend(more);
        make("pubsub.redis", app_id, &settings).await.unwrap()
    }

    fn client(&self) -> Connection {
        self.server.client(self.number)
    }
}

/// How many messages a group has taken and not acknowledged.
fn pending(db: &mut Connection, topic: &str, group: &str) -> usize {
    let all: Vec<(String, String, u64, u64)> =
        cmd("XPENDING").arg(topic).arg(group).arg("-").arg("+").arg(10_000).query(db).unwrap();
    all.len()
}

/// Entries of a stream with their fields, sorted.
fn entries(db: &mut Connection, topic: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut all: Vec<(String, Vec<(String, String)>)> =
        cmd("XRANGE").arg(&[topic, "-", "+"]).query(db).unwrap();
    for (_, fields) in &mut all {
        fields.sort();
    }
    all
}

async fn until_pending(db: &mut Connection, topic: &str, group: &str, count: usize) {
    until(&format!("{count} messages are pending"), || {
        std::future::ready(pending(db, topic, group) == count)
    })
    .await;
}

/// Takes a message as an instance does that dies over it.
fn take_and_die(db: &mut Connection, topic: &str, group: &str) {
    let _: () = cmd("XGROUP").arg(&["CREATE", topic, group, "0", "MKSTREAM"]).query(db).unwrap();
    let read = cmd("XREADGROUP").arg(&["GROUP", group, group, "STREAMS", topic, ">"]).clone();
    let _: ::redis::Value = read.query(db).unwrap();
}

fn failed(why: &str) -> Result<(), DeliveryError> {
    Err(DeliveryError::Failed(why.into()))
}

#[tokio::test]
async fn streams_groups_and_fields_are_those_of_the_stock_component() {
    let Some(database) = Database::new() else { return };
    let mut db = database.client();
    let broker = database.open("app").await;
    let metadata = Metadata::from([("b".to_owned(), "2".to_owned()), ("a".to_owned(), "\"1\"".to_owned())]);
    broker.publish(Message { metadata, ..message("t", "x") }).await.unwrap();
    publish(&*broker, "t", "y").await;
    let entries = entries(&mut db, "t");
    let fields = |n: usize| entries[n].1.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>();
    assert_eq!(fields(0), [("data", "x"), ("metadata", r#"{"a":"\"1\"","b":"2"}"#)]);
    assert_eq!(fields(1), [("data", "y"), ("metadata", "{}")]);

    let mut inbox = Inbox::new();
    let subscription = subscribe(&*broker, "t", inbox.handler()).await;
    assert_eq!(inbox.next().await.metadata["a"], "\"1\"", "a new group begins with what is there");
    assert_eq!(inbox.texts(1).await, ["y"]);
    // As stock sidecars and others leave them.
    let _: () = cmd("XADD").arg(&["t", "*", "metadata", r#"{"k":"v"}"#, "data", "z"]).query(&mut db).unwrap();
    let _: () = cmd("XADD").arg(&["t", "*", "other", "field"]).query(&mut db).unwrap();
    let third = inbox.next().await;
    assert_eq!((text(&third), third.metadata["k"].as_str()), ("z".into(), "v"));
    assert_eq!(inbox.texts(1).await, [""], "without data");
    until_pending(&mut db, "t", "app", 0).await;
    subscription.stop().await;
    let group: Vec<Vec<::redis::Value>> =
        cmd("XINFO").arg(&["CONSUMERS", "t", "app"]).query(&mut db).unwrap();
    assert!(group.len() == 1 && group[0][1] == ::redis::Value::BulkString(b"app".to_vec()), "{group:?}");
    let named = database.open_with("app", &[("consumerID", "shared")]).await;
    let mut again = Inbox::new();
    let _subscription = subscribe(&*named, "t", again.handler()).await;
    assert_eq!(again.texts(4).await, ["x", "y", "z", ""]);
}

#[tokio::test]
async fn a_message_that_failed_stays_and_comes_again() {
    let Some(database) = Database::new() else { return };
    let mut db = database.client();
    let broker = database.open("app").await;
    let healthy = Arc::new(AtomicBool::new(false));
    let mut inbox = Inbox::new();
    let is_healthy = Arc::clone(&healthy);
    let handler = inbox.handler_if(move |text| match text {
        "bad" if !is_healthy.load(Ordering::SeqCst) => failed("not yet"),
        _ => Ok(()),
    });
    let _subscription = subscribe(&*broker, "t", handler).await;
    for data in ["bad", "1", "2"] {
        publish(&*broker, "t", data).await;
    }
    let mut received = inbox.texts(5).await;
    received.sort();
    assert_eq!(received, ["1", "2", "bad", "bad", "bad"]);
    until_pending(&mut db, "t", "app", 1).await;
    healthy.store(true, Ordering::SeqCst);
    until_pending(&mut db, "t", "app", 0).await;
    publish(&*broker, "t", "3").await;
    while text(&inbox.next().await) != "3" {}
    assert!(inbox.is_empty());
}

#[tokio::test]
async fn where_redelivery_is_off_a_failed_message_waits_for_better_days() {
    let Some(database) = Database::new() else { return };
    let mut db = database.client();
    let mut inbox = Inbox::new();
    let off = database.open_with("app", &[("processingTimeout", "0")]).await;
    let handler = inbox.handler_if(|text| if text == "bad" { failed("no") } else { Ok(()) });
    let subscription = subscribe(&*off, "t", handler).await;
    publish(&*off, "t", "bad").await;
    publish(&*off, "t", "good").await;
    inbox.texts(2).await;
    until_pending(&mut db, "t", "app", 1).await;
    subscription.stop().await;
    assert!(inbox.is_empty());
    let on = database.open_with("app", &[("processingTimeout", "1")]).await;
    let _subscription = subscribe(&*on, "t", inbox.handler()).await;
    assert_eq!(inbox.texts(1).await, ["bad"]);
}

#[tokio::test]
async fn while_the_app_is_unreachable_order_is_kept_and_nothing_acknowledged() {
    let Some(database) = Database::new() else { return };
    let mut db = database.client();
    // Beyond the timeout a message is anybody's; here is nobody else.
    let broker = database.open_with("app", &[("concurrency", "1"), ("processingTimeout", "60")]).await;
    let reachable = Arc::new(AtomicBool::new(false));
    let mut inbox = Inbox::new();
    let is_reachable = Arc::clone(&reachable);
    let handler = inbox.handler_if(move |_| {
        if is_reachable.load(Ordering::SeqCst) {
            Ok(())
        } else {
            Err(DeliveryError::Unreachable("connection refused".into()))
        }
    });
    let _subscription = subscribe(&*broker, "t", handler).await;
    for n in numbers(1..4) {
        publish(&*broker, "t", &n).await;
    }
    assert_eq!(inbox.texts(5).await, ["1"; 5]);
    reachable.store(true, Ordering::SeqCst);
    let mut rest = Vec::new();
    while rest.last().is_none_or(|last| last != "3") {
        rest.extend(inbox.texts(1).await);
    }
    rest.dedup();
    assert_eq!(rest, numbers(1..4));
    until_pending(&mut db, "t", "app", 0).await;
    assert!(inbox.is_empty());
}

#[tokio::test]
async fn what_a_dead_process_had_taken_comes_again() {
    let Some(database) = Database::new() else { return };
    let mut db = database.client();
    let broker = database.open_with("app", &[("processingTimeout", "100")]).await;
    for n in numbers(0..3) {
        publish(&*broker, "t", &n).await;
    }
    take_and_die(&mut db, "t", "app");
    let ids = entries(&mut db, "t");
    // One is deleted meanwhile: nothing is left to deliver.
    let _: () = cmd("XDEL").arg(&["t", &ids[1].0]).query(&mut db).unwrap();
    let mut inbox = Inbox::new();
    let _subscription = subscribe(&*broker, "t", inbox.handler()).await;
    let mut texts = inbox.texts(2).await;
    texts.sort();
    assert_eq!(texts, ["0", "2"]);
    until_pending(&mut db, "t", "app", 0).await;
}

#[tokio::test]
async fn what_a_stopped_instance_had_taken_goes_to_another_at_once() {
    let Some(database) = Database::new() else { return };
    let mut db = database.client();
    let one_at_a_time = [("concurrency", "1")];
    let broker = database.open_with("app", &one_at_a_time).await;
    for n in numbers(0..10) {
        publish(&*broker, "t", &n).await;
    }
    let mut first = Inbox::new();
    let stuck = first
        .handler_if(|text| if text == "3" { Err(DeliveryError::Unreachable("down".into())) } else { Ok(()) });
    let subscription = subscribe(&*broker, "t", stuck).await;
    assert_eq!(first.texts(5).await, ["0", "1", "2", "3", "3"]);
    let other = database.open_with("app", &one_at_a_time).await;
    let mut second = Inbox::new();
    let _other = subscribe(&*other, "t", second.handler()).await;
    publish(&*broker, "t", "10").await;
    assert_eq!(second.texts(1).await, ["10"], "the others are taken");
    in_time("stopping amid retries", subscription.stop()).await;
    assert_eq!(second.texts(7).await, numbers(3..10), "long before processingTimeout");
    until_pending(&mut db, "t", "app", 0).await;
}

#[tokio::test]
async fn a_handler_that_takes_too_long_loses_its_message_to_another_try() {
    let Some(database) = Database::new() else { return };
    let mut db = database.client();
    let broker = database.open_with("app", &[("processingTimeout", "100")]).await;
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let handler: Handler = Arc::new(move |_| {
        let hangs = count.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(async move {
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    });
    let _subscription = subscribe(&*broker, "t", handler).await;
    publish(&*broker, "t", "x").await;
    until("a second try", async || tries.load(Ordering::SeqCst) == 2).await;
    until_pending(&mut db, "t", "app", 0).await;
}

#[tokio::test]
async fn all_topics_together_have_so_many_messages_at_the_app() {
    let Some(database) = Database::new() else { return };
    let broker = database.open_with("app", &[("concurrency", "3"), ("queueDepth", "2")]).await;
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (go_on, done) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let handler: Handler = {
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        let (go_on, done) = (Arc::clone(&go_on), Arc::clone(&done));
        Arc::new(move |_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            let (go_on, done) = (Arc::clone(&go_on), Arc::clone(&done));
            Box::pin(async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                go_on.acquire().await.unwrap().forget();
                running.fetch_sub(1, Ordering::SeqCst);
                done.fetch_add(1, Ordering::SeqCst);
                Ok(())
            })
        })
    };
    let _subscriptions =
        [subscribe(&*broker, "t", Arc::clone(&handler)).await, subscribe(&*broker, "u", handler).await];
    for n in numbers(0..10) {
        publish(&*broker, "t", &n).await;
        publish(&*broker, "u", &n).await;
    }
    until("three are being handled", async || running.load(Ordering::SeqCst) == 3).await;
    go_on.add_permits(20);
    until("all are handled", async || done.load(Ordering::SeqCst) == 20).await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn instances_of_an_app_share_its_messages() {
    let Some(database) = Database::new() else { return };
    let instances = [database.open("app").await, database.open("app").await];
    let inbox = Inbox::new();
    let subscriptions = [
        subscribe(&*instances[0], "t", inbox.handler()).await,
        subscribe(&*instances[1], "t", inbox.handler()).await,
    ];
    let mut inbox = inbox;
    for n in numbers(0..100) {
        publish(&*instances[0], "t", &n).await;
    }
    let mut received = inbox.texts(100).await;
    received.sort_by_key(|text| text.parse::<usize>().unwrap());
    assert_eq!(received, numbers(0..100));
    for subscription in subscriptions {
        subscription.stop().await;
    }
    assert!(inbox.is_empty());
}

#[tokio::test]
async fn a_stream_that_is_deleted_begins_again() {
    let Some(database) = Database::new() else { return };
    let mut db = database.client();
    let broker = database.open("app").await;
    let mut inbox = Inbox::new();
    let _subscription = subscribe(&*broker, "t", inbox.handler()).await;
    publish(&*broker, "t", "1").await;
    assert_eq!(inbox.texts(1).await, ["1"]);
    let _: () = db.del("t").unwrap();
    publish(&*broker, "t", "2").await;
    assert_eq!(inbox.texts(1).await, ["2"]);
    let _: () = cmd("FLUSHDB").query(&mut db).unwrap();
    for n in numbers(3..6) {
        publish(&*broker, "t", &n).await;
    }
    let mut rest = inbox.texts(3).await;
    rest.sort();
    assert_eq!(rest, numbers(3..6));
}

#[tokio::test]
async fn streams_are_trimmed_where_that_is_wanted() {
    let Some(database) = Database::new() else { return };
    let mut db = database.client();
    let all = |topic: &str| (0..1000).map(|n| message(topic, n.to_string())).collect::<Vec<_>>();
    let short = database.open_with("app", &[("maxLenApprox", "100"), ("streamTTL", "1h")]).await;
    assert!(short.bulk_publish(all("short")).await.iter().all(Result::is_ok));
    let young = database.open_with("app", &[("streamTTL", "1h")]).await;
    for n in 1..=1000 {
        let _: () =
            cmd("XADD").arg("young").arg(format!("{n}-1")).arg(&["data", "x"]).query(&mut db).unwrap();
    }
    publish(&*young, "young", "y").await;
    let whole = database.open("app").await;
    assert!(whole.bulk_publish(all("whole")).await.iter().all(Result::is_ok));
    let mut length = |topic: &str| cmd("XLEN").arg(topic).query::<usize>(&mut db).unwrap();
    // About: the server drops whole blocks of entries.
    assert!((100..=300).contains(&length("short")), "{}", length("short"));
    assert!((1..=300).contains(&length("young")), "{}", length("young"));
    assert_eq!(length("whole"), 1000);
}

#[tokio::test]
async fn wrong_properties_and_topics_are_named() {
    let error = async |settings: Settings<'_>| make("pubsub.redis", "app", settings).await.err().unwrap();
    assert_eq!(error(&[]).await, "metadata property redisHost is empty");
    for (name, value) in
        [("concurrency", "0"), ("queueDepth", "x"), ("processingTimeout", "soon"), ("streamTTL", "x")]
    {
        assert!(error(&[("redisHost", "h"), (name, value)]).await.contains(name), "{name}");
    }
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let text = error(&[("redisHost", &free), ("redisMaxRetries", "-1")]).await;
    assert_eq!(text, format!("redis streams: error connecting to redis at {free}: connection refused"));

    let Some(database) = Database::new() else { return };
    let broker = database.open("app").await;
    let _: () = database.client().set("t", "no stream").unwrap();
    let refused = broker.subscribe("t", &Metadata::new(), Inbox::new().handler()).await.err().unwrap();
    assert!(refused.to_string().starts_with("redis streams: error creating group app of t: WRONGTYPE"));
    let refused = broker.publish(message("t", "x")).await.unwrap_err();
    assert!(refused.to_string().starts_with("redis streams: error from publish: WRONGTYPE"), "{refused}");
}

#[tokio::test]
async fn stopping_does_not_wait_for_the_server_to_have_something() {
    let Some(database) = Database::new() else { return };
    let broker = database.open("app").await;
    let subscription = subscribe(&*broker, "t", Inbox::new().handler()).await;
    let started = std::time::Instant::now();
    in_time("stopping", subscription.stop()).await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_server_that_forgot_everything_is_used_again() {
    let Some(mut server) = Server::start(&["--save", ""]) else { return };
    let host = server.host();
    let broker = make("pubsub.redis", "app", &[("redisHost", &host)]).await.unwrap();
    let mut inbox = Inbox::new();
    let _subscription = subscribe(&*broker, "t", inbox.handler()).await;
    publish(&*broker, "t", "1").await;
    assert_eq!(inbox.texts(1).await, ["1"]);
    server.kill();
    let error = broker.publish(message("t", "lost")).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("redis streams: error from publish: redis at {host}: ")), "{error}");
    server.restart();
    publish(&*broker, "t", "2").await;
    assert_eq!(inbox.texts(1).await, ["2"], "stream and group are made again");
}

#[tokio::test]
async fn a_handled_message_is_acknowledged_even_if_the_server_is_away_meanwhile() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().to_str().unwrap();
    let durable = ["--dir", directory, "--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = Server::start(&durable) else { return };
    let settings = [("redisHost", server.host()), ("redeliverInterval", "20".to_owned())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let broker = make("pubsub.redis", "app", &settings).await.unwrap();
    let (started, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let count = Arc::new(AtomicUsize::new(0));
    let handler: Handler = {
        let (started, go_on, count) = (Arc::clone(&started), Arc::clone(&go_on), Arc::clone(&count));
        Arc::new(move |_| {
            let (started, go_on, count) = (Arc::clone(&started), Arc::clone(&go_on), Arc::clone(&count));
            Box::pin(async move {
                started.add_permits(1);
                go_on.acquire().await.unwrap().forget();
                count.fetch_add(1, Ordering::SeqCst);
                Ok(())
            })
        })
    };
    let _subscription = subscribe(&*broker, "t", handler).await;
    publish(&*broker, "t", "x").await;
    in_time("the handler starts", started.acquire()).await.unwrap().forget();
    server.kill();
    go_on.add_permits(1);
    until("it is handled", async || count.load(Ordering::SeqCst) == 1).await;
    server.restart();
    until_pending(&mut server.client(0), "t", "app", 0).await;
    assert_eq!(count.load(Ordering::SeqCst), 1, "once");
}

#[tokio::test]
async fn batches_are_larger_than_the_concurrency_and_only_what_failed_of_them_comes_again() {
    let Some(database) = Database::new() else { return };
    let mut db = database.client();
    let broker = database.open("app").await;
    let (sender, mut batches) = unbounded_channel();
    let tries = Arc::new(AtomicUsize::new(0));
    let handler: BulkHandler = Arc::new(move |messages: Vec<Message>| {
        let texts: Vec<String> = messages.iter().map(text).collect();
        let verdict = |text: &String| match text.as_str() {
            "7" if tries.fetch_add(1, Ordering::SeqCst) < 2 => failed("not yet"),
            _ => Ok(()),
        };
        let verdicts = texts.iter().map(verdict).collect();
        sender.send(texts).unwrap();
        Box::pin(std::future::ready(verdicts))
    });
    assert!(
        broker
            .bulk_publish((0..50).map(|n| message("t", n.to_string())).collect())
            .await
            .iter()
            .all(Result::is_ok)
    );
    let batch = |milliseconds| Batch { most: 50, wait: Duration::from_millis(milliseconds) };
    let subscribe_to =
        async |batch, handler| broker.bulk_subscribe("t", &Metadata::new(), batch, handler).await.unwrap();
    let subscription = subscribe_to(batch(300), Arc::clone(&handler)).await;
    let mut all = in_time("a batch", batches.recv()).await.unwrap();
    assert!(all.len() > 10, "{all:?}");
    while all.len() < 52 {
        all.extend(in_time("the rest", batches.recv()).await.unwrap());
    }
    let mut expected = [&numbers(0..50)[..], &["7".to_owned(), "7".to_owned()]].concat();
    expected.sort_unstable();
    all.sort_unstable();
    assert_eq!(all, expected);
    until_pending(&mut db, "t", "app", 0).await;
    in_time("stopping", subscription.stop()).await;

    // What waits for a full batch when its subscription stops goes to another at once.
    let subscription = subscribe_to(batch(60_000), handler).await;
    publish(&*broker, "t", "50").await;
    until_pending(&mut db, "t", "app", 1).await;
    in_time("stopping", subscription.stop()).await;
    let mut inbox = Inbox::new();
    let other = database.open("app").await;
    let _other = subscribe(&*other, "t", inbox.handler()).await;
    assert_eq!(inbox.texts(1).await, ["50"]);
}
