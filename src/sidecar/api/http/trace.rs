//! Trace context on the API (http-api reference, 0.4): checked on the way in, given back on the way out. And the
//! spans of API calls (observability reference, section 2).

use std::borrow::Cow;

use axum::body::Body;
use axum::response::IntoResponse;
use hyper::header::{HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Request, Response, StatusCode};

use super::invoke;
use crate::sidecar::blocks::invoke::target_in_headers;
use crate::sidecar::trace::{Kind, Span, Tracer, is_valid};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const BAGGAGE: HeaderName = HeaderName::from_static("baggage");
/// What a response carries when the caller sent nothing.
const NONE: HeaderValue = HeaderValue::from_static("00-00000000000000000000000000000000-0000000000000000-00");
const LONGEST_STATE: usize = 512;

/// The caller's trace context.
pub struct Context {
    parent: Option<HeaderValue>,
    state: Option<HeaderValue>,
    baggage: Option<HeaderValue>,
}

impl Context {
    /// Reads it; a `traceparent` that can't be read counts as none, a `tracestate` that is too long is dropped, a
    /// broken baggage is the error.
    pub fn take(headers: &mut HeaderMap) -> Result<Self, String> {
        if headers.get(TRACESTATE).is_some_and(|state| state.len() > LONGEST_STATE) {
            headers.remove(TRACESTATE);
        }
        let baggage = headers.get(BAGGAGE).cloned();
        if let Some(baggage) = &baggage {
            check_baggage(baggage)?;
        }
        Ok(Self {
            parent: headers.get(TRACEPARENT).filter(|parent| parent.to_str().is_ok_and(is_valid)).cloned(),
            state: headers.get(TRACESTATE).cloned(),
            baggage,
        })
    }

    /// Adds it to a response, unless that is an app's with a `traceparent` of its own.
    pub fn give(self, headers: &mut HeaderMap) {
        headers.entry(TRACEPARENT).or_insert(self.parent.unwrap_or(NONE));
        if let Some(state) = self.state {
            headers.insert(TRACESTATE, state);
        }
        if let Some(baggage) = self.baggage {
            headers.insert(BAGGAGE, baggage);
        }
    }
}

/// Begins the span of an API call. The request names it from then on, and so will the response.
pub fn begin<B>(tracer: &Tracer, context: &mut Context, request: &mut Request<B>) -> Option<Span> {
    let parent = context.parent.as_ref().and_then(|parent| parent.to_str().ok());
    let named = || match invoked(request) {
        Some((app, method)) => format!("CallLocal/{app}/{method}"),
        None => request.uri().path().to_owned(),
    };
    let mut span = tracer.begin(Kind::Client, parent, named)?;
    if span.is_told() {
        describe(&mut span, request);
    }
    let own = HeaderValue::from_str(span.traceparent()).ok()?;
    request.headers_mut().insert(TRACEPARENT, own.clone());
    context.parent = Some(own);
    Some(span)
}

/// App and method of an invocation, by its URL or by its headers.
fn invoked<B>(request: &Request<B>) -> Option<(Cow<'_, str>, &str)> {
    let path = request.uri().path();
    if let Some(target) = path.strip_prefix(invoke::PREFIX) {
        return target.split_once("/method/").map(|(app, method)| (app.into(), method));
    }
    if path.starts_with("/v1.0") {
        return None;
    }
    let app = target_in_headers(request.headers())?;
    Some((app.into(), path.trim_start_matches('/')))
}

fn describe<B>(span: &mut Span, request: &Request<B>) {
    let uri = request.uri();
    let path = uri.path();
    let statement = format!("{} {path}", request.method());
    span.set("dapr.api", &statement);
    span.set("dapr.protocol", "http");
    span.set("http.request.method", request.method());
    span.set("url.full", uri.path_and_query().map_or(path, |whole| whole.as_str()));
    span.headers(request.headers());
    if let Some((app, _)) = invoked(request) {
        span.set("rpc.service", "ServiceInvocation");
        span.set("net.peer.name", app);
        return;
    }
    let mut parts = path.trim_start_matches('/').split('/').skip(1);
    let system = parts.next().unwrap_or_default();
    let component = parts.next().unwrap_or_default();
    match system {
        "state" | "secrets" | "bindings" => {
            span.set("db.system", system);
            span.set("db.name", component);
            span.set("db.statement", statement);
            span.set("db.connection_string", system);
        }
        "publish" => span.set("messaging.system", "pubsub"),
        _ => {}
    }
}

/// The answer to a broken baggage.
pub fn refused(reason: &str) -> Response<Body> {
    let text = format!("invalid baggage header: {reason}\n");
    (StatusCode::BAD_REQUEST, [(X_CONTENT_TYPE_OPTIONS, "nosniff")], text).into_response()
}

/// W3C Baggage: `key=value` members, each with optional properties, separated by commas.
fn check_baggage(value: &HeaderValue) -> Result<(), String> {
    let text = value.to_str().map_err(|_| "not ASCII".to_owned())?;
    for member in text.split(',').map(str::trim).filter(|member| !member.is_empty()) {
        let pair = member.split(';').next().unwrap_or_default();
        let Some((key, value)) = pair.split_once('=') else {
            return Err(format!("invalid baggage list-member: {member:?}"));
        };
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if key.trim().is_empty() || !key.trim().bytes().all(token) {
            return Err(format!("invalid key: {:?}", key.trim()));
        }
        let octet = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
        if !value.trim().bytes().all(octet) {
            return Err(format!("invalid value: {:?}", value.trim()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_carries_a_trace_that_can_be_read() {
        const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
        let given = |sent: Option<&'static str>, of_app: Option<&'static str>| {
            let headers = |text: Option<&'static str>| -> HeaderMap {
                text.map(|text| (TRACEPARENT, HeaderValue::from_static(text))).into_iter().collect()
            };
            let mut response = headers(of_app);
            Context::take(&mut headers(sent)).unwrap().give(&mut response);
            response[TRACEPARENT].clone()
        };
        assert_eq!(given(Some(PARENT), None), PARENT);
        assert_eq!(given(None, None), NONE);
        assert_eq!(given(Some("junk"), None), NONE);
        assert_eq!(given(None, Some(PARENT)), PARENT);
    }

    #[test]
    fn baggage_is_checked() {
        for fine in ["", "a=1", "a=1;p;q=2, b=%20x"] {
            assert_eq!(check_baggage(&HeaderValue::from_static(fine)), Ok(()), "{fine}");
        }
        for wrong in ["a", "=1", "a b=1", "a=\"x\""] {
            assert!(check_baggage(&HeaderValue::from_static(wrong)).is_err(), "{wrong}");
        }
    }
}
