//! The channel to the app: connections of the protocol that it speaks, the concurrency limit, the token, the health
//! gate. What is asked of the app lies in the files beside this one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use hyper::body::Body as _;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::resources::Retry;
use crate::sidecar::metrics::Metrics;
use crate::sidecar::options::Protocol;
use crate::sidecar::pool::{self, Pool, Shared, Tls};
use crate::sidecar::resiliency::{self, Backoff};

/// Limit of the app's answer to a question.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// Where the app listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `--app-channel-address`.
    pub host: String,
    /// `--app-port`.
    pub port: u16,
}

/// Why a call to the app got no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Health checks say that the app is down.
    #[error("app is not in a healthy state")]
    Unhealthy,
    /// No connection: nothing was sent. The text is the stock one: `Get "http://…": dial tcp …: connect: connection refused`.
    #[error("{0}")]
    Transport(String),
    /// The request went out, fully or in part, and the connection broke: the app may have begun to work on it.
    #[error("{0}")]
    Broken(String),
    /// It can't be sent to this app; nothing was.
    #[error("{0}")]
    Refused(String),
}

/// How the app is reached.
enum Wire {
    /// HTTP/1.1, with and without TLS.
    One(Arc<Pool>),
    /// HTTP/2 without TLS.
    Two(Shared),
    /// gRPC, with and without TLS.
    Grpc(Shared),
}

/// The app, seen from the sidecar.
pub struct Channel {
    target: Target,
    host: HeaderValue,
    wire: Wire,
    tls: Option<Tls>,
    limit: Option<Arc<Semaphore>>,
    token: Option<HeaderValue>,
    largest: usize,
    healthy: AtomicBool,
    first_retries: Retry,
    metrics: Option<Arc<Metrics>>,
}

impl Channel {
    /// A channel; nothing is connected yet. `max_concurrency` 0 means no limit. `token` is `APP_API_TOKEN`.
    pub fn new(target: Target, max_concurrency: usize, token: Option<&str>) -> Self {
        let host = HeaderValue::from_str(&format!("{}:{}", target.host, target.port));
        Self {
            host: host.unwrap_or(HeaderValue::from_static("localhost")),
            wire: Wire::One(Pool::new(&target.host, target.port)),
            tls: None,
            limit: (max_concurrency > 0).then(|| Arc::new(Semaphore::new(max_concurrency))),
            token: token.and_then(|token| HeaderValue::from_str(token).ok()),
            largest: usize::MAX,
            healthy: AtomicBool::new(true),
            first_retries: resiliency::initialization(),
            metrics: None,
            target,
        }
    }

    /// The same channel in another protocol than HTTP/1.1. The error is the reason why TLS can't be had.
    pub fn speaking(mut self, protocol: Protocol) -> Result<Self, String> {
        let tls = |name| Tls::of(name).map(Some).map_err(|error| error.to_string());
        self.tls = match protocol {
            Protocol::Https => tls("http/1.1")?,
            Protocol::Grpcs => tls("h2")?,
            Protocol::Http | Protocol::Grpc | Protocol::H2c => None,
        };
        let Target { host, port } = &self.target;
        self.wire = match protocol {
            Protocol::Http | Protocol::Https => Wire::One(Pool::with_tls(host, *port, self.tls.clone())),
            Protocol::H2c => Wire::Two(Shared::new(host, *port, None)),
            Protocol::Grpc | Protocol::Grpcs => Wire::Grpc(Shared::new(host, *port, self.tls.clone())),
        };
        Ok(self)
    }

    /// The same channel, where messages of answers have at most so many bytes.
    #[must_use]
    pub fn limited(mut self, bytes: Option<u64>) -> Self {
        self.largest = bytes.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(usize::MAX);
        self
    }

    /// The same channel, whose calls are counted.
    #[must_use]
    pub fn counted(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// The same channel, whose first questions are asked as often as this says.
    #[must_use]
    pub fn asking(mut self, retries: Retry) -> Self {
        self.first_retries = retries;
        self
    }

    /// Asks the app for what it wants, before it gets anything: again while `again` says so of the failure. `None` when
    /// it took the question and gave no answer in time: a server that doesn't understand it must not hold the start
    /// back for good.
    pub(super) async fn question<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        mut ask: impl FnMut() -> F,
        again: impl Fn(&E) -> bool,
    ) -> Option<Result<T, E>> {
        let mut waits = Backoff::new(&self.first_retries);
        loop {
            match tokio::time::timeout(ANSWER, ask()).await.ok()? {
                Err(error) if again(&error) => match waits.next() {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => return Some(Err(error)),
                },
                answer => return Some(answer),
            }
        }
    }

    /// Where the app listens.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether calls are let through.
    pub fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Acquire)
    }

    /// Opens or closes the gate; called by the health checks.
    pub fn set_healthy(&self, healthy: bool) {
        self.healthy.store(healthy, Ordering::Release);
    }

    /// Whether the app speaks gRPC.
    pub fn speaks_grpc(&self) -> bool {
        self.grpc().is_some()
    }

    /// The connection of an app that speaks gRPC.
    pub(super) fn grpc(&self) -> Option<&Shared> {
        match &self.wire {
            Wire::Grpc(shared) => Some(shared),
            Wire::One(_) | Wire::Two(_) => None,
        }
    }

    /// Most bytes of a message that the app answers.
    pub(super) fn limit_of_answers(&self) -> usize {
        self.largest
    }

    /// Tries whether the app accepts connections.
    pub async fn dial(&self) -> io::Result<()> {
        let stream = pool::dial(&self.target.host, self.target.port).await?;
        if let Some(tls) = &self.tls {
            tls.connect(&self.target.host, stream).await?;
        }
        Ok(())
    }

    /// A place for a call, when concurrency is limited.
    pub(super) async fn enter(&self) -> Result<Option<OwnedSemaphorePermit>, CallError> {
        if !self.is_healthy() {
            return Err(CallError::Unhealthy);
        }
        Ok(match &self.limit {
            Some(limit) => Arc::clone(limit).acquire_owned().await.ok(),
            None => None,
        })
    }

    /// Where calls are counted.
    pub(super) fn metrics(&self) -> Option<&Metrics> {
        self.metrics.as_deref()
    }

    /// `APP_API_TOKEN`.
    pub(super) fn token(&self) -> Option<&HeaderValue> {
        self.token.as_ref()
    }

    /// Sends a request to the app over HTTP: `path` is path and query, starting with a slash. Adds the app's token,
    /// waits for a free place when concurrency is limited, and hands back the response with its body still
    /// streaming. The place is held until the body has been read or dropped.
    pub async fn call(&self, mut request: Request<Body>, path: &str) -> Result<Response<Body>, CallError> {
        let permit = self.enter().await?;
        if let Some(token) = &self.token {
            request.headers_mut().insert("dapr-api-token", token.clone());
        }
        self.address(&mut request, path)?;
        let method = request.method().clone();
        let sent = request.body().size_hint().exact();
        let started = Instant::now();
        let answer = self.exchange(request, permit).await;
        if let Some(metrics) = &self.metrics {
            // The stock sidecar counts a call without an answer as one with this status.
            let status = answer.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
            let received = answer.as_ref().ok().and_then(|answer| answer.body().size_hint().exact());
            metrics.app_call(&method, path, status, started.elapsed(), [sent, received]);
        }
        answer.map_err(|error| self.describe(&method, path, &error))
    }

    /// Forwards a call of a gRPC service to the app as it is.
    pub async fn proxy(&self, mut request: Request<Body>) -> Result<Response<Body>, CallError> {
        let Wire::Grpc(shared) = &self.wire else {
            let cause = "the app doesn't speak gRPC; run it with --app-protocol grpc if it does";
            return Err(CallError::Refused(format!("connection error: desc = \"{cause}\"")));
        };
        let permit = self.enter().await?;
        if let Some(token) = &self.token {
            request.headers_mut().insert("dapr-api-token", token.clone());
        }
        let words = |text| format!("connection error: desc = \"transport: Error while dialing: {text}\"");
        shared.send(request, permit).await.map_err(|error| self.error(&error, words))
    }

    /// Asks for the app's health: past the gate, the limit and without the token. Returns the status.
    pub async fn probe(&self, path: &str) -> Result<StatusCode, CallError> {
        let mut request = Request::new(Body::empty());
        self.address(&mut request, path)?;
        let started = Instant::now();
        let answer = self.exchange(request, None).await;
        if let Some(metrics) = &self.metrics {
            let status = answer.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
            metrics.probe(status, started.elapsed());
        }
        let response = answer.map_err(|error| self.describe(&Method::GET, path, &error))?;
        let status = response.status();
        // A small answer is read so that the connection can be used again.
        let _ = axum::body::to_bytes(response.into_body(), 64 << 10).await;
        Ok(status)
    }

    async fn exchange(
        &self,
        request: Request<Body>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Response<Body>, pool::Error> {
        match &self.wire {
            Wire::One(pool) => pool.send(request, permit).await,
            Wire::Two(shared) | Wire::Grpc(shared) => Box::pin(shared.send(request, permit)).await,
        }
    }

    fn address(&self, request: &mut Request<Body>, path: &str) -> Result<(), CallError> {
        let path: PathAndQuery =
            path.parse().map_err(|_| CallError::Refused(format!("invalid URL {:?}", self.url(path))))?;
        *request.uri_mut() = Uri::from(path);
        *request.version_mut() = Version::HTTP_11;
        request.headers_mut().insert(HOST, self.host.clone());
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}:{}{path}", self.target.host, self.target.port)
    }

    /// The text that the stock runtime's HTTP client gives.
    fn describe(&self, method: &Method, path: &str, error: &pool::Error) -> CallError {
        let (first, rest) = method.as_str().split_at(1);
        self.error(error, |text| format!("{first}{} \"{}\": {text}", rest.to_lowercase(), self.url(path)))
    }

    /// What went wrong with the connection, in words that go around its own.
    pub(super) fn error(&self, error: &pool::Error, words: impl Fn(String) -> String) -> CallError {
        let Target { host, port } = &self.target;
        match error {
            pool::Error::Connect(_, error) => {
                CallError::Transport(words(pool::connect_text(host, *port, error)))
            }
            pool::Error::Broken(error) => CallError::Broken(words(pool::broken_text(host, *port, error))),
        }
    }
}
