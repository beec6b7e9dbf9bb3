//! One log line per API call, after it finished (observability reference, section 6).

mod names;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::header::{HeaderMap, USER_AGENT};
use hyper::{Method, Response, StatusCode, Uri};

/// A call that is being answered.
pub struct Call {
    started: Instant,
    /// Method and path, or the name of the endpoint.
    what: String,
    agent: String,
}

impl Call {
    /// Starts the clock. With `names` the line says the name of the endpoint and not the path.
    pub fn begin(method: &Method, uri: &Uri, headers: &HeaderMap, names: bool) -> Self {
        let what =
            if names { names::name(method, uri.path(), headers) } else { format!("{method} {}", uri.path()) };
        let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Self { started: Instant::now(), what, agent: agent.to_owned() }
    }

    /// Writes the line when the response was sent or given up.
    pub fn follow(self, response: Response<Body>) -> Response<Body> {
        let status = response.status();
        response.map(|body| Body::new(Counted { body, size: 0, call: self, status }))
    }
}

struct Counted {
    body: Body,
    size: u64,
    call: Call,
    status: StatusCode,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame {
            self.size += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Call { started, what, agent } = &self.call;
        tracing::info!(
            target: "dapr.runtime.http-info",
            code = self.status.as_u16(),
            duration = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            method = what.as_str(),
            size = self.size,
            useragent = agent.as_str(),
            "HTTP API Called"
        );
    }
}
