//! `pubsub.redis`: a topic is a stream, an app a consumer group, with the names and fields of the stock component,
//! so that stock sidecars can take part (components reference, section 6).
//!
//! | | |
//! |---|---|
//! | stream | the topic |
//! | group and consumer | property `consumerID`, or the app id: all instances of an app share one |
//! | field `data` | the message |
//! | field `metadata` | its metadata as a JSON object |
//!
//! Delivery is at least once. Messages are handed over in the order of the stream, up to `concurrency` at a time;
//! in order one after the other only where that is 1. A message is acknowledged when its handler is content, and
//! only then: one that failed stays with the group and comes again after `redeliverInterval`, where the stock
//! component would forget it. A batch counts as one for the concurrency. While the app can't be reached nothing is given up, and order is kept. What a sidecar
//! was working on when it died comes again after `processingTimeout`.

mod acknowledgements;
mod consumer;
mod handling;
mod redelivery;
mod settings;
mod stream;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::redis::{Cmd, Pipeline};
use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::{Batch, BulkHandler, Error, Handler, Message, PubSub, Subscription};
use crate::components::redis::{self, Client, Defaults, Repeat, Settings};
use crate::components::running::Running;
use crate::components::{Init, InitError, Metadata};
use consumer::{Parts, Receiver};
use settings::{Delivery, Retention};
use stream::Stream;

const KIND: &str = "pubsub.redis";
/// How long closing waits for handlers that still run.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Connects to the server.
pub async fn make(init: Init) -> Result<Arc<dyn PubSub>, InitError> {
    let settings = Settings::parse(&init.properties, Defaults::CLIENT)?;
    let (delivery, retention) = settings::parse(&init.properties)?;
    let label: Arc<str> = init.label(KIND).into();
    if retention.is_ambiguous() {
        tracing::warn!(target: "dapr.contrib", component = %label, "maxLenApprox and streamTTL are both set: maxLenApprox counts");
    }
    let host = settings.host().to_owned();
    let client = Client::connect(settings, label.to_string()).await.map_err(|error| {
        InitError(format!("redis streams: error connecting to redis at {host}: {}", error.cause()))
    })?;
    let stop = CancellationToken::new();
    Ok(Arc::new(Broker {
        client,
        consumer_id: init.consumer_id().to_owned(),
        permits: Arc::new(Semaphore::new(delivery.concurrency)),
        delivery: Arc::new(delivery),
        retention,
        label,
        subscriptions: TaskTracker::new(),
        _guard: stop.clone().drop_guard(),
        stop,
    }))
}

struct Broker {
    client: Client,
    consumer_id: String,
    delivery: Arc<Delivery>,
    /// One for each call that may be at the app, of all topics together.
    permits: Arc<Semaphore>,
    retention: Retention,
    label: Arc<str>,
    subscriptions: TaskTracker,
    stop: CancellationToken,
    /// Ends the subscriptions with the component.
    _guard: DropGuard,
}

impl Broker {
    fn append(&self, message: &Message) -> Result<Cmd, Error> {
        let metadata = serde_json::to_vec(&message.metadata).map_err(|error| failed(&error))?;
        let size = message.topic.len() + message.data.len() + metadata.len() + 128;
        let mut command = Cmd::with_capacity(10, size);
        command.arg("XADD").arg(&message.topic);
        match self.retention {
            Retention::Length { at_most, .. } => {
                command.arg("MAXLEN").arg("~").arg(at_most);
            }
            Retention::Age(age) => {
                let oldest = SystemTime::now() - age;
                let oldest = oldest.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
                command.arg("MINID").arg("~").arg(format!("{oldest}-1"));
            }
            Retention::All => {}
        }
        command.arg("*").arg("data").arg(&message.data[..]).arg("metadata").arg(metadata);
        Ok(command)
    }
}

impl Broker {
    /// Starts a subscription.
    async fn receive(&self, topic: &str, receiver: Receiver) -> Result<Box<dyn Subscription>, Error> {
        if self.stop.is_cancelled() {
            return Err(Error::closed());
        }
        let stream = Stream::new(self.client.clone(), topic, &self.consumer_id);
        stream.create_group().await.map_err(|error| {
            Error(format!("redis streams: error creating group {} of {topic}: {error}", self.consumer_id))
        })?;
        let stop = self.stop.child_token();
        let parts = Parts {
            stream,
            receiver,
            delivery: Arc::clone(&self.delivery),
            permits: Arc::clone(&self.permits),
            label: Arc::clone(&self.label),
            stop: stop.clone(),
        };
        let task = self.subscriptions.spawn(parts.run());
        Ok(Box::new(Running { task, stop: stop.drop_guard() }))
    }
}

fn failed(cause: &dyn std::fmt::Display) -> Error {
    Error(format!("redis streams: error from publish: {cause}"))
}

fn not_published(error: &redis::Error) -> Error {
    if *error == redis::Error::Closed { Error::closed() } else { failed(error) }
}

#[async_trait]
impl PubSub for Broker {
    /// May append the message twice when the connection is lost meanwhile, rather than lose it.
    async fn publish(&self, message: Message) -> Result<(), Error> {
        let append = self.append(&message)?;
        let published = self.client.command(&append, Repeat::Harmless).await;
        published.map(drop).map_err(|error| not_published(&error))
    }

    async fn bulk_publish(&self, messages: Vec<Message>) -> Vec<Result<(), Error>> {
        let mut pipeline = Pipeline::with_capacity(messages.len());
        for message in &messages {
            match self.append(message) {
                Ok(append) => pipeline.add_command(append),
                Err(error) => return messages.iter().map(|_| Err(error.clone())).collect(),
            };
        }
        match self.client.commands(&pipeline, Repeat::Harmless).await {
            Ok(results) => results
                .into_iter()
                .map(|result| result.map(drop).map_err(|error| not_published(&error)))
                .collect(),
            Err(error) => messages.iter().map(|_| Err(not_published(&error))).collect(),
        }
    }

    async fn subscribe(
        &self,
        topic: &str,
        _metadata: &Metadata,
        handler: Handler,
    ) -> Result<Box<dyn Subscription>, Error> {
        self.receive(topic, Receiver::Single(handler)).await
    }

    async fn bulk_subscribe(
        &self,
        topic: &str,
        _metadata: &Metadata,
        batch: Batch,
        handler: BulkHandler,
    ) -> Result<Box<dyn Subscription>, Error> {
        self.receive(topic, Receiver::Many(handler, batch)).await
    }

    async fn close(&self) {
        self.stop.cancel();
        self.subscriptions.close();
        if tokio::time::timeout(CLOSE_LIMIT, self.subscriptions.wait()).await.is_err() {
            tracing::warn!(target: "dapr.contrib", component = %self.label, "closed while messages were being handled; they will come again");
        }
        self.client.close();
    }
}
