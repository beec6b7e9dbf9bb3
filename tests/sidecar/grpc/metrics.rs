//! What is counted of gRPC calls.

use dapr::dapr::proto::common::v1::{InvokeRequest, InvokeResponse, StateItem};
use dapr::dapr::proto::runtime::v1::{GetStateRequest, InvokeServiceRequest, SaveStateRequest};
use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use dapr_cli::sidecar::options::Protocol;
use tonic::{Response, Status};

use super::app::{Answers, GrpcApp};
use super::{client, connect};
use crate::metrics::{has, measured};
use crate::support::{Sidecar, alone, beside, component, resources};

#[tokio::test]
async fn calls_are_counted_by_method_and_status() {
    let folder = resources(&[component("memory", "state.in-memory", &[])]);
    let config = folder.path().join("config.yaml");
    fs_err::write(&config, "kind: Configuration\nspec: {metrics: {recordErrorCodes: true}}\n").unwrap();
    let options = Options {
        resources_paths: vec![folder.path().to_owned()],
        config_files: vec![config],
        ..measured(alone("m"))
    };
    let sidecar = Sidecar::ready(options).await;
    let mut client = client(&sidecar).await;
    let state = StateItem { key: "k".into(), value: b"1".to_vec(), ..StateItem::default() };
    let save = SaveStateRequest { store_name: "mem".into(), states: vec![state] };
    client.save_state(save.clone()).await.unwrap_err();
    client.save_state(SaveStateRequest { store_name: "memory".into(), ..save }).await.unwrap();
    let get = GetStateRequest { store_name: "memory".into(), key: "k".into(), ..GetStateRequest::default() };
    client.get_state(get).await.unwrap();
    has(
        &sidecar,
        &[
            r#"dapr_grpc_io_server_completed_rpcs{app_id="m",grpc_server_method="/dapr.proto.runtime.v1.Dapr/SaveState",grpc_server_status="OK"} 1"#,
            r#"dapr_grpc_io_server_completed_rpcs{app_id="m",grpc_server_method="/dapr.proto.runtime.v1.Dapr/SaveState",grpc_server_status="InvalidArgument"} 1"#,
            r#"dapr_grpc_io_server_server_latency_count{app_id="m",grpc_server_method="/dapr.proto.runtime.v1.Dapr/GetState",grpc_server_status="OK"} 1"#,
            // Two messages without the five bytes before each: 13 and 16.
            r#"dapr_grpc_io_server_received_bytes_per_rpc_sum{app_id="m",grpc_server_method="/dapr.proto.runtime.v1.Dapr/SaveState"} 29"#,
            r#"dapr_error_code_total{app_id="m",category="state",error_code="ERR_STATE_STORE_NOT_FOUND"} 1"#,
        ],
    )
    .await;
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn calls_between_apps_are_counted_on_both_sides() {
    let app = GrpcApp::start(Answers {
        invoke: Box::new(|_| Ok(Response::new(InvokeResponse::default()))),
        ..Answers::default()
    })
    .await;
    let options = Options { app_protocol: Protocol::Grpc, ..measured(beside("callee", app.address)) };
    let shop = Sidecar::ready(options).await;
    let home = Env::of([("HOME", &*shop.home.path().to_string_lossy())]);
    let caller = Sidecar::start_with(measured(alone("caller")), home).await;
    caller.until_ready().await;
    let message = InvokeRequest { method: "tea".into(), ..InvokeRequest::default() };
    let invoke = InvokeServiceRequest { id: "callee".into(), message: Some(message) };
    client(&caller).await.invoke_service(invoke).await.unwrap();
    let mut forwarded = tonic::client::Grpc::new(connect(&caller).await);
    forwarded.ready().await.unwrap();
    let mut request = tonic::Request::new(());
    request.metadata_mut().insert("dapr-app-id", "callee".parse().unwrap());
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let path = "/shop.Orders/Cancel".parse().unwrap();
    let failed: Result<Response<()>, Status> = forwarded.unary(request, path, codec).await;
    failed.unwrap_err();
    has(
        &caller,
        &[
            r#"dapr_runtime_service_invocation_req_sent_total{app_id="caller",dst_app_id="callee",type="unary"} 2"#,
            r#"dapr_runtime_service_invocation_res_recv_total{app_id="caller",src_app_id="callee",status="0",type="unary"} 1"#,
            r#"dapr_runtime_service_invocation_res_recv_total{app_id="caller",src_app_id="callee",status="12",type="unary"} 1"#,
            r#"dapr_grpc_io_server_completed_rpcs{app_id="caller",grpc_server_method="/shop.Orders/Cancel",grpc_server_status="Unimplemented"} 1"#,
        ],
    )
    .await;
    has(
        &shop,
        &[
            r#"dapr_runtime_service_invocation_res_sent_total{app_id="callee",dst_app_id="caller",status="0"} 1"#,
            r#"dapr_runtime_service_invocation_res_sent_total{app_id="callee",dst_app_id="caller",status="12"} 1"#,
            r#"dapr_grpc_io_client_completed_rpcs{app_id="callee",grpc_client_method="/dapr.proto.runtime.v1.AppCallback/OnInvoke",grpc_client_status="OK"} 1"#,
        ],
    )
    .await;
    caller.stop().await.unwrap();
    shop.stop().await.unwrap();
}
