//! The errors of publishing (http-api reference, section 15.2).

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::components::Metadata;
use crate::sidecar::blocks::topics;
use crate::sidecar::error::ApiError;

/// The errors of this API (section 15.2), about one topic of one component.
pub(super) struct Errors<'a> {
    pub pubsub: &'a str,
    pub topic: &'a str,
}

impl Errors<'_> {
    pub fn no_name(&self, metadata: &Metadata) -> ApiError {
        let message = "pubsub name is empty".to_owned();
        let error = ApiError::new(StatusCode::NOT_FOUND, "ERR_PUBSUB_EMPTY", message);
        self.rich(error, "DAPR_PUBSUB_NAME_EMPTY", &json!(metadata))
    }

    pub fn not_found(&self, metadata: &Metadata) -> ApiError {
        let message = format!("pubsub {} is not found", self.pubsub);
        ApiError::new(StatusCode::NOT_FOUND, "ERR_PUBSUB_NOT_FOUND", message)
            .info("DAPR_PUBSUB_NOT_FOUND", Some(&json!(metadata)))
    }

    pub fn no_topic(&self, metadata: &Metadata) -> ApiError {
        let message = format!("topic is empty in pubsub {}", self.pubsub);
        let error = ApiError::new(StatusCode::NOT_FOUND, "ERR_TOPIC_NAME_EMPTY", message);
        self.rich(error, "DAPR_PUBSUB_TOPIC_NAME_EMPTY", &json!(metadata))
    }

    pub fn metadata(&self, cause: &str, metadata: &Metadata) -> ApiError {
        let message = format!("failed deserializing metadata. Error: {cause}");
        let error = ApiError::new(StatusCode::BAD_REQUEST, "ERR_PUBSUB_REQUEST_METADATA", message);
        self.rich(error, "DAPR_PUBSUB_METADATA_DESERIALIZATION", &json!(metadata))
    }

    pub fn no_event(&self, app_id: &str, cause: &str) -> ApiError {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        let error = ApiError::new(status, "ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent");
        self.rich(error, "DAPR_PUBSUB_CLOUD_EVENT_CREATION", &json!({"appID": app_id, "error": cause}))
    }

    pub fn forbidden(&self, app_id: &str) -> ApiError {
        let message = topics::forbidden(self.topic, app_id);
        let about = json!({"topic": self.topic, "error": message});
        let error = ApiError::new(StatusCode::FORBIDDEN, "ERR_PUBSUB_FORBIDDEN", message);
        self.rich(error, "DAPR_PUBSUB_FORBIDDEN", &about)
    }

    pub fn not_published(&self, cause: &str) -> ApiError {
        let message =
            format!("error when publishing to topic {} in pubsub {}: {cause}", self.topic, self.pubsub);
        let error = ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_PUBSUB_PUBLISH_MESSAGE", message);
        self.rich(error, "DAPR_PUBSUB_PUBLISH_MESSAGE", &json!({"topic": self.topic, "error": cause}))
    }

    pub fn unreadable(&self, cause: &str) -> ApiError {
        let when = "error when unmarshaling the request";
        let message = format!("{when} for topic {} pubsub {}: {cause}", self.topic, self.pubsub);
        self.events(message, "DAPR_PUBSUB_UNMARSHAL_EVENTS", cause)
    }

    pub fn bad_entry(&self, cause: &str) -> ApiError {
        let when = "error marshaling events to bytes";
        let message = format!("{when} for topic {} pubsub {}. error: {cause}", self.topic, self.pubsub);
        self.events(message, "DAPR_PUBSUB_MARSHAL_EVENTS", cause)
    }

    fn events(&self, message: String, reason: &str, cause: &str) -> ApiError {
        let error = ApiError::new(StatusCode::BAD_REQUEST, "ERR_PUBSUB_EVENTS_SER", message);
        self.rich(error, reason, &json!({"topic": self.topic, "error": cause}))
    }

    fn rich(&self, error: ApiError, reason: &str, metadata: &Value) -> ApiError {
        let description = error.message.clone();
        error.described_resource("pubsub", self.pubsub, &description).info(reason, Some(metadata))
    }
}
