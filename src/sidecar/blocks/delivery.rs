//! Hands one message to the app and reads its answer (http-api reference, 5.4 and 5.5).

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;

use super::{cloudevent, pubsub};
use crate::components::pubsub::{DeliveryError, Message};
use crate::sidecar::Shared;
use crate::sidecar::trace;

const SCOPE: &str = "dapr.runtime.processor.subscription";
/// More of an answer than this is not read.
const MOST_OF_AN_ANSWER: usize = 1 << 20;

/// Where the messages of one subscription go.
pub struct Route {
    /// Component.
    pub pubsub: String,
    /// Topic as subscribed.
    pub topic: String,
    /// Path on the app, with a leading slash.
    pub path: String,
    /// The subscription asks for raw payloads.
    pub raw: bool,
    /// Where undeliverable messages go; empty for nowhere.
    pub dead_letter: String,
}

/// The fields that are looked at; everything else is passed on unread.
#[derive(Deserialize, Default)]
struct Event<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    expiration: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    traceparent: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    traceid: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tracestate: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    status: Cow<'a, str>,
}

/// What becomes of a message.
enum Verdict {
    Done,
    /// Never to be tried again: dead letter, or nowhere.
    Drop,
    /// To be tried again: dead letter, or the broker's redelivery.
    Again(String),
}

/// Delivers one message; `Ok` acknowledges it.
pub async fn deliver(shared: Arc<Shared>, route: Arc<Route>, message: Message) -> Result<(), DeliveryError> {
    match attempt(&shared, &route, &message).await? {
        Verdict::Done => Ok(()),
        Verdict::Drop => dead_letter(&shared, &route, message).await.map(|_| ()),
        Verdict::Again(reason) => {
            if dead_letter(&shared, &route, message).await? {
                Ok(())
            } else {
                Err(DeliveryError::Failed(reason))
            }
        }
    }
}

async fn attempt(shared: &Shared, route: &Route, message: &Message) -> Result<Verdict, DeliveryError> {
    let body: Bytes = if route.raw {
        cloudevent::raw(&message.data, &route.pubsub, &message.topic)
    } else {
        message.data.clone()
    };
    let event: Event<'_> = match serde_json::from_slice(&body) {
        Ok(event) => event,
        Err(error) => {
            let text = format!(
                "error deserializing cloud event in pubsub {} and topic {}: {error}",
                route.pubsub, message.topic
            );
            tracing::error!(target: SCOPE, "{text}");
            return Ok(Verdict::Again(text));
        }
    };
    let id = event.id.as_deref().unwrap_or_default();
    if expired(event.expiration.as_deref()) {
        tracing::warn!(target: SCOPE, "dropping expired pub/sub event {id} as of {}", event.expiration.as_deref().unwrap_or_default());
        return Ok(Verdict::Drop);
    }
    let Some(app) = &shared.app else {
        return Err(DeliveryError::Unreachable("app channel is not initialized".into()));
    };
    let mut request = Request::new(Body::from(body.clone()));
    *request.method_mut() = Method::POST;
    headers(request.headers_mut(), route, message, &event);
    let response = app.call(request, &route.path).await.map_err(|error| {
        tracing::warn!(target: SCOPE, "the app cannot be reached with pub/sub event {id}, topic: {}: {error}", message.topic);
        DeliveryError::Unreachable(error.to_string())
    })?;
    let status = response.status();
    let answer = axum::body::to_bytes(response.into_body(), MOST_OF_AN_ANSWER)
        .await
        .map_err(|error| DeliveryError::Unreachable(error.to_string()))?;
    Ok(judge(status, &answer, id, &message.topic))
}

fn judge(status: StatusCode, answer: &[u8], id: &str, topic: &str) -> Verdict {
    if status.is_success() {
        let said = serde_json::from_slice::<Answer<'_>>(answer).map(|answer| answer.status.into_owned());
        return match said.as_deref() {
            Err(_) | Ok("" | "SUCCESS") => Verdict::Done,
            Ok("DROP") => {
                tracing::warn!(target: SCOPE, "DROP status returned from app while processing pub/sub event {id}");
                Verdict::Drop
            }
            Ok("RETRY") => {
                Verdict::Again(format!("RETRY status returned from app while processing pub/sub event {id}"))
            }
            Ok(other) => Verdict::Again(format!(
                "unknown status returned from app while processing pub/sub event {id}: {other}"
            )),
        };
    }
    let body = String::from_utf8_lossy(answer);
    let code = status.as_u16();
    if status == StatusCode::NOT_FOUND {
        tracing::error!(target: SCOPE, "non-retriable error returned from app while processing pub/sub event {id}: {body}. status code returned: {code}");
        return Verdict::Drop;
    }
    let text = format!(
        "retriable error returned from app while processing pub/sub event {id}, topic: {topic}, body: {body}. status code returned: {code}"
    );
    tracing::warn!(target: SCOPE, "{text}");
    Verdict::Again(text)
}

/// Whether there was a dead letter topic, which has the message now.
async fn dead_letter(shared: &Shared, route: &Route, message: Message) -> Result<bool, DeliveryError> {
    if route.dead_letter.is_empty() {
        return Ok(false);
    }
    let Some(entry) = shared.components.pubsub(&route.pubsub) else { return Ok(false) };
    let letter = Message { topic: route.dead_letter.clone(), ..message };
    match entry.provider.publish(letter).await {
        Ok(()) => Ok(true),
        Err(error) => {
            let text = format!("failed to publish to the dead letter topic {}: {error}", route.dead_letter);
            tracing::error!(target: SCOPE, "{text}");
            Err(DeliveryError::Failed(text))
        }
    }
}

fn expired(expiration: Option<&str>) -> bool {
    expiration.and_then(|time| time.parse::<Timestamp>().ok()).is_some_and(|time| time < Timestamp::now())
}

fn headers(headers: &mut HeaderMap, route: &Route, message: &Message, event: &Event<'_>) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/cloudevents+json"));
    let mut set = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            headers.insert(name, value);
        }
    };
    for (name, value) in &message.metadata {
        // What frames the request is not the publisher's to say.
        if !matches!(
            name.to_ascii_lowercase().as_str(),
            "content-length" | "transfer-encoding" | "host" | "connection"
        ) {
            set(name, value);
        }
    }
    set("pubsubname", &route.pubsub);
    let parent = event.traceparent.as_deref().or(event.traceid.as_deref());
    let parent = parent.or(message.metadata.get("traceparent").map(String::as_str));
    set("traceparent", &trace::child_of(parent));
    if let Some(state) = event.tracestate.as_deref().filter(|state| !state.is_empty()) {
        set("tracestate", state);
    }
}

/// Whether a subscription asks for raw payloads; a value that can't be read counts as no.
pub fn wants_raw(metadata: &crate::components::Metadata) -> bool {
    pubsub::is_raw(metadata).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, body: &str) -> &'static str {
        match judge(StatusCode::from_u16(status).unwrap(), body.as_bytes(), "1", "t") {
            Verdict::Done => "done",
            Verdict::Drop => "drop",
            Verdict::Again(_) => "again",
        }
    }

    #[test]
    fn the_answers_of_the_reference() {
        let cases = [
            (200, "", "done"),
            (204, "", "done"),
            (200, "{}", "done"),
            (200, "<html>", "done"),
            (200, r#"{"status":"SUCCESS"}"#, "done"),
            (200, r#"{"status":""}"#, "done"),
            (200, r#"{"status":"RETRY"}"#, "again"),
            (200, r#"{"status":"retry"}"#, "again"),
            (200, r#"{"status":"DROP"}"#, "drop"),
            (404, "no", "drop"),
            (500, "boom", "again"),
            (302, "", "again"),
        ];
        for (status, body, expected) in cases {
            assert_eq!(verdict(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn only_a_past_time_is_expired() {
        assert!(expired(Some("2020-01-01T00:00:00Z")));
        assert!(!expired(Some("2999-01-01T00:00:00+01:00")));
        assert!(!expired(Some("soon")) && !expired(None));
    }
}
