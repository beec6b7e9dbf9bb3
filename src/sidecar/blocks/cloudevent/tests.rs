use serde_json::{Value, json};

use super::*;

fn metadata(pairs: &[(&str, &str)]) -> Metadata {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn publish(content_type: &str, data: &str, pairs: &[(&str, &str)]) -> Result<String, String> {
    let metadata = metadata(pairs);
    let trace = Context { parent: "00-a-b-01".into(), state: "k=v".into() };
    let publication = Publication {
        pubsub: "mem",
        topic: "t1",
        app_id: "app",
        content_type,
        data: data.as_bytes(),
        metadata: &metadata,
        trace: &trace,
    };
    publication.event().map(|event| String::from_utf8(event).unwrap())
}

/// The event with generated fields replaced by their names, if they have the form they should have.
fn settled(event: &str) -> String {
    type Form = fn(&str) -> bool;
    let value: Value = serde_json::from_str(event).unwrap();
    let mut text = event.to_owned();
    let checks: [(&str, Form); 3] = [
        ("id", |text| uuid::Uuid::try_parse(text).is_ok()),
        ("time", |text| text.parse::<Timestamp>().is_ok() && !text.contains('.')),
        ("expiration", |text| text.len() == "2026-01-02T03:04:05Z".len() && text.ends_with('Z')),
    ];
    for (name, has_form) in checks {
        if let Some(found) = value[name].as_str().filter(|found| has_form(found)) {
            text = text.replace(found, &format!("<{name}>"));
        }
    }
    text
}

#[test]
fn the_envelope_is_the_reference_one() {
    let event = publish("application/json", r#"{"orderId": 1}"#, &[("ttlInSeconds", "30")]).unwrap();
    let expected = r#"{"data":{"orderId": 1},"datacontenttype":"application/json","expiration":"<expiration>","id":"<id>","pubsubname":"mem","source":"app","specversion":"1.0","time":"<time>","topic":"t1","traceid":"00-a-b-01","traceparent":"00-a-b-01","tracestate":"k=v","type":"com.dapr.event.sent"}"#;
    assert_eq!(settled(&event), expected);
}

#[test]
fn the_content_type_decides_how_data_is_kept() {
    let cases = [
        ("application/json; charset=utf-8", "[1]", "data", json!([1]), "application/json; charset=utf-8"),
        ("application/vnd.x+JSON", " 5 ", "data", json!(5), "application/vnd.x+JSON"),
        ("application/json", "not json", "data", json!("not json"), "application/json"),
        ("", "plain \"x\"", "data", json!("plain \"x\""), "text/plain"),
        ("text/plain", "5", "data", json!("5"), "text/plain"),
        ("application/octet-stream", "abcd", "data_base64", json!("YWJjZA=="), "application/octet-stream"),
        (
            "application/cloudevents+protobuf",
            "a",
            "data_base64",
            json!("YQ=="),
            "application/cloudevents+protobuf",
        ),
    ];
    for (content_type, data, field, value, kept) in cases {
        let event: Value = serde_json::from_str(&publish(content_type, data, &[]).unwrap()).unwrap();
        assert_eq!((&event[field], &event["datacontenttype"]), (&value, &json!(kept)), "{content_type}");
    }
}

#[test]
fn metadata_overrides_attributes() {
    let overrides = [
        ("cloudevent.id", "me"),
        ("cloudevent.source", "here"),
        ("cloudevent.type", "mine"),
        ("Cloudevent.Subject", "what"),
        ("cloudevent.traceparent", "tp"),
        ("cloudevent.traceid", "ti"),
        ("cloudevent.tracestate", "ts"),
        ("ttlInSeconds", "-1"),
    ];
    let event = settled(&publish("", "x", &overrides).unwrap());
    let expected = r#"{"data":"x","datacontenttype":"text/plain","id":"me","pubsubname":"mem","source":"here","specversion":"1.0","subject":"what","time":"<time>","topic":"t1","traceid":"tp","traceparent":"tp","tracestate":"ts","type":"mine"}"#;
    assert_eq!(event, expected);
}

#[test]
fn the_time_to_live_is_seconds_or_a_duration() {
    let expires = |name: &str, value: &str| {
        let event: Value = serde_json::from_str(&publish("", "x", &[(name, value)]).unwrap()).unwrap();
        let expiration = event["expiration"].as_str()?.parse::<Timestamp>().unwrap();
        let time: Timestamp = event["time"].as_str().unwrap().parse().unwrap();
        Some(expiration.duration_since(time).as_secs())
    };
    for (name, value, seconds) in [
        ("ttlInSeconds", "30", 30),
        ("ttl", "1m30s", 90),
        ("ttlInSeconds", "2m", 120),
        ("ttlInSeconds", "0", 0),
    ] {
        let found = expires(name, value).unwrap();
        // A second may begin between the two times.
        assert!((seconds..=seconds + 1).contains(&found), "{name}={value}: {found}");
    }
    for value in ["-1", "soon", ""] {
        assert_eq!(expires("ttlInSeconds", value), None, "{value}");
    }
}

#[test]
fn an_event_of_the_app_is_completed() {
    let own = r#"{"specversion":"1.0","type":null,"id":"7","data":{"b": 12345678901234567890},"topic":"old","ext":[ 1 ],"traceid":"x"}"#;
    let event = settled(&publish("Application/CloudEvents+json; charset=utf-8", own, &[]).unwrap());
    let expected = r#"{"data":{"b": 12345678901234567890},"ext":[ 1 ],"id":"7","pubsubname":"mem","source":"Dapr","specversion":"1.0","time":"<time>","topic":"t1","traceid":"x","traceparent":"x","tracestate":"k=v","type":"com.dapr.event.sent"}"#;
    assert_eq!(event, expected);
    assert!(publish(MEDIA_TYPE, "[1]", &[]).is_err());
    assert!(publish(MEDIA_TYPE, "{", &[]).is_err());
}

#[test]
fn raw_payloads_are_wrapped() {
    let event = around_raw("mem", "raw", b"hi", &metadata(&[("other", "x")]));
    let expected = r#"{"data_base64":"aGk=","datacontenttype":"application/octet-stream","id":"<id>","pubsubname":"mem","source":"Dapr","specversion":"1.0","topic":"raw","type":"com.dapr.event.sent"}"#;
    assert_eq!(settled(std::str::from_utf8(&event).unwrap()), expected);
    let traced = around_raw("mem", "raw", b"hi", &metadata(&[("traceparent", "tp"), ("tracestate", "ts")]));
    let traced: Value = serde_json::from_slice(&traced).unwrap();
    assert_eq!((&traced["traceid"], &traced["tracestate"]), (&json!("tp"), &json!("ts")));
}

#[test]
fn binary_mode_takes_its_attributes_from_metadata() {
    let metadata = metadata(&[("ce_id", "1"), ("CE_Type", "t"), ("x", "y")]);
    assert!(has_attributes(&metadata));
    let event: Value = serde_json::from_slice(&from_binary("a/b", b"hi", &metadata)).unwrap();
    let expected = json!({"data_base64": "aGk=", "datacontenttype": "a/b", "id": "1", "type": "t"});
    assert_eq!(event, expected);
}

#[test]
fn peeking_reads_any_object() {
    let peek = Peek::of(br#"{"id":5,"data":{"id":"no"},"topic":"a\"b","traceid":null,"id":"last"}"#).unwrap();
    assert_eq!((peek.id.as_deref(), peek.topic.as_deref()), (Some("last"), Some("a\"b")));
    assert_eq!((peek.traceid.as_deref(), peek.has_expired()), (None, false));
    assert_eq!(Peek::of(b"{}").unwrap().shown_id(), "<nil>");
    for wrong in ["[]", "5", "", "{", "{\"id\":}"] {
        assert!(Peek::of(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(Peek::of(br#"{"expiration":"2020-01-01T00:00:00Z"}"#).unwrap().has_expired());
    assert!(!Peek::of(br#"{"expiration":"2999-01-01T00:00:00+02:00"}"#).unwrap().has_expired());
    assert!(!Peek::of(br#"{"expiration":"soon"}"#).unwrap().has_expired());
}
