//! One HTTP/1.1 request to a sidecar, with errors worded as the stock command line words them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::error::system_text;
use crate::net::AGENT;
use crate::os::LocalSocket;

/// Where a sidecar's HTTP API listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// A port of 127.0.0.1.
    Tcp(u16),
    /// A Unix socket: the file itself, not the directory that `--unix-domain-socket` names.
    Unix(PathBuf),
}

impl Endpoint {
    /// The HTTP socket of an app inside the directory of `--unix-domain-socket`.
    pub fn socket(directory: &Path, app_id: &str) -> Self {
        Self::Unix(directory.join(format!("dapr-{app_id}-http.socket")))
    }

    /// Scheme and authority of a URL at this endpoint: `http://127.0.0.1:3500`, or `http://unix`.
    pub fn base(&self) -> String {
        format!("http://{}", self.authority())
    }

    fn authority(&self) -> String {
        match self {
            Self::Tcp(port) => format!("127.0.0.1:{port}"),
            Self::Unix(_) => "unix".to_owned(),
        }
    }
}

impl fmt::Display for Endpoint {
    /// The address as it stands in a dial error: `tcp 127.0.0.1:3500`, `unix /tmp/dapr-a-http.socket`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(port) => write!(f, "tcp 127.0.0.1:{port}"),
            Self::Unix(path) => write!(f, "unix {}", path.display()),
        }
    }
}

/// Why there is no answer. The text begins with the request: `Post "http://127.0.0.1:3500/v1.0/…": `.
#[derive(Debug, thiserror::Error)]
#[error("{operation} \"{url}\": {cause}")]
pub struct Error {
    operation: String,
    url: String,
    /// What went wrong.
    pub cause: Cause,
}

/// What went wrong with a request.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    /// Nobody listens there, or the socket can't be used.
    #[error("dial {endpoint}: connect: {}", system_text(error))]
    Connect {
        /// Where the connection was tried.
        endpoint: Endpoint,
        /// What the system said.
        error: io::Error,
    },
    /// No whole answer within the time that the caller set.
    #[error("context deadline exceeded")]
    Timeout,
    /// The connection broke, or the answer isn't HTTP.
    #[error("{0}")]
    Transport(#[source] hyper::Error),
    /// The answer's body broke off or is larger than the caller takes.
    #[error("{0}")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The answer's status is not what the caller can use (only from [`super::metadata`]).
    #[error("unexpected status code {0}")]
    Status(u16),
    /// The answer's body is not what the caller can use (only from [`super::metadata`]).
    #[error("{0}")]
    Content(#[source] serde_json::Error),
}

impl Error {
    pub(super) fn new(endpoint: &Endpoint, method: &Method, uri: &Uri, cause: Cause) -> Self {
        Self { operation: operation(method), url: url(endpoint, uri), cause }
    }

    /// Whether the same request may succeed a moment later: nobody listens yet, a broken connection, a
    /// status 429 or 5xx.
    pub fn is_temporary(&self) -> bool {
        match &self.cause {
            Cause::Status(status) => *status == 429 || *status >= 500,
            Cause::Content(_) => false,
            _ => true,
        }
    }
}

/// `Get`, `Post`: the form of a method in the errors of Go's client.
fn operation(method: &Method) -> String {
    let (first, rest) = method.as_str().split_at(1);
    format!("{first}{}", rest.to_lowercase())
}

fn url(endpoint: &Endpoint, uri: &Uri) -> String {
    match uri.authority() {
        Some(_) => uri.to_string(),
        None => format!("{}{uri}", endpoint.base()),
    }
}

/// Sends one request and collects the whole answer, whatever its status is.
///
/// The request's URI is a path with an optional query, or a whole URL whose authority then becomes the `Host`
/// header; the connection goes to `endpoint` in both cases. `timeout` limits the whole exchange. Needs a tokio
/// runtime with I/O and time.
pub async fn send(
    endpoint: &Endpoint,
    request: Request<Bytes>,
    timeout: Option<Duration>,
) -> Result<Response<Bytes>, Error> {
    exchange(endpoint, request, timeout, usize::MAX).await
}

/// [`send`] for an answer of at most `limit` bytes.
pub(super) async fn exchange(
    endpoint: &Endpoint,
    request: Request<Bytes>,
    timeout: Option<Duration>,
    limit: usize,
) -> Result<Response<Bytes>, Error> {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let request = prepare(endpoint, request);
    let answer = async {
        match endpoint {
            Endpoint::Tcp(port) => {
                let stream = TcpStream::connect(("127.0.0.1", *port)).await;
                let stream = stream.map_err(|error| Cause::Connect { endpoint: endpoint.clone(), error })?;
                let _ = stream.set_nodelay(true);
                over(stream, request, limit).await
            }
            Endpoint::Unix(path) => {
                let stream = LocalSocket::connect(path).await;
                let stream = stream.map_err(|error| Cause::Connect { endpoint: endpoint.clone(), error })?;
                over(stream, request, limit).await
            }
        }
    };
    let result = match timeout {
        Some(limit) => tokio::time::timeout(limit, answer).await.unwrap_or(Err(Cause::Timeout)),
        None => answer.await,
    };
    result.map_err(|cause| Error::new(endpoint, &method, &uri, cause))
}

/// On the wire a request has a path only, and names its host in a header.
fn prepare(endpoint: &Endpoint, request: Request<Bytes>) -> Request<Full<Bytes>> {
    let (mut parts, body) = request.into_parts();
    let authority = parts.uri.authority().map_or_else(|| endpoint.authority(), ToString::to_string);
    if let Ok(host) = HeaderValue::from_str(&authority) {
        parts.headers.entry(HOST).or_insert(host);
    }
    parts.headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
    parts.uri = parts.uri.path_and_query().map_or_else(|| Uri::from_static("/"), |path| path.clone().into());
    Request::from_parts(parts, Full::new(body))
}

pub(super) async fn over<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    limit: usize,
) -> Result<Response<Bytes>, Cause>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(Cause::Transport)?;
    // The set ends the connection when this call is dropped, also by a timeout.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let (parts, body) = sender.send_request(request).await.map_err(Cause::Transport)?.into_parts();
    let body = Limited::new(body, limit).collect().await.map_err(Cause::Body)?;
    Ok(Response::from_parts(parts, body.to_bytes()))
}

#[cfg(test)]
mod tests;
