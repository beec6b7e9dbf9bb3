//! The HTTP channel to the app: one pool of connections, the concurrency limit, the token, the health gate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use hyper::header::HeaderValue;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
    /// No connection, or it broke. The text is the stock one: `Get "http://…": dial tcp …: connect: connection refused`.
    #[error("{0}")]
    Transport(String),
}

/// The app, seen from the sidecar.
pub struct Channel {
    target: Target,
    client: Client<HttpConnector, Body>,
    limit: Option<Arc<Semaphore>>,
    token: Option<HeaderValue>,
    healthy: AtomicBool,
}

impl Channel {
    /// A channel; nothing is connected yet. `max_concurrency` 0 means no limit. `token` is `APP_API_TOKEN`.
    pub fn new(target: Target, max_concurrency: usize, token: Option<&str>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            target,
            client: Client::builder(TokioExecutor::new()).build(connector),
            limit: (max_concurrency > 0).then(|| Arc::new(Semaphore::new(max_concurrency))),
            token: token.and_then(|token| HeaderValue::from_str(token).ok()),
            healthy: AtomicBool::new(true),
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
        let url = format!("http://{}:{}{path}", self.target.host, self.target.port);
        let method = request.method().clone();
        *request.uri_mut() = url.parse().map_err(|_| CallError::Transport(format!("invalid URL {url:?}")))?;
        if let Some(token) = &self.token {
            request.headers_mut().insert("dapr-api-token", token.clone());
        }
        match self.client.request(request).await {
            Ok(response) => Ok(response.map(|body| guarded(Body::new(body), permit))),
            Err(error) => Err(CallError::Transport(transport_text(&method, &url, &self.target, &error))),
        }
    }
}

/// Keeps the permit alive as long as the body.
fn guarded(body: Body, permit: Option<OwnedSemaphorePermit>) -> Body {
    use http_body_util::BodyExt;
    match permit {
        None => body,
        Some(permit) => Body::new(body.map_frame(move |frame| {
            let _held = &permit;
            frame
        })),
    }
}

/// The text that the stock runtime's HTTP client gives.
fn transport_text(
    method: &hyper::Method,
    url: &str,
    target: &Target,
    error: &hyper_util::client::legacy::Error,
) -> String {
    let verb = method.as_str();
    let verb = format!("{}{}", &verb[..1], verb[1..].to_lowercase());
    let address = format!("{}:{}", target.host, target.port);
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            let text = match io.kind() {
                std::io::ErrorKind::ConnectionRefused => {
                    format!("dial tcp {address}: connect: connection refused")
                }
                std::io::ErrorKind::ConnectionReset => {
                    format!("read tcp {address}: connection reset by peer")
                }
                std::io::ErrorKind::BrokenPipe => format!("write tcp {address}: broken pipe"),
                _ => io.to_string(),
            };
            return format!("{verb} \"{url}\": {text}");
        }
        source = cause.source();
    }
    format!("{verb} \"{url}\": EOF")
}
