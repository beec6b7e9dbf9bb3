use std::collections::HashMap;

use dapr::dapr::proto::runtime::v1::PublishEventRequest;
use dapr_cli::sidecar::Options;
use serde_json::Value;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use super::{client, parts};
use crate::support::{Recorder, Sidecar, beside, component, resources};

const SUBSCRIPTIONS: &str = r#"[{"pubsubname":"mem","topic":"t","route":"/t"},{"pubsubname":"mem","topic":"raw","route":"/raw","metadata":{"rawPayload":"true"}}]"#;
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn event(topic: &str, content_type: &str, data: &str) -> PublishEventRequest {
    PublishEventRequest {
        pubsub_name: "mem".into(),
        topic: topic.into(),
        data: data.into(),
        data_content_type: content_type.into(),
        metadata: HashMap::new(),
    }
}

async fn with_app(publishing_scopes: &str) -> (Sidecar, Recorder, tempfile::TempDir) {
    let app = Recorder::content(SUBSCRIPTIONS).await;
    let folder =
        resources(&[component("mem", "pubsub.in-memory", &[("publishingScopes", publishing_scopes)])]);
    let options = Options { resources_paths: vec![folder.path().into()], ..beside("a", app.address) };
    (Sidecar::ready(options).await, app, folder)
}

#[tokio::test]
async fn events_get_the_envelope_of_http() {
    let (sidecar, mut app, _folder) = with_app("").await;
    let mut dapr = client(&sidecar).await;
    let mut request = Request::new(event("t", "application/json", "{\"orderId\":1}"));
    request.metadata_mut().insert("traceparent", PARENT.parse().unwrap());
    dapr.publish_event(request).await.unwrap();
    let received = app.next().await;
    let envelope: Value = serde_json::from_str(&received.body).unwrap();
    assert_eq!((&envelope["data"]["orderId"], &envelope["source"]), (&Value::from(1), &Value::from("a")));
    assert_eq!(envelope["type"], "com.dapr.event.sent");
    let trace = envelope["traceparent"].as_str().unwrap();
    assert!(trace.starts_with(&PARENT[..36]) && trace != PARENT, "{trace}");
    dapr.publish_event(event("t", "", "plain")).await.unwrap();
    let envelope: Value = serde_json::from_str(&app.next().await.body).unwrap();
    assert_eq!((&envelope["data"], &envelope["datacontenttype"]), (&"plain".into(), &"text/plain".into()));
}

#[tokio::test]
async fn raw_payloads_carry_their_trace_beside_them() {
    let (sidecar, mut app, _folder) = with_app("").await;
    let mut raw = event("raw", "", "payload");
    raw.metadata.insert("rawPayload".into(), "true".into());
    let mut request = Request::new(raw);
    request.metadata_mut().insert("traceparent", PARENT.parse().unwrap());
    client(&sidecar).await.publish_event(request).await.unwrap();
    let event: Value = serde_json::from_str(&app.next().await.body).unwrap();
    assert_eq!(event["data_base64"], "cGF5bG9hZA==");
    assert!(event["traceparent"].as_str().unwrap().starts_with(&PARENT[..36]), "{event}");
}

#[tokio::test]
async fn errors_have_their_codes_and_details() {
    let (sidecar, _app, _folder) = with_app("a=t,raw").await;
    let mut dapr = client(&sidecar).await;
    let with = |pubsub: &str, topic: &str| PublishEventRequest {
        pubsub_name: pubsub.into(),
        ..event(topic, "", "x")
    };
    let cases = [
        (with("nope", "t"), Code::InvalidArgument, "pubsub nope is not found", "DAPR_PUBSUB_NOT_FOUND"),
        (with("", "t"), Code::InvalidArgument, "pubsub name is empty", "DAPR_PUBSUB_NAME_EMPTY"),
        (
            with("mem", ""),
            Code::InvalidArgument,
            "topic is empty in pubsub mem",
            "DAPR_PUBSUB_TOPIC_NAME_EMPTY",
        ),
        (
            with("mem", "other"),
            Code::PermissionDenied,
            "topic other is not allowed for app id a",
            "DAPR_PUBSUB_FORBIDDEN",
        ),
        (
            event("t", "application/cloudevents+json", "no event"),
            Code::InvalidArgument,
            "cannot create cloudevent",
            "DAPR_PUBSUB_CLOUD_EVENT_CREATION",
        ),
    ];
    for (request, code, message, reason) in cases {
        let error = dapr.publish_event(request).await.unwrap_err();
        assert_eq!(parts(&error), (code, message, Some(reason.into())));
        let resource = error.get_details_resource_info();
        assert_eq!(resource.is_none(), reason == "DAPR_PUBSUB_NOT_FOUND", "{reason}");
    }
}
