//! One call, from its arrival to its end: its line in the log, its span. The end of a gRPC call is at the end of
//! its response, in the trailers.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use bytes::Bytes;
use hyper::Response;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::header::{HeaderMap, HeaderValue, USER_AGENT};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Code, Status};

use super::trace::About;
use crate::sidecar::metrics::{Metrics, Rpc};
use crate::sidecar::trace::Span;

/// What stands before a message, in bytes.
const FRAME: u64 = 5;
const STATUS: &str = "grpc-status";
const MESSAGE: &str = "grpc-message";
const DETAILS: &str = "grpc-status-details-bin";

/// A call that is being answered.
pub struct Call {
    /// Method and user agent, when calls are logged.
    logged: Option<(String, String)>,
    started: Instant,
    span: Option<Span>,
    about: Option<About>,
    series: Option<Arc<Rpc>>,
    peer: Option<(Arc<Metrics>, Peer)>,
}

/// Whose call of an app it is.
pub enum Peer {
    /// It goes to this app.
    Callee(String),
    /// It comes from this app.
    Caller(String),
}

impl Call {
    /// Starts the clock.
    pub fn begin(path: &str, headers: &HeaderMap, logging: bool) -> Self {
        let agent = |headers: &HeaderMap| {
            let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
            agent.unwrap_or_default().to_owned()
        };
        let logged = logging.then(|| (path.to_owned(), agent(headers)));
        Self { logged, started: Instant::now(), span: None, about: None, series: None, peer: None }
    }

    /// Ends this span with the call; `about` is what the method has to say of it.
    pub fn traced(&mut self, span: Option<Span>, about: Option<About>) {
        self.span = span;
        self.about = about;
    }

    /// Counts it as one of this method.
    pub fn counted(&mut self, series: Arc<Rpc>) {
        self.series = Some(series);
    }

    /// Counts it as one between two apps.
    pub fn between_apps(&mut self, metrics: &Arc<Metrics>, peer: Peer) {
        self.peer = Some((Arc::clone(metrics), peer));
    }

    /// Follows the response to its end. A stream that goes on ends when `stop` is cancelled, if there is one.
    pub fn follow(self, response: Response<Body>, stop: Option<&CancellationToken>) -> Response<Body> {
        let (mut head, body) = response.into_parts();
        correct(&mut head.headers);
        let ended = Status::from_header_map(&head.headers);
        // Without a body the headers are the trailers. What an app has said must be in the headers nevertheless.
        let (body, stop) = if ended.is_none() {
            (body, stop.map(|stop| Box::pin(stop.clone().cancelled_owned())))
        } else {
            let trailers = split(&mut head.headers);
            (trailers.map_or(body, |trailers| Body::new(Trailers(Some(trailers)))), None)
        };
        Response::from_parts(head, Body::new(Followed { body, ended, call: self, stop, sent: 0 }))
    }

    fn finish(&mut self, status: &Status, sent: u64) {
        if let Some(series) = self.series.take() {
            series.ended(status.code().into(), self.started.elapsed());
            series.sent(sent.saturating_sub(FRAME));
        }
        if let Some((metrics, peer)) = self.peer.take() {
            let code = u16::try_from(i32::from(status.code())).unwrap_or_default();
            match peer {
                Peer::Callee(app_id) => metrics.invoke_done(&app_id, code, self.started.elapsed()),
                Peer::Caller(app_id) => metrics.invoke_answered(&app_id, code),
            }
        }
        if let Some(mut span) = self.span.take() {
            if let Some(about) = self.about.take() {
                about.tell(&mut span);
            }
            if status.code() != Code::Ok {
                span.fail(status.message());
            }
        }
        if let Some((method, agent)) = self.logged.take() {
            tracing::info!(
                target: "dapr.runtime.grpc.api-info",
                code = i32::from(status.code()),
                duration = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
                method = method,
                useragent = agent,
                "gRPC API Called"
            );
        }
    }
}

/// A message that is too large is an error of the kind that other servers report, so that clients know it.
fn correct(trailers: &mut HeaderMap) {
    const TOO_LARGE: &[u8] = b"message%20length%20too%20large";
    let is_so = trailers.get(STATUS).is_some_and(|status| status == "11")
        && trailers
            .get(MESSAGE)
            .is_some_and(|text| text.as_bytes().windows(TOO_LARGE.len()).any(|w| w == TOO_LARGE));
    if is_so {
        trailers.insert(STATUS, HeaderValue::from(i32::from(Code::ResourceExhausted)));
    }
}

/// Takes the status out of headers that say more than that.
fn split(headers: &mut HeaderMap) -> Option<HeaderMap> {
    let says_more = |name: &str| !name.starts_with("grpc-") && name != "content-type";
    if !headers.keys().any(|name| says_more(name.as_str())) {
        return None;
    }
    let mut trailers = HeaderMap::new();
    for name in [STATUS, MESSAGE, DETAILS] {
        if let Some(value) = headers.remove(name) {
            trailers.insert(name, value);
        }
    }
    Some(trailers)
}

/// A body that is trailers only.
struct Trailers(Option<HeaderMap>);

impl HttpBody for Trailers {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Poll::Ready(self.0.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

/// The body of a request, whose bytes are counted.
pub struct Received {
    body: Incoming,
    bytes: u64,
    series: Option<Arc<Rpc>>,
}

impl Received {
    /// Counts them for the method of the call; nothing where that is not counted.
    pub fn of(body: Incoming, call: &Call) -> Self {
        Self { body, bytes: 0, series: call.series.clone() }
    }
}

impl HttpBody for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame {
            self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some(series) = &self.series {
            series.received(self.bytes.saturating_sub(FRAME));
        }
    }
}

struct Followed {
    body: Body,
    ended: Option<Status>,
    call: Call,
    stop: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Bytes of its body.
    sent: u64,
}

impl HttpBody for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(mut frame) => {
                if let Some(Ok(frame)) = &mut frame {
                    this.sent += frame.data_ref().map_or(0, |data| data.len() as u64);
                    if let Some(trailers) = frame.trailers_mut() {
                        correct(trailers);
                        this.ended = Status::from_header_map(trailers);
                    }
                }
                Poll::Ready(frame)
            }
            // Nothing is ready: a stream that waits for something to tell.
            Poll::Pending => {
                let Some(stop) = &mut this.stop else { return Poll::Pending };
                std::task::ready!(stop.as_mut().poll(context));
                this.stop = None;
                this.body = Body::empty();
                let status = Status::unavailable("the sidecar is shutting down");
                let mut trailers = HeaderMap::new();
                trailers.insert(STATUS, HeaderValue::from(i32::from(status.code())));
                trailers.insert(MESSAGE, HeaderValue::from_static("the sidecar is shutting down"));
                this.ended = Some(status);
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let status = self.ended.take().unwrap_or_else(|| Status::cancelled("the caller is gone"));
        self.call.finish(&status, self.sent);
    }
}
