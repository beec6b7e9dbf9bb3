//! Subscriptions by a stream that an app holds open (grpc-api reference, section 4), without its transport. Each is
//! a subscription of its own at the broker; what is not answered when its stream ends goes back there.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::receiving::{Work, subscribe};
use super::{Active, Origin, Tasks, topics};
use crate::components::pubsub::{PubSub, Subscription as Running};
use crate::components::{Metadata, pubsub as broker};
use crate::resources::{Route, Subscription};
use crate::sidecar::Shared;
use crate::sidecar::app::events::{Event, Verdict};
use crate::sidecar::blocks::cloudevent::Parts;
use crate::sidecar::blocks::delivery::{Delivery, Recipient};
use crate::sidecar::blocks::pubsub;
use crate::sidecar::blocks::tasks::Ending;
use crate::sidecar::error::ApiError;
use crate::sidecar::store::Entry;

/// Where events of a stream are said to go.
pub const PATH: &str = "/";
/// Events that may wait for their stream.
const WAITING: usize = 16;

/// What an app wants to receive.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Pub/sub component.
    pub pubsub: String,
    /// Topic.
    pub topic: String,
    /// Metadata for the component, and `rawPayload`.
    pub metadata: Metadata,
    /// Where undeliverable events go; empty for nowhere.
    pub dead_letter_topic: String,
}

/// Why there is no stream.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// For a reason that has no code.
    Plain(String),
    /// An error of the API.
    Api(ApiError),
    /// The sidecar takes no more streams.
    Ending,
}

/// What streams are told at the end of the sidecar.
pub const FAREWELL: &str = "the sidecar is shutting down";

/// An event for the app; its path is [`PATH`].
#[derive(Debug, Clone, PartialEq)]
pub struct Streamed {
    /// Pub/sub component.
    pub pubsub: String,
    /// Topic, as the app calls it.
    pub topic: String,
    /// The event. Its id is what the app answers with.
    pub event: Parts,
}

/// The events of a stream. Dropped, the stream has ended.
#[derive(Debug)]
pub struct Events {
    queue: mpsc::Receiver<Streamed>,
    ended: CancellationToken,
    lost: Arc<OnceLock<String>>,
    _end: [DropGuard; 2],
}

impl Events {
    /// The next event; `None` when the sidecar ends the stream.
    pub async fn next(&mut self) -> Option<Streamed> {
        tokio::select! {
            biased;
            event = self.queue.recv() => event,
            () = self.ended.cancelled() => None,
        }
    }

    /// Why the sidecar has ended the stream.
    pub fn farewell(&self) -> &str {
        self.lost.get().map_or(FAREWELL, String::as_str)
    }
}

/// Takes the app's answers.
#[derive(Debug, Clone)]
pub struct Answers(Arc<Waiting>);

impl Answers {
    /// What the app says of the event with this id. False, and nothing happens, when no such event waits.
    pub fn answer(&self, id: &str, verdict: Verdict) -> bool {
        let mut waiting = self.0.lock();
        let Some(queue) = waiting.get_mut(id) else { return false };
        let mut answered = false;
        let mut verdict = verdict;
        while let Some(reply) = queue.pop_front() {
            match reply.send(verdict) {
                Ok(()) => {
                    answered = true;
                    break;
                }
                // Nobody waits for this one any more.
                Err(unheard) => verdict = unheard,
            }
        }
        if queue.is_empty() {
            waiting.remove(id);
        }
        answered
    }
}

/// Who waits for an answer, by the id of the event; two events may have the same.
#[derive(Debug, Default)]
struct Waiting(Mutex<HashMap<String, VecDeque<oneshot::Sender<Verdict>>>>);

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, VecDeque<oneshot::Sender<Verdict>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sidecar's end of a stream.
#[derive(Clone)]
pub struct Outbox {
    events: mpsc::Sender<Streamed>,
    waiting: Arc<Waiting>,
}

impl Outbox {
    /// Hands an event to the app and waits for what it says.
    pub async fn event(&self, event: Event<'_>) -> Verdict {
        let parts = match Parts::of(event.event) {
            Ok(parts) => parts,
            Err(cause) => return Verdict::failed(format!("the event can't be taken apart: {cause}")),
        };
        let ended = || Verdict::Unreachable("the stream has ended".into());
        let (reply, answer) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock();
            let queue = waiting.entry(parts.id.clone()).or_default();
            // What was given up, as when its time was over, must not take this one's answer.
            queue.retain(|reply| !reply.is_closed());
            queue.push_back(reply);
        }
        let streamed = Streamed { pubsub: event.pubsub.into(), topic: event.topic.into(), event: parts };
        if self.events.send(streamed).await.is_err() {
            return ended();
        }
        answer.await.unwrap_or_else(|_| ended())
    }
}

/// All open streams.
#[derive(Default)]
pub struct Streams {
    open: Mutex<BTreeMap<u64, Active>>,
    tasks: Tasks,
    /// Pub/sub components have come, changed or gone.
    changes: watch::Sender<()>,
}

impl Streams {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u64, Active>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the metadata API shows, oldest first.
    pub fn list(&self) -> Vec<Active> {
        self.open().values().cloned().collect()
    }

    /// Subscribes for a stream.
    pub async fn begin(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        request: Request,
    ) -> Result<(Events, Answers), Refusal> {
        let Request { pubsub, topic, metadata, dead_letter_topic } = request;
        let plain = |text: &str| Err(Refusal::Plain(text.to_owned()));
        if self.tasks.stop.is_cancelled() {
            return Err(Refusal::Ending);
        }
        if pubsub.is_empty() {
            return plain("pubsubName is required");
        }
        if topic.is_empty() {
            return plain("topic is required");
        }
        let entry = pubsub::component(shared, &pubsub).map_err(Refusal::Api)?;
        if !topics::Scopes::of(&entry.manifest).may_subscribe(&shared.app_id, &topic) {
            return plain(&format!("subscription to topic '{topic}' on pubsub '{pubsub}' is not allowed"));
        }
        let subscription = Subscription {
            pubsub_name: pubsub,
            topic,
            routes: vec![Route { matches: String::new(), path: PATH.to_owned() }],
            metadata,
            dead_letter_topic,
            ..Subscription::default()
        };
        let (sender, events) = mpsc::channel(WAITING);
        let waiting = Arc::new(Waiting::default());
        let stream = Stream {
            shared: Arc::clone(shared),
            outbox: Outbox { events: sender, waiting: Arc::clone(&waiting) },
            subscription,
            stop: self.tasks.stop.child_token(),
            abandon: self.tasks.abandon.child_token(),
        };
        let (mut changes, lost) = (self.changes.subscribe(), Arc::<OnceLock<String>>::default());
        let (running, at) = stream.first(entry).await?;
        let number = {
            let mut open = self.open();
            let number = open.last_key_value().map_or(0, |(last, _)| last + 1);
            open.insert(number, Active::of(&stream.subscription, Origin::Streaming));
            number
        };
        let ended = CancellationToken::new();
        let end = [stream.stop.clone().drop_guard(), stream.abandon.clone().drop_guard()];
        let (streams, told, why) = (Arc::clone(self), ended.clone(), Arc::clone(&lost));
        // A shutdown that began meanwhile has cancelled `stop`: the task ends at once.
        self.tasks.all.spawn(async move {
            if let Some(cause) = stream.run(running, at, &mut changes).await {
                let _ = why.set(cause);
            }
            streams.open().remove(&number);
            told.cancel();
        });
        Ok((Events { queue: events, ended, lost, _end: end }, Answers(waiting)))
    }

    /// Streams go on with the components that there are now.
    pub fn follow(&self) {
        self.changes.send_replace(());
    }

    /// Ends all of them for good. Events that apps work on have `patience` left. Returns whether that was enough.
    pub async fn close(&self, patience: Duration) -> bool {
        self.tasks.end(patience).await
    }
}

/// A stream at its broker.
struct Stream {
    shared: Arc<Shared>,
    outbox: Outbox,
    subscription: Subscription,
    stop: CancellationToken,
    abandon: CancellationToken,
}

/// The component that a stream is with. It is not kept alive by it: one that was replaced closes when nobody works
/// with it.
type At = Weak<Entry<dyn PubSub>>;

impl Stream {
    fn handler(&self, entry: &Arc<Entry<dyn PubSub>>) -> Result<broker::Handler, Refusal> {
        let (shared, outbox) = (Arc::clone(&self.shared), Recipient::Stream(self.outbox.clone()));
        let ending = Ending { last_try: self.stop.clone(), abandon: self.abandon.clone() };
        let delivery = Delivery::new(shared, outbox, Arc::clone(entry), &self.subscription, ending);
        delivery.map(Delivery::handler).map_err(Refusal::Plain)
    }

    async fn first(&self, entry: Arc<Entry<dyn PubSub>>) -> Result<(Box<dyn Running>, At), Refusal> {
        let handler = self.handler(&entry)?;
        let Subscription { pubsub_name, topic, metadata, .. } = &self.subscription;
        let at_broker = topics::at_broker(&entry.manifest, &self.shared.namespace, topic);
        let running = entry.provider.subscribe(&at_broker, metadata, handler).await.map_err(|error| {
            Refusal::Plain(format!("failed to subscribe to topic {topic} of pubsub {pubsub_name}: {error}"))
        })?;
        Ok((running, Arc::downgrade(&entry)))
    }

    /// Receives until told to stop, or until there is no broker any more: then it returns what to tell the app.
    async fn run(
        &self,
        mut running: Box<dyn Running>,
        mut at: At,
        changes: &mut watch::Receiver<()>,
    ) -> Option<String> {
        // The sender lives as long as the streams.
        while let Some(Ok(())) = self.stop.run_until_cancelled(changes.changed()).await {
            let Subscription { pubsub_name, topic, metadata, .. } = &self.subscription;
            let Some(entry) = self.shared.components.pubsub(pubsub_name) else {
                running.stop().await;
                return Some(format!("pubsub {pubsub_name} was removed"));
            };
            if Weak::ptr_eq(&at, &Arc::downgrade(&entry)) {
                continue;
            }
            let may = topics::Scopes::of(&entry.manifest).may_subscribe(&self.shared.app_id, topic);
            // What the subscription itself says has been read before.
            let Some(handler) = self.handler(&entry).ok().filter(|_| may) else {
                running.stop().await;
                return Some(format!(
                    "subscription to topic '{topic}' on pubsub '{pubsub_name}' is not allowed"
                ));
            };
            let at_broker = topics::at_broker(&entry.manifest, &self.shared.namespace, topic);
            let subscribing = subscribe(&entry, &at_broker, metadata, Work::One(handler), None);
            let Some(next) = self.stop.run_until_cancelled(subscribing).await else { break };
            std::mem::replace(&mut running, next).drain().await;
            at = Arc::downgrade(&entry);
        }
        running.stop().await;
        None
    }
}

#[cfg(test)]
mod tests;
