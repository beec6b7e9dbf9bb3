//! Talking to a running sidecar over its HTTP API: one request on one connection, over TCP or a Unix socket.
//!
//! Knows nothing of how a sidecar was found, never prints, and holds no state between calls.

pub mod health;
pub mod http;
pub mod metadata;

pub use http::{Endpoint, Error, send};

/// A runtime that is enough for a few requests: one thread, which is the caller's.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()
}

#[cfg(test)]
mod testing {
    //! A server for one request.
    use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// Accepts one connection, answers it with `reply` and returns the whole request.
    pub async fn serve(listener: &TcpListener, reply: &str) -> String {
        answer(listener.accept().await.unwrap().0, reply).await
    }

    /// Reads a whole request, answers it with `reply` and returns it.
    pub async fn answer<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, reply: &str) -> String {
        let mut request = String::new();
        let mut part = [0; 4096];
        while !is_whole(&request) {
            let length = stream.read(&mut part).await.unwrap();
            assert!(length > 0, "the request broke off: {request}");
            request.push_str(std::str::from_utf8(&part[..length]).unwrap());
        }
        stream.write_all(reply.as_bytes()).await.unwrap();
        request
    }

    fn is_whole(request: &str) -> bool {
        let Some((head, body)) = request.split_once("\r\n\r\n") else {
            return false;
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        body.len() >= length.map_or(0, |length| length.parse().unwrap())
    }
}
