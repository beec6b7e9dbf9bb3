//! Jobs handed to the app (http-api reference, 10.4): the request, and what the answer says. What follows from it is
//! the business of `blocks::jobs`.

use axum::body::Body;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use super::grpc::Grpc;
use super::{CallError, Channel};
use crate::components::jobs::Payload;
use crate::wire;

/// Most bytes of an answer that are read so that the connection can be used again.
const MAX_ANSWER: usize = 64 << 10;

/// What the app said of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It was done.
    Done,
    /// The app has nothing that takes it; the text is the end of the log line.
    NoHandler(String),
    /// The app failed on it, or the connection broke while it had the job; the text is the end of the log line.
    Failed(String),
    /// The job didn't get to the app.
    Unreachable(String),
}

impl Channel {
    /// Hands one job to the app; over HTTP that is `POST /job/<name>`.
    pub async fn job(&self, name: &str, payload: &Payload) -> Reply {
        if let Some(grpc) = Grpc::of(self) {
            return Box::pin(grpc.job(name, payload)).await;
        }
        let mut request = Request::new(Body::from(body(payload)));
        *request.method_mut() = Method::POST;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let path = format!("/job/{}", percent_encode(name.as_bytes(), NOT_IN_A_SEGMENT));
        match self.call(request, &path).await {
            Ok(response) => {
                let (head, answer) = response.into_parts();
                let _ = axum::body::to_bytes(answer, MAX_ANSWER).await;
                let code = head.status.as_u16();
                match head.status {
                    status if status.is_success() => Reply::Done,
                    StatusCode::NOT_FOUND => Reply::NoHandler(format!("status code returned: {code}")),
                    _ => Reply::Failed(format!("status code returned: {code}")),
                }
            }
            Err(CallError::Broken(cause)) => Reply::Failed(cause),
            Err(other) => Reply::Unreachable(other.to_string()),
        }
    }
}

/// What a name of a job may hold and a URL can't.
const NOT_IN_A_SEGMENT: &percent_encoding::AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b':');

/// JSON as it was given, and the bytes of any other message.
fn body(payload: &Payload) -> Bytes {
    match payload {
        Payload::None => Bytes::new(),
        Payload::Json(text) => text.clone(),
        Payload::Any { type_url, value } => wire::value::over_http(type_url, value),
    }
}
