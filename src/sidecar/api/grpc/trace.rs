//! Trace context of gRPC calls (observability reference, section 3): `grpc-trace-bin`, else the W3C headers, on
//! the way in; both on the way out.

use std::fmt::Write as _;

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine as _};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use tonic::metadata::MetadataMap;

use crate::sidecar::trace::{Context, Kind, Span, Tracer, is_valid};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
const BINARY: HeaderName = HeaderName::from_static("grpc-trace-bin");
/// What a response carries when the caller sent nothing.
const NONE: &str = "00-00000000000000000000000000000000-0000000000000000-00";
const LONGEST_STATE: usize = 512;
/// Base64 as metadata has it: without padding, which some clients add nevertheless.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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

/// The `traceparent` in the binary form: version 0, then the fields trace id (0), span id (1) and flags (2).
fn from_binary(value: &HeaderValue) -> Option<String> {
    let bytes = BASE64.decode(value).ok()?;
    let [0, 0, rest @ ..] = bytes.as_slice() else { return None };
    let (trace, rest) = rest.split_at_checked(16)?;
    let [1, rest @ ..] = rest else { return None };
    let (span, rest) = rest.split_at_checked(8)?;
    let [2, flags] = rest else { return None };
    let mut text = String::from("00");
    for part in [trace, span, std::slice::from_ref(flags)] {
        text.push('-');
        for byte in part {
            // Writing text to memory does not fail.
            let _ = write!(text, "{byte:02x}");
        }
    }
    Some(text)
}

fn to_binary(traceparent: &str) -> Option<HeaderValue> {
    let byte = |at: usize| u8::from_str_radix(traceparent.get(at..at + 2)?, 16).ok();
    let mut bytes = Vec::with_capacity(29);
    bytes.extend([0, 0]);
    for at in 0..16 {
        bytes.push(byte(3 + 2 * at)?);
    }
    bytes.push(1);
    for at in 0..8 {
        bytes.push(byte(36 + 2 * at)?);
    }
    bytes.extend([2, byte(53)?]);
    HeaderValue::from_str(&BASE64.encode(bytes)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn the_binary_form_says_the_same() {
        let binary = to_binary(PARENT).unwrap();
        assert_eq!(from_binary(&binary).as_deref(), Some(PARENT));
        let padded = format!("{}=", binary.to_str().unwrap());
        assert_eq!(from_binary(&HeaderValue::from_str(&padded).unwrap()).as_deref(), Some(PARENT));
        for wrong in ["", "AA", "????"] {
            assert_eq!(from_binary(&HeaderValue::from_static(wrong)), None, "{wrong}");
        }
    }

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
