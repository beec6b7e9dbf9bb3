//! Paths before routing (http-api reference, 0.2).

use hyper::http::uri::PathAndQuery;
use hyper::{Request, Uri};
use percent_encoding::percent_decode_str;

use crate::sidecar::blocks::invoke::target_in_headers;

/// The address that is routed: cleaned, and without a trailing slash where no route has one. Paths that belong
/// to an app, and topics, keep their own. `None` when there is nothing to change.
pub fn for_routing<B>(request: &Request<B>) -> Option<Uri> {
    let uri = request.uri();
    if uri.path().starts_with(super::invoke::PREFIX) {
        return None;
    }
    let clean = cleaned(uri);
    let path = clean.as_ref().unwrap_or(uri);
    let keeps = |path: &str| !path.ends_with('/') || path.contains("/publish/");
    if keeps(path.path()) || target_in_headers(request.headers()).is_some() {
        return clean;
    }
    without_slash(path).or(clean)
}

/// Decodes a path parameter strictly, as Go does; the error is Go's text.
pub fn unescape(text: &str) -> Result<String, String> {
    if let Some(at) = bad_escape(text) {
        let end = text.len().min(at + 3);
        let shown = text.get(at..end).unwrap_or("%");
        return Err(format!("invalid URL escape {shown:?}"));
    }
    Ok(percent_decode_str(text).decode_utf8_lossy().into_owned())
}

/// Where a `%` without two hexadecimal digits is.
pub fn bad_escape(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'%', bytes)
        .find(|at| !bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

/// The address with duplicate slashes and dot segments taken out; `None` when there is nothing to change.
fn cleaned(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let dirty = path.contains("//") || path.contains("/./") || path.contains("/../");
    if !dirty && !path.ends_with("/.") && !path.ends_with("/..") {
        return None;
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let slash = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    with_path(uri, &format!("/{}{slash}", segments.join("/")))
}

/// The address without a trailing slash; `None` when it has none.
fn without_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/').filter(|path| !path.is_empty())?;
    with_path(uri, path)
}

fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(text.parse::<PathAndQuery>().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_checked() {
        assert_eq!(unescape("a%20b").unwrap(), "a b");
        assert_eq!(unescape("a%zz").unwrap_err(), "invalid URL escape \"%zz\"");
        assert_eq!(unescape("a%2").unwrap_err(), "invalid URL escape \"%2\"");
    }

    #[test]
    fn paths_are_cleaned() {
        let clean = |text: &str| cleaned(&text.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(clean("/v1.0//healthz").as_deref(), Some("/v1.0/healthz"));
        assert_eq!(clean("/a/../v1.0/./metadata?x=//").as_deref(), Some("/v1.0/metadata?x=//"));
        assert_eq!(clean("/../..").as_deref(), Some("/"));
        assert_eq!(clean("/a//").as_deref(), Some("/a/"));
        assert_eq!(clean("/v1.0/state/s/a..b"), None);
        assert_eq!(without_slash(&"/a/?b".parse().unwrap()).unwrap(), "/a?b");
        assert_eq!(without_slash(&"/".parse().unwrap()), None);
    }
}
