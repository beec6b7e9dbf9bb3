//! Trace context on the API (http-api reference, 0.4): checked on the way in, given back on the way out.

use axum::body::Body;
use axum::response::IntoResponse;
use hyper::header::{HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Response, StatusCode};

use crate::sidecar::trace::is_valid;

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
