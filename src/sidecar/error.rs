//! Errors of the Dapr API, independent of the transport (http-api reference, section 15).

use hyper::StatusCode;
use serde_json::{Value, json};

/// An error as a building block reports it, independent of the transport.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// `errorCode`, for example `ERR_STATE_SAVE`.
    pub code: &'static str,
    /// `message`.
    pub message: String,
    /// `details` of a rich error; empty for a simple one.
    pub details: Vec<Value>,
}

impl ApiError {
    /// A simple error.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Vec::new() }
    }

    /// Adds an `ErrorInfo` detail; metadata `null` when there is none.
    #[must_use]
    pub fn info(mut self, reason: &str, metadata: Option<&Value>) -> Self {
        self.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "domain": "dapr.io", "metadata": metadata, "reason": reason,
        }));
        self
    }

    /// Adds a `ResourceInfo` detail.
    #[must_use]
    pub fn resource(self, kind: &str, name: &str) -> Self {
        self.described_resource(kind, name, "")
    }

    /// Adds a `ResourceInfo` detail with a description.
    #[must_use]
    pub fn described_resource(mut self, kind: &str, name: &str, description: &str) -> Self {
        self.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.ResourceInfo",
            "description": description, "owner": "", "resource_name": name, "resource_type": kind,
        }));
        self
    }

    /// Adds a `BadRequest` detail with one violation.
    #[must_use]
    pub fn violation(mut self, field: &str, description: &str) -> Self {
        self.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "field_violations": [{"field": field, "description": description}],
        }));
        self
    }

    /// Adds a `Help` detail with one link.
    #[must_use]
    pub fn help(mut self, description: &str, url: &str) -> Self {
        self.details.push(json!({
            "@type": "type.googleapis.com/google.rpc.Help",
            "links": [{"description": description, "url": url}],
        }));
        self
    }

    /// An operation of the stock API that this runtime doesn't have yet.
    pub fn not_available(what: &str) -> Self {
        let message = format!(
            "the {what} API is not available in the embedded runtime yet; run with the installed runtime (dapr init, then dapr run --runtime installed)"
        );
        Self::new(StatusCode::NOT_IMPLEMENTED, "ERR_API_UNIMPLEMENTED", message)
    }
}
