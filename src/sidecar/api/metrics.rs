//! The Prometheus endpoint: any path answers, as with the stock runtime.

use axum::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Response, StatusCode};

use crate::sidecar::core::Core;

/// Everything that was counted.
pub fn answer(core: &Core, method: &Method) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        return response;
    }
    let mut response = Response::new(Body::from(core.metrics.page()));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
