//! Accepting connections and serving them until told to stop; nothing here knows what is served.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::os::{SocketListener, SocketStream};
use crate::sidecar::listen::Listener;

/// A gRPC client that has sent nothing for this long is asked whether it is still there.
const PING: Duration = Duration::from_secs(10);
/// How long it has for the answer.
const PONG: Duration = Duration::from_secs(5);

/// How HTTP is spoken.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Largest head of a request in bytes.
    pub head: usize,
    /// Which versions, all of them without TLS.
    pub versions: Versions,
}

/// Versions of HTTP that a server understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// HTTP/1.1.
    One,
    /// HTTP/1.1 and HTTP/2.
    Both,
    /// HTTP/2, as gRPC needs it.
    Two,
}

/// The servers of one sidecar: stopped together.
#[derive(Default)]
pub struct Servers {
    tasks: TaskTracker,
    stop: CancellationToken,
    kill: CancellationToken,
}

impl Servers {
    /// Serves a socket in the background.
    pub fn add<H, F>(&self, listener: Listener, settings: Settings, handler: H)
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Body>> + Send + 'static,
    {
        let server = Server { servers: self.share(), builder: builder(settings), handler };
        match listener {
            Listener::Tcp(listener) => self.tasks.spawn(server.accept(listener)),
            Listener::Socket(listener) => self.tasks.spawn(server.accept(listener)),
        };
    }

    fn share(&self) -> Self {
        Self { tasks: self.tasks.clone(), stop: self.stop.clone(), kill: self.kill.clone() }
    }

    /// Cancelled when the servers are told to stop: what would go on for ever ends then.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Accepts no more, and waits until running requests are answered; returns whether that took less than
    /// `grace`. What still runs then is cut off.
    pub async fn stop(&self, grace: Duration) -> bool {
        self.stop.cancel();
        self.tasks.close();
        let in_time = tokio::time::timeout(grace, self.tasks.wait()).await.is_ok();
        self.kill.cancel();
        in_time
    }
}

fn builder(settings: Settings) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // hyper's buffer can't be smaller than 8 KiB, which is also what the stock limit of 4 KiB lets through.
    builder
        .http1()
        .max_buf_size((settings.head + 4096).max(8192))
        .header_read_timeout(None)
        .title_case_headers(true);
    let head = u32::try_from(settings.head).unwrap_or(u32::MAX);
    builder.http2().max_header_list_size(head.max(8192));
    match settings.versions {
        Versions::One => builder.http1_only(),
        Versions::Both => builder,
        Versions::Two => {
            // A client that has gone without a word is noticed; streams are cheap and may be many.
            builder
                .http2()
                .timer(TokioTimer::new())
                .keep_alive_interval(PING)
                .keep_alive_timeout(PONG)
                .max_concurrent_streams(None);
            builder.http2_only()
        }
    }
}

/// A socket that hands out connections.
trait Accept: Send + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Accept for SocketListener {
    type Stream = SocketStream;

    async fn next(&self) -> io::Result<SocketStream> {
        Ok(self.accept().await?.0)
    }
}

struct Server<H> {
    servers: Servers,
    builder: Builder<TokioExecutor>,
    handler: H,
}

impl<H, F> Server<H>
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    async fn accept(self, listener: impl Accept) {
        loop {
            let accepted = tokio::select! {
                () = self.servers.stop.cancelled() => return,
                accepted = listener.next() => accepted,
            };
            match accepted {
                Ok(stream) => self.serve(stream),
                // Out of descriptors, or a client that left again: neither ends the server.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }

    fn serve<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let handler = self.handler.clone();
        let service = service_fn(move |request| {
            let answer = handler(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let connection = self.builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let (stop, kill) = (self.servers.stop.clone(), self.servers.kill.clone());
        self.servers.tasks.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                biased;
                // A broken connection is the client's affair.
                _ = connection.as_mut() => return,
                () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
            }
            tokio::select! {
                _ = connection => {}
                () = kill.cancelled() => {}
            }
        });
    }
}
