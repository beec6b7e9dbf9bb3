//! Messages handed over several at a time. A broker that has no way of its own gathers them from single deliveries;
//! each of those waits for the verdict about its own message, so that what the broker promises stays as it is.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::{DeliveryError, Handler, Message};

/// How many messages are handed over at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// Not more than these; at least one.
    pub most: usize,
    /// How long the first one waits for others.
    pub wait: Duration,
}

/// Receives several messages of one subscription; the results are in their order.
pub type BulkHandler =
    Arc<dyn Fn(Vec<Message>) -> BoxFuture<'static, Vec<Result<(), DeliveryError>>> + Send + Sync>;

/// Calls a handler. A panic in it fails these messages and not the subscription; so does an answer about too few.
pub(super) async fn guarded(handler: &BulkHandler, messages: Vec<Message>) -> Vec<Result<(), DeliveryError>> {
    let count = messages.len();
    let failed = |why: &str| Err(DeliveryError::Failed(why.to_owned()));
    let work = AssertUnwindSafe(async { handler(messages).await });
    let mut results =
        work.catch_unwind().await.unwrap_or_else(|_| vec![failed("the handler panicked"); count]);
    results.resize(count, failed("the handler said nothing of it"));
    results
}

/// Takes what comes until there are enough, or the first one has waited long enough. Empty when nothing comes any
/// more.
pub(super) async fn fill<T>(queue: &mut mpsc::Receiver<T>, batch: Batch) -> Vec<T> {
    let mut taken = Vec::new();
    let Some(first) = queue.recv().await else { return taken };
    taken.push(first);
    let deadline = Instant::now() + batch.wait;
    while taken.len() < batch.most {
        match timeout_at(deadline, queue.recv()).await {
            Ok(Some(next)) => taken.push(next),
            Ok(None) | Err(_) => break,
        }
    }
    taken
}

type Waiting = (Message, oneshot::Sender<Result<(), DeliveryError>>);

/// A handler of single messages that gathers them for one of several.
pub(super) fn gathered(batch: Batch, handler: BulkHandler) -> Handler {
    let (sender, queue) = mpsc::channel(batch.most.clamp(1, 1000));
    // Ends when the broker has dropped the handler.
    tokio::spawn(gather(queue, batch, handler));
    Arc::new(move |message| {
        let sender = sender.clone();
        Box::pin(async move {
            let gone = || Err(DeliveryError::Unreachable("the subscription has ended".into()));
            let (reply, answer) = oneshot::channel();
            match sender.send((message, reply)).await {
                Ok(()) => answer.await.unwrap_or_else(|_| gone()),
                Err(_) => gone(),
            }
        })
    })
}

async fn gather(mut queue: mpsc::Receiver<Waiting>, batch: Batch, handler: BulkHandler) {
    loop {
        let (messages, replies): (Vec<_>, Vec<_>) = fill(&mut queue, batch).await.into_iter().unzip();
        if messages.is_empty() {
            return;
        }
        for (reply, result) in replies.into_iter().zip(guarded(&handler, messages).await) {
            // The broker may not wait for it any more.
            let _ = reply.send(result);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::Metadata;

    fn message(text: &'static str) -> Message {
        Message { topic: "t".into(), data: text.into(), metadata: Metadata::new() }
    }

    #[tokio::test]
    async fn single_deliveries_get_the_verdict_about_their_own_message() {
        let handler: BulkHandler = Arc::new(|messages| {
            let bad = |message: &Message| message.data == "bad";
            let result =
                |message| if bad(message) { Err(DeliveryError::Failed("no".into())) } else { Ok(()) };
            assert_eq!(messages.len(), 3);
            Box::pin(std::future::ready(messages.iter().map(result).collect()))
        });
        let handler = gathered(Batch { most: 3, wait: Duration::from_mins(1) }, handler);
        let results = tokio::join!(handler(message("a")), handler(message("bad")), handler(message("b")));
        assert_eq!(results, (Ok(()), Err(DeliveryError::Failed("no".into())), Ok(())));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lone_message_waits_only_so_long() {
        let handler: BulkHandler =
            Arc::new(|messages| Box::pin(std::future::ready(vec![Ok(()); messages.len()])));
        let handler = gathered(Batch { most: 3, wait: Duration::from_secs(2) }, handler);
        let started = Instant::now();
        assert_eq!(handler(message("a")).await, Ok(()));
        assert_eq!(started.elapsed().as_secs(), 2);
    }
}
