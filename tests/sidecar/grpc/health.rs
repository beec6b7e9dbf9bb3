use std::collections::BTreeSet;

use futures_util::stream;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::{v1, v1alpha};

use super::connect;
use crate::support::{Sidecar, alone, within};

#[tokio::test]
async fn health_says_whether_the_api_can_be_used() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let mut health = HealthClient::new(connect(&sidecar).await);
    for service in ["", "dapr.proto.runtime.v1.Dapr"] {
        let request = HealthCheckRequest { service: service.into() };
        assert_eq!(health.check(request).await.unwrap().into_inner().status(), ServingStatus::Serving);
    }
    let other = HealthCheckRequest { service: "other".into() };
    assert_eq!(health.check(other.clone()).await.unwrap_err().code(), Code::NotFound);
    let mut unknown = health.watch(other).await.unwrap().into_inner();
    assert_eq!(unknown.message().await.unwrap().unwrap().status(), ServingStatus::ServiceUnknown);
}

#[tokio::test]
async fn whoever_watches_does_not_hold_the_end_back() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let mut health = HealthClient::new(connect(&sidecar).await);
    let mut watched = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(watched.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    sidecar.handle.shutdown();
    let end = within(watched.message()).await.unwrap_err();
    assert_eq!((end.code(), end.message()), (Code::Unavailable, "the sidecar is shutting down"));
    sidecar.ended().await.unwrap();
}

#[tokio::test]
async fn reflection_tells_of_the_services() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let channel = connect(&sidecar).await;
    let mut client = v1::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let asked = |request| v1::ServerReflectionRequest { host: String::new(), message_request: Some(request) };
    let requests = [
        asked(MessageRequest::ListServices(String::new())),
        asked(MessageRequest::FileContainingSymbol("dapr.proto.runtime.v1.Dapr".into())),
        asked(MessageRequest::FileContainingSymbol("dapr.proto.runtime.v1.Nothing".into())),
    ];
    let mut answers = client.server_reflection_info(stream::iter(requests)).await.unwrap().into_inner();
    let mut next = async || answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = next().await else { panic!("no list") };
    let names: BTreeSet<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
    let expected =
        ["dapr.proto.runtime.v1.Dapr", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"];
    assert_eq!(names, expected.into());
    let MessageResponse::FileDescriptorResponse(files) = next().await else { panic!("no file") };
    assert!(!files.file_descriptor_proto.is_empty());
    assert_eq!(answers.message().await.unwrap_err().code(), Code::NotFound);

    let mut older = v1alpha::server_reflection_client::ServerReflectionClient::new(channel);
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::ListServices(String::new()),
        ),
    };
    let mut answers = older.server_reflection_info(stream::iter([request])).await.unwrap().into_inner();
    assert!(answers.message().await.unwrap().is_some());
}
