//! The HTTP channel to the app: one pool of connections, the concurrency limit, the token, the health gate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use axum::body::Body;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use tokio::sync::Semaphore;

use crate::sidecar::metrics::Metrics;
use crate::sidecar::pool::{self, Pool};

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
}

/// The app, seen from the sidecar.
pub struct Channel {
    target: Target,
    host: HeaderValue,
    pool: Arc<Pool>,
    limit: Option<Arc<Semaphore>>,
    token: Option<HeaderValue>,
    healthy: AtomicBool,
    metrics: Option<Arc<Metrics>>,
}

impl Channel {
    /// A channel; nothing is connected yet. `max_concurrency` 0 means no limit. `token` is `APP_API_TOKEN`.
    pub fn new(target: Target, max_concurrency: usize, token: Option<&str>) -> Self {
        let host = HeaderValue::from_str(&format!("{}:{}", target.host, target.port));
        Self {
            host: host.unwrap_or(HeaderValue::from_static("localhost")),
            pool: Pool::new(&target.host, target.port),
            limit: (max_concurrency > 0).then(|| Arc::new(Semaphore::new(max_concurrency))),
            token: token.and_then(|token| HeaderValue::from_str(token).ok()),
            healthy: AtomicBool::new(true),
            metrics: None,
            target,
        }
    }

    /// The same channel, whose calls are counted.
    #[must_use]
    pub fn counted(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = Some(metrics);
        self
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

    /// Sends a request to the app: `path` is path and query, starting with a slash. Adds the app's token,
    /// waits for a free place when concurrency is limited, and hands back the response with its body still
    /// streaming. The place is held until the body has been read or dropped.
    pub async fn call(&self, mut request: Request<Body>, path: &str) -> Result<Response<Body>, CallError> {
        if !self.is_healthy() {
            return Err(CallError::Unhealthy);
        }
        let permit = match &self.limit {
            Some(limit) => Arc::clone(limit).acquire_owned().await.ok(),
            None => None,
        };
        if let Some(token) = &self.token {
            request.headers_mut().insert("dapr-api-token", token.clone());
        }
        self.address(&mut request, path)?;
        let method = request.method().clone();
        let started = Instant::now();
        let answer = self.pool.send(request, permit).await;
        if let Some(metrics) = &self.metrics {
            // The stock sidecar counts a call without an answer as one with this status.
            let status = answer.as_ref().map_or(StatusCode::INTERNAL_SERVER_ERROR, Response::status);
            metrics.app_call(&method, path, status, started.elapsed());
        }
        answer.map_err(|error| self.describe(&method, path, &error))
    }

    /// Asks for the app's health: past the gate, the limit and without the token. Returns the status.
    pub async fn probe(&self, path: &str) -> Result<StatusCode, CallError> {
        let mut request = Request::new(Body::empty());
        self.address(&mut request, path)?;
        let answer = self.pool.send(request, None).await;
        let response = answer.map_err(|error| self.describe(&Method::GET, path, &error))?;
        let status = response.status();
        // A small answer is read so that the connection can be used again.
        let _ = axum::body::to_bytes(response.into_body(), 64 << 10).await;
        Ok(status)
    }

    fn address(&self, request: &mut Request<Body>, path: &str) -> Result<(), CallError> {
        let path: PathAndQuery =
            path.parse().map_err(|_| CallError::Transport(format!("invalid URL {:?}", self.url(path))))?;
        *request.uri_mut() = Uri::from(path);
        *request.version_mut() = Version::HTTP_11;
        request.headers_mut().insert(HOST, self.host.clone());
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}:{}{path}", self.target.host, self.target.port)
    }

    /// The text that the stock runtime's HTTP client gives.
    fn describe(&self, method: &Method, path: &str, error: &pool::Error) -> CallError {
        let Target { host, port } = &self.target;
        let (kind, text): (fn(String) -> CallError, _) = match error {
            pool::Error::Connect(_, error) => (CallError::Transport, pool::connect_text(host, *port, error)),
            pool::Error::Broken(error) => (CallError::Broken, pool::broken_text(host, *port, error)),
        };
        let (first, rest) = method.as_str().split_at(1);
        kind(format!("{first}{} \"{}\": {text}", rest.to_lowercase(), self.url(path)))
    }
}
