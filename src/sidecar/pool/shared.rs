//! One HTTP/2 connection to a server, which all requests share: the app when it speaks gRPC or HTTP/2, or another
//! sidecar. It is made when it is needed, and again when it has ended.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{Request, Response, Uri, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;

use super::{Error, Reply, Tls, dial};

/// Largest head of a response, in bytes.
const HEAD: u32 = 64 << 10;

/// The connection to one server.
pub struct Shared {
    host: String,
    port: u16,
    tls: Option<Tls>,
    authority: Authority,
    current: Mutex<Option<SendRequest<Body>>>,
    /// Held by the one who connects; the others wait for its result.
    connecting: tokio::sync::Mutex<()>,
}

impl Shared {
    /// Nothing is connected yet.
    pub fn new(host: &str, port: u16, tls: Option<Tls>) -> Self {
        let authority = format!("{host}:{port}").parse();
        Self {
            host: host.to_owned(),
            port,
            tls,
            authority: authority.unwrap_or(Authority::from_static("localhost")),
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        }
    }

    /// Sends a request, whose URI need only be a path. `permit` is held until the body of the response has been
    /// read or dropped.
    pub async fn send(
        &self,
        mut request: Request<Body>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Response<Body>, Error> {
        self.address(&mut request);
        let mut fresh = false;
        loop {
            let mut sender = match self.take() {
                Some(sender) => sender,
                // Seldom, and large.
                None => match Box::pin(self.connect()).await {
                    Ok((sender, made)) => {
                        fresh = made;
                        sender
                    }
                    Err(error) => return Err(Error::Connect(Box::new(request), error)),
                },
            };
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(hold(response, permit)),
                Err(mut error) => match error.take_message() {
                    // The server closed the connection before anything was sent.
                    Some(unsent) if fresh => {
                        return Err(Error::Connect(Box::new(unsent), io::ErrorKind::ConnectionReset.into()));
                    }
                    Some(unsent) => {
                        request = unsent;
                        self.forget();
                    }
                    None => return Err(Error::Broken(error.into_error())),
                },
            }
        }
    }

    fn address(&self, request: &mut Request<Body>) {
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.scheme = Some(if self.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP });
        parts.authority = Some(self.authority.clone());
        parts.path_and_query.get_or_insert(PathAndQuery::from_static("/"));
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        *request.version_mut() = Version::HTTP_2;
    }

    fn current(&self) -> MutexGuard<'_, Option<SendRequest<Body>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<SendRequest<Body>> {
        self.current().clone().filter(|sender| !sender.is_closed())
    }

    fn forget(&self) {
        *self.current() = None;
    }

    /// The connection, and whether it was made by this call.
    async fn connect(&self) -> io::Result<(SendRequest<Body>, bool)> {
        let _connecting = self.connecting.lock().await;
        if let Some(sender) = self.take() {
            return Ok((sender, false));
        }
        let stream = dial(&self.host, self.port).await?;
        let sender = match &self.tls {
            None => begin(stream).await?,
            Some(tls) => begin(tls.connect(&self.host, stream).await?).await?,
        };
        *self.current() = Some(sender.clone());
        Ok((sender, true))
    }
}

async fn begin<S>(stream: S) -> io::Result<SendRequest<Body>>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    builder.max_header_list_size(HEAD);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // Ends when the sender is dropped or the server closes.
    tokio::spawn(connection);
    Ok(sender)
}

fn hold(response: Response<Incoming>, permit: Option<OwnedSemaphorePermit>) -> Response<Body> {
    response.map(|body| match permit {
        None => Body::new(body),
        // The connection is everybody's: nothing is given back but the place.
        Some(permit) => Body::new(Reply { body, done: false, back: None, _permit: Some(permit) }),
    })
}
