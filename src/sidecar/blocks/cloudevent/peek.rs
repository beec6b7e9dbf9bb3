//! The attributes that delivery needs, read past everything else.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Some attributes of an event. Any JSON object can be read; the last of equal keys counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Peek<'a> {
    /// `id`; `<nil>` when there is none, as the stock log lines say.
    pub id: Option<Cow<'a, str>>,
    /// `topic`.
    pub topic: Option<Cow<'a, str>>,
    /// `expiration`.
    pub expiration: Option<Cow<'a, str>>,
    /// `traceparent`.
    pub traceparent: Option<Cow<'a, str>>,
    /// `traceid`.
    pub traceid: Option<Cow<'a, str>>,
    /// `tracestate`.
    pub tracestate: Option<Cow<'a, str>>,
}

impl<'a> Peek<'a> {
    /// Reads an event; the error is the parser's text.
    pub fn of(event: &'a [u8]) -> Result<Self, String> {
        serde_json::from_slice(event).map_err(|error| error.to_string())
    }

    /// `id` as log lines show it.
    pub fn shown_id(&self) -> &str {
        self.id.as_deref().unwrap_or("<nil>")
    }

    /// Whether its time has passed; an expiration that can't be read is none.
    pub fn has_expired(&self) -> bool {
        let at = self.expiration.as_deref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        at.is_some_and(|at| at < jiff::Timestamp::now())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Peek<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Attributes)
    }
}

struct Attributes;

impl<'de> Visitor<'de> for Attributes {
    type Value = Peek<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut peek = Peek::default();
        while let Some(name) = map.next_key::<String>()? {
            let attribute = match name.as_str() {
                "id" => &mut peek.id,
                "topic" => &mut peek.topic,
                "expiration" => &mut peek.expiration,
                "traceparent" => &mut peek.traceparent,
                "traceid" => &mut peek.traceid,
                "tracestate" => &mut peek.tracestate,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *attribute = text(map.next_value()?);
        }
        Ok(peek)
    }
}

/// A string's content; of other values their JSON text; nothing for null.
pub(super) fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let json = value.get();
    let plain = json.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match plain {
        Some(text) if !text.contains('\\') => Some(Cow::Borrowed(text)),
        Some(_) => match serde_json::from_str(json) {
            Ok(Value::String(text)) => Some(Cow::Owned(text)),
            _ => Some(Cow::Borrowed(json)),
        },
        None if json == "null" => None,
        None => Some(Cow::Borrowed(json)),
    }
}
