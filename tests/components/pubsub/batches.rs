//! Subscriptions that get several messages at a time, over every provider.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dapr_cli::components::pubsub::{Batch, BulkHandler};
use rusqlite::Connection;

use super::conformance::every_provider;
use super::*;
use crate::support::until;

/// Longer than any test takes.
const LONG: Duration = Duration::from_mins(1);

fn batch(most: usize, wait: Duration) -> Batch {
    Batch { most, wait }
}

/// What a handler got, batch by batch.
struct Batches {
    sender: UnboundedSender<Vec<String>>,
    receiver: UnboundedReceiver<Vec<String>>,
}

impl Batches {
    fn new() -> Self {
        let (sender, receiver) = unbounded_channel();
        Self { sender, receiver }
    }

    /// Notes every batch and answers for each message as `verdict` says.
    fn handler_if<F>(&self, verdict: F) -> BulkHandler
    where
        F: Fn(&str) -> Result<(), DeliveryError> + Send + Sync + 'static,
    {
        let sender = self.sender.clone();
        Arc::new(move |messages| {
            let texts: Vec<String> = messages.iter().map(text).collect();
            let results = texts.iter().map(|text| verdict(text)).collect();
            let _ = sender.send(texts);
            Box::pin(std::future::ready(results))
        })
    }

    fn handler(&self) -> BulkHandler {
        self.handler_if(|_| Ok(()))
    }

    async fn next(&mut self) -> Vec<String> {
        in_time("a batch", self.receiver.recv()).await.unwrap()
    }
}

async fn bulk_subscribe(broker: &dyn PubSub, batch: Batch, handler: BulkHandler) -> Box<dyn Subscription> {
    broker.bulk_subscribe("t", &Metadata::new(), batch, handler).await.unwrap()
}

fn failed(why: &str) -> Result<(), DeliveryError> {
    Err(DeliveryError::Failed(why.into()))
}

#[tokio::test]
async fn messages_wait_until_there_are_enough() {
    for (what, broker, _log) in every_provider().await {
        let mut batches = Batches::new();
        let subscription = bulk_subscribe(&*broker, batch(5, LONG), batches.handler()).await;
        for n in numbers(0..10) {
            publish(&*broker, "t", &n).await;
        }
        let (one, two) = (batches.next().await, batches.next().await);
        assert_eq!((one.len(), two.len()), (5, 5), "{what}");
        let mut all = [one, two].concat();
        all.sort_unstable();
        assert_eq!(all, numbers(0..10), "{what}");
        in_time("stopping", subscription.stop()).await;
    }
}

#[tokio::test]
async fn messages_do_not_wait_for_ever() {
    for (what, broker, _log) in every_provider().await {
        let mut batches = Batches::new();
        let wait = Duration::from_millis(50);
        let subscription = bulk_subscribe(&*broker, batch(100, wait), batches.handler()).await;
        publish(&*broker, "t", "alone").await;
        assert_eq!(batches.next().await, ["alone"], "{what}");
        in_time("stopping", subscription.stop()).await;
        assert!(batches.receiver.is_empty(), "{what}");
    }
}

#[tokio::test]
async fn stopping_waits_for_the_batch_being_handled() {
    for (what, broker, _log) in every_provider().await {
        let (started, go_on) =
            (Arc::new(tokio::sync::Semaphore::new(0)), Arc::new(tokio::sync::Semaphore::new(0)));
        let finished = Arc::new(AtomicUsize::new(0));
        let handler: BulkHandler = {
            let (started, go_on, finished) =
                (Arc::clone(&started), Arc::clone(&go_on), Arc::clone(&finished));
            Arc::new(move |messages| {
                let (started, go_on, finished) =
                    (Arc::clone(&started), Arc::clone(&go_on), Arc::clone(&finished));
                Box::pin(async move {
                    started.add_permits(1);
                    go_on.acquire().await.unwrap().forget();
                    finished.fetch_add(messages.len(), Ordering::SeqCst);
                    vec![Ok(()); messages.len()]
                })
            })
        };
        let subscription = bulk_subscribe(&*broker, batch(2, LONG), handler).await;
        for n in numbers(0..3) {
            publish(&*broker, "t", &n).await;
        }
        in_time("the handler starts", started.acquire()).await.unwrap().forget();
        let stopping = tokio::spawn(subscription.stop());
        tokio::task::yield_now().await;
        assert!(!stopping.is_finished(), "{what}");
        go_on.add_permits(10);
        in_time("stopping", stopping).await.unwrap();
        assert_eq!(finished.load(Ordering::SeqCst), 2, "{what}: nothing new after stop");
    }
}

#[tokio::test]
async fn a_handler_that_panics_or_says_too_little_does_not_end_the_subscription() {
    for (what, broker, _log) in every_provider().await {
        let mut batches = Batches::new();
        let usual = batches.handler_if(|text| {
            assert!(text != "bad", "expected by the test");
            Ok(())
        });
        let handler: BulkHandler = Arc::new(move |messages| {
            if messages.iter().any(|message| text(message) == "silent") {
                return Box::pin(std::future::ready(Vec::new()));
            }
            usual(messages)
        });
        let subscription = bulk_subscribe(&*broker, batch(1, LONG), handler).await;
        for data in ["bad", "silent", "good"] {
            publish(&*broker, "t", data).await;
        }
        assert_eq!(batches.next().await, ["good"], "{what}");
        subscription.stop().await;
    }
}

#[tokio::test]
async fn after_close_there_are_no_batches() {
    for (what, broker, _log) in every_provider().await {
        in_time("closing", broker.close()).await;
        let batch = batch(1, LONG);
        let again = broker.bulk_subscribe("t", &Metadata::new(), batch, Batches::new().handler()).await;
        assert_eq!(again.err().unwrap().to_string(), "component is closed", "{what}");
    }
}

#[tokio::test]
async fn of_a_batch_only_what_failed_comes_again() {
    let log = Log::new();
    let broker = log.open("app").await;
    let mut batches = Batches::new();
    let refused = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&refused);
    let handler = batches.handler_if(move |text| match text {
        "1" if count.fetch_add(1, Ordering::SeqCst) < 5 => failed("not yet"),
        _ => Ok(()),
    });
    publish(&*broker, "t", "0").await;
    publish(&*broker, "t", "1").await;
    publish(&*broker, "t", "2").await;
    let wait = Duration::from_millis(10);
    let _subscription = bulk_subscribe(&*broker, batch(3, wait), handler).await;
    assert_eq!(batches.next().await, numbers(0..3));
    // In place, as single messages are; then it is set aside, and comes again with others or alone.
    assert_eq!((batches.next().await, batches.next().await), (numbers(1..2), numbers(1..2)));
    publish(&*broker, "t", "3").await;
    publish(&*broker, "t", "4").await;
    let mut rest = Vec::new();
    while rest.len() < 5 {
        rest.extend(batches.next().await);
    }
    rest.sort_unstable();
    assert_eq!(rest, ["1", "1", "1", "3", "4"]);
    let db = Connection::open(&log.file).unwrap();
    until("all are acknowledged", async || {
        db.query_row("SELECT count(*) = 0 FROM pubsub_inflight", [], |row| row.get(0)).unwrap()
    })
    .await;
}

#[tokio::test]
async fn an_unreachable_app_gets_the_rest_of_the_batch_in_order() {
    let log = Log::new();
    let broker = log.open("app").await;
    let mut batches = Batches::new();
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let handler = batches.handler_if(move |text| match text {
        "0" => Ok(()),
        _ if count.fetch_add(1, Ordering::SeqCst) < 20 => Err(DeliveryError::Unreachable("down".into())),
        _ => Ok(()),
    });
    for n in numbers(0..3) {
        publish(&*broker, "t", &n).await;
    }
    let _subscription = bulk_subscribe(&*broker, batch(3, LONG), handler).await;
    assert_eq!(batches.next().await, numbers(0..3));
    for _ in 0..10 {
        assert_eq!(batches.next().await, numbers(1..3));
    }
}

#[tokio::test]
async fn what_waits_for_a_full_batch_goes_to_another_when_its_subscription_stops() {
    let log = Log::new();
    let broker = log.open("app").await;
    let first = Batches::new();
    let subscription = bulk_subscribe(&*broker, batch(10, LONG), first.handler()).await;
    publish(&*broker, "t", "0").await;
    let db = Connection::open(&log.file).unwrap();
    until("it is taken", async || {
        db.query_row("SELECT count(*) = 1 FROM pubsub_inflight", [], |row| row.get(0)).unwrap()
    })
    .await;
    in_time("stopping", subscription.stop()).await;
    assert!(first.receiver.is_empty());
    let mut second = Inbox::new();
    let _second = subscribe(&*broker, "t", second.handler()).await;
    assert_eq!(second.texts(1).await, ["0"]);
}
