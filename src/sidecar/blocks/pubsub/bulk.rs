//! Publishing several messages at once (http-api reference, section 4.2).

use std::collections::BTreeSet;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::value::RawValue;

use super::errors::Errors;
use super::{is_raw, to_publish};
use crate::components::Metadata;
use crate::components::pubsub::Message;
use crate::sidecar::Shared;
use crate::sidecar::blocks::cloudevent::{self, Publication};
use crate::sidecar::blocks::topics::{self, Scopes};
use crate::sidecar::error::ApiError;
use crate::sidecar::resiliency::guard_many;
use crate::sidecar::trace::{Context, Kind, Span};

/// What to publish where.
#[derive(Debug)]
pub struct Request<'a> {
    /// Pub/sub component.
    pub pubsub: &'a str,
    /// Topic, as the app names it.
    pub topic: &'a str,
    /// The messages, or why the request could not be read.
    pub entries: Result<Vec<Entry>, String>,
    /// Metadata of all messages.
    pub metadata: Metadata,
    /// Trace context of the call.
    pub trace: Context,
    /// What spans call the call: its path, or the method of the API.
    pub call: &'a str,
}

/// One message.
#[derive(Debug)]
pub struct Entry {
    /// What the answer calls it.
    pub id: String,
    /// Content type of the payload.
    pub content_type: String,
    /// The payload, or why it isn't one; see [`payload`].
    pub data: Result<Bytes, String>,
    /// Metadata of this message; of equal names these count.
    pub metadata: Metadata,
}

/// Why not everything was published.
#[derive(Debug)]
pub enum Failure {
    /// Nothing was.
    Refused(ApiError),
    /// The broker did not take some.
    Entries {
        /// Those.
        failed: Vec<Failed>,
        /// The error about all of it.
        error: ApiError,
    },
}

/// A message that was not published.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// The entry's id.
    pub entry_id: String,
    /// Why.
    pub error: String,
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// Publishes all messages. Nothing is published when one of them can't be understood.
pub async fn publish(shared: &Shared, request: Request<'_>) -> Result<(), Failure> {
    let Request { pubsub, topic, entries, metadata, trace, call } = request;
    let errors = Errors { pubsub, topic };
    let component = to_publish(shared, &errors, &metadata)?;
    let entries = entries.map_err(|cause| errors.unreadable(&cause))?;
    is_raw(&metadata).map_err(|cause| errors.metadata(&cause, &metadata))?;
    let at_broker = topics::at_broker(&component.manifest, &shared.namespace, topic);
    let mut known = BTreeSet::new();
    let (mut ids, mut spans, mut messages) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        let Entry { id, content_type, data, metadata: own } = entry;
        if id.is_empty() || !known.insert(id.clone()) {
            return Err(errors.bad_entry("entryId is duplicated or not present for entry").into());
        }
        let data = data.map_err(|cause| errors.bad_entry(&cause))?;
        let mut metadata = metadata.clone();
        metadata.extend(own);
        let raw = is_raw(&metadata).map_err(|cause| errors.metadata(&cause, &metadata))?;
        let (span, trace) = span(shared, &trace, call);
        let data = if raw {
            data
        } else {
            let app_id = shared.app_id.as_str();
            let (content_type, data, metadata, trace) = (content_type.as_str(), &*data, &metadata, &trace);
            let publication = Publication { pubsub, topic, app_id, content_type, data, metadata, trace };
            Bytes::from(publication.event().map_err(|cause| errors.no_event(app_id, &cause))?)
        };
        ids.push(id);
        spans.push(span);
        messages.push(Message { topic: at_broker.clone().into_owned(), data, metadata });
    }
    if !Scopes::of(&component.manifest).may_publish(&shared.app_id, topic) {
        return Err(errors.forbidden(&shared.app_id).into());
    }
    if messages.is_empty() {
        return Ok(());
    }
    let send = |messages| component.provider.bulk_publish(messages);
    let began = Instant::now();
    let results = guard_many(component.outbound.as_ref(), None, messages, send).await;
    if let Some(series) = component.meter.topic(topic) {
        series.sent_many(began, results.iter().all(Result::is_ok), results.len());
    }
    let mut failed = Vec::new();
    for ((entry_id, result), span) in ids.into_iter().zip(results).zip(spans) {
        if let Err(error) = result {
            let error = error.to_string();
            if let Some(mut span) = span {
                span.fail(&error);
            }
            failed.push(Failed { entry_id, error });
        }
    }
    match failed.first() {
        None => Ok(()),
        Some(first) => Err(Failure::Entries { error: errors.not_published(&first.error), failed }),
    }
}

/// Each message has a span of its own below that of the call, and a context to travel with.
fn span(shared: &Shared, call: &Context, name: &str) -> (Option<Span>, Context) {
    let begun = shared.tracer.begin(Kind::Producer, Some(&call.parent), || format!("{name}/"));
    let state = Some(call.state.as_str());
    match begun {
        Some(span) => {
            let context = Context::of_span(span.traceparent(), state);
            (Some(span), context)
        }
        None => (None, Context::of_call(Some(&call.parent), state)),
    }
}

/// The payload that a JSON value stands for under a content type: JSON is itself, text and XML are the content of
/// a string, bytes are a string in base64. The error is the stock text.
pub fn payload(content_type: &str, event: Option<&RawValue>) -> Result<Bytes, String> {
    let mismatch = || "mismatch between contentType and event".to_owned();
    let json = event.map_or("null", RawValue::get);
    let text = || serde_json::from_str::<String>(json).map_err(|_| mismatch());
    if cloudevent::is_json(content_type) {
        Ok(Bytes::copy_from_slice(json.as_bytes()))
    } else if cloudevent::is_text(content_type) {
        Ok(text()?.into())
    } else if cloudevent::is_binary(content_type) {
        STANDARD.decode(text()?).map(Bytes::from).map_err(|_| mismatch())
    } else {
        Err(mismatch())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_type_says_what_a_json_value_stands_for() {
        let mismatch = Err("mismatch between contentType and event".to_owned());
        let cases = [
            ("application/json", r#"{"a": 1}"#, Ok(&br#"{"a": 1}"#[..])),
            ("application/json; charset=utf-8", r#""x""#, Ok(br#""x""#)),
            ("application/cloudevents+json", "{}", Ok(b"{}")),
            ("text/plain", r#""h\u0069""#, Ok(b"hi")),
            ("TEXT/html", r#""""#, Ok(b"")),
            ("application/xml", r#""<a/>""#, Ok(b"<a/>")),
            ("text/plain", "5", mismatch.clone()),
            ("application/octet-stream", r#""AP8=""#, Ok(&[0, 255])),
            ("application/octet-stream", r#""?""#, mismatch.clone()),
            ("application/octet-stream", "{}", mismatch.clone()),
            ("", r#""x""#, mismatch.clone()),
            ("image/png", r#""AP8=""#, mismatch.clone()),
        ];
        for (content_type, event, expected) in cases {
            let event: &RawValue = serde_json::from_str(event).unwrap();
            let expected = expected.map(Bytes::copy_from_slice);
            assert_eq!(payload(content_type, Some(event)), expected, "{content_type} {event}");
        }
        assert_eq!(payload("application/json", None).unwrap(), "null");
    }
}
