//! A running subscription: takes messages of its group, hands them to the handler one at a time in order, and
//! gives back what it could not handle.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use rusqlite::Connection;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::log::{self, Claimed, Listener, Share};
use super::now_ms;
use super::settings::Delivery;
use super::wake::Bell;
use crate::components::pubsub::{Batch, BulkHandler, DeliveryError, Handler, guarded};
use crate::components::sqlite::{Database, Error, Job};

/// How often a subscription looks for itself whether there is something to do.
const LOOK: Duration = Duration::from_secs(1);
/// Pause after the database refused something.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);
/// Tries to sign off at the end; after that it is as if the process had died.
const SIGN_OFF_TRIES: u32 = 5;

/// Everything that a subscription works with.
pub struct Consumer {
    pub database: Database,
    pub bell: Arc<Bell>,
    pub delivery: Arc<Delivery>,
    pub me: Arc<Listener>,
    pub receiver: Receiver,
    pub label: Arc<str>,
    pub wake: Arc<Notify>,
    pub stop: CancellationToken,
}

/// What gets the messages.
pub enum Receiver {
    One(Handler),
    Many(Batch, BulkHandler),
}

/// How handling a message ended.
enum Outcome {
    Handled,
    Failed,
    Interrupted,
}

impl Consumer {
    /// Works until it is told to stop. The listener has been registered.
    pub async fn run(self) {
        let acknowledgements =
            Arc::new(Acknowledgements { me: Arc::clone(&self.me), handled: Mutex::default() });
        while !self.stop.is_cancelled() {
            // A wake-up from before this moment is about messages that the claim below will see.
            let _ = self.wake.notified().now_or_never();
            let mut found = false;
            let share = match &self.receiver {
                Receiver::One(_) => Share::SINGLE,
                Receiver::Many(batch, _) => Share { alone: batch.most, among_others: batch.most },
            };
            match self.claim(share).await {
                Ok(messages) => {
                    found = !messages.is_empty();
                    match &self.receiver {
                        Receiver::One(handler) => {
                            self.deliver_all(messages, handler, &acknowledgements).await;
                        }
                        Receiver::Many(batch, handler) if found => {
                            let messages = self.fill(messages, *batch).await;
                            self.deliver_batch(messages, handler, &acknowledgements).await;
                        }
                        Receiver::Many(..) => {}
                    }
                }
                Err(Error::Closed) => break,
                Err(error) => {
                    self.warn(&format!("cannot read topic {}: {error}", self.me.topic));
                    self.pause(DATABASE_PAUSE).await;
                }
            }
            self.idle(found, &acknowledgements).await;
        }
        self.sign_off(&acknowledgements).await;
    }

    pub(super) fn warn(&self, text: &str) {
        tracing::warn!(target: "dapr.contrib", component = %self.label, "{text}");
    }

    /// Waits; false when stopped meanwhile.
    pub(super) async fn pause(&self, time: Duration) -> bool {
        self.stop.run_until_cancelled(tokio::time::sleep(time)).await.is_some()
    }

    pub(super) async fn claim(&self, share: Share) -> Result<Vec<Claimed>, Error> {
        let me = Arc::clone(&self.me);
        self.database.write_as_one(move |connection| Ok(log::claim(connection, &me, share, now_ms())?)).await
    }

    /// Returns when there may be something to take, or when stopped. After a claim that found nothing it does
    /// not look before it has waited, so that it can't be led into claiming again and again.
    async fn idle(&self, mut look: bool, acknowledgements: &Arc<Acknowledgements>) {
        while !self.stop.is_cancelled() {
            let me = Arc::clone(&self.me);
            let now = now_ms();
            let mut wait = LOOK;
            match self.database.read(move |connection| log::peek(connection, &me, now)).await {
                Ok(peek) if peek.ready && look => return,
                Ok(peek) => {
                    let due = peek.due_ms.and_then(|due| u64::try_from(due - now).ok());
                    wait = due.filter(|due| *due > 0).map_or(LOOK, Duration::from_millis).min(LOOK);
                }
                Err(Error::Closed) => return,
                // The claim that follows a wake-up reports what is wrong.
                Err(Error::Sqlite(_)) => {}
            }
            look = true;
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                () = self.wake.notified() => return,
                () = tokio::time::sleep(wait) => acknowledgements.retry(&self.database),
            }
        }
    }

    async fn deliver_all(
        &self,
        messages: Vec<Claimed>,
        handler: &Handler,
        acknowledgements: &Arc<Acknowledgements>,
    ) {
        for claimed in messages {
            let seq = claimed.seq;
            match self.deliver(claimed, handler).await {
                Outcome::Handled => acknowledgements.add(seq, &self.database),
                Outcome::Failed => self.set_aside(seq).await,
                // What is left is given back when signing off.
                Outcome::Interrupted => return,
            }
        }
    }

    async fn deliver(&self, claimed: Claimed, handler: &Handler) -> Outcome {
        let Claimed { seq, attempts, .. } = claimed;
        let topic = &self.me.topic;
        let message = claimed.into_message(topic);
        // A message that was set aside before gets one try: its pauses would hold up the topic every time.
        let mut retries = self.delivery.retries.iter().take(if attempts == 0 { usize::MAX } else { 0 });
        let mut unreachable_pause = None;
        loop {
            if self.stop.is_cancelled() {
                return Outcome::Interrupted;
            }
            let pause = match guarded(handler, message.clone()).await {
                Ok(()) => return Outcome::Handled,
                Err(DeliveryError::Unreachable(why)) => {
                    if unreachable_pause.is_none() {
                        self.warn(&format!(
                            "message {seq} of topic {topic} waits until the app can be reached: {why}"
                        ));
                    }
                    let pause = unreachable_pause.unwrap_or(self.delivery.unreachable_first);
                    unreachable_pause = Some((pause * 2).min(self.delivery.unreachable_longest));
                    pause
                }
                Err(DeliveryError::Failed(why)) => {
                    unreachable_pause = None;
                    let Some(pause) = retries.next() else {
                        let interval = self.delivery.redeliver_interval;
                        self.warn(&format!(
                            "message {seq} of topic {topic} comes again in {interval:?}: {why}"
                        ));
                        return Outcome::Failed;
                    };
                    self.warn(&format!("message {seq} of topic {topic} failed, again in {pause:?}: {why}"));
                    *pause
                }
            };
            if !self.pause(pause).await {
                return Outcome::Interrupted;
            }
        }
    }

    /// Keeps trying: until this is written the message is ours, and would not come again.
    pub(super) async fn set_aside(&self, seq: i64) {
        loop {
            let me = Arc::clone(&self.me);
            let interval = i64::try_from(self.delivery.redeliver_interval.as_millis()).unwrap_or(i64::MAX);
            // Zero means something else in the table.
            let due = now_ms().saturating_add(interval).max(1);
            let written = self
                .database
                .write(move |connection| Ok::<_, Error>(log::set_aside(connection, &me, seq, due)?))
                .await;
            match written {
                Ok(()) | Err(Error::Closed) => return,
                Err(error) => self.warn(&format!("cannot set message {seq} aside: {error}")),
            }
            if !self.pause(DATABASE_PAUSE).await {
                return;
            }
        }
    }

    /// Gives back what was taken and not handled, and wakes others of the group for it.
    async fn sign_off(&self, acknowledgements: &Arc<Acknowledgements>) {
        self.bell.leave(&self.me.topic, self.me.token);
        for _ in 0..SIGN_OFF_TRIES {
            let (me, handled) = (Arc::clone(&self.me), Arc::clone(acknowledgements));
            let done = self
                .database
                .write_as_one(move |connection| {
                    for seq in handled.snapshot() {
                        log::acknowledge(connection, &me, seq)?;
                    }
                    let released = log::retire(connection, me.token, &me.topic, &me.consumer)?;
                    let wake = if released > 0 { log::ports(connection, &me.topic)? } else { Vec::new() };
                    Ok::<_, Error>(wake)
                })
                .await;
            match done {
                Ok(ports) => {
                    self.bell.ring(&self.me.topic, ports);
                    return;
                }
                Err(Error::Closed) => return,
                Err(error) => {
                    self.warn(&format!("cannot give back messages of topic {}: {error}", self.me.topic));
                }
            }
            tokio::time::sleep(DATABASE_PAUSE / SIGN_OFF_TRIES).await;
        }
    }
}

/// Handled messages that the log does not know of yet.
pub(super) struct Acknowledgements {
    me: Arc<Listener>,
    handled: Mutex<Vec<i64>>,
}

impl Acknowledgements {
    fn handled(&self) -> std::sync::MutexGuard<'_, Vec<i64>> {
        self.handled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn snapshot(&self) -> Vec<i64> {
        self.handled().clone()
    }

    /// Tells the log, without waiting for it.
    pub(super) fn add(self: &Arc<Self>, seq: i64, database: &Database) {
        let is_first = {
            let mut handled = self.handled();
            handled.push(seq);
            handled.len() == 1
        };
        if is_first {
            self.submit(database);
        }
    }

    /// Tells the log again what it could not write before.
    fn retry(self: &Arc<Self>, database: &Database) {
        if !self.handled().is_empty() {
            self.submit(database);
        }
    }

    fn submit(self: &Arc<Self>, database: &Database) {
        database.submit(Box::new(Acknowledge { to: Arc::clone(self), taken: Vec::new(), done: false }));
    }
}

struct Acknowledge {
    to: Arc<Acknowledgements>,
    taken: Vec<i64>,
    done: bool,
}

impl Job for Acknowledge {
    fn run(&mut self, connection: &Connection) -> bool {
        self.taken = std::mem::take(&mut *self.to.handled());
        self.done =
            self.taken.iter().try_for_each(|seq| log::acknowledge(connection, &self.to.me, *seq)).is_ok();
        self.done
    }

    fn finish(mut self: Box<Self>, committed: Result<(), Error>) {
        if committed.is_err() || !self.done {
            self.to.handled().append(&mut self.taken);
        }
    }
}
