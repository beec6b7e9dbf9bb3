use axum::body::Body;
use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::components::Metadata;
use crate::components::pubsub::{Message, PubSub};
use crate::sidecar::blocks::testing::{Broker, manifest, send, shared};
use crate::sidecar::limit::TooLarge;
use crate::sidecar::trace;

fn app() -> (Router, Arc<Broker>) {
    let mut shared = shared("app");
    shared.namespace = "ns".into();
    let broker = Arc::new(Broker::default());
    let provider = || -> Arc<dyn PubSub> { Arc::<Broker>::clone(&broker) };
    shared.components.insert_pubsub(manifest("mem", "pubsub.fake", &[]), provider());
    let scoped = manifest("scoped", "pubsub.fake", &[("publishingScopes", "app=a")]);
    shared.components.insert_pubsub(scoped, provider());
    let namespaced = manifest("named", "pubsub.fake", &[("consumerID", "{namespace}")]);
    shared.components.insert_pubsub(namespaced, provider());
    let closed = Broker::default();
    closed.closed.store(true, std::sync::atomic::Ordering::SeqCst);
    shared.components.insert_pubsub(manifest("closed", "pubsub.fake", &[]), Arc::new(closed));
    let mut picky = Broker::default();
    picky.refused_text = Some("pepper");
    shared.components.insert_pubsub(manifest("picky", "pubsub.fake", &[]), Arc::new(picky));
    (routes().with_state(Arc::new(shared)), broker)
}

fn only(broker: &Broker) -> Message {
    let mut messages = broker.published();
    assert_eq!(messages.len(), 1);
    messages.remove(0)
}

#[tokio::test]
async fn a_message_becomes_an_event() {
    let (app, broker) = app();
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = [("content-type", "application/json"), ("traceparent", parent), ("tracestate", "a=b")];
    let path = "/v1.0/publish/mem/a/b%2Fc?metadata.foo=bar";
    let answer = send(&app, "POST", path, &headers, r#"{"x":1}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    let message = only(&broker);
    assert_eq!(message.topic, "a/b/c");
    assert_eq!(message.metadata, Metadata::from([("foo".into(), "bar".into())]));
    let event: Value = serde_json::from_slice(&message.data).unwrap();
    assert_eq!(
        (&event["data"], &event["topic"], &event["source"]),
        (&json!({"x":1}), &json!("a/b/c"), &json!("app"))
    );
    let child = event["traceparent"].as_str().unwrap();
    assert!(trace::is_valid(child) && child != parent && child[..36] == parent[..36], "{child}");
    assert_eq!((&event["traceid"], &event["tracestate"]), (&event["traceparent"], &json!("a=b")));
}

#[tokio::test]
async fn a_raw_payload_stays_as_it_is() {
    let (app, broker) = app();
    let answer = send(&app, "PUT", "/v1.0/publish/mem/t?metadata.rawPayload=true", &[], "<raw>").await;
    assert_eq!(answer.status, 204);
    assert_eq!(&only(&broker).data[..], b"<raw>");
}

#[tokio::test]
async fn topics_of_a_namespaced_component_get_the_namespace() {
    let (app, broker) = app();
    send(&app, "POST", "/v1.0/publish/named/t", &[], "x").await;
    let message = only(&broker);
    let event: Value = serde_json::from_slice(&message.data).unwrap();
    assert_eq!((message.topic.as_str(), &event["topic"]), ("nst", &json!("t")));
}

#[tokio::test]
async fn errors_are_the_reference_ones() {
    let (app, _) = app();
    let rich = |code: &str, message: &str, pubsub: &str, reason: &str, metadata: &str| {
        format!(
            r#"{{"errorCode":"{code}","message":"{message}","details":[{{"@type":"type.googleapis.com/google.rpc.ResourceInfo","description":"{message}","owner":"","resource_name":"{pubsub}","resource_type":"pubsub"}},{{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"dapr.io","metadata":{metadata},"reason":"{reason}"}}]}}"#
        )
    };
    let cases = [
        (
            "/v1.0/publish/nope/t?metadata.a=b",
            404,
            r#"{"errorCode":"ERR_PUBSUB_NOT_FOUND","message":"pubsub nope is not found","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"dapr.io","metadata":{"a":"b"},"reason":"DAPR_PUBSUB_NOT_FOUND"}]}"#.to_owned(),
        ),
        (
            "/v1.0/publish/scoped/b",
            403,
            rich(
                "ERR_PUBSUB_FORBIDDEN",
                "topic b is not allowed for app id app",
                "scoped",
                "DAPR_PUBSUB_FORBIDDEN",
                r#"{"error":"topic b is not allowed for app id app","topic":"b"}"#,
            ),
        ),
        (
            "/v1.0/publish/closed/broken",
            500,
            rich(
                "ERR_PUBSUB_PUBLISH_MESSAGE",
                "error when publishing to topic broken in pubsub closed: component is closed",
                "closed",
                "DAPR_PUBSUB_PUBLISH_MESSAGE",
                r#"{"error":"component is closed","topic":"broken"}"#,
            ),
        ),
        (
            "/v1.0/publish/mem/t?metadata.rawPayload=perhaps",
            400,
            rich(
                "ERR_PUBSUB_REQUEST_METADATA",
                "failed deserializing metadata. Error: rawPayload value must be a valid boolean: actual is 'perhaps'",
                "mem",
                "DAPR_PUBSUB_METADATA_DESERIALIZATION",
                r#"{"rawPayload":"perhaps"}"#,
            ),
        ),
    ];
    for (path, status, body) in cases {
        let answer = send(&app, "POST", path, &[], "x").await;
        assert_eq!((answer.status, answer.body), (status, body), "{path}");
    }
    let headers = [("content-type", "application/cloudevents+json")];
    let answer = send(&app, "POST", "/v1.0/publish/mem/t", &headers, "[]").await;
    let code = r#"{"errorCode":"ERR_PUBSUB_CLOUD_EVENTS_SER","message":"cannot create cloudevent","#;
    assert!(answer.status == 500 && answer.body.starts_with(code), "{}", answer.body);
    let answer = send(&app, "POST", "/v1.0/publish/mem/t", &headers, "{a}").await;
    let error = r#""error":"invalid character 'a' looking for beginning of object key string""#;
    assert!(answer.body.contains(error), "{}", answer.body);
}

#[tokio::test]
async fn a_topic_is_decoded_once() {
    let (app, broker) = app();
    assert_eq!(send(&app, "POST", "/v1.0/publish/mem/a%2Fb/%25zz", &[], "x").await.status, 204);
    let topics: Vec<String> = broker.published().into_iter().map(|message| message.topic).collect();
    assert_eq!(topics, ["a/b/%zz"]);
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_published() {
    let (app, broker) = app();
    let body = Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(TooLarge)]));
    let answer = send(&app, "POST", "/v1.0/publish/mem/t1", &[], body).await;
    let message = "error when publishing to topic t1 in pubsub mem: stream too large";
    assert!(answer.status == 500 && answer.body.contains(message), "{}", answer.body);
    assert!(broker.published().is_empty());
}

#[tokio::test]
async fn messages_of_a_bulk_become_events_of_their_own() {
    let (app, broker) = app();
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let body = r#"[{"entryId":"1","event":"text","contentType":"text/plain","metadata":{"own":"1","both":"own"}},
        {"EntryID":"2","event":{"a": 1},"contentType":"application/json"},
        {"entryId":"3","event":"aGk=","contentType":"application/octet-stream","metadata":null},
        {"entryId":"4","event":{"id":"mine","type":"t"},"contentType":"application/cloudevents+json"},
        {"entryId":"5","event":"<raw>","contentType":"text/plain","metadata":{"rawPayload":"true"}}]"#;
    for (method, version) in [("POST", "v1.0"), ("PUT", "v1.0-alpha1")] {
        let path = format!("/{version}/publish/bulk/named/a/b?metadata.common=c&metadata.both=common");
        let answer = send(&app, method, &path, &[("traceparent", parent)], body).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        let messages = broker.published();
        assert!(messages.iter().all(|message| message.topic == "nsa/b"));
        let shared = ["c", "own", "common"];
        let (first, second) = (&messages[0].metadata, &messages[1].metadata);
        assert_eq!([&first["common"], &first["both"], &second["both"]], shared);
        assert_eq!((first.len(), second.len()), (3, 2));
        assert_eq!(&messages[4].data[..], b"<raw>");
        let events: Vec<Value> =
            messages[..4].iter().map(|message| serde_json::from_slice(&message.data).unwrap()).collect();
        assert_eq!((&events[0]["data"], &events[1]["data"]), (&json!("text"), &json!({"a": 1})));
        assert_eq!((&events[2]["data_base64"], &events[3]["id"]), (&json!("aGk="), &json!("mine")));
        let spans: std::collections::BTreeSet<&str> =
            events.iter().map(|event| event["traceparent"].as_str().unwrap()).collect();
        assert_eq!(spans.len(), 4);
        assert!(spans.iter().all(|span| span[..36] == parent[..36]));
        assert!(events.iter().all(|event| event["topic"] == "a/b" && event["pubsubname"] == "named"));
    }
    assert_eq!(send(&app, "POST", "/v1.0/publish/bulk/mem/t", &[], "[]").await.status, 204);
    assert!(broker.published().is_empty());
}

#[tokio::test]
async fn a_bulk_that_cannot_be_understood_publishes_nothing() {
    let (app, broker) = app();
    let good = r#"{"entryId":"1","event":1,"contentType":"application/json"}"#;
    let no_id = "error marshaling events to bytes for topic t pubsub mem. error: entryId is duplicated or not present for entry";
    let mismatch = "error marshaling events to bytes for topic t pubsub mem. error: mismatch between contentType and event";
    let cases = [
        ("mem/t", format!("[{good},{good}]"), 400, "ERR_PUBSUB_EVENTS_SER", no_id),
        (
            "mem/t",
            r#"[{"event":1,"contentType":"application/json"}]"#.into(),
            400,
            "ERR_PUBSUB_EVENTS_SER",
            no_id,
        ),
        (
            "mem/t",
            format!(r#"[{good},{{"entryId":"2","event":1,"contentType":"text/plain"}}]"#),
            400,
            "ERR_PUBSUB_EVENTS_SER",
            mismatch,
        ),
        ("mem/t", r#"[{"entryId":"2","event":1}]"#.into(), 400, "ERR_PUBSUB_EVENTS_SER", mismatch),
        (
            "mem/t",
            "{bad".into(),
            400,
            "ERR_PUBSUB_EVENTS_SER",
            "error when unmarshaling the request for topic t pubsub mem: invalid character 'b' looking for beginning of object key string",
        ),
        ("nope/t", "{bad".into(), 404, "ERR_PUBSUB_NOT_FOUND", "pubsub nope is not found"),
        (
            "scoped/b",
            format!("[{good}]"),
            403,
            "ERR_PUBSUB_FORBIDDEN",
            "topic b is not allowed for app id app",
        ),
        (
            "mem/t?metadata.rawPayload=x",
            format!("[{good}]"),
            400,
            "ERR_PUBSUB_REQUEST_METADATA",
            "failed deserializing metadata. Error: rawPayload value must be a valid boolean: actual is 'x'",
        ),
        (
            "mem/t",
            format!(r#"[{good},{{"entryId":"2","event":[],"contentType":"application/cloudevents+json"}}]"#),
            500,
            "ERR_PUBSUB_CLOUD_EVENTS_SER",
            "cannot create cloudevent",
        ),
    ];
    for (path, body, status, code, message) in cases {
        let answer = send(&app, "POST", &format!("/v1.0/publish/bulk/{path}"), &[], body.clone()).await;
        let said: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status, &said["errorCode"]), (status, &json!(code)), "{body}");
        assert_eq!(said["message"], message, "{body}");
    }
    assert!(broker.published().is_empty());
}

#[tokio::test]
async fn entries_that_the_broker_refuses_are_named() {
    let (app, _) = app();
    let entry =
        |id: &str, text: &str| format!(r#"{{"entryId":"{id}","event":"{text}","contentType":"text/plain"}}"#);
    let body = format!("[{},{},{}]", entry("1", "pepper"), entry("2", "salt"), entry("3", "pepper"));
    let answer = send(&app, "POST", "/v1.0/publish/bulk/picky/t", &[], body).await;
    let expected = r#"{"failedEntries":[{"entryId":"1","error":"not this one"},{"entryId":"3","error":"not this one"}],"errorCode":"ERR_PUBSUB_PUBLISH_MESSAGE"}"#;
    assert_eq!((answer.status, answer.body.as_str()), (500, expected));
}
