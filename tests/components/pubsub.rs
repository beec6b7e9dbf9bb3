//! Message brokers: the conformance suite, then what each provider promises beyond it.

mod batches;
mod conformance;
mod durable;
mod in_memory;
mod processes;
mod redis;

use std::sync::Arc;

use bytes::Bytes;
use dapr_cli::components::Metadata;
use dapr_cli::components::pubsub::{DeliveryError, Handler, Message, PubSub, Subscription};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::support::{Settings, in_time, init, registry};

async fn make(kind: &str, app_id: &str, settings: Settings<'_>) -> Result<Arc<dyn PubSub>, String> {
    let make = registry().pubsub(kind, "v1").unwrap();
    make(init(app_id, settings)).await.map_err(|error| error.to_string())
}

/// A log of `pubsub.sqlite` in a directory of its own, opened by as many sidecars as wanted.
struct Log {
    file: String,
    _home: tempfile::TempDir,
}

impl Log {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("data/pubsub.db").to_str().unwrap().to_owned();
        Self { file, _home: home }
    }

    /// A sidecar of this app. Retries are quick.
    async fn open(&self, app_id: &str) -> Arc<dyn PubSub> {
        self.open_with(app_id, &[]).await
    }

    async fn open_with(&self, app_id: &str, more: Settings<'_>) -> Arc<dyn PubSub> {
        let mut settings = vec![
            ("connectionString", self.file.as_str()),
            ("retryIntervals", "5ms,10ms"),
            ("unreachableInterval", "2ms"),
            ("unreachableMaxInterval", "10ms"),
            ("redeliverInterval", "100ms"),
        ];
        settings.extend(more);
        make("pubsub.sqlite", app_id, &settings).await.unwrap()
    }
}

/// What a handler got, as text.
struct Inbox {
    sender: UnboundedSender<Message>,
    receiver: UnboundedReceiver<Message>,
}

impl Inbox {
    fn new() -> Self {
        let (sender, receiver) = unbounded_channel();
        Self { sender, receiver }
    }

    /// Takes every message.
    fn handler(&self) -> Handler {
        self.handler_if(|_| Ok(()))
    }

    /// Notes every message and answers as `verdict` says.
    fn handler_if<F>(&self, verdict: F) -> Handler
    where
        F: Fn(&str) -> Result<(), DeliveryError> + Send + Sync + 'static,
    {
        let sender = self.sender.clone();
        Arc::new(move |message| {
            let result = verdict(&text(&message));
            let _ = sender.send(message);
            Box::pin(std::future::ready(result))
        })
    }

    async fn next(&mut self) -> Message {
        in_time("a message", self.receiver.recv()).await.unwrap()
    }

    async fn texts(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        while texts.len() < count {
            texts.push(text(&self.next().await));
        }
        texts
    }

    fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }
}

fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.data).into_owned()
}

fn message(topic: &str, data: impl Into<Bytes>) -> Message {
    Message { topic: topic.into(), data: data.into(), metadata: Metadata::new() }
}

async fn publish(broker: &dyn PubSub, topic: &str, data: &str) {
    in_time("publishing", broker.publish(message(topic, data.to_owned()))).await.unwrap();
}

async fn subscribe(broker: &dyn PubSub, topic: &str, handler: Handler) -> Box<dyn Subscription> {
    broker.subscribe(topic, &Metadata::new(), handler).await.unwrap()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}
