//! Events handed to the app (http-api reference, 5.4 and 5.5): the request, and what the answer says. What follows
//! from it is the business of `blocks::delivery`.

use axum::body::Body;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode};
use serde::Deserialize;

use super::grpc::Grpc;
use super::{CallError, Channel, callback};
use crate::components::Metadata;
use crate::resources::Code;
use crate::sidecar::blocks::cloudevent;
use crate::sidecar::resiliency::Refusal;
use crate::sidecar::trace::{Context, Span};

pub(super) const SCOPE: &str = "dapr.runtime.processor.subscription";
/// Most bytes of an answer that are looked at.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// An event on its way to the app.
#[derive(Debug)]
pub struct Event<'a> {
    /// Pub/sub component.
    pub pubsub: &'a str,
    /// Topic, as the app calls it.
    pub topic: &'a str,
    /// Where in the app it goes, as the subscription names it; HTTP supplies a missing leading slash.
    pub path: &'a str,
    /// The CloudEvent as JSON.
    pub event: &'a Bytes,
    /// Message metadata.
    pub metadata: &'a Metadata,
    /// Trace context of the delivery.
    pub trace: &'a Context,
}

/// What the app said of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// `SUCCESS`, or an answer that says nothing else.
    Success,
    /// `RETRY`.
    Retry,
    /// `DROP`.
    Drop,
    /// A status that isn't one of these.
    Unknown(String),
    /// The app has nothing that takes it; the text is the end of the log line.
    NoHandler(String),
    /// The app failed on it; the cause is the end of the log line.
    Failed(Refusal),
    /// The connection broke while the app had the event.
    Broken(String),
    /// The event didn't get to the app.
    Unreachable(String),
}

impl Verdict {
    /// The app failed on it, without a status that says how.
    pub fn failed(cause: impl Into<String>) -> Self {
        Self::Failed(Refusal { code: None, cause: cause.into() })
    }

    /// The verdict that a status names; the case of its letters matters.
    pub fn of_status(status: &str) -> Self {
        match status {
            "" | "SUCCESS" => Self::Success,
            "RETRY" => Self::Retry,
            "DROP" => Self::Drop,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl From<CallError> for Verdict {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Broken(cause) => Self::Broken(cause),
            // The app is there, and waiting would not help: it is this event.
            CallError::Refused(cause) => Self::failed(cause),
            other @ (CallError::Unhealthy | CallError::Transport(_)) => Self::Unreachable(other.to_string()),
        }
    }
}

impl Channel {
    /// Hands one event to the app. `span` learns how the call ended.
    pub async fn event(&self, event: Event<'_>, span: Option<&mut Span>) -> Verdict {
        if let Some(grpc) = Grpc::of(self) {
            return Box::pin(grpc.event(event, span)).await;
        }
        let mut request = Request::new(Body::from(event.event.clone()));
        *request.headers_mut() = headers(&event);
        match self.posted(request, event.path, span).await {
            Ok((status, answer)) => verdict(status, &answer),
            Err(error) => error.into(),
        }
    }

    pub(super) async fn posted(
        &self,
        mut request: Request<Body>,
        path: &str,
        span: Option<&mut Span>,
    ) -> Result<(StatusCode, Bytes), CallError> {
        *request.method_mut() = Method::POST;
        match self.call(request, &callback::path(path)).await {
            Ok(response) => {
                let (head, answer) = response.into_parts();
                if let Some(span) = span {
                    span.status(head.status);
                }
                // An answer that breaks off counts by its status.
                let answer = axum::body::to_bytes(answer, MAX_ANSWER).await.unwrap_or_default();
                Ok((head.status, answer))
            }
            Err(error) => {
                if let Some(span) = span {
                    span.fail(&error);
                }
                Err(error)
            }
        }
    }
}

fn headers(event: &Event<'_>) -> HeaderMap {
    let mut headers = callback::headers(event.metadata);
    put(&mut headers, "pubsubname", event.pubsub);
    put_trace(&mut headers, event.trace);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(cloudevent::MEDIA_TYPE));
    headers
}

/// Adds a trace context.
pub(super) fn put_trace(headers: &mut HeaderMap, trace: &Context) {
    put(headers, "traceparent", &trace.parent);
    if !trace.state.is_empty() {
        put(headers, "tracestate", &trace.state);
    }
}

/// Adds a header, if its value can be one.
pub(super) fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
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

/// What an answer over HTTP says.
pub(super) fn verdict(status: StatusCode, answer: &[u8]) -> Verdict {
    if status.is_success() {
        return Verdict::of_status(&said(answer));
    }
    let body = String::from_utf8_lossy(answer);
    let code = status.as_u16();
    match status {
        StatusCode::NOT_FOUND => Verdict::NoHandler(format!("{body}. status code returned: {code}")),
        _ => Verdict::Failed(Refusal {
            code: Some(Code::Http(code)),
            cause: format!("body: {body}. status code returned: {code}"),
        }),
    }
}
