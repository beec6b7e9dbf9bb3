//! Trace context of gRPC calls (observability reference, section 3): `grpc-trace-bin`, else the W3C headers, on
//! the way in; both on the way out.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use tonic::metadata::MetadataMap;

use crate::sidecar::trace::{BINARY, Context, Kind, Span, Tracer, from_binary, is_valid, to_binary};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// What a response carries when the caller sent nothing.
const NONE: &str = "00-00000000000000000000000000000000-0000000000000000-00";
const LONGEST_STATE: usize = 512;
/// What the response tells of the call's trace.
pub struct Given {
    parent: Option<HeaderValue>,
    state: Option<HeaderValue>,
}

impl Given {
    /// Reads the caller's context, which the headers name in the W3C form from then on.
    pub fn take(headers: &mut HeaderMap) -> Self {
        let binary = headers.remove(BINARY).and_then(|value| from_binary(&value));
        if let Some(parent) = binary.and_then(|parent| HeaderValue::from_str(&parent).ok()) {
            headers.insert(TRACEPARENT, parent);
        }
        if headers.get(TRACESTATE).is_some_and(|state| state.len() > LONGEST_STATE) {
            headers.remove(TRACESTATE);
        }
        Self {
            parent: headers.get(TRACEPARENT).filter(|parent| parent.to_str().is_ok_and(is_valid)).cloned(),
            state: headers.get(TRACESTATE).cloned(),
        }
    }

    /// Begins the call's span below it; the request and the response name that from then on.
    pub fn begin(
        &mut self,
        tracer: &Tracer,
        headers: &mut HeaderMap,
        name: impl FnOnce() -> String,
    ) -> Option<Span> {
        let parent = self.parent.as_ref().and_then(|parent| parent.to_str().ok());
        let span = tracer.begin(Kind::Client, parent, name)?;
        let own = HeaderValue::from_str(span.traceparent()).ok()?;
        headers.insert(TRACEPARENT, own.clone());
        self.parent = Some(own);
        Some(span)
    }

    /// Adds it to the headers of the response, unless an app has given its own.
    pub fn give(self, headers: &mut HeaderMap) {
        let parent = self.parent.unwrap_or(HeaderValue::from_static(NONE));
        if let Some(binary) = parent.to_str().ok().and_then(to_binary) {
            headers.entry(BINARY).or_insert(binary);
        }
        headers.entry(TRACEPARENT).or_insert(parent);
        if let Some(state) = self.state {
            headers.entry(TRACESTATE).or_insert(state);
        }
    }
}

/// The trace context of the call's span; with a tracer that is on the metadata names it already.
pub fn of_call(metadata: &MetadataMap, tracer: &Tracer) -> Context {
    let text = |name: &str| metadata.get(name).and_then(|value| value.to_str().ok());
    let state = text("tracestate");
    match text("traceparent") {
        Some(own) if tracer.is_on() => Context::of_span(own, state),
        parent => Context::of_call(parent, state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn the_binary_form_comes_first_and_both_go_out() {
        let other = "00-11111111111111111111111111111111-2222222222222222-00";
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_static(other));
        headers.insert(BINARY, to_binary(PARENT).unwrap());
        headers.insert(TRACESTATE, HeaderValue::from_static("a=b"));
        let given = Given::take(&mut headers);
        assert_eq!((headers[TRACEPARENT].to_str().unwrap(), headers.get(BINARY)), (PARENT, None));
        let mut response = HeaderMap::new();
        given.give(&mut response);
        assert_eq!(response[TRACEPARENT], PARENT);
        assert_eq!(from_binary(&response[BINARY]).as_deref(), Some(PARENT));
        assert_eq!(response[TRACESTATE], "a=b");
        let mut response = HeaderMap::new();
        Given::take(&mut HeaderMap::new()).give(&mut response);
        assert_eq!(response[TRACEPARENT], NONE);
    }
}
