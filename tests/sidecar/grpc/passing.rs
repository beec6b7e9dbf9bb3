//! What every call passes: token, rules, trace context, limits, the socket it comes by.

use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use dapr::dapr::proto::runtime::v1::{
    ConversationRequest, EncryptRequest, GetActorStateRequest, GetMetadataRequest, GetSecretRequest,
    GetWorkflowRequest, SetMetadataRequest, ShutdownRequest,
};
use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use futures_util::stream;
use tonic::codec::CompressionEncoding;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use super::{client, connect, parts};
use crate::support::{Sidecar, alone};

fn with<T>(message: T, name: &'static str, value: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(name, value.parse().unwrap());
    request
}

#[tokio::test]
async fn a_token_is_asked_for() {
    let sidecar = Sidecar::start_with(alone("a"), Env::of([("DAPR_API_TOKEN", "secret")])).await;
    sidecar.until_ready().await;
    let mut dapr = client(&sidecar).await;
    let missing = dapr.get_metadata(GetMetadataRequest {}).await.unwrap_err();
    let wrong = dapr.get_metadata(with(GetMetadataRequest {}, "dapr-api-token", "other")).await.unwrap_err();
    let causes = ["missing api token in request metadata", "authentication error: api token mismatch"];
    for (error, cause) in [missing, wrong].iter().zip(causes) {
        assert_eq!(parts(error), (Code::Unauthenticated, "Unauthorized", Some("Unauthorized".into())));
        let info = error.get_details_error_info().unwrap();
        assert_eq!((info.domain.as_str(), info.metadata["http.code"].as_str()), ("dapr.io", "401"));
        assert_eq!(info.metadata["http.error_message"], cause);
    }
    dapr.get_metadata(with(GetMetadataRequest {}, "dapr-api-token", "secret")).await.unwrap();
}

#[tokio::test]
async fn what_the_configuration_denies_is_not_there() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.yaml");
    let text = "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: c}\nspec: {api: {denied: [{name: secrets, version: v1, protocol: grpc}]}}\n";
    fs_err::write(&config, text).unwrap();
    let sidecar = Sidecar::ready(Options { config_files: vec![config], ..alone("a") }).await;
    let mut dapr = client(&sidecar).await;
    let error = dapr.get_secret(GetSecretRequest::default()).await.unwrap_err();
    assert_eq!(parts(&error), (Code::Unimplemented, "Not Implemented", None));
    dapr.get_metadata(GetMetadataRequest {}).await.unwrap();
}

#[tokio::test]
async fn what_is_missing_says_so() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let mut dapr = client(&sidecar).await;
    let errors = [
        ("actors", dapr.get_actor_state(GetActorStateRequest::default()).await.map(drop)),
        ("workflows", dapr.get_workflow_beta1(GetWorkflowRequest::default()).await.map(drop)),
        ("crypto", dapr.encrypt_alpha1(stream::iter([EncryptRequest::default()])).await.map(drop)),
        ("conversation", dapr.converse_alpha1(ConversationRequest::default()).await.map(drop)),
    ];
    for (api, error) in errors {
        let error = error.unwrap_err();
        let text = format!("the {api} API is not available in the embedded runtime yet");
        assert_eq!(error.code(), Code::Unimplemented, "{api}");
        assert!(error.message().starts_with(&text), "{error}");
    }
}

/// Calls a method of any service without a message.
async fn bare(sidecar: &Sidecar, path: &'static str) -> Status {
    let mut grpc = tonic::client::Grpc::new(connect(sidecar).await);
    grpc.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    grpc.unary(Request::new(()), path.parse().unwrap(), codec).await.unwrap_err()
}

#[tokio::test]
async fn unknown_methods_need_a_target() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let error = bare(&sidecar, "/dapr.proto.runtime.v1.Dapr/Nothing").await;
    let text = "failed to proxy request: required metadata dapr-callee-app-id or dapr-app-id not found";
    assert_eq!(parts(&error), (Code::Unknown, text, None));
    let error = bare(&sidecar, "/helloworld.Greeter/SayHello").await;
    let text = "cannot proxy request: missing dapr-callee-app-id or dapr-app-id metadata";
    assert_eq!(parts(&error), (Code::Unknown, text, None));
    assert_eq!(bare(&sidecar, "/TaskHubSidecarService/Hello").await.code(), Code::Unimplemented);
}

#[tokio::test]
async fn the_trace_context_comes_back() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let mut dapr = client(&sidecar).await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut request = with(GetMetadataRequest {}, "traceparent", parent);
    request.metadata_mut().insert("tracestate", "a=b".parse().unwrap());
    let answer = dapr.get_metadata(request).await.unwrap();
    let binary = answer.metadata().get_bin("grpc-trace-bin").unwrap().clone();
    assert_eq!(answer.metadata().get("traceparent").unwrap(), parent);
    assert_eq!(answer.metadata().get("tracestate").unwrap(), "a=b");
    let mut request = Request::new(GetMetadataRequest {});
    request.metadata_mut().insert_bin("grpc-trace-bin", binary);
    let answer = dapr.get_metadata(request).await.unwrap();
    assert_eq!(answer.metadata().get("traceparent").unwrap(), parent);
}

#[tokio::test]
async fn compressed_messages_are_understood() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let mut dapr = client(&sidecar).await.send_compressed(CompressionEncoding::Gzip);
    dapr.set_metadata(SetMetadataRequest { key: "k".into(), value: "v".repeat(1000) }).await.unwrap();
    let metadata = dapr.get_metadata(GetMetadataRequest {}).await.unwrap().into_inner();
    assert_eq!(metadata.extended_metadata["k"], "v".repeat(1000));
}

#[tokio::test]
async fn a_socket_file_serves_too() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { unix_domain_socket: Some(folder.path().into()), ..alone("a") };
    let sidecar = Sidecar::ready(options).await;
    let path = folder.path().join("dapr-a-grpc.socket");
    let endpoint = Endpoint::from_shared(format!("unix:{}", path.display())).unwrap();
    let mut dapr = DaprClient::new(endpoint.connect().await.unwrap());
    assert_eq!(dapr.get_metadata(GetMetadataRequest {}).await.unwrap().into_inner().id, "a");
    dapr.shutdown(ShutdownRequest {}).await.unwrap();
    sidecar.ended().await.unwrap();
}
