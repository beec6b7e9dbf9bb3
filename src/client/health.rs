//! Whether a server says that it is well: sidecars, and the services around them.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Uri};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http::{Endpoint, exchange, over};
use super::metadata::authorise;
use crate::env::Env;
use crate::net::AGENT;

/// More than an answer to such a question has to say, in bytes.
const LIMIT: usize = 64 << 10;

/// Whether a sidecar is healthy, as it says within the time.
pub async fn sidecar(endpoint: &Endpoint, env: &Env, timeout: Duration) -> bool {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = Uri::from_static("/v1.0/healthz");
    authorise(&mut request, env);
    let answer = exchange(endpoint, request, Some(timeout), LIMIT).await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// Whether the HTTP server at the other end answers a path with success. Takes as long as it takes.
pub async fn http(stream: TcpStream, path: &'static str) -> bool {
    let mut request = Request::new(Full::default());
    *request.uri_mut() = Uri::from_static(path);
    let host = stream.peer_addr().ok().and_then(|address| HeaderValue::try_from(address.to_string()).ok());
    request.headers_mut().extend(host.map(|host| (HOST, host)));
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
    over(stream, request, LIMIT).await.is_ok_and(|answer| answer.status().is_success())
}

/// Whether a Redis at the other end serves. One that wants to know who asks does. Takes as long as it takes.
pub async fn redis(mut stream: TcpStream) -> bool {
    const GOOD: [&[u8]; 3] = [b"+PONG\r\n", b"-NOAUTH ", b"-NOPERM "];
    let mut answer = Vec::new();
    if stream.write_all(b"PING\r\n").await.is_err() {
        return false;
    }
    while GOOD.iter().any(|good| good.starts_with(&answer)) {
        if GOOD.contains(&answer.as_slice()) {
            return true;
        }
        match stream.read_u8().await {
            Ok(byte) => answer.push(byte),
            Err(_) => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn is_redis(answer: &str) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 6];
            stream.read_exact(&mut request).await.unwrap();
            assert_eq!(&request, b"PING\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let ask = async { redis(TcpStream::connect(listener.local_addr().unwrap()).await.unwrap()).await };
        tokio::join!(ask, serve).0
    }

    #[tokio::test]
    async fn only_a_redis_that_serves_is_well() {
        assert!(is_redis("+PONG\r\n").await);
        assert!(is_redis("-NOAUTH Authentication required.\r\n").await);
        assert!(!is_redis("-LOADING Redis is loading the dataset in memory\r\n").await);
        assert!(!is_redis("+PON").await);
        assert!(!is_redis("HTTP/1.1 400 Bad Request\r\n").await);
    }
}
