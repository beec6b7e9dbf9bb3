//! The trace context in the binary form of `grpc-trace-bin`: version 0, then the fields trace id (0), span id (1)
//! and flags (2), in base64.

use std::fmt::Write as _;

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine as _};
use hyper::header::{HeaderName, HeaderValue};

/// Name of the header.
pub const BINARY: HeaderName = HeaderName::from_static("grpc-trace-bin");

/// Base64 as metadata has it: without padding, which some clients add nevertheless.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The `traceparent` that it stands for.
pub fn from_binary(value: &HeaderValue) -> Option<String> {
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

/// What stands for a `traceparent`.
pub fn to_binary(traceparent: &str) -> Option<HeaderValue> {
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

    #[test]
    fn it_says_the_same() {
        const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let binary = to_binary(PARENT).unwrap();
        assert_eq!(from_binary(&binary).as_deref(), Some(PARENT));
        let padded = format!("{}=", binary.to_str().unwrap());
        assert_eq!(from_binary(&HeaderValue::from_str(&padded).unwrap()).as_deref(), Some(PARENT));
        for wrong in ["", "AA", "????"] {
            assert_eq!(from_binary(&HeaderValue::from_static(wrong)), None, "{wrong}");
        }
    }
}
