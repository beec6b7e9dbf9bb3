//! Who gets in: requests for this very host, with the token when there is one; and what changes something only comes
//! from our own pages. Browsers let any page send requests to this machine, and any name can be made to lead here.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue,
    LOCATION, ORIGIN, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::shared::Shared;
use super::view::path_segment;
use crate::net::is_same_secret;

/// The header with which our script says that it is our script; forms have a field of the same name.
pub const SESSION: &str = "x-dashboard-session";
const TOKEN: &str = "dashboard-token";
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets a request through, or answers it.
pub async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut response = match admit(&shared, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => *refusal,
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn admit(shared: &Shared, request: &Request) -> Result<(), Box<Response>> {
    let headers = request.headers();
    let refuse = |status, detail: &str| Err(Box::new(Problem::new(status, detail).json()));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_own_host(shared, host) {
        return refuse(StatusCode::MISDIRECTED_REQUEST, "this host name does not belong to the dashboard");
    }
    if let Some(token) = &shared.options.token {
        if let Some(given) = parameter(request.uri(), "token") {
            return if is_same_secret(given.as_bytes(), token.as_bytes()) {
                Err(Box::new(enter(request.uri(), token)))
            } else {
                refuse(StatusCode::UNAUTHORIZED, "the token is wrong")
            };
        }
        if !shows(headers, token) {
            return refuse(
                StatusCode::UNAUTHORIZED,
                "this dashboard has a token: open it with ?token=... once, or send it as a bearer token",
            );
        }
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    if shared.options.read_only {
        return refuse(StatusCode::FORBIDDEN, "the dashboard was started with --read-only");
    }
    let site = headers.get(SITE).and_then(|site| site.to_str().ok());
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let foreign = site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
        || origin.is_some_and(|origin| origin.strip_prefix("http://") != Some(host));
    if foreign {
        return refuse(StatusCode::FORBIDDEN, "requests of other pages may not change anything");
    }
    Ok(())
}

/// Whether a request knows what only our pages tell. `given` is the header's or the form field's value.
pub fn is_own_session(shared: &Shared, given: Option<&str>) -> bool {
    given.is_some_and(|given| is_same_secret(given.as_bytes(), shared.session.as_bytes()))
}

/// The names under which this dashboard is asked for: of this machine when it listens there only, and no name but
/// addresses when other machines reach it.
fn is_own_host(shared: &Shared, host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port.parse().ok()),
        _ => (host, Some(80)),
    };
    if port != Some(shared.port) {
        return false;
    }
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || !shared.options.address.is_loopback(),
        Err(_) => name.eq_ignore_ascii_case("localhost"),
    }
}

/// Whether a request has the token, as a cookie or as a bearer token.
fn shows(headers: &HeaderMap, token: &str) -> bool {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies =
        cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    bearer.is_some_and(|given| is_same_secret(given.as_bytes(), token.as_bytes()))
        || cookies.any(|(name, value)| {
            name == TOKEN && is_same_secret(value.as_bytes(), path_segment(token).as_bytes())
        })
}

/// Keeps the token in a cookie and leads to the same page without it, so that it stays in no address bar.
fn enter(uri: &Uri, token: &str) -> Response {
    // Cookies can't hold every character either.
    let cookie = format!("{TOKEN}={}; HttpOnly; SameSite=Strict; Path=/", path_segment(token));
    // One slash: two would lead to another host.
    let to = format!("/{}", uri.path().trim_start_matches('/'));
    (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, to)]).into_response()
}

fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
