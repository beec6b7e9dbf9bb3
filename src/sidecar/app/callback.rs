//! What calls of the app over HTTP have in common: paths and headers made of texts that others chose.

use std::borrow::Cow;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, utf8_percent_encode};

use crate::components::Metadata;
use crate::net::NOT_IN_A_URL;

/// What one part of a path can't hold as it is.
const NOT_IN_A_SEGMENT: &AsciiSet = &NOT_IN_A_URL.add(b'/').add(b'?').add(b'%');

/// Metadata that must not become headers: they describe the connection, or are ours.
const NOT_HEADERS: [&str; 12] = [
    "connection",
    "content-length",
    "content-type",
    "dapr-api-token",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-connection",
];

/// A path, and perhaps a query, as it can stand in a request; a missing leading slash is supplied.
pub fn path(text: &str) -> Cow<'_, str> {
    let encoded = Cow::from(utf8_percent_encode(text, NOT_IN_A_URL));
    if text.starts_with('/') { encoded } else { Cow::Owned(format!("/{encoded}")) }
}

/// One part of a path, whatever it holds.
pub fn segment(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, NOT_IN_A_SEGMENT).into()
}

/// Metadata as headers; what can't be one is left out.
pub fn headers(metadata: &Metadata) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(metadata.len() + 8);
    for (name, value) in metadata {
        // The name's own form is the canonical one: HTTP compares names without case.
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value))
            && !NOT_HEADERS.contains(&name.as_str())
        {
            headers.insert(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_can_stand_in_a_request() {
        assert_eq!(path("a b/c?d=é"), "/a%20b/c?d=%C3%A9");
        assert_eq!(path("/a"), "/a");
        assert_eq!(segment("a/b?c%"), "a%2Fb%3Fc%25");
    }

    #[test]
    fn metadata_that_describe_the_connection_are_no_headers() {
        let metadata = [("Host", "evil"), ("two words", "x"), ("X-A", "1"), ("line", "a\nb")];
        let metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let headers = headers(&metadata);
        assert_eq!((headers.len(), headers["x-a"].to_str().unwrap()), (1, "1"));
    }
}
