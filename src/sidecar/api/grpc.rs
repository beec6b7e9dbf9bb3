//! The gRPC port. The API behind it does not exist yet, and every call is told so.

use axum::body::Body;
use hyper::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};

/// `Unimplemented`, as an answer that has only trailers.
pub fn unimplemented() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from_static("12"));
    let text = "the gRPC API is not available in the embedded runtime yet";
    headers.insert("grpc-message", HeaderValue::from_static(text));
    response
}
