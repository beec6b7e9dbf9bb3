//! Delivery of one message to the app (http-api reference, sections 5.4 and 5.5): the event that it becomes, what
//! the app's verdict means, and the dead letter topic. When a message is tried again is the broker's business.

mod breaks;
mod bulk;
mod outcome;
mod routes;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use breaks::Breaks;
use bytes::Bytes;
use outcome::{Outcome, processed};
use routes::Routes;

use super::cloudevent::{self, Peek};
use super::pubsub;
use super::subscriptions::streaming::Outbox;
use super::tasks::Ending;
use super::topics::{self, Scopes};
use crate::components::pubsub::{DeliveryError, Handler, Message, PubSub};
use crate::resources::Subscription;
use crate::sidecar::Shared;
use crate::sidecar::app::Channel;
use crate::sidecar::app::events::{Event, Verdict};
use crate::sidecar::resiliency::guard_until;
use crate::sidecar::store::Entry;
use crate::sidecar::trace::{self, Context, Kind, Span};

const SCOPE: &str = "dapr.runtime.processor.subscription";
/// So often may the connection break over one message, before the app counts as having failed on it.
const MOST_BREAKS: u32 = 3;
/// Pause after the first break; longer after further ones.
const BREAK_PAUSE: Duration = Duration::from_millis(100);

/// Who gets the events of a subscription.
pub enum Recipient {
    /// The app, by a call for each.
    App(Arc<Channel>),
    /// Whoever holds a stream open.
    Stream(Outbox),
}

impl Recipient {
    async fn event(&self, event: Event<'_>, span: Option<&mut Span>) -> Verdict {
        match self {
            Self::App(app) => app.event(event, span).await,
            Self::Stream(stream) => stream.event(event).await,
        }
    }
}

/// Where the messages of one subscription go.
pub struct Delivery {
    shared: Arc<Shared>,
    recipient: Recipient,
    entry: Arc<Entry<dyn PubSub>>,
    routes: Routes,
    raw: bool,
    dead_letter_topic: String,
    breaks: Breaks,
    ending: Ending,
    superseded: AtomicBool,
}

impl Delivery {
    /// Delivery to the paths of a subscription. What isn't done when it is told to end goes back to the broker. The
    /// error is what is wrong with its routing rules or its `rawPayload`.
    pub fn new(
        shared: Arc<Shared>,
        recipient: Recipient,
        entry: Arc<Entry<dyn PubSub>>,
        subscription: &Subscription,
        ending: Ending,
    ) -> Result<Self, String> {
        Ok(Self {
            shared,
            recipient,
            entry,
            routes: Routes::of(subscription)?,
            raw: pubsub::is_raw(&subscription.metadata)?,
            dead_letter_topic: subscription.dead_letter_topic.clone(),
            breaks: Breaks::default(),
            ending,
            superseded: AtomicBool::new(false),
        })
    }

    /// What the broker calls for each message.
    pub fn handler(self) -> Handler {
        let delivery = Arc::new(self);
        Arc::new(move |message| {
            let delivery = Arc::clone(&delivery);
            Box::pin(async move { delivery.deliver(message).await })
        })
    }

    /// Delivers a message. `Ok` means that the broker may forget it: it was handled, dropped, or is safe in the
    /// dead letter topic. A message that could not get to the app is never moved there, or a restart of the app
    /// would empty the topic into it.
    pub async fn deliver(&self, message: Message) -> Result<(), DeliveryError> {
        let outcome = self.outcome(&message).await;
        self.settle(message, outcome).await
    }

    /// As [`Self::deliver`]; a message that could not be delivered and is now another one's business comes back.
    pub async fn deliver_or_return(&self, message: Message) -> Result<Result<(), DeliveryError>, Message> {
        let outcome = self.outcome(&message).await;
        if matches!(outcome, Outcome::Unreachable(_)) && self.superseded.load(Ordering::Acquire) {
            return Err(message);
        }
        Ok(self.settle(message, outcome).await)
    }

    /// Another one has taken its place: nothing is tried again.
    pub fn supersede(&self) {
        self.superseded.store(true, Ordering::Release);
        self.ending.last_try.cancel();
    }

    async fn outcome(&self, message: &Message) -> Outcome {
        let topic = self.topic(message);
        let attempt = self.attempts(message, &topic);
        self.ending.abandon.run_until_cancelled(attempt).await.unwrap_or_else(Outcome::ended)
    }

    /// The topic of a message, as the app calls it.
    fn topic(&self, message: &Message) -> String {
        topics::at_app(&self.entry.manifest, &self.shared.namespace, &message.topic).to_owned()
    }

    /// What the broker has to know, after the dead letter topic was given its share.
    async fn settle(&self, message: Message, outcome: Outcome) -> Result<(), DeliveryError> {
        let has_dead_letters = !self.dead_letter_topic.is_empty();
        let cause = match outcome {
            Outcome::Acknowledged => return Ok(()),
            Outcome::Unreachable(cause) => return Err(DeliveryError::Unreachable(cause)),
            Outcome::Dropped if !has_dead_letters => return Ok(()),
            Outcome::Dropped => None,
            Outcome::Failed(refusal) => Some(refusal.cause),
            Outcome::Broken(cause) => Some(cause),
        };
        if !has_dead_letters {
            return cause.map_or(Ok(()), |cause| Err(DeliveryError::Failed(cause)));
        }
        let topic = self.topic(&message);
        self.to_dead_letters(message).await.map_err(|error| match cause {
            None => {
                tracing::warn!(
                    target: SCOPE,
                    "failed to send dropped message to dead letter queue for topic {topic}: {error}"
                );
                DeliveryError::Failed(error)
            }
            Some(cause) => {
                tracing::error!(
                    target: SCOPE,
                    "error sending message to dead letter, origin topic: {topic} dead letter topic {} err: {error}",
                    self.dead_letter_topic
                );
                DeliveryError::Failed(cause)
            }
        })
    }

    async fn to_dead_letters(&self, message: Message) -> Result<(), String> {
        self.breaks.forget(&message);
        let topic = &self.dead_letter_topic;
        if !Scopes::of(&self.entry.manifest).may_publish(&self.shared.app_id, topic) {
            return Err(topics::forbidden(topic, &self.shared.app_id));
        }
        pubsub::send(&self.shared, &self.entry, topic, message.data, message.metadata).await
    }

    /// The span of a delivery, below that of the publication, and the trace context that the app gets.
    fn span(&self, topic: &str, message: &Message, peek: &Peek<'_>) -> (Option<Span>, Context) {
        let parent = publisher(message, peek);
        let state = peek.tracestate.as_deref().unwrap_or_default().to_owned();
        let span = self.shared.tracer.begin(Kind::Client, parent, || format!("pubsub/{topic}"));
        let Some(mut span) = span else {
            return (None, Context { parent: trace::child_of(parent), state });
        };
        span.set("messaging.system", "pubsub");
        span.set("messaging.destination.name", topic);
        let parent = span.traceparent().to_owned();
        (Some(span), Context { parent, state })
    }

    /// One attempt, and a few more when the connection breaks: the app may have been restarted.
    async fn attempts(&self, message: &Message, topic: &str) -> Outcome {
        loop {
            let outcome = self.attempt(message, topic).await;
            match outcome {
                Outcome::Broken(cause) => match self.breaks.add(message) {
                    breaks @ ..MOST_BREAKS if self.may_try_again(BREAK_PAUSE * breaks).await => {}
                    ..MOST_BREAKS => return Outcome::ended(),
                    _ => return Outcome::failed(cause),
                },
                // The app may have died of it: what was counted stays.
                Outcome::Unreachable(_) => return outcome,
                _ => {
                    self.breaks.forget(message);
                    return outcome;
                }
            }
        }
    }

    /// Waits before the next try; false when there is to be none.
    async fn may_try_again(&self, pause: Duration) -> bool {
        self.ending.last_try.run_until_cancelled(tokio::time::sleep(pause)).await.is_some()
    }

    async fn attempt(&self, message: &Message, topic: &str) -> Outcome {
        let event = self.event(message, topic);
        let (peek, path) = match self.route(&event, topic) {
            Ok(route) => route,
            Err(outcome) => return outcome,
        };
        let policy = self.entry.inbound.as_ref();
        let once = || self.ask(message, topic, &event, &peek, path);
        guard_until(policy, &self.ending.last_try, once).await.after(policy)
    }

    /// Hands an event to whoever gets it.
    async fn ask(
        &self,
        message: &Message,
        topic: &str,
        event: &Bytes,
        peek: &Peek<'_>,
        path: &str,
    ) -> Outcome {
        let (mut span, trace) = self.span(topic, message, peek);
        let (pubsub, metadata, trace) = (&self.entry.manifest.name, &message.metadata, &trace);
        let event = Event { pubsub, topic, path, event, metadata, trace };
        let began = Instant::now();
        let verdict = self.recipient.event(event, span.as_mut()).await;
        if let Some(series) = self.entry.meter.topic(topic) {
            series.received(began, processed(&verdict));
        }
        Outcome::of(verdict, peek, topic)
    }
}

impl Delivery {
    /// The event that a message is.
    fn event(&self, message: &Message, topic: &str) -> Bytes {
        if self.raw {
            let pubsub = &self.entry.manifest.name;
            return cloudevent::around_raw(pubsub, topic, &message.data, &message.metadata).into();
        }
        let content_type = content_type(message);
        if cloudevent::is_binary(content_type) && cloudevent::has_attributes(&message.metadata) {
            return cloudevent::from_binary(content_type, &message.data, &message.metadata).into();
        }
        message.data.clone()
    }

    /// What has to be known of an event, and where in the app it goes.
    fn route<'a>(&'a self, event: &'a [u8], topic: &str) -> Result<(Peek<'a>, &'a str), Outcome> {
        let name = &self.entry.manifest.name;
        let peek = Peek::of(event).map_err(|cause| {
            tracing::error!(
                target: SCOPE,
                "error deserializing cloud event in pubsub {name} and topic {topic}: {cause}"
            );
            Outcome::failed(cause)
        })?;
        let id = peek.shown_id();
        if peek.has_expired() {
            let expiration = peek.expiration.as_deref().unwrap_or_default();
            tracing::warn!(target: SCOPE, "dropping expired pub/sub event {id} as of {expiration}");
            return Err(Outcome::Dropped);
        }
        match self.routes.path(event) {
            Ok(Some(path)) => Ok((peek, path)),
            Ok(None) => {
                tracing::debug!(
                    target: SCOPE,
                    "no matching route for event {id} in pubsub {name} and topic {topic}; skipping"
                );
                Err(Outcome::Dropped)
            }
            Err(cause) => {
                tracing::error!(
                    target: SCOPE,
                    "error finding matching route for event {id} in pubsub {name} and topic {topic}: {cause}"
                );
                Err(Outcome::failed(cause))
            }
        }
    }
}

/// The `traceparent` that an event came with.
fn publisher<'a>(message: &'a Message, peek: &'a Peek<'_>) -> Option<&'a str> {
    let of_message = |name: &str| message.metadata.get(name).map(String::as_str);
    let parent = peek.traceparent.as_deref().or(peek.traceid.as_deref());
    parent.or_else(|| of_message("traceparent")).or_else(|| of_message("traceid"))
}

/// What the broker says of the payload; empty when it says nothing.
fn content_type(message: &Message) -> &str {
    message.metadata.get("content-type").map_or("", String::as_str)
}

#[cfg(test)]
mod tests;
