//! The CloudEvents envelope (http-api reference, 4.1).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::components::Metadata;

/// Type of an event that was published without an envelope.
pub const SENT: &str = "com.dapr.event.sent";

/// Where and how an event is published.
pub struct Context<'a> {
    /// `source`, unless overridden.
    pub app_id: &'a str,
    /// `pubsubname`.
    pub pubsub: &'a str,
    /// `topic`.
    pub topic: &'a str,
    /// As sent; `None` when there was none.
    pub content_type: Option<&'a str>,
    /// Overrides and `ttlInSeconds`.
    pub metadata: &'a Metadata,
    /// The span of the publish call.
    pub traceparent: &'a str,
    /// From the caller; may be empty.
    pub tracestate: &'a str,
}

/// Fields in alphabetical order, which is the order on the wire.
#[derive(Serialize)]
struct Envelope<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_base64: Option<String>,
    datacontenttype: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration: Option<String>,
    id: &'a str,
    pubsubname: &'a str,
    source: &'a str,
    specversion: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    time: String,
    topic: &'a str,
    traceid: &'a str,
    traceparent: &'a str,
    tracestate: &'a str,
    r#type: &'a str,
}

/// RFC 3339 with seconds, in the host's time zone.
fn stamp(time: Timestamp) -> String {
    time.to_zoned_datetime(TimeZone::system())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
        .replace("+00:00", "Z")
}

fn expiration(metadata: &Metadata) -> Option<String> {
    let seconds: i64 = metadata.get("ttlInSeconds")?.parse().ok().filter(|seconds| *seconds > 0)?;
    Timestamp::now().checked_add(SignedDuration::from_secs(seconds)).ok().map(stamp)
}

/// The media type without parameters, lower case.
fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether the body is a CloudEvent already.
pub fn is_event(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|kind| media_type(kind) == "application/cloudevents+json")
}

/// Wraps data, or completes an own CloudEvent. `None`: the body is no JSON object although it says so.
pub fn envelope(data: &[u8], context: &Context<'_>) -> Option<Bytes> {
    if is_event(context.content_type) { complete(data, context) } else { wrap(data, context) }
}

fn wrap(data: &[u8], context: &Context<'_>) -> Option<Bytes> {
    let kind = context.content_type.map(media_type).unwrap_or_default();
    let binary = matches!(kind.as_str(), "application/octet-stream" | "application/cloudevents+protobuf");
    let json = kind == "application/json" || kind.ends_with("+json");
    let as_text = || serde_json::value::to_raw_value(&String::from_utf8_lossy(data)).ok();
    let parsed: Option<&RawValue> = json.then(|| serde_json::from_slice(data).ok()).flatten();
    let text = if parsed.is_none() && !binary { as_text() } else { None };
    let over = |name: &str| context.metadata.get(name).map(String::as_str);
    let id = uuid::Uuid::new_v4().to_string();
    let traceparent = over("cloudevent.traceparent").unwrap_or(context.traceparent);
    let event = Envelope {
        data: parsed.or(text.as_deref()),
        data_base64: binary.then(|| BASE64_STANDARD.encode(data)),
        datacontenttype: context.content_type.unwrap_or("text/plain"),
        expiration: expiration(context.metadata),
        id: over("cloudevent.id").unwrap_or(&id),
        pubsubname: context.pubsub,
        source: over("cloudevent.source").unwrap_or(context.app_id),
        specversion: "1.0",
        subject: over("cloudevent.subject"),
        time: stamp(Timestamp::now()),
        topic: context.topic,
        traceid: over("cloudevent.traceid").unwrap_or(traceparent),
        traceparent,
        tracestate: over("cloudevent.tracestate").unwrap_or(context.tracestate),
        r#type: over("cloudevent.type").unwrap_or(SENT),
    };
    serde_json::to_vec(&event).ok().map(Bytes::from)
}

fn complete(data: &[u8], context: &Context<'_>) -> Option<Bytes> {
    // Raw values keep what the app wrote; a map sorts the keys.
    let mut event: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(data).ok()?;
    let mut set = |name: &str, value: &str, only_if_absent: bool| {
        if !(only_if_absent && event.contains_key(name))
            && let Ok(raw) = serde_json::value::to_raw_value(&Value::from(value))
        {
            event.insert(name.to_owned(), raw);
        }
    };
    set("topic", context.topic, false);
    set("pubsubname", context.pubsub, false);
    set("traceid", context.traceparent, true);
    set("traceparent", context.traceparent, true);
    set("tracestate", context.tracestate, true);
    set("time", &stamp(Timestamp::now()), true);
    set("source", "Dapr", true);
    set("type", SENT, true);
    set("specversion", "1.0", true);
    set("id", &uuid::Uuid::new_v4().to_string(), true);
    for (key, value) in context.metadata {
        if let Some(name) = key.strip_prefix("cloudevent.") {
            set(name, value, false);
        }
    }
    if let Some(expiration) = expiration(context.metadata) {
        set("expiration", &expiration, true);
    }
    serde_json::to_vec(&event).ok().map(Bytes::from)
}

/// The envelope that a raw subscription gets around a payload (5.4).
pub fn raw(payload: &[u8], pubsub: &str, topic: &str) -> Bytes {
    #[derive(Serialize)]
    struct Raw<'a> {
        data_base64: String,
        datacontenttype: &'a str,
        id: String,
        pubsubname: &'a str,
        source: &'a str,
        specversion: &'a str,
        topic: &'a str,
        r#type: &'a str,
    }
    let event = Raw {
        data_base64: BASE64_STANDARD.encode(payload),
        datacontenttype: "application/octet-stream",
        id: uuid::Uuid::new_v4().to_string(),
        pubsubname: pubsub,
        source: "Dapr",
        specversion: "1.0",
        topic,
        r#type: SENT,
    };
    serde_json::to_vec(&event).map(Bytes::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn made(data: &[u8], content_type: Option<&str>, pairs: &[(&str, &str)]) -> Option<Value> {
        let metadata = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let context = Context {
            app_id: "a",
            pubsub: "p",
            topic: "t",
            content_type,
            metadata: &metadata,
            traceparent: TRACE,
            tracestate: "",
        };
        envelope(data, &context).map(|bytes| serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn data_follows_the_content_type() {
        let json = made(br#"{"b":1}"#, Some("application/json"), &[]).unwrap();
        assert_eq!(
            (&json["data"]["b"], &json["datacontenttype"]),
            (&Value::from(1), &Value::from("application/json"))
        );
        assert_eq!(
            (&json["source"], &json["type"], &json["traceid"]),
            (&"a".into(), &SENT.into(), &TRACE.into())
        );
        let broken = made(b"{oops", Some("application/json"), &[]).unwrap();
        assert_eq!(broken["data"], "{oops");
        let none = made(b"hi", None, &[]).unwrap();
        assert_eq!((&none["data"], &none["datacontenttype"]), (&"hi".into(), &"text/plain".into()));
        let binary = made(&[0, 255], Some("application/octet-stream"), &[]).unwrap();
        assert_eq!(binary["data_base64"], "AP8=");
        assert!(binary.get("data").is_none());
    }

    #[test]
    fn overrides_and_expiration() {
        let event =
            made(b"1", Some("application/json"), &[("cloudevent.id", "x"), ("ttlInSeconds", "5")]).unwrap();
        assert_eq!(event["id"], "x");
        assert!(event["expiration"].as_str().unwrap() > event["time"].as_str().unwrap());
    }

    #[test]
    fn an_own_event_is_completed() {
        let own = br#"{"id":"1","source":"me","topic":"other","x":{"z":1,"a":2}}"#;
        let event = made(own, Some("application/cloudevents+json; charset=utf-8"), &[]).unwrap();
        assert_eq!(
            (&event["source"], &event["topic"], &event["x"]["a"]),
            (&"me".into(), &"t".into(), &2.into())
        );
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(made(b"nope", Some("application/cloudevents+json"), &[]), None);
    }
}
