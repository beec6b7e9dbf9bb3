//! What requests of several building blocks have in common.

use axum::body::Body;
use axum::response::Response;
use hyper::StatusCode;
use percent_encoding::percent_decode_str;

use crate::components::Metadata;

/// The `metadata.*` entries of a query string: the prefix is case-sensitive, the first value of a repeated key
/// counts (http-api reference, 0.4).
pub fn metadata(query: Option<&str>) -> Metadata {
    let mut metadata = Metadata::new();
    for (name, value) in pairs(query.unwrap_or_default()) {
        if let Some(key) = name.strip_prefix("metadata.") {
            metadata.entry(key.to_owned()).or_insert(value);
        }
    }
    metadata
}

/// The first value of a query parameter.
pub fn parameter(query: Option<&str>, wanted: &str) -> Option<String> {
    pairs(query.unwrap_or_default()).find(|(name, _)| name == wanted).map(|(_, value)| value)
}

fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        (decode(name), decode(value))
    })
}

/// Path parameters are decoded once more than the URL is (0.2); what can't be decoded is answered with 400.
pub fn unescape(name: &str, value: &str) -> Result<String, Response> {
    let well_formed = value.match_indices('%').all(|(at, _)| {
        value.get(at + 1..at + 3).is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    });
    let decoded = percent_decode_str(value).decode_utf8();
    match decoded {
        Ok(text) if well_formed => Ok(text.into_owned()),
        _ => {
            let text = format!(
                "failed to unescape request parameter {name:?}. Error: invalid URL escape in {value:?}"
            );
            let mut response = Response::new(Body::from(text));
            *response.status_mut() = StatusCode::BAD_REQUEST;
            Err(response)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_taken_from_the_query() {
        let found = metadata(Some("metadata.a=1&metadata.a=2&Metadata.b=3&c=4&metadata.d=x%20y"));
        let expected = [("a", "1"), ("d", "x y")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(found, Metadata::from(expected));
    }

    #[test]
    fn a_bad_escape_is_refused() {
        assert_eq!(unescape("key", "a%2Fb").ok().as_deref(), Some("a/b"));
        assert_eq!(unescape("key", "%zz").unwrap_err().status(), StatusCode::BAD_REQUEST);
    }
}
