//! What went wrong with a request, as a page and as JSON (RFC 9457).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::shared::Shared;

/// A refusal or a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Status of the answer.
    pub status: StatusCode,
    /// What is wrong, as a sentence.
    pub detail: String,
}

#[derive(Serialize)]
struct Body<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
}

impl Problem {
    /// A problem with this status.
    pub fn new(status: StatusCode, detail: impl std::fmt::Display) -> Self {
        Self { status, detail: detail.to_string() }
    }

    /// Something that isn't there.
    pub fn not_found(detail: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// Something that was asked for in a wrong way.
    pub fn bad_request(detail: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Something that somebody else failed at: a sidecar, a file, an engine.
    pub fn failed(detail: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, detail)
    }

    fn body(&self) -> Body<'_> {
        Body {
            title: self.status.canonical_reason().unwrap_or("Problem"),
            status: self.status.as_u16(),
            detail: &self.detail,
        }
    }

    /// As JSON.
    pub fn json(&self) -> Response {
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        let text = serde_json::to_string(&self.body()).unwrap_or_default();
        (self.status, kind, text).into_response()
    }

    /// As a page.
    pub fn page(&self, shared: &Shared) -> Response {
        let page = shared.view.page(shared, "problem.html", "", None, &self.body());
        (self.status, page).into_response()
    }
}
