//! What all handlers read from a request: path parameters, `metadata.*`, the body. No rules of any API.

use std::borrow::Cow;
use std::convert::Infallible;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;

use super::path::bad_escape;
use crate::components::Metadata;
use crate::sidecar::error::ApiError;
use crate::sidecar::trace;

/// Why a request is answered without its handler's result.
#[derive(Debug)]
pub enum Rejection {
    /// An error body.
    Api(ApiError),
    /// Plain text.
    Plain(StatusCode, String),
}

impl From<ApiError> for Rejection {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        match self {
            Self::Api(error) => error.into_response(),
            Self::Plain(status, text) => (status, text).into_response(),
        }
    }
}

/// The parameters of the path, decoded.
#[derive(Debug)]
pub struct PathValues(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for PathValues {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let raw = RawPathParams::from_request_parts(parts, state).await.map_err(|error| {
            Rejection::Plain(StatusCode::BAD_REQUEST, format!("400 Bad Request: {}", error.body_text()))
        })?;
        Ok(Self(raw.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }
}

impl PathValues {
    /// The value of `{name}`; empty when the route has none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// The body, read as a whole.
#[derive(Debug)]
pub struct WholeBody(
    /// The bytes, or why they could not be read (`stream too large` beyond the limit); each API reports that in
    /// its own error.
    pub Result<Bytes, String>,
);

impl<S: Send + Sync> FromRequest<S> for WholeBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let body = to_bytes(request.into_body(), usize::MAX).await;
        Ok(Self(body.map_err(|error| error.to_string())))
    }
}

/// `metadata.<name>=<value>` of the query string; the first value of a repeated name counts.
pub fn metadata(query: Option<&str>) -> Metadata {
    let mut metadata = Metadata::new();
    for (name, value) in pairs(query) {
        if let Some(name) = name.strip_prefix("metadata.") {
            metadata.entry(name.to_owned()).or_insert_with(|| value.into_owned());
        }
    }
    metadata
}

/// The first value of a query parameter.
pub fn query_value<'a>(query: Option<&'a str>, wanted: &str) -> Option<Cow<'a, str>> {
    pairs(query).find(|(name, _)| name == wanted).map(|(_, value)| value)
}

/// All values of a query parameter.
pub fn query_values(query: Option<&str>, wanted: &str) -> Vec<String> {
    pairs(query).filter(|(name, _)| name == wanted).map(|(_, value)| value.into_owned()).collect()
}

/// The pairs of a query string, decoded; malformed ones are left out.
fn pairs(query: Option<&str>) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs.filter(|pair| bad_escape(pair).is_none()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['+', '%']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned())
}

/// The text of a header; `None` when it is absent or not text.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The trace context of the call's span; with a tracer that is on the headers name it already.
pub fn trace_context(headers: &HeaderMap, tracer: &trace::Tracer) -> trace::Context {
    let state = header(headers, "tracestate");
    match header(headers, "traceparent") {
        Some(own) if tracer.is_on() => trace::Context::of_span(own, state),
        parent => trace::Context::of_call(parent, state),
    }
}

/// `metadata.<name>` headers of a response; what can't be a header is left out.
pub fn give_metadata(headers: &mut HeaderMap, metadata: &Metadata) {
    for (name, value) in metadata {
        let name = HeaderName::from_bytes(format!("metadata.{name}").as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
}

/// A body that can't be read; some calls report the parser's text alone.
pub fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "ERR_MALFORMED_REQUEST", message)
}

/// The same, with the words that most calls put before it.
pub fn undecodable(cause: impl std::fmt::Display) -> ApiError {
    malformed(format!("failed deserializing HTTP body: {cause}"))
}

/// The bytes of a value in the body. Small ones are copied, so that a store that keeps them in memory does not
/// keep the whole request.
pub fn part_of(body: &Bytes, value: &RawValue) -> Bytes {
    const LARGE: usize = 64 * 1024;
    let bytes = value.get().as_bytes();
    if bytes.len() < LARGE { Bytes::copy_from_slice(bytes) } else { body.slice_ref(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_the_prefix_only_and_the_first_value() {
        let query =
            Some("metadata.a=1&metadata.a=2&Metadata.b=3&c=4&metadata.sp%61ce=x+y%2Bz&metadata.bad=%zz");
        let expected = [("a", "1"), ("space", "x y+z")];
        let expected: Metadata = expected.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        assert_eq!(metadata(query), expected);
        assert!(metadata(None).is_empty());
    }

    #[test]
    fn parameters_of_the_query() {
        assert_eq!(query_value(Some("a=1&b=%20"), "b").as_deref(), Some(" "));
        assert_eq!(query_value(Some("a=1"), "b"), None);
        assert_eq!(query_values(Some("a=1&b=2&a=%203&aa=4"), "a"), ["1", " 3"]);
    }
}
