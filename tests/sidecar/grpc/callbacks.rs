//! What the sidecar asks and tells an app that speaks gRPC.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use dapr::dapr::proto::common::v1::http_extension::Verb;
use dapr::dapr::proto::common::v1::{HttpExtension, InvokeRequest, InvokeResponse, StateItem};
use dapr::dapr::proto::runtime::v1::topic_event_bulk_request_entry::Event as Form;
use dapr::dapr::proto::runtime::v1::topic_event_response::TopicEventResponseStatus;
use dapr::dapr::proto::runtime::v1::{
    BindingEventResponse, BulkSubscribeConfig, HealthCheckResponse, InvokeServiceRequest,
    ListInputBindingsResponse, ListTopicSubscriptionsResponse, TopicEventBulkRequest,
    TopicEventBulkRequestEntry, TopicEventBulkResponse, TopicEventBulkResponseEntry, TopicEventRequest,
    TopicEventResponse, TopicRoutes, TopicSubscription,
};
use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use dapr_cli::sidecar::options::{AppHealth, Protocol};
use hyper::StatusCode;
use prost_types::Any;
use prost_types::value::Kind;
use serde_json::json;
use tonic::metadata::MetadataMap;
use tonic::{Code, Response, Status};
use tonic_types::{ErrorInfo, StatusExt};

use super::app::{Answers, Got, GrpcApp};
use super::client;
use crate::support::{Sidecar, alone, beside, component, eventually, resources, send, within};

fn grpc(app_id: &str, app: &GrpcApp) -> Options {
    Options { app_protocol: Protocol::Grpc, ..beside(app_id, app.address) }
}

/// Answers with what it gets; fails on request.
fn echo(request: &InvokeRequest) -> Result<Response<InvokeResponse>, Status> {
    if request.method == "fail" {
        let info = ErrorInfo::new("REASON", "app", HashMap::new());
        let mut status = Status::with_error_details_vec(Code::NotFound, "not <here>", vec![info.into()]);
        status.metadata_mut().insert("x-own", "yes".parse().unwrap());
        return Err(status);
    }
    let mut response = Response::new(InvokeResponse {
        data: request.data.clone(),
        content_type: request.content_type.clone(),
    });
    response.metadata_mut().insert("x-own", "yes".parse().unwrap());
    Ok(response)
}

fn answers() -> Answers {
    Answers { invoke: Box::new(echo), ..Answers::default() }
}

/// The app's own sidecar, and another one that finds it.
async fn two(app: &GrpcApp) -> (Sidecar, Sidecar) {
    let own = Sidecar::start_with(grpc("own", app), Env::of([("APP_API_TOKEN", "app-token")])).await;
    own.until_ready().await;
    let home = own.home.path().to_string_lossy().into_owned();
    let other = Sidecar::start_with(alone("other"), Env::of([("HOME", &home)])).await;
    other.until_ready().await;
    (own, other)
}

async fn invoked(app: &mut GrpcApp) -> (MetadataMap, InvokeRequest) {
    match app.next().await {
        Got::Invoked(metadata, request) => (metadata, request),
        other => panic!("{other:?}"),
    }
}

fn text<'a>(metadata: &'a MetadataMap, name: &str) -> Option<&'a str> {
    metadata.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn callers_over_http() {
    let mut app = GrpcApp::start(answers()).await;
    let (own, other) = two(&app).await;
    for (sidecar, caller) in [(&own, None), (&other, Some("other"))] {
        let url = sidecar.url("/v1.0/invoke/own/method/a%20b/c?x=1");
        let headers = [("content-type", "text/plain"), ("accept", "*/*"), ("x-mine", "m")];
        let answer = send("PUT", &url, &headers, "body").await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "body"));
        assert_eq!(
            (answer.header("content-type"), answer.header("x-own")),
            (Some("text/plain"), Some("yes"))
        );
        assert_eq!((answer.header("dapr-invoke-message"), answer.header("grpc-status")), (None, None));
        let (metadata, request) = invoked(&mut app).await;
        assert_eq!((request.method.as_str(), request.content_type.as_str()), ("a b/c", "text/plain"));
        let extension = HttpExtension { verb: Verb::Put.into(), querystring: "x=1".into() };
        assert_eq!(request.http_extension, Some(extension));
        assert_eq!(text(&metadata, "dapr-accept"), Some("*/*"));
        assert_eq!(text(&metadata, "dapr-content-type"), Some("text/plain"));
        assert_eq!(
            (text(&metadata, "x-mine"), text(&metadata, "dapr-api-token")),
            (Some("m"), Some("app-token"))
        );
        assert_eq!(text(&metadata, "dapr-caller-app-id"), caller);
        assert!(metadata.get("traceparent").is_some() && metadata.get_bin("grpc-trace-bin").is_some());

        let answer = send("GET", &sidecar.url("/v1.0/invoke/own/method/fail"), &[], "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("x-own"), Some("yes"));
        assert_eq!(
            answer.body,
            r#"{"code":5,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"app","metadata":{},"reason":"REASON"}],"message":"not <here>"}"#
        );
        assert_eq!((answer.header("dapr-sidecar-error"), answer.header("grpc-status")), (None, None));
        invoked(&mut app).await;
    }
}

#[tokio::test]
async fn callers_over_grpc() {
    let mut app = GrpcApp::start(answers()).await;
    let (own, other) = two(&app).await;
    for sidecar in [&own, &other] {
        let mut dapr = client(sidecar).await;
        let call = |method: &str| InvokeServiceRequest {
            id: "own".into(),
            message: Some(InvokeRequest {
                method: method.into(),
                data: Some(Any { type_url: "type.googleapis.com/x.Y".into(), value: vec![0, 255] }),
                content_type: "application/x".into(),
                http_extension: None,
            }),
        };
        let response = dapr.invoke_service(call("m")).await.unwrap();
        assert_eq!(text(response.metadata(), "x-own"), Some("yes"));
        assert_eq!(text(response.metadata(), "dapr-http-status"), None);
        let data = Any { type_url: "type.googleapis.com/x.Y".into(), value: vec![0, 255] };
        let expected = InvokeResponse { data: Some(data.clone()), content_type: "application/x".into() };
        assert_eq!(response.into_inner(), expected);
        let (_, request) = invoked(&mut app).await;
        assert_eq!((request.method.as_str(), request.data, request.http_extension), ("m", Some(data), None));

        let error = dapr.invoke_service(call("fail")).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::NotFound, "not <here>"));
        assert_eq!(error.get_details_error_info().unwrap().reason, "REASON");
        assert_eq!(text(error.metadata(), "x-own"), Some("yes"));
        invoked(&mut app).await;
    }
}

#[tokio::test]
async fn an_app_that_is_not_there() {
    let unused = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let sidecar = Sidecar::start(Options { app_protocol: Protocol::Grpc, ..beside("own", unused) }).await;
    eventually(async || sidecar.get("/v1.0/healthz/outbound").await.status == StatusCode::NO_CONTENT).await;
    let answer = sidecar.get("/v1.0/invoke/own/method/m").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let port = unused.port();
    let cause = format!("Error while dialing: dial tcp 127.0.0.1:{port}: connect: connection refused");
    assert!(answer.body.contains(&cause), "{}", answer.body);
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn a_certificate_of_its_own_is_enough() {
    let mut app = GrpcApp::secure(answers()).await;
    let options = Options { app_protocol: Protocol::Grpcs, ..beside("own", app.address) };
    let sidecar = Sidecar::ready(options).await;
    let answer = sidecar.post("/v1.0/invoke/own/method/m", "x").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "x"));
    invoked(&mut app).await;
}

const OF_MEM: &str = "mem";

fn wants(topics: &[(&str, Option<&str>)]) -> ListTopicSubscriptionsResponse {
    let one = |(topic, path): &(&str, Option<&str>)| TopicSubscription {
        pubsub_name: OF_MEM.into(),
        topic: (*topic).into(),
        routes: path.map(|path| TopicRoutes { rules: Vec::new(), default: path.into() }),
        metadata: (*topic == "raw")
            .then(|| ("rawPayload".to_owned(), "true".to_owned()))
            .into_iter()
            .collect(),
        dead_letter_topic: if *topic == "raw" { String::new() } else { "dead".into() },
        ..TopicSubscription::default()
    };
    ListTopicSubscriptionsResponse { subscriptions: topics.iter().map(one).collect() }
}

async fn event(app: &mut GrpcApp) -> (MetadataMap, TopicEventRequest) {
    match app.next().await {
        Got::Event(metadata, request) => (metadata, request),
        other => panic!("{other:?}"),
    }
}

fn says(status: TopicEventResponseStatus) -> Response<TopicEventResponse> {
    Response::new(TopicEventResponse { status: status.into() })
}

#[tokio::test]
async fn events_reach_their_method() {
    let answers = Answers {
        subscriptions: Box::new(|()| Ok(Response::new(wants(&[("t", Some("/t")), ("raw", None)])))),
        event: Box::new(|_| Ok(says(TopicEventResponseStatus::Success))),
        ..Answers::default()
    };
    let mut app = GrpcApp::start(answers).await;
    let folder = resources(&[component(OF_MEM, "pubsub.in-memory", &[])]);
    let options = Options { resources_paths: vec![folder.path().into()], ..grpc("own", &app) };
    let sidecar = Sidecar::ready(options).await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let url = sidecar.url("/v1.0/publish/mem/t?metadata.foo=bar");
    let headers = [("content-type", "application/json"), ("traceparent", parent)];
    send("POST", &url, &headers, r#"{"orderId":1}"#).await;
    let (metadata, request) = event(&mut app).await;
    assert_eq!(
        (request.topic.as_str(), request.pubsub_name.as_str(), request.path.as_str()),
        ("t", "mem", "/t")
    );
    assert_eq!((request.source.as_str(), request.r#type.as_str()), ("own", "com.dapr.event.sent"));
    assert_eq!(request.data, br#"{"orderId":1}"#);
    let extensions = request.extensions.unwrap().fields;
    assert_eq!(extensions["pubsubname"].kind, Some(Kind::StringValue("mem".into())));
    assert!(extensions.contains_key("time") && extensions.contains_key("traceid"));
    assert_eq!((text(&metadata, "pubsubname"), text(&metadata, "foo")), (Some("mem"), Some("bar")));
    let traced = text(&metadata, "traceparent").unwrap();
    assert!(traced.starts_with(&parent[..36]) && traced != parent, "{traced}");

    sidecar.post("/v1.0/publish/mem/raw?metadata.rawPayload=true", "hi").await;
    let (_, request) = event(&mut app).await;
    assert_eq!((request.data.as_slice(), request.path.as_str()), (b"hi".as_slice(), ""));
    let metadata = sidecar.get("/v1.0/metadata").await.body;
    assert!(metadata.contains(r#""rules":[{"path":"/t"}]"#), "{metadata}");
    assert!(metadata.contains(r#""protocol":"grpc""#), "{metadata}");
}

#[tokio::test]
async fn the_answer_decides_what_becomes_of_an_event() {
    let answers = Answers {
        subscriptions: Box::new(|()| Ok(Response::new(wants(&[("t", None)])))),
        event: Box::new(|event| match event.data.as_slice() {
            b"drop" => Ok(says(TopicEventResponseStatus::Drop)),
            b"retry" => Ok(says(TopicEventResponseStatus::Retry)),
            b"unknown" => Ok(Response::new(TopicEventResponse { status: 77 })),
            b"fail" => Err(Status::internal("no")),
            b"unimplemented" => Err(Status::unimplemented("no")),
            _ => Ok(says(TopicEventResponseStatus::Success)),
        }),
        ..Answers::default()
    };
    let mut app = GrpcApp::start(answers).await;
    let folder = resources(&[
        component(OF_MEM, "pubsub.in-memory", &[]),
        "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {name: dead}\nspec: {pubsubname: mem, topic: dead, routes: {default: /dead}}\n".into(),
    ]);
    let options = Options { resources_paths: vec![folder.path().into()], ..grpc("own", &app) };
    let sidecar = Sidecar::ready(options).await;
    for (data, is_dead) in [
        ("fine", false),
        ("drop", true),
        ("retry", true),
        ("unknown", true),
        ("fail", true),
        ("unimplemented", true),
    ] {
        sidecar.post("/v1.0/publish/mem/t", data).await;
        let (_, first) = event(&mut app).await;
        assert_eq!((first.topic.as_str(), first.data.as_slice()), ("t", data.as_bytes()));
        if is_dead {
            let (_, dead) = event(&mut app).await;
            assert_eq!((dead.topic.as_str(), dead.path.as_str(), dead.id), ("dead", "/dead", first.id));
        }
    }
}

#[tokio::test]
async fn several_events_reach_their_method_at_once() {
    let (told, mut got) = tokio::sync::mpsc::unbounded_channel();
    let subscriptions = || {
        let mut wanted = wants(&[("t", Some("/t")), ("raw", None)]);
        for one in &mut wanted.subscriptions {
            one.bulk_subscribe = Some(BulkSubscribeConfig {
                enabled: true,
                max_messages_count: 3,
                max_await_duration_ms: 60_000,
            });
        }
        wanted
    };
    let answers = Answers {
        subscriptions: Box::new(move |()| Ok(Response::new(subscriptions()))),
        bulk: Box::new(move |request| {
            told.send(request.clone()).unwrap();
            let of = |entry: &TopicEventBulkRequestEntry| TopicEventBulkResponseEntry {
                entry_id: entry.entry_id.clone(),
                status: TopicEventResponseStatus::Success.into(),
            };
            // Of the last one it says nothing.
            let statuses = request.entries.iter().take(2).map(of).collect();
            Ok(Response::new(TopicEventBulkResponse { statuses }))
        }),
        event: Box::new(|_| Ok(says(TopicEventResponseStatus::Success))),
        ..Answers::default()
    };
    let mut app = GrpcApp::start(answers).await;
    let folder = resources(&[
        component(OF_MEM, "pubsub.in-memory", &[]),
        "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {name: dead}\nspec: {pubsubname: mem, topic: dead, routes: {default: /dead}}\n".into(),
    ]);
    let options = Options { resources_paths: vec![folder.path().into()], ..grpc("own", &app) };
    let sidecar = Sidecar::ready(options).await;
    let entry =
        |n: u8| json!({"entryId": n.to_string(), "event": {"n": n}, "contentType": "application/json"});
    let three = json!([entry(1), entry(2), entry(3)]).to_string();
    sidecar.post("/v1.0/publish/bulk/mem/t", &three).await;
    let (_, dead) = event(&mut app).await;
    assert_eq!((dead.topic.as_str(), dead.data.as_slice()), ("dead", br#"{"n":3}"#.as_slice()));
    let request: TopicEventBulkRequest = within(got.recv()).await.unwrap();
    assert_eq!(
        (request.topic.as_str(), request.pubsub_name.as_str(), request.path.as_str()),
        ("t", "mem", "/t")
    );
    assert_eq!(request.r#type, "com.dapr.event.sent.bulk");
    let data: Vec<&[u8]> = request
        .entries
        .iter()
        .map(|entry| match entry.event.as_ref().unwrap() {
            Form::CloudEvent(event) => event.data.as_slice(),
            Form::Bytes(bytes) => panic!("{bytes:?}"),
        })
        .collect();
    assert_eq!(data, [br#"{"n":1}"#, br#"{"n":2}"#, br#"{"n":3}"#]);
    assert_eq!(request.entries[0].content_type, "application/cloudevents+json");

    sidecar.post("/v1.0/publish/bulk/mem/raw?metadata.rawPayload=true", &three).await;
    let request: TopicEventBulkRequest = within(got.recv()).await.unwrap();
    assert_eq!(request.entries[2].event, Some(Form::Bytes(br#"{"n":3}"#.to_vec())));
}

#[tokio::test]
async fn health_opens_and_closes_the_gate() {
    let healthy = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let (is_healthy, count) = (Arc::clone(&healthy), Arc::clone(&asked));
    let answers = Answers {
        health: Box::new(move |()| {
            count.fetch_add(1, Ordering::SeqCst);
            if is_healthy.load(Ordering::SeqCst) {
                Ok(Response::new(HealthCheckResponse {}))
            } else {
                Err(Status::unavailable("not yet"))
            }
        }),
        ..answers()
    };
    let app = GrpcApp::start(answers).await;
    let health = AppHealth {
        path: "/healthz".into(),
        interval: Duration::from_millis(20),
        timeout: Duration::from_millis(500),
        threshold: 2,
    };
    let sidecar = Sidecar::ready(Options { app_health: Some(health), ..grpc("own", &app) }).await;
    let answers = async || sidecar.post("/v1.0/invoke/own/method/m", "x").await;
    eventually(async || asked.load(Ordering::SeqCst) > 2).await;
    let refused = answers().await;
    assert!(refused.body.contains("app is not in a healthy state"), "{}", refused.body);
    healthy.store(true, Ordering::SeqCst);
    eventually(async || answers().await.status == StatusCode::OK).await;
    healthy.store(false, Ordering::SeqCst);
    eventually(async || answers().await.status != StatusCode::OK).await;
}

#[tokio::test]
async fn events_of_bindings_may_ask_for_more() {
    let answers = Answers {
        bindings: Box::new(|()| {
            Ok(Response::new(ListInputBindingsResponse { bindings: vec!["tick".into(), "nosuch".into()] }))
        }),
        binding: Box::new(|event| {
            Ok(Response::new(BindingEventResponse {
                store_name: "store".into(),
                states: vec![StateItem {
                    key: "seen".into(),
                    value: event.name.clone().into(),
                    ..StateItem::default()
                }],
                to: vec!["files".into()],
                data: b"kept".to_vec(),
                ..BindingEventResponse::default()
            }))
        }),
        ..Answers::default()
    };
    let mut app = GrpcApp::start(answers).await;
    let files = tempfile::tempdir().unwrap();
    let folder = resources(&[
        component("tick", "bindings.cron", &[("schedule", "@every 1s")]),
        component("other", "bindings.cron", &[("schedule", "@every 1s")]),
        component("files", "bindings.localstorage", &[("rootPath", &files.path().to_string_lossy())]),
        component("store", "state.in-memory", &[]),
    ]);
    let options = Options { resources_paths: vec![folder.path().into()], ..grpc("own", &app) };
    let sidecar = Sidecar::ready(options).await;
    let Got::Binding(metadata, event) = app.next().await else { panic!("no event of a binding") };
    assert_eq!(event.name, "tick");
    assert!(metadata.get("traceparent").is_some());
    eventually(async || sidecar.get("/v1.0/state/store/seen").await.body == "tick").await;
    let kept = || fs_err::read_dir(files.path()).unwrap().next().map(|file| file.unwrap().path());
    eventually(async || kept().is_some_and(|file| fs_err::read(file).unwrap() == b"kept")).await;
}
