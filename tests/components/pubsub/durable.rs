//! `pubsub.sqlite` beyond the contract: nothing is lost, order is kept, instances share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use super::*;
use crate::support::until;

fn failed(why: &str) -> Result<(), DeliveryError> {
    Err(DeliveryError::Failed(why.into()))
}

#[tokio::test]
async fn wrong_properties_are_named() {
    let error = async |settings: Settings<'_>| make("pubsub.sqlite", "app", settings).await.err().unwrap();
    assert_eq!(error(&[]).await, "missing connection string");
    assert!(error(&[("url", ":memory:")]).await.contains("pubsub.in-memory"));
    assert!(error(&[("url", "x.db"), ("retryIntervals", "1x")]).await.contains("retryIntervals"));
    let log = Log::new();
    drop(log.open("app").await);
    let db = Connection::open(&log.file).unwrap();
    db.execute("UPDATE pubsub_meta SET value = 99 WHERE key = 'schema'", []).unwrap();
    assert!(error(&[("url", &log.file)]).await.contains("schema version 99"));
}

#[tokio::test]
async fn what_was_published_before_any_subscriber_arrives() {
    let log = Log::new();
    let publisher = log.open("publisher").await;
    let all: Vec<_> = (0..200)
        .map(|n| {
            let publisher = Arc::clone(&publisher);
            tokio::spawn(async move { publish(&*publisher, "t", &n.to_string()).await })
        })
        .collect();
    for one in all {
        one.await.unwrap();
    }
    publisher.close().await;
    drop(publisher);

    let mut inbox = Inbox::new();
    let subscriber = log.open("subscriber").await;
    let subscription = subscribe(&*subscriber, "t", inbox.handler()).await;
    let mut received = inbox.texts(200).await;
    received.sort_by_key(|text| text.parse::<usize>().unwrap());
    assert_eq!(received, numbers(0..200));
    subscription.stop().await;

    // A group that comes later sees the history; this one does not see it again.
    let _again = subscribe(&*subscriber, "t", inbox.handler()).await;
    let mut late = Inbox::new();
    let other = log.open_with("x", &[("consumerID", "late")]).await;
    let _late = subscribe(&*other, "t", late.handler()).await;
    assert_eq!(late.texts(200).await.len(), 200);
    publish(&*other, "t", "new").await;
    assert_eq!(inbox.texts(1).await, ["new"]);
}

#[tokio::test]
async fn two_sidecars_exchange_messages() {
    let log = Log::new();
    let (one, two) = (log.open("one").await, log.open("two").await);
    let mut inbox = Inbox::new();
    let subscription = subscribe(&*two, "t", inbox.handler()).await;
    for n in numbers(0..100) {
        publish(&*one, "t", &n).await;
        assert_eq!(inbox.texts(1).await, [n]);
    }
    subscription.stop().await;
    until_handled(&log).await;
}

/// Nothing is in flight any more.
async fn until_handled(log: &Log) {
    let db = Connection::open(&log.file).unwrap();
    until("every message is acknowledged", async || {
        db.query_row("SELECT count(*) = 0 FROM pubsub_inflight", [], |row| row.get(0)).unwrap()
    })
    .await;
}

#[tokio::test]
async fn instances_of_an_app_share_its_messages() {
    let log = Log::new();
    let publisher = log.open("publisher").await;
    let instances = [log.open("app").await, log.open("app").await];
    let (mut one, mut two) = (Inbox::new(), Inbox::new());
    let subscriptions = [
        subscribe(&*instances[0], "t", one.handler()).await,
        subscribe(&*instances[1], "t", two.handler()).await,
    ];
    // One at a time: which of the two is woken first is random.
    let (mut received, mut shares) = (Vec::new(), [0, 0]);
    for n in numbers(0..100) {
        publish(&*publisher, "t", &n).await;
        let (message, share) = tokio::select! {
            message = one.next() => (message, 0),
            message = two.next() => (message, 1),
        };
        shares[share] += 1;
        received.push(text(&message));
    }
    assert_eq!(received, numbers(0..100));
    assert!(shares.iter().all(|share| *share > 5), "{shares:?}");
    for subscription in subscriptions {
        subscription.stop().await;
    }
    assert!(one.is_empty() && two.is_empty());
}

#[tokio::test]
async fn a_failing_message_is_set_aside_and_comes_again() {
    let log = Log::new();
    let broker = log.open("app").await;
    let healthy = Arc::new(AtomicBool::new(false));
    let mut inbox = Inbox::new();
    let is_healthy = Arc::clone(&healthy);
    let handler = inbox.handler_if(move |text| match text {
        "bad" if !is_healthy.load(Ordering::SeqCst) => failed("not yet"),
        _ => Ok(()),
    });
    let _subscription = subscribe(&*broker, "t", handler).await;
    for data in ["1", "bad", "2", "3"] {
        publish(&*broker, "t", data).await;
    }
    assert_eq!(inbox.texts(6).await, ["1", "bad", "bad", "bad", "2", "3"]);
    assert_eq!(inbox.texts(2).await, ["bad", "bad"], "one try per interval");
    healthy.store(true, Ordering::SeqCst);
    assert_eq!(inbox.texts(1).await, ["bad"]);
    until_handled(&log).await;
    publish(&*broker, "t", "4").await;
    assert_eq!(inbox.texts(1).await, ["4"]);
}

#[tokio::test]
async fn while_the_app_is_unreachable_order_is_kept() {
    let log = Log::new();
    let broker = log.open("app").await;
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
    publish(&*broker, "t", "1").await;
    publish(&*broker, "t", "2").await;
    assert_eq!(inbox.texts(10).await, ["1"; 10]);
    reachable.store(true, Ordering::SeqCst);
    let rest = async { while text(&inbox.next().await) == "1" {} };
    in_time("the second message", rest).await;
    until_handled(&log).await;
}

#[tokio::test]
async fn what_a_stopped_instance_had_taken_goes_to_another_in_order() {
    let log = Log::new();
    let broker = log.open("app").await;
    for n in numbers(0..10) {
        publish(&*broker, "t", &n).await;
    }
    let mut first = Inbox::new();
    let stuck = first
        .handler_if(|text| if text == "3" { Err(DeliveryError::Unreachable("down".into())) } else { Ok(()) });
    let subscription = subscribe(&*broker, "t", stuck).await;
    assert_eq!(first.texts(5).await, ["0", "1", "2", "3", "3"]);
    let other = log.open("app").await;
    let mut second = Inbox::new();
    let _other = subscribe(&*other, "t", second.handler()).await;
    publish(&*broker, "t", "10").await;
    assert_eq!(second.texts(1).await, ["10"], "the others are taken");
    in_time("stopping amid retries", subscription.stop()).await;
    assert_eq!(second.texts(7).await, numbers(3..10));
}

#[tokio::test]
async fn what_a_dead_process_had_taken_is_handled_before_anything_new() {
    let log = Log::new();
    let broker = log.open("app").await;
    for n in numbers(0..4) {
        publish(&*broker, "t", &n).await;
    }
    // As a process that was killed leaves it: our PID, but an earlier process.
    let db = Connection::open(&log.file).unwrap();
    db.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         INSERT INTO pubsub_groups VALUES ('t', 'app', 3);
         INSERT INTO pubsub_listeners VALUES (77, {}, 1, 9, 't', 'app');
         INSERT INTO pubsub_inflight (topic, consumer, seq, owner) VALUES ('t', 'app', 2, 77), ('t', 'app', 3, 77);
         COMMIT",
        std::process::id()
    ))
    .unwrap();
    let mut inbox = Inbox::new();
    let _subscription = subscribe(&*broker, "t", inbox.handler()).await;
    assert_eq!(inbox.texts(3).await, ["1", "2", "3"]);
    until("the dead listener is forgotten", async || {
        db.query_row("SELECT count(*) = 0 FROM pubsub_listeners WHERE token = 77", [], |row| row.get(0))
            .unwrap()
    })
    .await;
}

#[tokio::test]
async fn only_what_is_old_is_dropped() {
    let log = Log::new();
    let broker = log.open("app").await;
    let mut inbox = Inbox::new();
    let _subscription = subscribe(&*broker, "t", inbox.handler()).await;
    for n in numbers(0..20) {
        publish(&*broker, "t", &n).await;
        publish(&*broker, "nobody listens", &n).await;
    }
    inbox.texts(20).await;
    until_handled(&log).await;
    let db = Connection::open(&log.file).unwrap();
    db.execute("UPDATE pubsub_messages SET created_ms = created_ms - 7200000 WHERE seq <= 4", []).unwrap();
    let count = |topic: &str| -> i64 {
        let sql = "SELECT count(*) FROM pubsub_messages WHERE topic = ?1";
        db.query_row(sql, [topic], |row| row.get(0)).unwrap()
    };
    // Cleaning happens at the start of a sidecar too.
    let _young = log.open_with("x", &[("maxConsumed", "5")]).await;
    until("handled messages beyond the count are dropped", async || count("t") == 5).await;
    assert_eq!(count("nobody listens"), 20);
    let _old = log.open_with("x", &[("retention", "1h")]).await;
    until("old messages are dropped", async || count("nobody listens") == 18).await;
}

#[tokio::test]
async fn a_bulk_is_one_commit() {
    let log = Log::new();
    let broker = log.open_with("app", &[("busyTimeout", "50ms")]).await;
    let all = || numbers(0..100).into_iter().map(|n| message("t", n)).collect();
    assert_eq!(broker.bulk_publish(all()).await, vec![Ok(()); 100]);
    let other = Connection::open(&log.file).unwrap();
    let count =
        || -> i64 { other.query_row("SELECT count(*) FROM pubsub_messages", [], |row| row.get(0)).unwrap() };
    assert_eq!(count(), 100);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let results = in_time("publishing", broker.bulk_publish(all())).await;
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(results.len(), 100);
    assert!(results.iter().all(|result| result.as_ref().is_err_and(|error| error.0.contains("locked"))));
    assert_eq!(count(), 100);
}
