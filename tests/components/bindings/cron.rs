//! `bindings.cron`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use dapr_cli::components::bindings::{Event, Handler, Input};
use tokio::sync::{Semaphore, mpsc};

use crate::support::{Settings, in_time, init, registry};

async fn make(settings: Settings<'_>) -> Result<Arc<dyn Input>, String> {
    let make = registry().input("bindings.cron", "v1").unwrap();
    make(init("app", settings)).await.map_err(|error| error.to_string())
}

/// A handler that hands its events to the test.
fn channel() -> (Handler, mpsc::UnboundedReceiver<Event>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let handler: Handler = Arc::new(move |event| {
        let sent = sender.send(event);
        Box::pin(async move {
            assert!(sent.is_ok());
            Ok("answer".into())
        })
    });
    (handler, receiver)
}

#[tokio::test]
async fn it_fires_by_its_schedule_until_it_is_stopped() {
    for schedule in ["@every 20ms", "* * * * * *"] {
        let cron = make(&[("schedule", schedule)]).await.unwrap();
        let (handler, mut events) = channel();
        let reading = cron.read(handler).await.unwrap();
        for _ in 0..2 {
            let event = in_time("an event", events.recv()).await.unwrap();
            assert!(event.data.is_empty());
            assert_eq!(event.metadata["timeZone"], "Local");
            assert!(event.metadata["readTimeUTC"].ends_with(" +0000 UTC"), "{event:?}");
        }
        in_time("the end", reading.stop()).await;
        while events.try_recv().is_ok() {}
        assert!(in_time("the handler is gone", events.recv()).await.is_none());
    }
}

#[tokio::test]
async fn a_slow_call_does_not_hold_the_next_one_back_but_the_end() {
    let cron = make(&[("schedule", "@every 10ms")]).await.unwrap();
    let (begun, let_go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let ended = Arc::new(AtomicUsize::new(0));
    let (count, wait, done) = (Arc::clone(&begun), Arc::clone(&let_go), Arc::clone(&ended));
    let handler: Handler = Arc::new(move |_| {
        let (count, wait, done) = (Arc::clone(&count), Arc::clone(&wait), Arc::clone(&done));
        Box::pin(async move {
            count.add_permits(1);
            wait.acquire().await.unwrap().forget();
            done.fetch_add(1, Ordering::SeqCst);
            Ok("".into())
        })
    });
    let reading = cron.read(handler).await.unwrap();
    in_time("three calls at once", begun.acquire_many(3)).await.unwrap().forget();
    let stopped = Arc::new(AtomicBool::new(false));
    let stopping = {
        let stopped = Arc::clone(&stopped);
        tokio::spawn(async move {
            reading.stop().await;
            stopped.store(true, Ordering::SeqCst);
        })
    };
    let_go.add_permits(2);
    while ended.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    assert!(!stopped.load(Ordering::SeqCst), "a call is still running");
    let_go.add_permits(1000);
    in_time("the end", stopping).await.unwrap();
}

#[tokio::test]
async fn dropping_it_is_enough() {
    let cron = make(&[("schedule", "@every 10ms")]).await.unwrap();
    let (handler, mut events) = channel();
    drop(cron.read(handler).await.unwrap());
    in_time("the handler is dropped", async { while events.recv().await.is_some() {} }).await;
}

#[tokio::test]
async fn schedules_that_cannot_be_used() {
    let error = async |settings: Settings<'_>| make(settings).await.err().unwrap();
    assert_eq!(error(&[]).await, "schedule not set");
    let text = error(&[("schedule", "often")]).await;
    assert!(text.starts_with("invalid schedule format 'often': "), "{text}");
    make(&[("schedule", "*/5 * * * *")]).await.unwrap();
}
