//! Spans of gRPC calls, in both directions.

use dapr::dapr::proto::common::v1::{InvokeRequest, InvokeResponse, StateItem};
use dapr::dapr::proto::runtime::v1::{
    BulkSubscribeConfig, GetStateRequest, InvokeServiceRequest, ListTopicSubscriptionsResponse,
    PublishEventRequest, SaveStateRequest, TopicEventBulkResponse, TopicEventBulkResponseEntry,
    TopicEventResponse, TopicSubscription,
};
use dapr_cli::sidecar::Options;
use dapr_cli::sidecar::options::Protocol;
use serde_json::Value;
use tonic::{Request, Response, Status};

use super::app::{Answers, Got, GrpcApp};
use super::client;
use crate::support::{Sidecar, beside, component, resources};
use crate::trace::{PARENT, Zipkin, ids, tracing};

async fn traced(app: &GrpcApp, zipkin: &Zipkin) -> (Sidecar, [tempfile::TempDir; 2]) {
    let components = [component("bus", "pubsub.in-memory", &[]), component("memory", "state.in-memory", &[])];
    let (folder, config) = (resources(&components), tempfile::tempdir().unwrap());
    let options = Options {
        app_protocol: Protocol::Grpc,
        resources_paths: vec![folder.path().into()],
        config_files: vec![tracing(&config, zipkin.recorder.address, "1")],
        ..beside("a", app.address)
    };
    (Sidecar::ready(options).await, [folder, config])
}

fn with_parent<M>(message: M) -> Request<M> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("traceparent", PARENT.parse().unwrap());
    request.metadata_mut().insert("dapr-x", "y".parse().unwrap());
    request
}

#[tokio::test]
async fn a_call_tells_what_it_is_about() {
    let mut zipkin = Zipkin::start().await;
    let app = GrpcApp::start(Answers {
        invoke: Box::new(|_| Ok(Response::new(InvokeResponse::default()))),
        ..Answers::default()
    })
    .await;
    let (sidecar, _folders) = traced(&app, &zipkin).await;
    let mut client = client(&sidecar).await;
    let state = StateItem { key: "k".into(), value: b"1".to_vec(), ..StateItem::default() };
    let save = SaveStateRequest { store_name: "memory".into(), states: vec![state] };
    let answer = client.save_state(with_parent(save)).await.unwrap();
    let saved = zipkin.span("/dapr.proto.runtime.v1.dapr/savestate").await;
    let (trace, caller) = ids(PARENT);
    assert_eq!((&saved["traceId"], &saved["parentId"]), (&trace.into(), &caller.into()));
    let given = answer.metadata().get("traceparent").unwrap().to_str().unwrap();
    assert_eq!(ids(given), (trace, saved["id"].as_str().unwrap()));
    let expected = serde_json::json!({
        "dapr.api": "/dapr.proto.runtime.v1.Dapr/SaveState", "dapr.protocol": "grpc", "dapr-x": "y",
        "rpc.service": "Dapr", "db.system": "state", "db.name": "memory", "db.connection_string": "state",
        "db.statement": "/dapr.proto.runtime.v1.Dapr/SaveState",
        "otel.scope.name": "dapr-diagnostics", "service.name": "a",
    });
    assert_eq!((&saved["tags"], &saved["kind"]), (&expected, &"CLIENT".into()));
    let get = GetStateRequest { store_name: "nothing".into(), key: "k".into(), ..GetStateRequest::default() };
    client.get_state(get).await.unwrap_err();
    let got = zipkin.span("/dapr.proto.runtime.v1.dapr/getstate").await;
    assert_eq!(got["tags"]["error"], "state store nothing is not found");
    assert_eq!((got.get("parentId"), &got["tags"]["db.name"]), (None, &"nothing".into()));
    let message = InvokeRequest { method: "tea?x=1".into(), ..InvokeRequest::default() };
    let invoke = InvokeServiceRequest { id: "a".into(), message: Some(message) };
    client.invoke_service(invoke).await.unwrap();
    let invoked = zipkin.span("calllocal/a/tea").await;
    assert_eq!(invoked["tags"]["dapr.api"], "/dapr.proto.runtime.v1.Dapr/InvokeService");
    assert_eq!(invoked["remoteEndpoint"]["serviceName"], "a");
    sidecar.stop().await.unwrap();
}

fn subscriptions(bulk: bool) -> Answers {
    Answers {
        subscriptions: Box::new(move |()| {
            let config = BulkSubscribeConfig { enabled: bulk, ..BulkSubscribeConfig::default() };
            Ok(Response::new(ListTopicSubscriptionsResponse {
                subscriptions: vec![TopicSubscription {
                    pubsub_name: "bus".into(),
                    topic: "t".into(),
                    bulk_subscribe: Some(config),
                    ..TopicSubscription::default()
                }],
            }))
        }),
        event: Box::new(|_| Ok(Response::new(TopicEventResponse::default()))),
        bulk: Box::new(|bulk| {
            let entry = |id: &String| TopicEventBulkResponseEntry { entry_id: id.clone(), status: 0 };
            let statuses = bulk.entries.iter().map(|one| entry(&one.entry_id)).collect();
            Ok(Response::new(TopicEventBulkResponse { statuses }))
        }),
        ..Answers::default()
    }
}

fn event() -> Request<PublishEventRequest> {
    with_parent(PublishEventRequest {
        pubsub_name: "bus".into(),
        topic: "t".into(),
        data: b"{}".to_vec(),
        ..PublishEventRequest::default()
    })
}

#[tokio::test]
async fn an_event_is_traced_to_an_app_that_speaks_grpc() {
    let mut zipkin = Zipkin::start().await;
    let mut app = GrpcApp::start(subscriptions(false)).await;
    let (sidecar, _folders) = traced(&app, &zipkin).await;
    client(&sidecar).await.publish_event(event()).await.unwrap();
    let Got::Event(metadata, _) = app.next().await else { panic!("no event") };
    let published = zipkin.span("/dapr.proto.runtime.v1.dapr/publishevent").await;
    assert_eq!(published["tags"]["messaging.destination.name"], "t");
    let delivered = zipkin.span("pubsub/t").await;
    assert_eq!(delivered["parentId"], published["id"]);
    let told = metadata.get("traceparent").unwrap().to_str().unwrap();
    assert_eq!(ids(told), (ids(PARENT).0, delivered["id"].as_str().unwrap()));
    // Both forms say the same.
    assert!(metadata.get_bin("grpc-trace-bin").is_some());
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn several_events_have_a_span_each() {
    let mut zipkin = Zipkin::start().await;
    let app = GrpcApp::start(subscriptions(true)).await;
    let (sidecar, _folders) = traced(&app, &zipkin).await;
    client(&sidecar).await.publish_event(event()).await.unwrap();
    let delivered = zipkin.span("pubsub/t").await;
    assert_eq!((&delivered["traceId"], delivered["tags"].get("error")), (&ids(PARENT).0.into(), None));
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn a_forwarded_call_ends_with_its_trailers() {
    let mut zipkin = Zipkin::start().await;
    let app = GrpcApp::start(Answers::default()).await;
    let (sidecar, _folders) = traced(&app, &zipkin).await;
    let mut forwarded = tonic::client::Grpc::new(super::connect(&sidecar).await);
    forwarded.ready().await.unwrap();
    let mut request = with_parent(());
    request.metadata_mut().insert("dapr-app-id", "a".parse().unwrap());
    let path = "/shop.Orders/Cancel".parse().unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let failed: Status = forwarded.unary(request, path, codec).await.unwrap_err();
    assert_eq!(failed.code(), tonic::Code::Unimplemented);
    let span = zipkin.span("/shop.orders/cancel").await;
    assert_eq!((&span["tags"]["dapr-app-id"], &span["tags"]["dapr.api"]), (&"a".into(), &Value::Null));
    assert_eq!(span["tags"]["otel.status_code"], "ERROR");
    sidecar.stop().await.unwrap();
}
