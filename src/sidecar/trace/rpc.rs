//! OTLP over gRPC: the one call that it takes, made with a client of the kind that posts to the other receivers, so
//! that TLS, proxies and time limits are theirs.

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::StatusCode;
use tonic::{Code, Status};

/// The full name of the method.
pub const METHOD: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// What stands before a message: whether it is compressed, and its length.
const HEAD: usize = 5;

/// A message as the body of a call.
pub fn body(message: &[u8]) -> Bytes {
    let mut body = BytesMut::with_capacity(HEAD + message.len());
    body.put_u8(0);
    body.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    body.put_slice(message);
    body.freeze()
}

/// Why the receiver did not take it, if so: read from the end of its answer.
pub async fn trouble(response: reqwest::Response) -> Option<String> {
    if response.status() != StatusCode::OK {
        return Some(format!("it answers with status {}", response.status().as_u16()));
    }
    let (head, body) = hyper::Response::<reqwest::Body>::from(response).into_parts();
    let trailers = match body.collect().await {
        Ok(answer) => answer.trailers().cloned().unwrap_or_default(),
        Err(error) => return Some(crate::net::cause(&error)),
    };
    // An answer without a message has one set of headers only.
    match Status::from_header_map(&trailers).or_else(|| Status::from_header_map(&head.headers)) {
        Some(status) if status.code() == Code::Ok => None,
        Some(status) => Some(format!("it answers {:?}: {}", status.code(), status.message())),
        None => Some("its answer is not one of gRPC; is protocol http meant?".to_owned()),
    }
}
