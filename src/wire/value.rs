//! JSON as `google.protobuf.Value`, which is how jobs carry it between the APIs. Numbers become doubles there, and
//! objects lose the order of their fields.

use bytes::Bytes;
use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Proto};
use serde_json::{Number, Value};

/// Type URL of a `google.protobuf.Value` in an `Any`.
pub const TYPE_URL: &str = "type.googleapis.com/google.protobuf.Value";

/// The message that says what a JSON text says; `None` when the text isn't JSON.
pub fn encode(json: &[u8]) -> Option<Vec<u8>> {
    let json = serde_json::from_slice(json).ok()?;
    Some(from_json(json).encode_to_vec())
}

/// The JSON text that says what a message says; `None` when it isn't one. A message without content is no text.
pub fn decode(message: &[u8]) -> Option<String> {
    let message = Proto::decode(message).ok()?;
    Some(message.kind.map_or_else(String::new, |kind| into_json(kind).to_string()))
}

/// What an app gets over HTTP for a message in an `Any`: its JSON, or the bytes of any other message.
pub fn over_http(type_url: &str, message: &Bytes) -> Bytes {
    let json = (type_url == TYPE_URL).then(|| decode(message)).flatten();
    match json {
        Some(json) => Bytes::from(json),
        None if type_url == TYPE_URL => message.clone(),
        None => message.slice_ref(message.trim_ascii()),
    }
}

/// The message that says what a JSON value says.
pub fn from_json(json: Value) -> Proto {
    let kind = match json {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(value),
        // Numbers that don't fit are the nearest double, as in any reader of JSON that knows only those.
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(items) => {
            Kind::ListValue(ListValue { values: items.into_iter().map(from_json).collect() })
        }
        Value::Object(fields) => Kind::StructValue(Struct {
            fields: fields.into_iter().map(|(name, value)| (name, from_json(value))).collect(),
        }),
    };
    Proto { kind: Some(kind) }
}

fn into_json(kind: Kind) -> Value {
    let inner = |value: Proto| value.kind.map_or(Value::Null, into_json);
    match kind {
        Kind::NullValue(_) => Value::Null,
        Kind::BoolValue(value) => Value::Bool(value),
        Kind::NumberValue(number) => into_number(number),
        Kind::StringValue(text) => Value::String(text),
        Kind::ListValue(list) => Value::Array(list.values.into_iter().map(inner).collect()),
        Kind::StructValue(object) => {
            Value::Object(object.fields.into_iter().map(|(name, value)| (name, inner(value))).collect())
        }
    }
}

/// Whole numbers as such: `1`, not `1.0`.
fn into_number(number: f64) -> Value {
    /// Up to here doubles are exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_comes_back() {
        for text in [
            "null",
            "true",
            r#""<text> \" ""#,
            "1",
            "-0.5",
            "1e300",
            r#"[1,[],{"a":null}]"#,
            r#"{"message":"Hello","n":[1,2.5],"o":{"b":false}}"#,
        ] {
            let message = encode(text.as_bytes()).unwrap();
            let back: Value = serde_json::from_str(&decode(&message).unwrap()).unwrap();
            assert_eq!(back, serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        assert_eq!(decode(&encode(b"1.0").unwrap()).unwrap(), "1");
    }

    #[test]
    fn what_is_neither_is_refused() {
        assert_eq!(encode(b"{"), None);
        assert_eq!(decode(&[0xff, 0xff]), None);
        assert_eq!(decode(&[]).unwrap(), "");
    }
}
