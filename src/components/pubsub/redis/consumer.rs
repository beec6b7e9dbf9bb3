//! A running subscription: takes messages of its group, hands them to the handler in order, as many at a time as
//! the component may, and tells the server what has been handled.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::redis::Value;
use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::acknowledgements::{Acknowledgements, Held};
use super::settings::Delivery;
use super::stream::{Entry, Stream};
use crate::components::pubsub::{DeliveryError, Handler, Message, Subscription, guarded};
use crate::components::redis::Error;

/// How long the server holds a read back that finds nothing. It ends then, so that a connection that has silently
/// died is noticed.
const WAIT: Duration = Duration::from_secs(5);
/// How much longer the answer may take.
const GRACE: Duration = Duration::from_secs(5);
/// When a read that was called off and goes on is called off again.
const WAKE_AGAIN: Duration = Duration::from_millis(10);
/// First and longest pause while the server can't be reached.
const SERVER_PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// First and longest pause while the app can't be reached.
const APP_PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// What rounding can make of a time on its way to the server and back. Ours begin later than the server's.
pub const SLACK: Duration = Duration::from_millis(20);

/// Everything that a subscription works with.
pub struct Consumer {
    pub stream: Stream,
    pub delivery: Arc<Delivery>,
    pub label: Arc<str>,
    pub stop: CancellationToken,
    pub held: Held,
    /// What failed here, until it is tried again, and when it was last touched.
    pub failed: Mutex<Vec<(String, Instant)>>,
    handler: Handler,
    permits: Arc<Semaphore>,
    acknowledgements: Acknowledgements,
    /// What was taken and will not be handled here.
    returned: Mutex<Vec<String>>,
    tasks: TaskTracker,
}

/// How handling a message ended.
enum Outcome {
    Handled,
    Failed(String),
    /// It took too long, and is taken for abandoned.
    Late,
    /// Another instance has taken it.
    OfOther,
    Interrupted,
}

impl Consumer {
    pub fn new(
        stream: Stream,
        handler: Handler,
        delivery: Arc<Delivery>,
        permits: Arc<Semaphore>,
        label: Arc<str>,
        stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            stream,
            delivery,
            label,
            stop,
            held: Held::default(),
            failed: Mutex::default(),
            handler,
            permits,
            acknowledgements: Acknowledgements::default(),
            returned: Mutex::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// Works until it is told to stop. The group is there.
    pub async fn run(self: Arc<Self>) {
        tokio::join!(self.read(), self.redeliver());
        self.tasks.close();
        self.tasks.wait().await;
        self.sign_off().await;
    }

    pub fn warn(&self, text: &str) {
        tracing::warn!(target: "dapr.contrib", component = %self.label, "{text}");
    }

    /// Waits; false when stopped meanwhile.
    async fn pause(&self, time: Duration) -> bool {
        self.stop.run_until_cancelled(tokio::time::sleep(time)).await.is_some()
    }

    /// Reads until stopped, on a new connection after every failure.
    async fn read(self: &Arc<Self>) {
        let mut pause = None;
        while !self.stop.is_cancelled() {
            match self.read_on_one_connection(&mut pause).await {
                Ok(()) | Err(Error::Closed) => return,
                Err(error) => {
                    if pause.is_none() {
                        self.warn(&format!("cannot read topic {}: {error}; trying again", self.stream.topic));
                    }
                    let time = pause.unwrap_or(SERVER_PAUSE.0);
                    pause = Some((time * 2).min(SERVER_PAUSE.1));
                    self.pause(time).await;
                }
            }
        }
    }

    /// Reads until stopped or until the connection fails. Each success forgets the pauses before it.
    async fn read_on_one_connection(self: &Arc<Self>, pause: &mut Option<Duration>) -> Result<(), Error> {
        let client = &self.stream.client;
        let Some(connected) = self.stop.run_until_cancelled(client.waiting()).await else { return Ok(()) };
        let mut connection = connected?;
        let read = self.stream.read(self.delivery.queue_depth, WAIT);
        while !self.stop.is_cancelled() {
            let id = connection.id();
            let answer = connection.command(&read, WAIT + GRACE);
            tokio::pin!(answer);
            let answer = tokio::select! {
                answer = &mut answer => Some(answer),
                () = self.stop.cancelled() => self.called_off(id, answer).await,
            };
            let Some(answer) = answer else { return Ok(()) };
            match answer.and_then(|answer| self.stream.taken(answer)) {
                Ok(entries) => {
                    if pause.take().is_some() {
                        self.warn(&format!("reading topic {} again", self.stream.topic));
                    }
                    self.dispatch(entries).await;
                }
                // A stream that is deleted while it is read, in the words of two versions.
                Err(error) if error.is("NOGROUP") || error.is("UNBLOCKED") => {
                    let Stream { topic, group, .. } = &self.stream;
                    self.warn(&format!("group {group} of {topic} is gone: {error}; creating it again"));
                    self.stream.create_group().await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Ends a read that waits, by asking the server: what it is giving to us at this moment would else be nobody's
    /// for a while. `None` when it can't be asked.
    async fn called_off(
        &self,
        id: Option<i64>,
        mut answer: Pin<&mut impl Future<Output = Result<Value, Error>>>,
    ) -> Option<Result<Value, Error>> {
        loop {
            self.stream.client.wake(id?).await.ok()?;
            // The read may have been on its way, so that there was nothing to wake yet.
            if let Ok(answer) = tokio::time::timeout(WAKE_AGAIN, &mut answer).await {
                return Some(answer);
            }
        }
    }

    /// Hands messages over in their order, each as soon as there is room. Once stopped, they go back.
    pub async fn dispatch(self: &Arc<Self>, entries: Vec<Entry>) {
        self.held.add(entries.iter().map(|entry| &entry.id));
        for entry in entries {
            let permit = Arc::clone(&self.permits).acquire_owned();
            let permit = tokio::select! {
                biased;
                () = self.stop.cancelled() => None,
                permit = permit => permit.ok(),
            };
            let Some(permit) = permit else {
                self.give_back(entry.id);
                continue;
            };
            let consumer = Arc::clone(self);
            self.tasks.spawn(async move {
                consumer.handle(entry).await;
                drop(permit);
            });
        }
    }

    fn give_back(&self, id: String) {
        self.returned.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    async fn handle(self: &Arc<Self>, mut entry: Entry) {
        match self.deliver(&mut entry).await {
            Outcome::Handled => {
                if self.acknowledgements.add(entry.id) {
                    self.tasks.spawn(Arc::clone(self).acknowledge());
                }
            }
            Outcome::Failed(why) => {
                let id = &entry.id;
                self.warn(&format!("Error processing Redis message {id}: {why}"));
                if self.delivery.redelivery.is_some() {
                    let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                    failed.push((entry.id, entry.touched));
                } else {
                    self.held.remove([id]);
                }
            }
            Outcome::Late => {
                let id = &entry.id;
                self.warn(&format!(
                    "Error processing Redis message {id}: not within processingTimeout; it comes again"
                ));
                self.held.remove([id]);
            }
            Outcome::OfOther => self.held.remove([&entry.id]),
            Outcome::Interrupted => self.give_back(entry.id),
        }
    }

    async fn deliver(&self, entry: &mut Entry) -> Outcome {
        let message = Message {
            topic: self.stream.topic.clone(),
            data: std::mem::take(&mut entry.data),
            metadata: std::mem::take(&mut entry.metadata),
        };
        let mut pause = None;
        loop {
            if self.stop.is_cancelled() {
                return Outcome::Interrupted;
            }
            if !self.is_still_ours(entry).await {
                return Outcome::OfOther;
            }
            let handled = guarded(&self.handler, message.clone());
            let handled = match self.delivery.redelivery {
                Some(redelivery) => tokio::time::timeout(redelivery.timeout, handled).await,
                None => Ok(handled.await),
            };
            match handled {
                Ok(Ok(())) => return Outcome::Handled,
                Ok(Err(DeliveryError::Failed(why))) => return Outcome::Failed(why),
                Ok(Err(DeliveryError::Unreachable(why))) => {
                    if pause.is_none() && !self.stop.is_cancelled() {
                        let (id, topic) = (&entry.id, &self.stream.topic);
                        self.warn(&format!(
                            "message {id} of topic {topic} waits until the app can be reached: {why}"
                        ));
                    }
                    let time = pause.unwrap_or(APP_PAUSE.0);
                    pause = Some((time * 2).min(APP_PAUSE.1));
                    self.pause(time).await;
                }
                Err(_) => return Outcome::Late,
            }
        }
    }

    /// A message that has waited here for long may have been taken by another instance; one that has not is marked
    /// as ours again.
    async fn is_still_ours(&self, entry: &mut Entry) -> bool {
        let untouched = entry.touched.elapsed();
        match self.delivery.redelivery {
            Some(redelivery) if untouched >= redelivery.timeout / 2 => {
                match self.stream.is_ours(&entry.id, untouched.saturating_sub(SLACK)).await {
                    Ok(false) => return false,
                    // Not when it was asked: the server must not have heard of it later than we think.
                    Ok(true) => entry.touched = Instant::now(),
                    // Nobody can have taken it from a server that can't be reached.
                    Err(_) => {}
                }
                true
            }
            _ => true,
        }
    }

    /// Tells the server what has been handled, for as long as it takes.
    async fn acknowledge(self: Arc<Self>) {
        while self.acknowledgements.send(&self.stream, &self.held).await.is_err() {
            if !self.pause(SERVER_PAUSE.1).await {
                return;
            }
        }
    }

    /// Tells the server what has been handled, and gives back what was not.
    async fn sign_off(&self) {
        let Stream { topic, .. } = &self.stream;
        if let Err(error) = self.acknowledgements.send(&self.stream, &self.held).await
            && error != Error::Closed
        {
            self.warn(&format!("messages of topic {topic} that were handled may come again: {error}"));
        }
        let Some(redelivery) = self.delivery.redelivery else { return };
        let mut ids = std::mem::take(&mut *self.returned.lock().unwrap_or_else(PoisonError::into_inner));
        let failed = std::mem::take(&mut *self.failed.lock().unwrap_or_else(PoisonError::into_inner));
        ids.extend(failed.into_iter().map(|(id, _)| id));
        if ids.is_empty() {
            return;
        }
        if let Err(error) = self.stream.give_back(&ids, redelivery.timeout).await
            && error != Error::Closed
        {
            self.warn(&format!("{} messages of topic {topic} come again later: {error}", ids.len()));
        }
    }
}

/// What the subscriber holds.
pub struct Running {
    pub task: JoinHandle<()>,
    pub stop: DropGuard,
}

#[async_trait]
impl Subscription for Running {
    async fn stop(self: Box<Self>) {
        drop(self.stop);
        // A panic has been reported by then.
        let _ = self.task.await;
    }
}
