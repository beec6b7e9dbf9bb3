//! Publishing (http-api reference, section 4).

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::json;

use super::cloudevent::{self, Context};
use super::topics;
use crate::components::Metadata;
use crate::components::pubsub::Message;
use crate::env;
use crate::sidecar::Shared;
use crate::sidecar::error::ApiError;
use crate::sidecar::trace;

/// What is published.
pub struct Publication<'a> {
    /// Component.
    pub pubsub: &'a str,
    /// Topic.
    pub topic: &'a str,
    /// Body as sent.
    pub data: Bytes,
    /// Content type as sent.
    pub content_type: Option<&'a str>,
    /// `metadata.*` entries; they travel with the message.
    pub metadata: Metadata,
    /// The caller's span.
    pub traceparent: Option<&'a str>,
    /// The caller's vendor data.
    pub tracestate: Option<&'a str>,
}

/// Publishes one message; `Ok` when the broker has it.
pub async fn publish(shared: &Shared, publication: Publication<'_>) -> Result<(), ApiError> {
    let Publication { pubsub, topic, data, content_type, metadata, traceparent, tracestate } = publication;
    let app = json!({"appID": shared.app_id});
    let entry = shared.components.pubsub(pubsub).ok_or_else(|| {
        let message = format!("pubsub {pubsub} is not found");
        ApiError::new(StatusCode::NOT_FOUND, "ERR_PUBSUB_NOT_FOUND", message)
            .info("DAPR_PUBSUB_NOT_FOUND", Some(&app))
    })?;
    let rich = |status, code, message: String, reason| {
        ApiError::new(status, code, message).info(reason, Some(&app)).resource("pubsub", pubsub)
    };
    if !topics::may_publish(&entry.manifest, &shared.app_id, topic) {
        let message = format!("topic {topic} is not allowed for app id {}", shared.app_id);
        return Err(rich(StatusCode::FORBIDDEN, "ERR_PUBSUB_FORBIDDEN", message, "DAPR_PUBSUB_FORBIDDEN"));
    }
    let raw = is_raw(&metadata).map_err(|error| {
        let message = format!("failed deserializing metadata. Error: {error}");
        rich(
            StatusCode::BAD_REQUEST,
            "ERR_PUBSUB_REQUEST_METADATA",
            message,
            "DAPR_PUBSUB_METADATA_DESERIALIZATION",
        )
    })?;
    let data = if raw {
        data
    } else {
        let context = Context {
            app_id: &shared.app_id,
            pubsub,
            topic,
            content_type,
            metadata: &metadata,
            traceparent: &trace::child_of(traceparent),
            tracestate: tracestate.unwrap_or_default(),
        };
        cloudevent::envelope(&data, &context).ok_or_else(|| {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            let message = "cannot create cloudevent".to_owned();
            rich(status, "ERR_PUBSUB_CLOUD_EVENTS_SER", message, "DAPR_PUBSUB_CLOUD_EVENT_CREATION")
        })?
    };
    entry.provider.publish(Message { topic: topic.to_owned(), data, metadata }).await.map_err(|error| {
        let message = format!("error when publishing to topic {topic} in pubsub {pubsub}: {error}");
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        rich(status, "ERR_PUBSUB_PUBLISH_MESSAGE", message, "DAPR_PUBSUB_PUBLISH_MESSAGE")
    })
}

/// `rawPayload` of a publication or a subscription; anything but a boolean is an error.
pub fn is_raw(metadata: &Metadata) -> Result<bool, String> {
    match metadata.get("rawPayload").map(String::as_str) {
        None | Some("") => Ok(false),
        Some(text) if env::is_true(text) => Ok(true),
        Some("0" | "f" | "F" | "false" | "False" | "FALSE") => Ok(false),
        Some(text) => Err(format!("rawPayload value must be a valid boolean: actual is '{text}'")),
    }
}
