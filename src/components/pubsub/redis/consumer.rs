//! A running subscription: takes messages of its group and hands them over in order, as many at a time as the
//! component may. What becomes of them is [`super::handling`]'s business.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::redis::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::acknowledgements::{Acknowledgements, Held};
use super::settings::Delivery;
use super::stream::{Entry, Stream};
use crate::components::pubsub::{Batch, BulkHandler, Handler, batch};
use crate::components::redis::Error;

/// How long the server holds a read back that finds nothing. It ends then, so that a connection that has silently
/// died is noticed.
const WAIT: Duration = Duration::from_secs(5);
/// How much longer the answer may take.
const GRACE: Duration = Duration::from_secs(5);
/// When a read that was called off and goes on is called off again.
const WAKE_AGAIN: Duration = Duration::from_millis(10);
/// First and longest pause while the server can't be reached.
pub const SERVER_PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Who receives the messages.
pub enum Receiver {
    /// One at a time, each as soon as there is room.
    Single(Handler),
    /// Several at a time.
    Many(BulkHandler, Batch),
}

/// What a subscription is made of.
pub struct Parts {
    pub stream: Stream,
    pub receiver: Receiver,
    pub delivery: Arc<Delivery>,
    /// One for each call that may be at the app, of all topics together.
    pub permits: Arc<Semaphore>,
    pub label: Arc<str>,
    pub stop: CancellationToken,
}

/// Everything that a subscription works with.
pub struct Consumer {
    pub parts: Parts,
    /// What was taken and is not done with: the server still has it for ours.
    pub held: Held,
    /// What failed here, until it is tried again, and when it was last touched.
    pub failed: Mutex<Vec<(String, Instant)>>,
    pub acknowledgements: Acknowledgements,
    pub tasks: TaskTracker,
    /// To the one that gathers batches; nobody reads it where messages are handed over singly.
    gathering: mpsc::Sender<Entry>,
}

impl Parts {
    /// Works until it is told to stop. The group is there.
    pub async fn run(self) {
        let room = match &self.receiver {
            Receiver::Single(_) => 1,
            Receiver::Many(_, batch) => batch.most.max(1),
        };
        let (gathering, queue) = mpsc::channel(room);
        let consumer = Arc::new(Consumer {
            parts: self,
            held: Held::default(),
            failed: Mutex::default(),
            acknowledgements: Acknowledgements::default(),
            tasks: TaskTracker::new(),
            gathering,
        });
        tokio::join!(consumer.read(), consumer.gather(queue), consumer.redeliver());
        consumer.tasks.close();
        consumer.tasks.wait().await;
        consumer.sign_off().await;
    }
}

impl Consumer {
    pub fn warn(&self, text: &str) {
        tracing::warn!(target: "dapr.contrib", component = %self.parts.label, "{text}");
    }

    /// Waits; false when stopped meanwhile.
    pub async fn pause(&self, time: Duration) -> bool {
        self.parts.stop.run_until_cancelled(tokio::time::sleep(time)).await.is_some()
    }

    /// Reads until stopped, on a new connection after every failure.
    async fn read(self: &Arc<Self>) {
        let mut pause = None;
        while !self.parts.stop.is_cancelled() {
            match self.read_on_one_connection(&mut pause).await {
                Ok(()) | Err(Error::Closed) => return,
                Err(error) => {
                    if pause.is_none() {
                        let topic = &self.parts.stream.topic;
                        self.warn(&format!("cannot read topic {topic}: {error}; trying again"));
                    }
                    let time = pause.unwrap_or(SERVER_PAUSE.0);
                    pause = Some((time * 2).min(SERVER_PAUSE.1));
                    self.pause(time).await;
                }
            }
        }
    }

    /// Reads until stopped or until the connection fails. A success forgets the pauses before it.
    async fn read_on_one_connection(self: &Arc<Self>, pause: &mut Option<Duration>) -> Result<(), Error> {
        let Parts { stream, stop, delivery, .. } = &self.parts;
        let Some(connected) = stop.run_until_cancelled(stream.client.waiting()).await else { return Ok(()) };
        let mut connection = connected?;
        let read = stream.read(delivery.queue_depth, WAIT);
        while !stop.is_cancelled() {
            let id = connection.id();
            let answer = connection.command(&read, WAIT + GRACE);
            tokio::pin!(answer);
            let answer = tokio::select! {
                answer = &mut answer => Some(answer),
                () = stop.cancelled() => self.called_off(id, answer).await,
            };
            let Some(answer) = answer else { return Ok(()) };
            match answer.and_then(|answer| stream.taken(answer)) {
                Ok(entries) => {
                    if pause.take().is_some() {
                        self.warn(&format!("reading topic {} again", stream.topic));
                    }
                    self.dispatch(entries).await;
                }
                // A stream that is deleted while it is read, in the words of two versions.
                Err(error) if error.is("NOGROUP") || error.is("UNBLOCKED") => {
                    let Stream { topic, group, .. } = stream;
                    self.warn(&format!("group {group} of {topic} is gone: {error}; creating it again"));
                    stream.create_group().await?;
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
            self.parts.stream.client.wake(id?).await.ok()?;
            // The read may have been on its way, so that there was nothing to wake yet.
            if let Ok(answer) = tokio::time::timeout(WAKE_AGAIN, &mut answer).await {
                return Some(answer);
            }
        }
    }

    /// Hands messages over in their order. Those that are left when it is told to stop are given back at the end.
    pub async fn dispatch(self: &Arc<Self>, entries: Vec<Entry>) {
        self.held.add(entries.iter().map(|entry| &entry.id));
        for entry in entries {
            match self.parts.receiver {
                Receiver::Single(_) => {
                    let Some(permit) = self.permit().await else { return };
                    self.start(vec![entry], permit);
                }
                Receiver::Many(..) => {
                    let sent = self.parts.stop.run_until_cancelled(self.gathering.send(entry)).await;
                    if !matches!(sent, Some(Ok(()))) {
                        return;
                    }
                }
            }
        }
    }

    /// Makes batches of what is dispatched, until stopped.
    async fn gather(self: &Arc<Self>, mut queue: mpsc::Receiver<Entry>) {
        let Receiver::Many(_, size) = self.parts.receiver else { return };
        loop {
            let entries = self.parts.stop.run_until_cancelled(batch::fill(&mut queue, size)).await;
            let Some(entries) = entries else { return };
            let Some(permit) = self.permit().await else { return };
            self.start(entries, permit);
        }
    }

    /// `None` when stopped.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.parts.stop.cancelled() => None,
            permit = Arc::clone(&self.parts.permits).acquire_owned() => permit.ok(),
        }
    }

    fn start(self: &Arc<Self>, entries: Vec<Entry>, permit: OwnedSemaphorePermit) {
        let consumer = Arc::clone(self);
        self.tasks.spawn(async move {
            consumer.handle(entries).await;
            drop(permit);
        });
    }

    /// Tells the server what has been handled, and gives back what was not.
    async fn sign_off(&self) {
        let stream = &self.parts.stream;
        let told = |error: &Error, what: &str| {
            if *error != Error::Closed {
                self.warn(&format!("messages of topic {} {what}: {error}", stream.topic));
            }
        };
        if let Err(error) = self.acknowledgements.send(stream, &self.held).await {
            told(&error, "that were handled may come again");
        }
        let left = self.held.all();
        if let Some(redelivery) = self.parts.delivery.redelivery
            && !left.is_empty()
            && let Err(error) = stream.give_back(&left, redelivery.timeout).await
        {
            told(&error, "that were not handled come again only after processingTimeout");
        }
    }

    /// Notes that a message failed; it comes again.
    pub fn set_aside(&self, entry: Entry) {
        if self.parts.delivery.redelivery.is_some() {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            failed.push((entry.id, entry.touched));
        } else {
            self.held.remove([&entry.id]);
        }
    }
}
