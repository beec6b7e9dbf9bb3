//! An event taken apart, for transports that carry its attributes one by one instead of as JSON (grpc-api reference,
//! section 4).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;

use super::is_json;
use super::peek::text;

/// An event in parts; attributes that it lacks are empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parts {
    /// `id`.
    pub id: String,
    /// `source`.
    pub source: String,
    /// `type`.
    pub kind: String,
    /// `specversion`.
    pub spec_version: String,
    /// `datacontenttype`.
    pub data_content_type: String,
    /// The payload: the text of JSON, the content of a string, what base64 stands for.
    pub data: Bytes,
    /// All other attributes.
    pub extensions: BTreeMap<String, Value>,
}

impl Parts {
    /// Takes an event apart. The error is why it isn't one.
    pub fn of(event: &[u8]) -> Result<Self, String> {
        let attributes: BTreeMap<String, &RawValue> =
            serde_json::from_slice(event).map_err(|error| error.to_string())?;
        let mut parts = Self::default();
        let (mut data, mut encoded) = (None, None);
        for (name, value) in attributes {
            let known = match name.as_str() {
                "id" => &mut parts.id,
                "source" => &mut parts.source,
                "type" => &mut parts.kind,
                "specversion" => &mut parts.spec_version,
                "datacontenttype" => &mut parts.data_content_type,
                "data" => {
                    data = Some(value);
                    continue;
                }
                "data_base64" => {
                    encoded = text(value);
                    continue;
                }
                _ => {
                    let value = serde_json::from_str(value.get()).map_err(|error| error.to_string())?;
                    parts.extensions.insert(name, value);
                    continue;
                }
            };
            *known = text(value).unwrap_or_default().into_owned();
        }
        parts.data = match (encoded, data) {
            (Some(encoded), _) => {
                STANDARD.decode(&*encoded).map_err(|error| format!("data_base64: {error}"))?.into()
            }
            (None, Some(data)) => payload(data, &parts.data_content_type),
            (None, None) => Bytes::new(),
        };
        Ok(parts)
    }
}

fn payload(data: &RawValue, content_type: &str) -> Bytes {
    let json = data.get();
    let content = if is_json(content_type) { None } else { serde_json::from_str::<String>(json).ok() };
    match content {
        Some(content) => content.into(),
        None if json == "null" && !is_json(content_type) => Bytes::new(),
        None => Bytes::copy_from_slice(json.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attributes_and_extensions() {
        let event = br#"{"id":"1","source":"a\u0062","type":"t","specversion":"1.0","datacontenttype":"application/json",
            "data":{"a": 1},"time":"now","n":5,"list":[1,"x"],"subject":null}"#;
        let parts = Parts::of(event).unwrap();
        let texts = [&parts.id, &parts.source, &parts.kind, &parts.spec_version, &parts.data_content_type];
        assert_eq!(texts, ["1", "ab", "t", "1.0", "application/json"]);
        assert_eq!(&parts.data[..], br#"{"a": 1}"#);
        let extensions = json!({"time": "now", "n": 5, "list": [1, "x"], "subject": null});
        assert_eq!(json!(parts.extensions), extensions);
    }

    #[test]
    fn the_payload() {
        for (attributes, expected) in [
            (r#""datacontenttype":"text/plain","data":"h\u0069""#, Ok("hi")),
            (r#""data":"hi""#, Ok("hi")),
            (r#""datacontenttype":"application/json","data":"hi""#, Ok("\"hi\"")),
            (r#""datacontenttype":"application/json","data":null"#, Ok("null")),
            (r#""datacontenttype":"text/plain","data":[1]"#, Ok("[1]")),
            (r#""data":null"#, Ok("")),
            (r#""data_base64":"aGk=""#, Ok("hi")),
            (r#""data_base64":"aGk=","data":"other""#, Ok("hi")),
            (r#""data_base64":null,"data":"other""#, Ok("other")),
            (r#""n":1"#, Ok("")),
            (r#""data_base64":"?""#, Err("data_base64: Invalid symbol 63, offset 0.")),
        ] {
            let data = Parts::of(format!("{{{attributes}}}").as_bytes()).map(|parts| parts.data);
            let data = data.map(|data| String::from_utf8(data.to_vec()).unwrap());
            assert_eq!(data.as_deref().map_err(String::as_str), expected, "{attributes}");
        }
        assert!(Parts::of(b"[1]").is_err());
    }
}
