//! Kept-alive HTTP/1.1 connections to one server: the app, or another sidecar.
//!
//! Smaller than a general client on purpose. Connecting and sending are separate steps, so that a request
//! whose connection is refused comes back whole and can go to another instance, whatever its body is, and a
//! request never goes out twice.

mod shared;
mod tls;

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

pub use shared::Shared;
pub use tls::Tls;

/// A connection that was idle for longer is not used again: servers close idle ones (uvicorn after 5 s), and
/// a request must not meet that moment.
const IDLE: Duration = Duration::from_secs(2);
/// A connection whose last exchange isn't wound up within this time is given up.
const SETTLE: Duration = Duration::from_millis(50);

/// Why there is no response.
#[derive(Debug)]
pub enum Error {
    /// Nothing was sent; the request is whole.
    Connect(Box<Request<Body>>, io::Error),
    /// The request went out, fully or in part.
    Broken(hyper::Error),
}

/// The connections to one server. Requests must be in HTTP/1.1 form: a path, and a `Host` header.
pub struct Pool {
    host: String,
    port: u16,
    tls: Option<Tls>,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    /// The last one used is on top.
    connections: Vec<(SendRequest<Body>, Instant)>,
    /// Whether a task runs that drops old ones.
    swept: bool,
}

impl Pool {
    /// Nothing is connected yet.
    pub fn new(host: &str, port: u16) -> Arc<Self> {
        Self::with_tls(host, port, None)
    }

    /// The same, perhaps with TLS.
    pub fn with_tls(host: &str, port: u16, tls: Option<Tls>) -> Arc<Self> {
        Arc::new(Self { host: host.to_owned(), port, tls, idle: Mutex::default() })
    }

    /// Sends a request. `permit` is held until the body of the response has been read or dropped.
    pub async fn send(
        self: &Arc<Self>,
        mut request: Request<Body>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Response<Body>, Error> {
        while let Some(mut sender) = self.take() {
            if !sender.is_ready() {
                let ready = tokio::time::timeout(SETTLE, sender.ready()).await;
                if !matches!(ready, Ok(Ok(()))) {
                    continue;
                }
            }
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(self.wrap(response, sender, permit)),
                Err(mut error) => match error.take_message() {
                    // The server closed the connection before anything was sent.
                    Some(unsent) => request = unsent,
                    None => return Err(Error::Broken(error.into_error())),
                },
            }
        }
        // Seldom, and large.
        let mut sender = match Box::pin(self.connect()).await {
            Ok(sender) => sender,
            Err(error) => return Err(Error::Connect(Box::new(request), error)),
        };
        match sender.try_send_request(request).await {
            Ok(response) => Ok(self.wrap(response, sender, permit)),
            Err(mut error) => Err(match error.take_message() {
                Some(unsent) => Error::Connect(Box::new(unsent), io::ErrorKind::ConnectionReset.into()),
                None => Error::Broken(error.into_error()),
            }),
        }
    }

    async fn connect(&self) -> io::Result<SendRequest<Body>> {
        let stream = dial(&self.host, self.port).await?;
        match &self.tls {
            None => begin(stream).await,
            Some(tls) => begin(tls.connect(&self.host, stream).await?).await,
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle();
        while let Some((sender, since)) = idle.connections.pop() {
            if !sender.is_closed() && since.elapsed() < IDLE {
                return Some(sender);
            }
        }
        None
    }

    fn put(self: &Arc<Self>, sender: SendRequest<Body>) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle();
        idle.connections.push((sender, Instant::now()));
        if !std::mem::replace(&mut idle.swept, true) {
            tokio::spawn(Arc::clone(self).sweep());
        }
    }

    /// Closes what nobody uses any more, then ends.
    async fn sweep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(IDLE).await;
            let mut idle = self.idle();
            idle.connections.retain(|(sender, since)| !sender.is_closed() && since.elapsed() < IDLE);
            if idle.connections.is_empty() {
                idle.swept = false;
                return;
            }
        }
    }

    fn wrap(
        self: &Arc<Self>,
        response: Response<Incoming>,
        sender: SendRequest<Body>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Response<Body> {
        response.map(|body| {
            let back = Some((Arc::clone(self), sender));
            Body::new(Reply { body, done: false, back, _permit: permit })
        })
    }
}

/// Connects to a server.
pub async fn dial(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn begin<S>(stream: S) -> io::Result<SendRequest<Body>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    // Names as every other client writes them, for apps that compare them letter by letter.
    let mut client = http1::Builder::new();
    client.title_case_headers(true);
    let (sender, connection) = client.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // Ends when the sender is dropped or the server closes.
    tokio::spawn(connection);
    Ok(sender)
}

/// The body of a response; keeps its place, and gives the connection back, if it has one, when it was read to its end.
struct Reply {
    body: Incoming,
    done: bool,
    back: Option<(Arc<Pool>, SendRequest<Body>)>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl HttpBody for Reply {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) {
            self.done = true;
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

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some((pool, sender)) = self.back.take()
            && (self.done || self.body.is_end_stream())
        {
            pool.put(sender);
        }
    }
}

/// The text that Go's HTTP client gives for a connection that can't be made.
pub fn connect_text(host: &str, port: u16, error: &io::Error) -> String {
    let what = match error.kind() {
        io::ErrorKind::ConnectionRefused => "connect: connection refused".to_owned(),
        io::ErrorKind::TimedOut => "i/o timeout".to_owned(),
        io::ErrorKind::ConnectionReset => "connect: connection reset by peer".to_owned(),
        _ => error.to_string(),
    };
    format!("dial tcp {host}:{port}: {what}")
}

/// The text for an exchange that broke off; a cause of our own (`stream too large`) shows through.
pub fn broken_text(host: &str, port: u16, error: &hyper::Error) -> String {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(large) = cause.downcast_ref::<super::limit::TooLarge>() {
            return large.to_string();
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            return match io.kind() {
                io::ErrorKind::ConnectionReset => {
                    format!("read tcp {host}:{port}: read: connection reset by peer")
                }
                io::ErrorKind::BrokenPipe => format!("write tcp {host}:{port}: write: broken pipe"),
                _ => io.to_string(),
            };
        }
        source = cause.source();
    }
    if error.is_incomplete_message() { "EOF".into() } else { error.to_string() }
}
