//! Publishing (http-api reference, section 4.1); [`bulk`] is 4.2.

pub mod bulk;
mod errors;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use errors::Errors;

use super::cloudevent::{Publication, property};
use super::topics::{self, Scopes};
use crate::components::Metadata;
use crate::components::pubsub::{Message, PubSub};
use crate::sidecar::Shared;
use crate::sidecar::error::ApiError;
use crate::sidecar::resiliency::guard_with;
use crate::sidecar::store::Entry;
use crate::sidecar::trace::Context;

/// What to publish where.
#[derive(Debug)]
pub struct Request<'a> {
    /// Pub/sub component.
    pub pubsub: &'a str,
    /// Topic, as the app names it.
    pub topic: &'a str,
    /// Content type of the payload; empty when none was given.
    pub content_type: &'a str,
    /// The payload, or why it could not be read.
    pub data: Result<Bytes, String>,
    /// Message metadata; all of it travels with the message.
    pub metadata: Metadata,
    /// Trace context of the call.
    pub trace: Context,
}

/// Publishes one message.
pub async fn publish(shared: &Shared, request: Request<'_>) -> Result<(), ApiError> {
    let Request { pubsub, topic, content_type, data, metadata, trace } = request;
    let errors = Errors { pubsub, topic };
    let entry = to_publish(shared, &errors, &metadata)?;
    let raw = is_raw(&metadata).map_err(|cause| errors.metadata(&cause, &metadata))?;
    let data = data.map_err(|cause| errors.not_published(&cause))?;
    let data = if raw {
        data
    } else {
        let publication = Publication {
            pubsub,
            topic,
            app_id: &shared.app_id,
            content_type,
            data: &data,
            metadata: &metadata,
            trace: &trace,
        };
        Bytes::from(publication.event().map_err(|cause| errors.no_event(&shared.app_id, &cause))?)
    };
    if !Scopes::of(&entry.manifest).may_publish(&shared.app_id, topic) {
        return Err(errors.forbidden(&shared.app_id));
    }
    send(shared, &entry, topic, data, metadata).await.map_err(|cause| errors.not_published(&cause))
}

/// The component to subscribe at.
pub(super) fn component(shared: &Shared, pubsub: &str) -> Result<Arc<Entry<dyn PubSub>>, ApiError> {
    named(shared, &Errors { pubsub, topic: "" }, &Metadata::new())
}

/// The component to publish to. `metadata` is that of the request, which the errors show.
fn to_publish(
    shared: &Shared,
    errors: &Errors<'_>,
    metadata: &Metadata,
) -> Result<Arc<Entry<dyn PubSub>>, ApiError> {
    let entry = named(shared, errors, metadata)?;
    if errors.topic.is_empty() { Err(errors.no_topic(metadata)) } else { Ok(entry) }
}

fn named(
    shared: &Shared,
    errors: &Errors<'_>,
    metadata: &Metadata,
) -> Result<Arc<Entry<dyn PubSub>>, ApiError> {
    if errors.pubsub.is_empty() {
        return Err(errors.no_name(metadata));
    }
    shared.components.pubsub(errors.pubsub).ok_or_else(|| errors.not_found(metadata))
}

/// A raw payload has no place for the trace: with this it goes beside the message. Over HTTP, raw means just that.
pub fn put_trace_beside_raw(metadata: &mut Metadata, trace: &Context) {
    if is_raw(metadata) != Ok(true) {
        return;
    }
    let fields = [("traceid", &trace.parent), ("traceparent", &trace.parent), ("tracestate", &trace.state)];
    for (name, value) in fields {
        if !value.is_empty() {
            metadata.entry(name.to_owned()).or_insert_with(|| value.clone());
        }
    }
}

/// Hands a message to the broker. The caller has checked that the app may use the topic; the error is the cause
/// alone.
pub(super) async fn send(
    shared: &Shared,
    entry: &Entry<dyn PubSub>,
    topic: &str,
    data: Bytes,
    metadata: Metadata,
) -> Result<(), String> {
    let message = Message {
        topic: topics::at_broker(&entry.manifest, &shared.namespace, topic).into_owned(),
        data,
        metadata,
    };
    let began = Instant::now();
    let sent = guard_with(entry.outbound.as_ref(), message, |message| entry.provider.publish(message)).await;
    if let Some(series) = entry.meter.topic(topic) {
        series.sent(began, sent.is_ok());
    }
    sent.map_err(|error| error.to_string())
}

/// Whether the metadata asks for the payload as it is. The truth is spelled as Go's `strconv.ParseBool` does, and
/// the error text is the stock one.
pub(super) fn is_raw(metadata: &Metadata) -> Result<bool, String> {
    match property(metadata, "rawPayload").unwrap_or_default() {
        "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        other => Err(format!("rawPayload value must be a valid boolean: actual is '{other}'")),
    }
}
