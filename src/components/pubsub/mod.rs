//! The pub/sub contract (`pubsub.*`). One conformance suite, `tests/components/pubsub.rs`, runs over every
//! provider.

mod batch;
pub mod in_memory;
pub mod redis;
pub mod sqlite;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

pub use batch::{Batch, BulkHandler};

use super::Metadata;

/// What a broker can do, by the name that the metadata API shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// A topic that ends in `*` matches every longer topic with that prefix.
    SubscribeWildcards,
}

impl Feature {
    /// Name in the metadata API.
    pub fn name(self) -> &'static str {
        match self {
            Self::SubscribeWildcards => "SUBSCRIBE_WILDCARDS",
        }
    }
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

impl Error {
    /// What every broker says after [`PubSub::close`].
    pub fn closed() -> Self {
        Self("component is closed".into())
    }
}

/// A message, on its way in or out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Topic it was published to.
    pub topic: String,
    /// The bytes: a CloudEvent as JSON, or the raw payload.
    pub data: Bytes,
    /// Message metadata; travels with the message.
    pub metadata: Metadata,
}

/// Why a message was not handled; decides what a durable broker does next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The app could not be reached or is unhealthy: nothing is wrong with the message, try it again in order.
    #[error("{0}")]
    Unreachable(String),
    /// The app asked for a retry or failed on this message.
    #[error("{0}")]
    Failed(String),
}

/// Receives the messages of one subscription. `Ok` acknowledges.
pub type Handler = Arc<dyn Fn(Message) -> BoxFuture<'static, Result<(), DeliveryError>> + Send + Sync>;

/// Calls a handler. A panic in it fails this message and not the subscription.
async fn guarded(handler: &Handler, message: Message) -> Result<(), DeliveryError> {
    AssertUnwindSafe(async { handler(message).await })
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(DeliveryError::Failed("the handler panicked".into())))
}

/// A running subscription; dropping it without [`Subscription::stop`] stops it in the background.
#[async_trait]
pub trait Subscription: Send + Sync {
    /// No new message is handed over after this; returns when the message being handled, if any, is done or
    /// was given back to the broker.
    async fn stop(self: Box<Self>);

    /// The same where somebody else receives the topic from now on: what the broker has taken out of its keeping for
    /// this subscription is still handed over. A broker that keeps messages until they are handled has nothing of
    /// that kind.
    async fn drain(self: Box<Self>) {
        self.stop().await;
    }
}

/// A message broker. Methods may be called from many tasks at once.
#[async_trait]
pub trait PubSub: Send + Sync {
    /// What the broker can do.
    fn features(&self) -> &'static [Feature] {
        &[]
    }

    /// Hands a message to the broker; for durable brokers `Ok` means that it survives the death of this process.
    async fn publish(&self, message: Message) -> Result<(), Error>;

    /// Hands over several messages of one topic, in their order; the results are in that order too. One that
    /// fails does not keep the others back.
    async fn bulk_publish(&self, messages: Vec<Message>) -> Vec<Result<(), Error>> {
        let mut results = Vec::with_capacity(messages.len());
        for message in messages {
            results.push(self.publish(message).await);
        }
        results
    }

    /// Starts to receive a topic.
    async fn subscribe(
        &self,
        topic: &str,
        metadata: &Metadata,
        handler: Handler,
    ) -> Result<Box<dyn Subscription>, Error>;

    /// Starts to receive a topic, several messages at a time. What is promised of single ones holds for each; one
    /// that comes again may come after others that were handed over with it.
    async fn bulk_subscribe(
        &self,
        topic: &str,
        metadata: &Metadata,
        batch: Batch,
        handler: BulkHandler,
    ) -> Result<Box<dyn Subscription>, Error> {
        self.subscribe(topic, metadata, batch::gathered(batch, handler)).await
    }

    /// Ends background work; publishing fails after this.
    async fn close(&self) {}
}
