//! `pubsub.sqlite`: a durable log in a SQLite file that all sidecars of a machine share. This type is not one
//! of the stock runtime's.
//!
//! A message is appended once and stays for every consumer group, one group per app id; a group that appears
//! later starts with the oldest message that is kept. Instances of a group share its messages. Delivery is at
//! least once, in order per topic and instance: a message is acknowledged after its handler, one that fails is
//! tried again and then set aside for a while, and what an instance was working on when it died goes to
//! another one. Nothing is dropped except by age. What is new is announced, not polled for.

mod batch;
mod consumer;
mod log;
mod publisher;
mod retention;
mod schema;
mod settings;
#[cfg(test)]
mod tests;
mod wake;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::{Batch, BulkHandler, Error, Handler, Message, PubSub, Subscription};
use crate::components::running::Running;
use crate::components::sqlite::{self, Database};
use crate::components::{Init, InitError, Metadata};
use crate::records::ProcessId;
use consumer::{Consumer, Receiver};
use log::Listener;
use publisher::Publisher;
use settings::{Delivery, Settings};
use wake::Bell;

const KIND: &str = "pubsub.sqlite";
/// How often old messages are dropped.
const CLEAN_INTERVAL: Duration = Duration::from_mins(1);
/// How long closing waits for handlers that still run.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Opens the log, creating it if it isn't there.
pub async fn make(init: Init) -> Result<Arc<dyn PubSub>, InitError> {
    let settings = Settings::parse(&init.properties)?;
    let database = Database::open(settings.options, |connection| schema::create(connection)).await?;
    let bell =
        Arc::new(Bell::new().map_err(|error| InitError(format!("no UDP port for wake-ups: {error}")))?);
    let stop = CancellationToken::new();
    let label: Arc<str> = init.label(KIND).into();

    let listening = (Arc::clone(&bell), stop.clone(), Arc::clone(&label));
    tokio::spawn(async move {
        let (bell, stop, label) = listening;
        if let Some(Err(error)) = stop.run_until_cancelled(bell.listen()).await {
            tracing::warn!(target: "dapr.contrib", component = %label, "subscriptions are not woken at once: {error}");
        }
    });
    let cleaning = clean(database.clone(), settings.limits, Arc::clone(&label));
    let until = stop.clone();
    tokio::spawn(async move { until.run_until_cancelled(cleaning).await });

    Ok(Arc::new(Broker {
        publisher: Publisher::new(Arc::clone(&bell)),
        consumer_id: init.consumer_id().to_owned(),
        delivery: Arc::new(settings.delivery),
        subscriptions: TaskTracker::new(),
        _guard: stop.clone().drop_guard(),
        database,
        bell,
        label,
        stop,
    }))
}

struct Broker {
    database: Database,
    bell: Arc<Bell>,
    publisher: Arc<Publisher>,
    delivery: Arc<Delivery>,
    consumer_id: String,
    label: Arc<str>,
    subscriptions: TaskTracker,
    stop: CancellationToken,
    /// Ends the background work with the component.
    _guard: DropGuard,
}

/// Milliseconds since 1970.
fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

async fn clean(database: Database, limits: retention::Limits, label: Arc<str>) {
    let mut ticks = tokio::time::interval(CLEAN_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(sqlite::Error::Sqlite(error)) = retention::clean(&database, limits).await {
            tracing::warn!(target: "dapr.contrib", component = %label, "cannot drop old messages: {error}");
        }
    }
}

#[async_trait]
impl PubSub for Broker {
    async fn publish(&self, message: Message) -> Result<(), Error> {
        if self.stop.is_cancelled() {
            return Err(Error::closed());
        }
        self.publisher.publish(&self.database, message).await
    }

    async fn bulk_publish(&self, messages: Vec<Message>) -> Vec<Result<(), Error>> {
        if self.stop.is_cancelled() {
            return vec![Err(Error::closed()); messages.len()];
        }
        self.publisher.publish_all(&self.database, messages).await
    }

    async fn subscribe(
        &self,
        topic: &str,
        _metadata: &Metadata,
        handler: Handler,
    ) -> Result<Box<dyn Subscription>, Error> {
        self.receive(topic, Receiver::One(handler)).await
    }

    async fn bulk_subscribe(
        &self,
        topic: &str,
        _metadata: &Metadata,
        batch: Batch,
        handler: BulkHandler,
    ) -> Result<Box<dyn Subscription>, Error> {
        self.receive(topic, Receiver::Many(batch, handler)).await
    }

    async fn close(&self) {
        self.stop.cancel();
        self.subscriptions.close();
        if tokio::time::timeout(CLOSE_LIMIT, self.subscriptions.wait()).await.is_err() {
            tracing::warn!(target: "dapr.contrib", component = %self.label, "closed while messages were being handled; they will come again");
        }
        self.database.close().await;
    }
}

impl Broker {
    /// Starts a subscription.
    async fn receive(&self, topic: &str, receiver: Receiver) -> Result<Box<dyn Subscription>, Error> {
        if self.stop.is_cancelled() {
            return Err(Error::closed());
        }
        let me = Arc::new(Listener {
            token: fastrand::i64(1..),
            process: ProcessId::current(),
            port: self.bell.port(),
            topic: topic.to_owned(),
            consumer: self.consumer_id.clone(),
        });
        // From before it is registered, so that no wake-up is missed.
        let wake = self.bell.join(topic, me.token);
        let listener = Arc::clone(&me);
        let registered = self
            .database
            .write_as_one(move |connection| Ok::<_, sqlite::Error>(log::register(connection, &listener)?))
            .await;
        if let Err(error) = registered {
            self.bell.leave(topic, me.token);
            return Err(Error(error.to_string()));
        }
        let stop = self.stop.child_token();
        let consumer = Consumer {
            database: self.database.clone(),
            bell: Arc::clone(&self.bell),
            delivery: Arc::clone(&self.delivery),
            label: Arc::clone(&self.label),
            stop: stop.clone(),
            me,
            receiver,
            wake,
        };
        let task = self.subscriptions.spawn(consumer.run());
        Ok(Box::new(Running { task, stop: stop.drop_guard() }))
    }
}
