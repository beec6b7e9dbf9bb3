//! Delivery of one message to the app over HTTP (http-api reference, sections 5.4 and 5.5): the request, what
//! the app's answer means, and the dead letter topic. When a message is tried again is the broker's business.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::cloudevent::{self, Peek};
use super::pubsub;
use super::topics::{self, Scopes};
use crate::components::pubsub::{DeliveryError, Handler, Message, PubSub};
use crate::resources::Subscription;
use crate::sidecar::Shared;
use crate::sidecar::app::Channel;
use crate::sidecar::store::Entry;
use crate::sidecar::trace::{self, Kind, Span};

const SCOPE: &str = "dapr.runtime.processor.subscription";
/// Most bytes of an answer that are looked at.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// What a URL can't hold as it is.
const NOT_IN_A_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Entries of a message's metadata that must not become headers: they describe the connection, or are ours.
const NOT_HEADERS: [&str; 12] = [
    "connection",
    "content-length",
    "content-type",
    "dapr-api-token",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-connection",
];

/// Where the messages of one subscription go.
pub struct Delivery {
    shared: Arc<Shared>,
    app: Arc<Channel>,
    entry: Arc<Entry<dyn PubSub>>,
    path: String,
    raw: Result<bool, String>,
    dead_letter_topic: String,
    abandon: CancellationToken,
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Acknowledged,
    /// Given up: by the app's wish, or because it is too late.
    Dropped,
    /// The app failed on it or asked to get it again.
    Failed(String),
    /// It never got to the app.
    Unreachable(String),
}

impl Delivery {
    /// Delivery to a path of the app; a missing leading slash is supplied. What the app is working on when
    /// `abandon` is cancelled goes back to the broker.
    pub fn new(
        shared: Arc<Shared>,
        app: Arc<Channel>,
        entry: Arc<Entry<dyn PubSub>>,
        path: &str,
        subscription: &Subscription,
        abandon: CancellationToken,
    ) -> Self {
        let path = utf8_percent_encode(path.strip_prefix('/').unwrap_or(path), NOT_IN_A_PATH);
        Self {
            shared,
            app,
            entry,
            path: format!("/{path}"),
            raw: pubsub::is_raw(&subscription.metadata),
            dead_letter_topic: subscription.dead_letter_topic.clone(),
            abandon,
        }
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
        let topic = topics::at_app(&self.entry.manifest, &self.shared.namespace, &message.topic).to_owned();
        let attempt = self.abandon.run_until_cancelled(self.attempt(&message, &topic));
        let ended = || Outcome::Unreachable("the subscription has ended".into());
        let outcome = attempt.await.unwrap_or_else(ended);
        let has_dead_letters = !self.dead_letter_topic.is_empty();
        match outcome {
            Outcome::Acknowledged => Ok(()),
            Outcome::Unreachable(cause) => Err(DeliveryError::Unreachable(cause)),
            Outcome::Dropped if !has_dead_letters => Ok(()),
            Outcome::Failed(cause) if !has_dead_letters => Err(DeliveryError::Failed(cause)),
            Outcome::Dropped => self.to_dead_letters(message).await.map_err(|error| {
                tracing::warn!(
                    target: SCOPE,
                    "failed to send dropped message to dead letter queue for topic {topic}: {error}"
                );
                DeliveryError::Failed(error)
            }),
            Outcome::Failed(cause) => self.to_dead_letters(message).await.map_err(|error| {
                tracing::error!(
                    target: SCOPE,
                    "error sending message to dead letter, origin topic: {topic} dead letter topic {} err: {error}",
                    self.dead_letter_topic
                );
                DeliveryError::Failed(cause)
            }),
        }
    }

    async fn to_dead_letters(&self, message: Message) -> Result<(), String> {
        let topic = &self.dead_letter_topic;
        if !Scopes::of(&self.entry.manifest).may_publish(&self.shared.app_id, topic) {
            return Err(topics::forbidden(topic, &self.shared.app_id));
        }
        pubsub::send(&self.shared, &self.entry, topic, message.data, message.metadata).await
    }

    /// The span of a delivery, below that of the publication, and the `traceparent` that the app gets.
    fn span(&self, topic: &str, message: &Message, peek: &Peek<'_>) -> (Option<Span>, String) {
        let parent = publisher(message, peek);
        let span = self.shared.tracer.begin(Kind::Client, parent, || format!("pubsub/{topic}"));
        let Some(mut span) = span else {
            return (None, trace::child_of(parent));
        };
        span.set("messaging.system", "pubsub");
        span.set("messaging.destination.name", topic);
        let own = span.traceparent().to_owned();
        (Some(span), own)
    }

    async fn attempt(&self, message: &Message, topic: &str) -> Outcome {
        let name = &self.entry.manifest.name;
        let event = match &self.raw {
            Ok(raw) => body(*raw, name, topic, message),
            Err(cause) => {
                tracing::error!(
                    target: SCOPE,
                    "error deserializing pubsub metadata: {cause}"
                );
                return Outcome::Failed(cause.clone());
            }
        };
        let peek = match Peek::of(&event) {
            Ok(peek) => peek,
            Err(cause) => {
                tracing::error!(
                    target: SCOPE,
                    "error deserializing cloud event in pubsub {name} and topic {topic}: {cause}"
                );
                return Outcome::Failed(cause);
            }
        };
        if peek.has_expired() {
            tracing::warn!(
                target: SCOPE,
                "dropping expired pub/sub event {} as of {}",
                peek.shown_id(),
                peek.expiration.as_deref().unwrap_or_default()
            );
            return Outcome::Dropped;
        }
        let (mut span, parent) = self.span(topic, message, &peek);
        let mut request = Request::new(Body::from(event.clone()));
        *request.method_mut() = Method::POST;
        *request.headers_mut() = headers(name, message, &peek, &parent);
        match self.app.call(request, &self.path).await {
            Ok(response) => {
                let (head, answer) = response.into_parts();
                if let Some(span) = &mut span {
                    span.status(head.status);
                }
                // An answer that breaks off counts by its status.
                let answer = axum::body::to_bytes(answer, MAX_ANSWER).await.unwrap_or_default();
                meaning(head.status, &answer, &peek, topic)
            }
            Err(error) => {
                let cause =
                    format!("error returned from app channel while sending pub/sub event to app: {error}");
                log_retriable(topic, &cause);
                if let Some(span) = &mut span {
                    span.fail(&cause);
                }
                Outcome::Unreachable(cause)
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

/// The event as the app gets it.
fn body(raw: bool, pubsub: &str, topic: &str, message: &Message) -> Bytes {
    if raw {
        return cloudevent::around_raw(pubsub, topic, &message.data, &message.metadata).into();
    }
    let content_type = message.metadata.get("content-type").map_or("", String::as_str);
    if cloudevent::is_binary(content_type) && cloudevent::has_attributes(&message.metadata) {
        return cloudevent::from_binary(content_type, &message.data, &message.metadata).into();
    }
    message.data.clone()
}

/// `parent` is the `traceparent` of the delivery.
fn headers(pubsub: &str, message: &Message, peek: &Peek<'_>, parent: &str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(message.metadata.len() + 8);
    for (name, value) in &message.metadata {
        // The name's own form is the canonical one: HTTP compares names without case.
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value))
            && !NOT_HEADERS.contains(&name.as_str())
        {
            headers.insert(name, value);
        }
    }
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put("pubsubname", pubsub);
    put("traceparent", parent);
    if let Some(state) = peek.tracestate.as_deref().filter(|state| !state.is_empty()) {
        put("tracestate", state);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(cloudevent::MEDIA_TYPE));
    headers
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    status: String,
}

/// `status` of the app's answer; empty when it says nothing or isn't such an answer.
fn said(answer: &[u8]) -> String {
    // An array would fill the fields in their order.
    if !answer.trim_ascii_start().starts_with(b"{") {
        return String::new();
    }
    serde_json::from_slice::<Answer>(answer).map(|answer| answer.status).unwrap_or_default()
}

/// What the app's answer says about the message.
fn meaning(status: StatusCode, answer: &[u8], peek: &Peek<'_>, topic: &str) -> Outcome {
    let id = peek.shown_id();
    if status.is_success() {
        let cause = match said(answer).as_str() {
            "" | "SUCCESS" => return Outcome::Acknowledged,
            "DROP" => {
                tracing::warn!(
                    target: SCOPE,
                    "DROP status returned from app while processing pub/sub event {id}"
                );
                return Outcome::Dropped;
            }
            "RETRY" => format!("RETRY status returned from app while processing pub/sub event {id}"),
            other => {
                format!(
                    "unknown status returned from app while processing pub/sub event {id}, status: {other}"
                )
            }
        };
        log_retriable(topic, &cause);
        return Outcome::Failed(cause);
    }
    let body = String::from_utf8_lossy(answer);
    let code = status.as_u16();
    if status == StatusCode::NOT_FOUND {
        tracing::error!(
            target: SCOPE,
            "non-retriable error returned from app while processing pub/sub event {id}: {body}. status code returned: {code}"
        );
        return Outcome::Dropped;
    }
    let of = peek.topic.as_deref().unwrap_or(topic);
    let cause = format!(
        "retriable error returned from app while processing pub/sub event {id}, topic: {of}, body: {body}. status code returned: {code}"
    );
    tracing::warn!(target: SCOPE, "{cause}");
    Outcome::Failed(cause)
}

fn log_retriable(topic: &str, cause: &str) {
    tracing::warn!(
        target: SCOPE,
        "encountered a retriable error while publishing a subscribed message to topic {topic}, err: {cause}"
    );
}

#[cfg(test)]
mod tests;
