//! Service invocation (http-api reference, section 2), in all its forms of addressing.

use axum::body::{Body, to_bytes};
use axum::response::IntoResponse;
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use hyper::{Request, Response};
use percent_encoding::percent_decode_str;

use crate::sidecar::blocks::invoke::{self, method_path, target_in_headers};
use crate::sidecar::core::Core;
use crate::sidecar::error::ApiError;
use crate::sidecar::limit::TooLarge;

/// Start of every path that names its target.
pub const PREFIX: &str = "/v1.0/invoke/";

/// Calls the app that the path or the headers name.
pub async fn answer(core: &Core, request: Request<Body>) -> Response<Body> {
    match call(core, request).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

/// Calls the app that the headers name; the path is not looked at.
pub async fn answer_in_headers(core: &Core, request: Request<Body>) -> Response<Body> {
    if target_in_headers(request.headers()).is_none() {
        return invoke::no_target().into_response();
    }
    answer(core, request).await
}

async fn call(core: &Core, request: Request<Body>) -> Result<Response<Body>, ApiError> {
    let uri = request.uri().clone();
    // The headers come first: the path is the app's then, whatever it looks like.
    let (target, method) = match target_in_headers(request.headers()) {
        Some(target) => (target, uri.path()),
        None => in_path(uri.path().strip_prefix(PREFIX).ok_or_else(invoke::no_target)?)?,
    };
    let path = method_path(method, uri.query()).map_err(|error| invoke::failed(&target, error))?;
    if let Some(limit) = core.options.max_body_size
        && request.headers().get(CONTENT_LENGTH).and_then(length).is_some_and(|length| length > limit)
    {
        // It fails in any case; reading it lets the caller get this answer.
        let _ = to_bytes(request.into_body(), usize::MAX).await;
        return Err(invoke::failed(&target, TooLarge));
    }
    core.invoker.count(&target, &core.metrics);
    core.invoker.invoke(&target, &path, request).await
}

fn length(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.parse().ok()
}

/// Target and method of `<target>/method/<method>`; the target may be a URL with slashes of its own.
fn in_path(rest: &str) -> Result<(String, &str), ApiError> {
    let end = if is_url(rest) { rest.find("/method/") } else { rest.find('/') };
    let (target, rest) = rest.split_at(end.ok_or_else(invoke::no_target)?);
    let method = match rest.strip_prefix("/method") {
        Some(method) if method.starts_with('/') => method,
        _ => return Err(invoke::no_target()),
    };
    if target.is_empty() {
        return Err(invoke::no_target());
    }
    Ok((percent_decode_str(target).decode_utf8_lossy().into_owned(), method))
}

fn is_url(target: &str) -> bool {
    let start = |prefix: &str| target.get(..prefix.len()).is_some_and(|s| s.eq_ignore_ascii_case(prefix));
    ["http:/", "https:/"].into_iter().any(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_names_target_and_method() {
        assert_eq!(in_path("a/method/b/c").unwrap(), ("a".into(), "/b/c"));
        assert_eq!(in_path("a.ns/method/").unwrap(), ("a.ns".into(), "/"));
        for wrong in ["a", "a/method", "a/b", "a/methods/b", "/method/b"] {
            assert_eq!(in_path(wrong).unwrap_err(), invoke::no_target(), "{wrong}");
        }
        for (path, target) in [
            ("http://h:80/method/x", "http://h:80"),
            ("https:/h/base/method/x", "https:/h/base"),
            ("HTTP%3A%2F%2Fh/method/x", "HTTP://h"),
        ] {
            assert_eq!(in_path(path).unwrap(), (target.into(), "/x"), "{path}");
        }
        assert_eq!(in_path("http://h/x").unwrap_err(), invoke::no_target());
    }
}
