//! Bulk publishing, output bindings, configuration and locks.

use std::collections::HashMap;

use dapr::dapr::proto::runtime::v1::{
    BulkPublishRequest, BulkPublishRequestEntry, GetConfigurationRequest, InvokeBindingRequest,
    SubscribeConfigurationRequest, TryLockRequest, UnlockRequest, UnsubscribeConfigurationRequest,
};
use dapr_cli::sidecar::Options;
use tonic::{Code, Request};

use super::{client, parts};
use crate::support::{Recorder, Sidecar, alone, beside, component, resources};

#[tokio::test]
#[expect(deprecated, reason = "clients still call the older names")]
async fn several_messages_with_one_call() {
    let mut app = Recorder::content(r#"[{"pubsubname":"mem","topic":"t","route":"/t"}]"#).await;
    let folder = resources(&[component("mem", "pubsub.in-memory", &[("publishingScopes", "a=t")])]);
    let options = Options { resources_paths: vec![folder.path().into()], ..beside("a", app.address) };
    let sidecar = Sidecar::ready(options).await;
    let mut dapr = client(&sidecar).await;
    let entry = |id: &str, event: &str| BulkPublishRequestEntry {
        entry_id: id.into(),
        event: event.into(),
        content_type: "text/plain".into(),
        metadata: HashMap::new(),
    };
    let request = |topic: &str, entries| BulkPublishRequest {
        pubsub_name: "mem".into(),
        topic: topic.into(),
        entries,
        metadata: HashMap::new(),
    };
    let both = request("t", vec![entry("1", "one"), entry("2", "two")]);
    assert!(dapr.bulk_publish_event(both.clone()).await.unwrap().into_inner().failed_entries.is_empty());
    dapr.bulk_publish_event_alpha1(both).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..4 {
        let event: serde_json::Value = serde_json::from_str(&app.next().await.body).unwrap();
        seen.push(event["data"].as_str().unwrap().to_owned());
    }
    seen.sort();
    assert_eq!(seen, ["one", "one", "two", "two"]);
    let twice = request("t", vec![entry("1", "one"), entry("1", "two")]);
    let error = dapr.bulk_publish_event(twice).await.unwrap_err();
    assert!(
        error.message().starts_with("error marshaling events to bytes for topic t pubsub mem"),
        "{error}"
    );
    assert_eq!(
        (error.code(), parts(&error).2.as_deref()),
        (Code::InvalidArgument, Some("DAPR_PUBSUB_MARSHAL_EVENTS"))
    );
    let error = dapr.bulk_publish_event(request("other", vec![entry("1", "x")])).await.unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn output_bindings() {
    let files = tempfile::tempdir().unwrap();
    let folder = resources(&[component(
        "files",
        "bindings.localstorage",
        &[("rootPath", &files.path().to_string_lossy())],
    )]);
    let options = Options { resources_paths: vec![folder.path().into()], ..alone("a") };
    let sidecar = Sidecar::ready(options).await;
    let mut dapr = client(&sidecar).await;
    let call = |operation: &str, data: &str, name: &str| {
        let mut request = Request::new(InvokeBindingRequest {
            name: "files".into(),
            data: data.into(),
            metadata: HashMap::new(),
            operation: operation.into(),
        });
        // What stands beside the call counts as metadata of the binding too.
        request.metadata_mut().insert("filename", name.parse().unwrap());
        request
    };
    let named = |name: &str| HashMap::from([("fileName".to_owned(), name.to_owned())]);
    let create = InvokeBindingRequest {
        name: "files".into(),
        data: b"content".to_vec(),
        metadata: named("a.txt"),
        operation: "create".into(),
    };
    dapr.invoke_binding(create).await.unwrap();
    assert_eq!(fs_err::read(files.path().join("a.txt")).unwrap(), b"content");
    let get = InvokeBindingRequest {
        name: "files".into(),
        metadata: named("a.txt"),
        operation: "get".into(),
        ..InvokeBindingRequest::default()
    };
    assert_eq!(dapr.invoke_binding(get).await.unwrap().into_inner().data, b"content");
    let error = dapr.invoke_binding(call("nothing", "", "a.txt")).await.unwrap_err();
    assert!(
        error.message().starts_with("error invoking output binding files: binding files does not support"),
        "{error}"
    );
    assert_eq!(
        (error.code(), parts(&error).2.as_deref()),
        (Code::Internal, Some("ERR_INVOKE_OUTPUT_BINDING"))
    );
}

#[tokio::test]
async fn stores_that_are_not_there() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let mut dapr = client(&sidecar).await;
    let reason = Some("ERR_CONFIGURATION_STORE_NOT_CONFIGURED".to_owned());
    let expected = (Code::FailedPrecondition, "configuration stores not configured", reason);
    let request = GetConfigurationRequest { store_name: "x".into(), ..GetConfigurationRequest::default() };
    assert_eq!(parts(&dapr.get_configuration(request).await.unwrap_err()), expected);
    let request =
        SubscribeConfigurationRequest { store_name: "x".into(), ..SubscribeConfigurationRequest::default() };
    assert_eq!(parts(&dapr.subscribe_configuration(request).await.unwrap_err()), expected);
    let request = UnsubscribeConfigurationRequest { store_name: "x".into(), id: "zz".into() };
    assert_eq!(parts(&dapr.unsubscribe_configuration(request).await.unwrap_err()), expected);
    let expected = (Code::FailedPrecondition, "lock store is not configured", None);
    let request = TryLockRequest { store_name: "x".into(), ..TryLockRequest::default() };
    assert_eq!(parts(&dapr.try_lock_alpha1(request).await.unwrap_err()), expected);
    let request = UnlockRequest { store_name: "x".into(), ..UnlockRequest::default() };
    assert_eq!(parts(&dapr.unlock_alpha1(request).await.unwrap_err()), expected);
}
