//! CloudEvents 1.0 as JSON: the envelope around what an app publishes (http-api reference, section 4.1), the
//! one around a raw payload on delivery (5.4), and a look at an event without taking it apart. The data of an
//! event is copied as text, never parsed into values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::engine::general_purpose::STANDARD;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use serde_json::value::RawValue;

use crate::components::Metadata;
use crate::components::properties::parse_duration;
use crate::sidecar::json::parse;
use crate::sidecar::trace::Context;

mod parts;
mod peek;

pub use parts::Parts;
pub use peek::Peek;

/// Media type of an event as JSON.
pub const MEDIA_TYPE: &str = "application/cloudevents+json";
const DEFAULT_TYPE: &str = "com.dapr.event.sent";
const DEFAULT_SOURCE: &str = "Dapr";

/// RFC 3339 with whole seconds.
const SECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(0));

/// What an app publishes.
#[derive(Debug)]
pub struct Publication<'a> {
    /// Pub/sub component.
    pub pubsub: &'a str,
    /// Topic, as the app named it.
    pub topic: &'a str,
    /// The publishing app.
    pub app_id: &'a str,
    /// Content type of the payload; empty when none was given.
    pub content_type: &'a str,
    /// The payload.
    pub data: &'a [u8],
    /// Message metadata: holds the overrides and the time to live.
    pub metadata: &'a Metadata,
    /// Trace context of the call.
    pub trace: &'a Context,
}

/// A metadata entry whose name the runtime itself knows; case does not matter in those.
pub(super) fn property<'a>(metadata: &'a Metadata, name: &str) -> Option<&'a str> {
    let found = metadata.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// The media type alone, without parameters.
fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// Whether the payload is an event already.
pub fn is_event(content_type: &str) -> bool {
    media_type(content_type).eq_ignore_ascii_case(MEDIA_TYPE)
}

/// Whether the payload is bytes that no text can hold.
pub fn is_binary(content_type: &str) -> bool {
    let media_type = media_type(content_type);
    ["application/octet-stream", "application/cloudevents+protobuf"]
        .iter()
        .any(|binary| media_type.eq_ignore_ascii_case(binary))
}

/// Whether the payload is text that is no JSON.
pub fn is_text(content_type: &str) -> bool {
    let media_type = media_type(content_type).as_bytes();
    let is_xml = media_type.eq_ignore_ascii_case(b"application/xml");
    is_xml || media_type.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"text/"))
}

/// Whether the payload is JSON.
pub fn is_json(content_type: &str) -> bool {
    let media_type = media_type(content_type).as_bytes();
    let suffix = media_type.len().checked_sub(b"+json".len()).and_then(|at| media_type.get(at..));
    media_type.eq_ignore_ascii_case(b"application/json")
        || suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case(b"+json"))
}

impl Publication<'_> {
    /// The event to publish. The error is the reason why an event of the app's own can't be read.
    pub fn event(&self) -> Result<Vec<u8>, String> {
        if is_event(self.content_type) { self.own() } else { Ok(self.envelope()) }
    }

    fn envelope(&self) -> Vec<u8> {
        let content_type = if self.content_type.is_empty() { "text/plain" } else { self.content_type };
        let mut event = Writer::with_capacity(self.data.len() + 512);
        if is_binary(content_type) {
            event.base64(self.data);
        } else {
            match json(self.data).filter(|_| is_json(content_type)) {
                Some(text) => event.json("data", text),
                None => event.text("data", &String::from_utf8_lossy(self.data)),
            }
        }
        event.text("datacontenttype", content_type);
        if let Some(expiration) = self.expiration() {
            event.text("expiration", &expiration);
        }
        match self.or_override("cloudevent.id") {
            Some(id) => event.text("id", id),
            None => event.new_id(),
        }
        event.text("pubsubname", self.pubsub);
        event.text("source", self.or_override("cloudevent.source").unwrap_or(self.app_id));
        event.text("specversion", "1.0");
        if let Some(subject) = self.or_override("cloudevent.subject") {
            event.text("subject", subject);
        }
        event.text("time", &now());
        event.text("topic", self.topic);
        // Both fields hold the same value; an override of either replaces it, `traceparent` first.
        let overridden =
            self.or_override("cloudevent.traceparent").or_else(|| self.or_override("cloudevent.traceid"));
        let parent = overridden.unwrap_or(&self.trace.parent);
        event.text("traceid", parent);
        event.text("traceparent", parent);
        event.text("tracestate", self.or_override("cloudevent.tracestate").unwrap_or(&self.trace.state));
        event.text("type", self.or_override("cloudevent.type").unwrap_or(DEFAULT_TYPE));
        event.finish()
    }

    /// The app's own event, completed. Everything that isn't named here stays as it was written.
    fn own(&self) -> Result<Vec<u8>, String> {
        let given: BTreeMap<String, &RawValue> = parse(self.data)?;
        let parent = ["traceparent", "traceid"].iter().find_map(|name| given.get(*name)).copied();
        let mut event: BTreeMap<&str, Cow<'_, str>> =
            given.iter().map(|(name, value)| (name.as_str(), Cow::Borrowed(value.get()))).collect();
        event.insert("topic", quoted(self.topic));
        event.insert("pubsubname", quoted(self.pubsub));
        if let Some(expiration) = self.expiration() {
            event.insert("expiration", quoted(&expiration));
        }
        let parent = parent.map_or_else(|| quoted(&self.trace.parent), |parent| Cow::Borrowed(parent.get()));
        for name in ["traceid", "traceparent"] {
            event.entry(name).or_insert_with(|| parent.clone());
        }
        event.entry("tracestate").or_insert_with(|| quoted(&self.trace.state));
        event.entry("time").or_insert_with(|| quoted(&now()));
        for (name, default) in [("source", DEFAULT_SOURCE), ("type", DEFAULT_TYPE), ("specversion", "1.0")] {
            let value = event.entry(name).or_insert(Cow::Borrowed("null"));
            if value == "null" {
                *value = quoted(default);
            }
        }
        let mut writer = Writer::with_capacity(self.data.len() + 512);
        for (name, text) in event {
            writer.json(name, &text);
        }
        Ok(writer.finish())
    }

    fn or_override(&self, name: &str) -> Option<&str> {
        property(self.metadata, name).filter(|value| !value.is_empty())
    }

    /// When the event is of no more use; no broker has a time to live of its own. It is a Go duration (`0`: at
    /// once) or a positive number of seconds; everything else counts as none.
    fn expiration(&self) -> Option<String> {
        let text = self.or_override("ttl").or_else(|| self.or_override("ttlInSeconds"))?;
        let time = match parse_duration(text) {
            Some(time) => SignedDuration::try_from(time).ok()?,
            None => SignedDuration::from_secs(text.parse().ok().filter(|seconds| *seconds > 0)?),
        };
        let at = Timestamp::now().checked_add(time).ok()?;
        Some(SECONDS.timestamp_to_string(&at))
    }
}

/// The event around a raw payload, for a subscription with `rawPayload`. Trace fields come from the message's
/// metadata.
pub fn around_raw(pubsub: &str, topic: &str, data: &[u8], metadata: &Metadata) -> Vec<u8> {
    let mut event = Writer::with_capacity(data.len() * 4 / 3 + 256);
    event.base64(data);
    event.text("datacontenttype", "application/octet-stream");
    event.new_id();
    event.text("pubsubname", pubsub);
    event.text("source", DEFAULT_SOURCE);
    event.text("specversion", "1.0");
    event.text("topic", topic);
    let trace = |name: &str| metadata.get(name);
    if let Some(parent) = trace("traceparent").or_else(|| trace("traceid")) {
        event.text("traceid", parent);
    }
    for name in ["traceparent", "tracestate"] {
        if let Some(value) = trace(name) {
            event.text(name, value);
        }
    }
    event.text("type", DEFAULT_TYPE);
    event.finish()
}

/// The event of a message in binary mode: its attributes are the `ce_*` entries of the message's metadata.
pub fn from_binary(content_type: &str, data: &[u8], metadata: &Metadata) -> Vec<u8> {
    let mut event = Writer::with_capacity(data.len() * 4 / 3 + 256);
    event.base64(data);
    event.text("datacontenttype", content_type);
    for (name, value) in metadata {
        if let Some(attribute) = attribute(name) {
            event.text(&attribute, value);
        }
    }
    event.finish()
}

/// Whether the message's metadata holds the attributes of an event.
pub fn has_attributes(metadata: &Metadata) -> bool {
    metadata.keys().any(|name| attribute(name).is_some())
}

fn attribute(name: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    name.strip_prefix("ce_").filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The payload as JSON text, if that is what it is.
fn json(data: &[u8]) -> Option<&str> {
    serde_json::from_slice::<&RawValue>(data).ok().map(RawValue::get)
}

fn quoted(text: &str) -> Cow<'static, str> {
    Cow::Owned(serde_json::Value::from(text).to_string())
}

/// The time with whole seconds, in the zone of this machine.
fn now() -> String {
    let now = jiff::ZonedDateTime::now();
    if now.offset().is_zero() {
        SECONDS.timestamp_to_string(&now.timestamp())
    } else {
        SECONDS.timestamp_with_offset_to_string(&now.timestamp(), now.offset())
    }
}

/// Writes one JSON object, key by key; the caller keeps the alphabetical order.
struct Writer(Vec<u8>);

impl Writer {
    fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    fn key(&mut self, name: &str) {
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        self.string(name);
        self.0.push(b':');
    }

    fn string(&mut self, text: &str) {
        // Writing text to memory does not fail.
        let _ = serde_json::to_writer(&mut self.0, text);
    }

    fn text(&mut self, name: &str, value: &str) {
        self.key(name);
        self.string(value);
    }

    fn new_id(&mut self) {
        let mut buffer = uuid::Uuid::encode_buffer();
        self.text("id", uuid::Uuid::new_v4().hyphenated().encode_lower(&mut buffer));
    }

    fn json(&mut self, name: &str, value: &str) {
        self.key(name);
        self.0.extend_from_slice(value.as_bytes());
    }

    fn base64(&mut self, data: &[u8]) {
        self.key("data_base64");
        self.0.push(b'"');
        let mut encoder = base64::write::EncoderWriter::new(&mut self.0, &STANDARD);
        let _ = std::io::Write::write_all(&mut encoder, data).and_then(|()| encoder.finish().map(drop));
        drop(encoder);
        self.0.push(b'"');
    }

    fn finish(mut self) -> Vec<u8> {
        if self.0.is_empty() {
            self.0.push(b'{');
        }
        self.0.push(b'}');
        self.0
    }
}

#[cfg(test)]
mod tests;
