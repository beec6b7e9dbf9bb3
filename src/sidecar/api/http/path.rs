//! Paths before routing (http-api reference, 0.2).

use hyper::http::uri::PathAndQuery;
use hyper::{Request, Uri};

use crate::sidecar::blocks::invoke::target_in_headers;

/// The address that is routed: cleaned, without a trailing slash, and with `+` for a space, as the stock runtime
/// reads path parameters. Paths that belong to an app keep their own. `None` when there is nothing to change.
pub fn for_routing<B>(request: &Request<B>) -> Option<Uri> {
    let uri = request.uri();
    if uri.path().starts_with(super::invoke::PREFIX) {
        return None;
    }
    let clean = cleaned(uri);
    let path = clean.as_ref().unwrap_or(uri);
    let fine = !path.path().ends_with('/') && !path.path().contains('+');
    if fine || target_in_headers(request.headers()).is_some() {
        return clean;
    }
    without_slash(path).map_or_else(|| with_spaces(path), |path| with_spaces(&path).or(Some(path))).or(clean)
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

/// The address with `%20` for each `+` of the path; `None` when it has none.
fn with_spaces(uri: &Uri) -> Option<Uri> {
    uri.path().contains('+').then(|| with_path(uri, &uri.path().replace('+', "%20")))?
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
    fn bad_escapes_are_found() {
        assert_eq!(bad_escape("a%20b%2F"), None);
        assert_eq!(bad_escape("a%zz"), Some(1));
        assert_eq!(bad_escape("a%20%2"), Some(4));
    }

    #[test]
    fn addresses_as_they_are_routed() {
        let routed = |path: &str, header: Option<&str>| {
            let mut request = Request::builder().uri(path);
            if let Some(target) = header {
                request = request.header("dapr-app-id", target);
            }
            for_routing(&request.body(()).unwrap()).map(|uri| uri.to_string())
        };
        let cases = [
            ("/v1.0/state/s/a+b?x=1+2", Some("/v1.0/state/s/a%20b?x=1+2")),
            ("/v1.0/state/s/a%2Bb", None),
            ("/v1.0/publish/p/t/", Some("/v1.0/publish/p/t")),
            ("/v1.0/publish//p/a+b/", Some("/v1.0/publish/p/a%20b")),
            ("/v1.0/invoke/app/method/a+b/", None),
        ];
        for (path, expected) in cases {
            assert_eq!(routed(path, None).as_deref(), expected, "{path}");
        }
        assert_eq!(routed("/a+b/", Some("app")), None);
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
