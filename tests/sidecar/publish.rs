use dapr_cli::env::Env;
use dapr_cli::sidecar::{Options, trace};
use hyper::StatusCode;
use serde_json::{Value, json};

use crate::support::{Recorder, Sidecar, alone, beside, component, resources, send};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const JSON: (&str, &str) = ("content-type", "application/json");
const OWN: (&str, &str) = ("content-type", "application/cloudevents+json");

/// Publishes with its own sidecar to its own app, topics `t` and `raw` (with raw payloads).
struct Loop {
    sidecar: Sidecar,
    app: Recorder,
    _folder: tempfile::TempDir,
}

impl Loop {
    async fn start() -> Self {
        let app = Recorder::content(
            r#"[{"pubsubname":"mem","topic":"t","route":"/t"},{"pubsubname":"mem","topic":"a/b","route":"/ab"},
                {"pubsubname":"mem","topic":"raw","route":"/raw","metadata":{"rawPayload":"true"}}]"#,
        )
        .await;
        let folder = resources(&[component("mem", "pubsub.in-memory", &[])]);
        let options = Options { resources_paths: vec![folder.path().into()], ..beside("app", app.address) };
        Self { sidecar: Sidecar::ready(options).await, app, _folder: folder }
    }

    async fn publish(&self, path: &str, headers: &[(&str, &str)], body: &str) {
        let url = self.sidecar.url(&format!("/v1.0/publish/mem/{path}"));
        let answer = send("POST", &url, headers, body.to_owned()).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NO_CONTENT, ""));
    }
}

/// Takes a text field out that is different every time.
fn take(event: &mut Value, name: &str) -> String {
    let value = event.as_object_mut().unwrap().remove(name);
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[tokio::test]
async fn data_arrives_in_an_envelope() {
    let mut it = Loop::start().await;
    let headers = [JSON, ("traceparent", PARENT), ("tracestate", "a=b")];
    it.publish("t?metadata.foo=bar&metadata.ttlInSeconds=30", &headers, r#"{"orderId":1}"#).await;
    let got = it.app.next().await;
    assert_eq!(got.path, "/t");
    assert_eq!(got.header("content-type"), Some("application/cloudevents+json"));
    assert_eq!((got.header("pubsubname"), got.header("foo")), (Some("mem"), Some("bar")));
    assert_eq!(got.header("ttlinseconds"), Some("30"));
    let event: Value = serde_json::from_str(&got.body).unwrap();
    let text = |name: &str| event[name].as_str().unwrap();
    let (id, time, expiration, span) = (text("id"), text("time"), text("expiration"), text("traceparent"));
    let expected = format!(
        r#"{{"data":{{"orderId":1}},"datacontenttype":"application/json","expiration":"{expiration}","id":"{id}","pubsubname":"mem","source":"app","specversion":"1.0","time":"{time}","topic":"t","traceid":"{span}","traceparent":"{span}","tracestate":"a=b","type":"com.dapr.event.sent"}}"#
    );
    assert_eq!(got.body, expected);
    assert!(uuid::Uuid::try_parse(id).is_ok());
    let (start, end): (jiff::Timestamp, jiff::Timestamp) =
        (time.parse().unwrap(), expiration.parse().unwrap());
    assert!((29..=31).contains(&(end.as_second() - start.as_second())), "{time} {expiration}");
    assert!(trace::is_valid(span) && span != PARENT && span[..36] == PARENT[..36], "{span}");
    // The delivery is one span further.
    let delivery = got.header("traceparent").unwrap();
    assert!(delivery != span && delivery[..36] == span[..36], "{delivery}");
    assert_eq!(got.header("tracestate"), Some("a=b"));
}

#[tokio::test]
async fn the_content_type_decides_how_data_is_kept() {
    let mut it = Loop::start().await;
    let cases = [
        (Some("application/vnd.order+json"), "[1]", "data", json!([1]), "application/vnd.order+json"),
        (Some("application/json"), "not json", "data", json!("not json"), "application/json"),
        (None, "5", "data", json!("5"), "text/plain"),
        (Some("text/xml"), "<a/>", "data", json!("<a/>"), "text/xml"),
        (Some("application/octet-stream"), "hi", "data_base64", json!("aGk="), "application/octet-stream"),
    ];
    for (content_type, body, field, value, kept) in cases {
        let headers: Vec<_> = content_type.map(|kind| ("content-type", kind)).into_iter().collect();
        it.publish("t", &headers, body).await;
        let event: Value = serde_json::from_str(&it.app.next().await.body).unwrap();
        assert_eq!((&event[field], &event["datacontenttype"]), (&value, &json!(kept)), "{content_type:?}");
    }
}

#[tokio::test]
async fn metadata_overrides_attributes() {
    let mut it = Loop::start().await;
    let query = "metadata.cloudevent.id=7&metadata.cloudevent.source=me&metadata.cloudevent.type=mine&metadata.cloudevent.subject=what";
    it.publish(&format!("a/b?{query}"), &[], "x").await;
    let got = it.app.next().await;
    let event: Value = serde_json::from_str(&got.body).unwrap();
    let found = ["id", "source", "type", "subject", "topic"].map(|name| event[name].as_str().unwrap());
    assert_eq!((got.path.as_str(), found), ("/ab", ["7", "me", "mine", "what", "a/b"]));
}

#[tokio::test]
async fn an_event_of_the_apps_own_is_completed() {
    let mut it = Loop::start().await;
    let own = r#"{"specversion":"1.0","id":"7","type":"mine","data":{"b": 12345678901234567890},"topic":"old","ext":[ 1 ],"time":"then"}"#;
    it.publish("t", &[OWN, ("traceparent", PARENT)], own).await;
    let body = it.app.next().await.body;
    let mut event: Value = serde_json::from_str(&body).unwrap();
    let span = take(&mut event, "traceparent");
    let expected = format!(
        r#"{{"data":{{"b": 12345678901234567890}},"ext":[ 1 ],"id":"7","pubsubname":"mem","source":"Dapr","specversion":"1.0","time":"then","topic":"t","traceid":"{span}","traceparent":"{span}","tracestate":"","type":"mine"}}"#
    );
    assert_eq!(body, expected);
    let traced = format!(
        r#"{{"id":"8","traceid":"{PARENT}","tracestate":"x=y","expiration":"2999-01-01T00:00:00Z"}}"#
    );
    it.publish("t", &[OWN], &traced).await;
    let event: Value = serde_json::from_str(&it.app.next().await.body).unwrap();
    let found = ["traceid", "traceparent", "tracestate"].map(|name| event[name].as_str().unwrap());
    assert_eq!(found, [PARENT, PARENT, "x=y"]);
}

#[tokio::test]
async fn raw_payloads_have_no_envelope() {
    let mut it = Loop::start().await;
    // Published raw and received plainly: whatever object it is.
    it.publish("t?metadata.rawPayload=true", &[], r#"{ "any": 1 }"#).await;
    let got = it.app.next().await;
    assert_eq!((got.body.as_str(), got.header("rawpayload")), (r#"{ "any": 1 }"#, Some("true")));
    // Published raw and received raw: wrapped for the delivery.
    it.publish("raw?metadata.rawPayload=true", &[], "<hi>").await;
    let got = it.app.next().await;
    let mut event: Value = serde_json::from_str(&got.body).unwrap();
    let id = take(&mut event, "id");
    let expected = format!(
        r#"{{"data_base64":"PGhpPg==","datacontenttype":"application/octet-stream","id":"{id}","pubsubname":"mem","source":"Dapr","specversion":"1.0","topic":"raw","type":"com.dapr.event.sent"}}"#
    );
    assert_eq!((got.path.as_str(), got.body.as_str()), ("/raw", expected.as_str()));
    // Published with an envelope and received raw: the envelope is the payload.
    it.publish("raw", &[], "hi").await;
    let event: Value = serde_json::from_str(&it.app.next().await.body).unwrap();
    assert!(event["data_base64"].as_str().unwrap().starts_with("eyJkYXRhIjoiaGki"), "{event}");
}

#[tokio::test]
async fn what_cannot_be_published() {
    let folder = resources(&[
        component("mem", "pubsub.in-memory", &[]),
        component("scoped", "pubsub.in-memory", &[("publishingScopes", "other=x;app=a, b")]),
        component("listed", "pubsub.in-memory", &[("allowedTopics", "a"), ("protectedTopics", "p")]),
    ]);
    let options =
        Options { resources_paths: vec![folder.path().into()], max_body_size: Some(16), ..alone("app") };
    let sidecar = Sidecar::ready(options).await;
    let without = Sidecar::ready(alone("app")).await;
    let info = |reason: &str, metadata: Value| json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "dapr.io", "metadata": metadata, "reason": reason});
    let rich = |code: &str, message: &str, pubsub: &str, info: Value| {
        json!({"errorCode": code, "message": message, "details": [
            {"@type": "type.googleapis.com/google.rpc.ResourceInfo", "description": message, "owner": "",
                "resource_name": pubsub, "resource_type": "pubsub"}, info]})
    };
    let not_found = json!({"errorCode": "ERR_PUBSUB_NOT_FOUND", "message": "pubsub nope is not found",
        "details": [info("DAPR_PUBSUB_NOT_FOUND", json!({}))]});
    let forbidden = |pubsub: &str, topic: &str| {
        let text = format!("topic {topic} is not allowed for app id app");
        let info = info("DAPR_PUBSUB_FORBIDDEN", json!({"topic": topic, "error": text}));
        rich("ERR_PUBSUB_FORBIDDEN", &text, pubsub, info)
    };
    let raw =
        "failed deserializing metadata. Error: rawPayload value must be a valid boolean: actual is 'yes'";
    let raw_info = info("DAPR_PUBSUB_METADATA_DESERIALIZATION", json!({"rawPayload": "yes"}));
    let large = "error when publishing to topic t in pubsub mem: stream too large";
    let large_info = info("DAPR_PUBSUB_PUBLISH_MESSAGE", json!({"topic": "t", "error": "stream too large"}));
    let long = "x".repeat(17);
    let cases = [
        (&without, "nope/t", "x", 404, not_found.clone()),
        (&sidecar, "nope/t", "x", 404, not_found),
        (&sidecar, "scoped/c", "x", 403, forbidden("scoped", "c")),
        (&sidecar, "listed/p", "x", 403, forbidden("listed", "p")),
        (&sidecar, "listed/b", "x", 403, forbidden("listed", "b")),
        (
            &sidecar,
            "mem/t?metadata.rawPayload=yes",
            "x",
            400,
            rich("ERR_PUBSUB_REQUEST_METADATA", raw, "mem", raw_info),
        ),
        (&sidecar, "mem/t", &long, 500, rich("ERR_PUBSUB_PUBLISH_MESSAGE", large, "mem", large_info)),
    ];
    for (sidecar, path, body, status, expected) in cases {
        let answer = sidecar.post(&format!("/v1.0/publish/{path}"), body).await;
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!((answer.status.as_u16(), body), (status, expected), "{path}");
    }
    for body in ["nonsense", "[]", ""] {
        let answer = send("POST", &sidecar.url("/v1.0/publish/mem/t"), &[OWN], body).await;
        let mut body: Value = serde_json::from_str(&answer.body).unwrap();
        let cause = body["details"][1]["metadata"]["error"].take();
        assert!(cause.as_str().is_some_and(|cause| !cause.is_empty()), "{body}");
        let info = info("DAPR_PUBSUB_CLOUD_EVENT_CREATION", json!({"appID": "app", "error": null}));
        let expected = rich("ERR_PUBSUB_CLOUD_EVENTS_SER", "cannot create cloudevent", "mem", info);
        assert_eq!((answer.status.as_u16(), body), (500, expected));
    }
    for path in ["scoped/a", "scoped/b", "listed/a"] {
        let answer = send("PUT", &sidecar.url(&format!("/v1.0/publish/{path}")), &[], "x").await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}");
    }
}

#[tokio::test]
async fn apps_of_a_namespaced_component_meet_under_the_namespace() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("pubsub.db").to_string_lossy().into_owned();
    let metadata = [("connectionString", file.as_str()), ("consumerID", "{namespace}")];
    let folder = resources(&[component("named", "pubsub.sqlite", &metadata)]);
    let mut app = Recorder::content(r#"[{"pubsubname":"named","topic":"t","route":"/t"}]"#).await;
    let options = Options { resources_paths: vec![folder.path().into()], ..beside("app", app.address) };
    let sidecar = Sidecar::start_with(options, Env::of([("NAMESPACE", "ns")])).await;
    sidecar.until_ready().await;
    assert_eq!(sidecar.post("/v1.0/publish/named/t", "x").await.status, StatusCode::NO_CONTENT);
    let event: Value = serde_json::from_str(&app.next().await.body).unwrap();
    assert_eq!(event["topic"], "t");
    let connection = rusqlite::Connection::open(&file).unwrap();
    let topics: i64 = connection
        .query_row("SELECT count(*) FROM pubsub_messages WHERE topic = 'nst'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(topics, 1);
    sidecar.stop().await.unwrap();
}
