//! Publishing (http-api reference, section 4.1). Bulk publishing is not here.

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::{Value, json};

use super::cloudevent::{Publication, property};
use super::topics::{self, Scopes};
use crate::components::Metadata;
use crate::components::pubsub::{Message, PubSub};
use crate::sidecar::Shared;
use crate::sidecar::error::ApiError;
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
    if pubsub.is_empty() {
        return Err(errors.no_name(&metadata));
    }
    let Some(entry) = shared.components.pubsub(pubsub) else {
        return Err(errors.not_found(&metadata));
    };
    if topic.is_empty() {
        return Err(errors.no_topic(&metadata));
    }
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

/// Hands a message to the broker. The caller has checked that the app may use the topic; the error is the cause
/// alone.
pub(super) async fn send(
    shared: &Shared,
    entry: &Entry<dyn PubSub>,
    topic: &str,
    data: Bytes,
    metadata: Metadata,
) -> Result<(), String> {
    let topic = topics::at_broker(&entry.manifest, &shared.namespace, topic).into_owned();
    entry.provider.publish(Message { topic, data, metadata }).await.map_err(|error| error.to_string())
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

/// The errors of this API (section 15.2), about one topic of one component.
struct Errors<'a> {
    pubsub: &'a str,
    topic: &'a str,
}

impl Errors<'_> {
    fn no_name(&self, metadata: &Metadata) -> ApiError {
        let message = "pubsub name is empty".to_owned();
        let error = ApiError::new(StatusCode::NOT_FOUND, "ERR_PUBSUB_EMPTY", message);
        self.rich(error, "DAPR_PUBSUB_NAME_EMPTY", &json!(metadata))
    }

    fn not_found(&self, metadata: &Metadata) -> ApiError {
        let message = format!("pubsub {} is not found", self.pubsub);
        ApiError::new(StatusCode::NOT_FOUND, "ERR_PUBSUB_NOT_FOUND", message)
            .info("DAPR_PUBSUB_NOT_FOUND", Some(&json!(metadata)))
    }

    fn no_topic(&self, metadata: &Metadata) -> ApiError {
        let message = format!("topic is empty in pubsub {}", self.pubsub);
        let error = ApiError::new(StatusCode::NOT_FOUND, "ERR_TOPIC_NAME_EMPTY", message);
        self.rich(error, "DAPR_PUBSUB_TOPIC_NAME_EMPTY", &json!(metadata))
    }

    fn metadata(&self, cause: &str, metadata: &Metadata) -> ApiError {
        let message = format!("failed deserializing metadata. Error: {cause}");
        let error = ApiError::new(StatusCode::BAD_REQUEST, "ERR_PUBSUB_REQUEST_METADATA", message);
        self.rich(error, "DAPR_PUBSUB_METADATA_DESERIALIZATION", &json!(metadata))
    }

    fn no_event(&self, app_id: &str, cause: &str) -> ApiError {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let error = ApiError::new(status, "ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent");
        self.rich(error, "DAPR_PUBSUB_CLOUD_EVENT_CREATION", &json!({"appID": app_id, "error": cause}))
    }

    fn forbidden(&self, app_id: &str) -> ApiError {
        let message = topics::forbidden(self.topic, app_id);
        let about = json!({"topic": self.topic, "error": message});
        let error = ApiError::new(StatusCode::FORBIDDEN, "ERR_PUBSUB_FORBIDDEN", message);
        self.rich(error, "DAPR_PUBSUB_FORBIDDEN", &about)
    }

    fn not_published(&self, cause: &str) -> ApiError {
        let message =
            format!("error when publishing to topic {} in pubsub {}: {cause}", self.topic, self.pubsub);
        let error = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_PUBSUB_PUBLISH_MESSAGE", message);
        self.rich(error, "DAPR_PUBSUB_PUBLISH_MESSAGE", &json!({"topic": self.topic, "error": cause}))
    }

    fn rich(&self, error: ApiError, reason: &str, metadata: &Value) -> ApiError {
        let description = error.message.clone();
        error.described_resource("pubsub", self.pubsub, &description).info(reason, Some(metadata))
    }
}
