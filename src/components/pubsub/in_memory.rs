//! `pubsub.in-memory`: messages inside one sidecar, kept nowhere (components reference, section 5).
//!
//! Each subscription handles one message at a time and has room for one more; a publisher waits for that room.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Batch, BulkHandler, Error, Feature, Handler, Message, PubSub, Subscription, batch, guarded};
use crate::components::{Init, InitError, Metadata};

const KIND: &str = "pubsub.in-memory";

/// Makes the broker; it has no properties.
pub fn make(init: &Init) -> Result<Arc<dyn PubSub>, InitError> {
    Ok(Arc::new(InMemory {
        label: init.label(KIND),
        queues: Arc::default(),
        next_id: AtomicU64::new(0),
        closed: AtomicBool::new(false),
        stop: CancellationToken::new(),
    }))
}

struct InMemory {
    label: String,
    queues: Arc<Queues>,
    next_id: AtomicU64,
    closed: AtomicBool,
    stop: CancellationToken,
}

/// Where published messages go, by subscription.
#[derive(Default)]
struct Queues(Mutex<HashMap<u64, Queue>>);

struct Queue {
    topic: String,
    messages: mpsc::Sender<Message>,
}

impl Queues {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queues that a topic's messages go to now.
    fn of(&self, topic: &str) -> Vec<mpsc::Sender<Message>> {
        let queues = self.lock();
        let wanted = queues.values().filter(|queue| matches(&queue.topic, topic));
        wanted.map(|queue| queue.messages.clone()).collect()
    }
}

/// Waits until every subscription has room. One that ends meanwhile doesn't want the message any more.
async fn hand_over(receivers: &[mpsc::Sender<Message>], message: Message) {
    match receivers {
        [] => {}
        [only] => drop(only.send(message).await),
        several => drop(join_all(several.iter().map(|queue| queue.send(message.clone()))).await),
    }
}

/// A pattern that ends in `*` stands for every longer topic with that beginning.
fn matches(pattern: &str, topic: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => topic.len() > prefix.len() && topic.starts_with(prefix),
        None => pattern == topic,
    }
}

#[async_trait]
impl PubSub for InMemory {
    fn features(&self) -> &'static [Feature] {
        &[Feature::SubscribeWildcards]
    }

    async fn publish(&self, message: Message) -> Result<(), Error> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::closed());
        }
        hand_over(&self.queues.of(&message.topic), message).await;
        Ok(())
    }

    async fn bulk_publish(&self, messages: Vec<Message>) -> Vec<Result<(), Error>> {
        let count = messages.len();
        if self.closed.load(Ordering::Acquire) {
            return vec![Err(Error::closed()); count];
        }
        let Some(first) = messages.first() else { return Vec::new() };
        let receivers = self.queues.of(&first.topic);
        for message in messages {
            hand_over(&receivers, message).await;
        }
        vec![Ok(()); count]
    }

    async fn subscribe(
        &self,
        topic: &str,
        _metadata: &Metadata,
        handler: Handler,
    ) -> Result<Box<dyn Subscription>, Error> {
        let label = self.label.clone();
        self.receive(topic, 1, |queue, stop| receive(queue, handler, stop, label))
    }

    async fn bulk_subscribe(
        &self,
        topic: &str,
        _metadata: &Metadata,
        batch: Batch,
        handler: BulkHandler,
    ) -> Result<Box<dyn Subscription>, Error> {
        let label = self.label.clone();
        self.receive(topic, batch.most, |queue, stop| receive_many(queue, batch, handler, stop, label))
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.stop.cancel();
        self.queues.lock().clear();
    }
}

impl InMemory {
    /// Starts a subscription with room for so many messages.
    fn receive<F>(
        &self,
        topic: &str,
        room: usize,
        work: impl FnOnce(mpsc::Receiver<Message>, CancellationToken) -> F,
    ) -> Result<Box<dyn Subscription>, Error>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::closed());
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (messages, queue) = mpsc::channel(room.clamp(1, 1000));
        self.queues.lock().insert(id, Queue { topic: topic.to_owned(), messages });
        let stop = self.stop.child_token();
        Ok(Box::new(Running {
            task: tokio::spawn(work(queue, stop.clone())),
            entry: Entry { id, queues: Arc::clone(&self.queues) },
            stop: stop.drop_guard(),
        }))
    }
}

async fn receive(
    mut queue: mpsc::Receiver<Message>,
    handler: Handler,
    stop: CancellationToken,
    label: String,
) {
    while let Some(Some(message)) = stop.run_until_cancelled(queue.recv()).await {
        if let Err(error) = guarded(&handler, message).await {
            tracing::error!(target: "dapr.contrib", component = %label, "{error}");
        }
    }
}

async fn receive_many(
    mut queue: mpsc::Receiver<Message>,
    batch: Batch,
    handler: BulkHandler,
    stop: CancellationToken,
    label: String,
) {
    while let Some(messages) = stop.run_until_cancelled(batch::fill(&mut queue, batch)).await {
        if messages.is_empty() {
            return;
        }
        for error in batch::guarded(&handler, messages).await.into_iter().filter_map(Result::err) {
            tracing::error!(target: "dapr.contrib", component = %label, "{error}");
        }
    }
}

struct Running {
    task: JoinHandle<()>,
    stop: DropGuard,
    entry: Entry,
}

/// The subscription's place among the queues; gone when this is dropped.
struct Entry {
    id: u64,
    queues: Arc<Queues>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.queues.lock().remove(&self.id);
    }
}

#[async_trait]
impl Subscription for Running {
    async fn stop(self: Box<Self>) {
        let Self { task, stop, entry } = *self;
        drop((stop, entry));
        let _ = task.await;
    }

    async fn drain(self: Box<Self>) {
        let Self { task, stop, entry } = *self;
        // Nothing more gets into the queue, and the task ends when it is empty.
        drop(entry);
        let _ = task.await;
        drop(stop);
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_at_least_one_character() {
        assert!(matches("orders", "orders"));
        assert!(!matches("orders", "orders2"));
        assert!(matches("orders*", "orders2"));
        assert!(!matches("orders*", "orders"));
        assert!(matches("*", "x"));
    }
}
