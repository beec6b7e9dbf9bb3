//! The contract of message brokers, over every provider.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dapr_cli::components::Metadata;
use tokio::sync::Semaphore;

use super::redis::Database;
use super::*;
use crate::support::until;

pub async fn every_provider() -> Vec<(&'static str, Arc<dyn PubSub>, Log)> {
    let log = Log::new();
    let sqlite = log.open("app").await;
    let mut all = vec![
        ("in memory", make("pubsub.in-memory", "app", &[]).await.unwrap(), Log::new()),
        ("sqlite", sqlite, log),
    ];
    if let Some(database) = Database::new() {
        // Order is promised for one at a time only.
        all.push(("Redis", database.open_with("app", &[("concurrency", "1")]).await, Log::new()));
    }
    all
}

#[tokio::test]
async fn messages_arrive_as_they_were_sent_and_in_order() {
    for (what, broker, _log) in every_provider().await {
        let mut inbox = Inbox::new();
        let subscription = subscribe(&*broker, "t", inbox.handler()).await;
        let metadata = Metadata::from([("key".to_owned(), "välue".to_owned())]);
        let sent = Message { metadata, ..message("t", &[0u8, 255, 1][..]) };
        broker.publish(sent.clone()).await.unwrap();
        assert_eq!(inbox.next().await, sent, "{what}");
        publish(&*broker, "other", "x").await;
        for n in numbers(0..100) {
            publish(&*broker, "t", &n).await;
        }
        assert_eq!(inbox.texts(100).await, numbers(0..100), "{what}");
        subscription.stop().await;
    }
}

#[tokio::test]
async fn messages_of_a_bulk_arrive_in_their_order() {
    for (what, broker, _log) in every_provider().await {
        let mut inbox = Inbox::new();
        let subscription = subscribe(&*broker, "t", inbox.handler()).await;
        let metadata = Metadata::from([("key".to_owned(), "v".to_owned())]);
        let sent: Vec<Message> = numbers(0..100)
            .into_iter()
            .map(|n| Message { metadata: metadata.clone(), ..message("t", n) })
            .collect();
        let results = in_time("publishing", broker.bulk_publish(sent.clone())).await;
        assert_eq!(results, vec![Ok(()); 100], "{what}");
        for expected in sent {
            assert_eq!(inbox.next().await, expected, "{what}");
        }
        assert_eq!(broker.bulk_publish(Vec::new()).await, [], "{what}");
        subscription.stop().await;
    }
}

#[tokio::test]
async fn every_group_and_topic_is_on_its_own() {
    let log = Log::new();
    let memory = make("pubsub.in-memory", "app", &[]).await.unwrap();
    let mut cases: Vec<(&str, [Arc<dyn PubSub>; 2])> = vec![
        ("in memory", [Arc::clone(&memory), memory]),
        ("sqlite", [log.open("one").await, log.open("two").await]),
    ];
    if let Some(database) = Database::new() {
        cases.push(("Redis", [database.open("one").await, database.open("two").await]));
    }
    for (what, [one, two]) in cases {
        let (mut a, mut b, mut c) = (Inbox::new(), Inbox::new(), Inbox::new());
        let subscriptions = [
            subscribe(&*one, "t", a.handler()).await,
            subscribe(&*two, "t", b.handler()).await,
            subscribe(&*two, "u", c.handler()).await,
        ];
        publish(&*one, "t", "1").await;
        publish(&*two, "u", "2").await;
        assert_eq!(a.texts(1).await, ["1"], "{what}");
        assert_eq!(b.texts(1).await, ["1"], "{what}");
        assert_eq!(c.texts(1).await, ["2"], "{what}");
        for subscription in subscriptions {
            subscription.stop().await;
        }
        assert!(a.is_empty() && b.is_empty() && c.is_empty(), "{what}");
    }
}

#[tokio::test]
async fn one_message_at_a_time() {
    for (what, broker, _log) in every_provider().await {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let done = Arc::new(Semaphore::new(0));
        let handler: Handler = {
            let (running, most, done) = (Arc::clone(&running), Arc::clone(&most), Arc::clone(&done));
            Arc::new(move |_| {
                let (running, most, done) = (Arc::clone(&running), Arc::clone(&most), Arc::clone(&done));
                Box::pin(async move {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    done.add_permits(1);
                    Ok(())
                })
            })
        };
        let subscription = subscribe(&*broker, "t", handler).await;
        let publishers: Vec<_> = (0..20)
            .map(|_| {
                let broker = Arc::clone(&broker);
                tokio::spawn(async move { publish(&*broker, "t", "x").await })
            })
            .collect();
        for publisher in publishers {
            publisher.await.unwrap();
        }
        in_time("20 messages", done.acquire_many(20)).await.unwrap().forget();
        assert_eq!(most.load(Ordering::SeqCst), 1, "{what}");
        subscription.stop().await;
    }
}

#[tokio::test]
async fn publishing_from_a_handler() {
    for (what, broker, _log) in every_provider().await {
        let mut inbox = Inbox::new();
        let (sender, again) = (inbox.sender.clone(), Arc::downgrade(&broker));
        let handler: Handler = Arc::new(move |received| {
            let (sender, again) = (sender.clone(), again.clone());
            Box::pin(async move {
                if text(&received) == "first" {
                    let broker = again.upgrade().unwrap();
                    broker.publish(message("t", "second")).await.unwrap();
                }
                let _ = sender.send(received);
                Ok(())
            })
        });
        let subscription = subscribe(&*broker, "t", handler).await;
        publish(&*broker, "t", "first").await;
        assert_eq!(inbox.texts(2).await, ["first", "second"], "{what}");
        subscription.stop().await;
    }
}

#[tokio::test]
async fn stopping_waits_for_the_message_being_handled() {
    for (what, broker, _log) in every_provider().await {
        let (started, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let finished = Arc::new(AtomicUsize::new(0));
        let handler: Handler = {
            let (started, go_on, finished) =
                (Arc::clone(&started), Arc::clone(&go_on), Arc::clone(&finished));
            Arc::new(move |_| {
                let (started, go_on, finished) =
                    (Arc::clone(&started), Arc::clone(&go_on), Arc::clone(&finished));
                Box::pin(async move {
                    started.add_permits(1);
                    go_on.acquire().await.unwrap().forget();
                    finished.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                })
            })
        };
        let subscription = subscribe(&*broker, "t", handler).await;
        publish(&*broker, "t", "1").await;
        in_time("the handler starts", started.acquire()).await.unwrap().forget();
        publish(&*broker, "t", "2").await;
        let stopping = tokio::spawn(subscription.stop());
        tokio::task::yield_now().await;
        assert!(!stopping.is_finished(), "{what}");
        go_on.add_permits(10);
        in_time("stopping", stopping).await.unwrap();
        assert_eq!(finished.load(Ordering::SeqCst), 1, "{what}: nothing new after stop");
    }
}

#[tokio::test]
async fn a_handler_that_panics_does_not_end_the_subscription() {
    for (what, broker, _log) in every_provider().await {
        let mut inbox = Inbox::new();
        let handler = inbox.handler_if(|text| {
            assert!(text != "bad", "expected by the test");
            Ok(())
        });
        let subscription = subscribe(&*broker, "t", handler).await;
        publish(&*broker, "t", "bad").await;
        publish(&*broker, "t", "good").await;
        assert_eq!(inbox.texts(1).await, ["good"], "{what}");
        subscription.stop().await;
    }
}

#[tokio::test]
async fn after_close() {
    for (what, broker, _log) in every_provider().await {
        let subscription = subscribe(&*broker, "t", Inbox::new().handler()).await;
        in_time("closing", broker.close()).await;
        let error = broker.publish(message("t", "1")).await.unwrap_err();
        assert_eq!(error.to_string(), "component is closed", "{what}");
        let results = broker.bulk_publish(vec![message("t", "1"), message("t", "2")]).await;
        assert_eq!(results, [Err(error.clone()), Err(error)], "{what}");
        let again = broker.subscribe("t", &Metadata::new(), Inbox::new().handler()).await;
        assert_eq!(again.err().unwrap().to_string(), "component is closed", "{what}");
        in_time("stopping", subscription.stop()).await;
    }
}

#[tokio::test]
async fn a_dropped_subscription_ends() {
    for (what, broker, _log) in every_provider().await {
        let inbox = Inbox::new();
        let handler = inbox.handler();
        let weak = Arc::downgrade(&handler);
        drop(subscribe(&*broker, "t", handler).await);
        until(what, async || weak.strong_count() == 0).await;
        publish(&*broker, "t", "1").await;
        assert!(inbox.is_empty(), "{what}");
    }
}
