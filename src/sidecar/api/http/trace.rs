//! Trace context on the API (http-api reference, 0.4): checked on the way in, given back on the way out.

use axum::body::Body;
use axum::response::IntoResponse;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

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
    /// Reads it; a `tracestate` that is too long is dropped, a broken baggage is the error.
    pub fn take(headers: &mut HeaderMap) -> Result<Self, String> {
        if headers.get(TRACESTATE).is_some_and(|state| state.len() > LONGEST_STATE) {
            headers.remove(TRACESTATE);
        }
        let baggage = headers.get(BAGGAGE).cloned();
        if let Some(baggage) = &baggage {
            check_baggage(baggage)?;
        }
        Ok(Self {
            parent: headers.get(TRACEPARENT).cloned(),
            state: headers.get(TRACESTATE).cloned(),
            baggage,
        })
    }

    /// Adds it to a response.
    pub fn give(self, headers: &mut HeaderMap) {
        headers.insert(TRACEPARENT, self.parent.unwrap_or(NONE));
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
    (StatusCode::BAD_REQUEST, format!("invalid baggage header: {reason}")).into_response()
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
    fn baggage_is_checked() {
        for fine in ["", "a=1", "a=1;p;q=2, b=%20x"] {
            assert_eq!(check_baggage(&HeaderValue::from_static(fine)), Ok(()), "{fine}");
        }
        for wrong in ["a", "=1", "a b=1", "a=\"x\""] {
            assert!(check_baggage(&HeaderValue::from_static(wrong)).is_err(), "{wrong}");
        }
    }
}
