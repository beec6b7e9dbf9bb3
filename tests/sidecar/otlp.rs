//! Spans sent to a receiver that speaks gRPC.

use std::convert::Infallible;
use std::net::SocketAddr;

use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tonic::codegen::{BoxFuture, http};
use tonic::metadata::MetadataMap;
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::support::{Sidecar, alone, component, resources, within};

type Told = (MetadataMap, ExportTraceServiceRequest);

/// The method of a collector.
#[derive(Clone)]
struct Export(mpsc::UnboundedSender<Told>, Result<(), Status>);

impl UnaryService<ExportTraceServiceRequest> for Export {
    type Response = ExportTraceServiceResponse;
    type Future = BoxFuture<Response<Self::Response>, Status>;

    fn call(&mut self, request: Request<ExportTraceServiceRequest>) -> Self::Future {
        let Self(told, answer) = self.clone();
        let (metadata, _, message) = request.into_parts();
        // The test may be over.
        let _ = told.send((metadata, message));
        Box::pin(async move { answer.map(|()| Response::new(ExportTraceServiceResponse::default())) })
    }
}

/// A collector on a free port, which gives this answer.
async fn collector(answer: Result<(), Status>) -> (SocketAddr, mpsc::UnboundedReceiver<Told>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let export = Export(sender.clone(), answer.clone());
            let service = tower::service_fn(move |request: http::Request<hyper::body::Incoming>| {
                let export = export.clone();
                async move {
                    assert_eq!(
                        request.uri().path(),
                        "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
                    );
                    Ok::<_, Infallible>(Grpc::new(ProstCodec::default()).unary(export, request).await)
                }
            });
            tokio::spawn(async move {
                let builder = Builder::new(TokioExecutor::new()).http2_only();
                // Whoever looks whether somebody is there connects and says nothing.
                let _ =
                    builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).await;
            });
        }
    });
    (address, told)
}

async fn sidecar(otel: &str, env: Env) -> (Sidecar, [tempfile::TempDir; 2]) {
    let (folder, config) = (resources(&[component("memory", "state.in-memory", &[])]), tempfile::tempdir());
    let config = config.unwrap();
    let file = config.path().join("config.yaml");
    let text = format!("kind: Configuration\nspec: {{tracing: {{samplingRate: '1'{otel}}}}}\n");
    fs_err::write(&file, text).unwrap();
    let options =
        Options { resources_paths: vec![folder.path().into()], config_files: vec![file], ..alone("a") };
    let sidecar = Sidecar::start_with(options, env).await;
    sidecar.until_ready().await;
    (sidecar, [folder, config])
}

#[tokio::test]
async fn a_collector_gets_spans_over_grpc() {
    let (address, mut told) = collector(Ok(())).await;
    let otel = format!(
        ", otel: {{endpointAddress: '{address}', protocol: grpc, isSecure: false, headers: ['x-team=blue'], timeout: 5s}}"
    );
    let (sidecar, _folders) = sidecar(&otel, Env::of([])).await;
    sidecar.get("/v1.0/state/memory/key").await;
    let (metadata, message) = within(told.recv()).await.unwrap();
    assert_eq!(metadata.get("x-team").unwrap(), "blue");
    let [spans] = message.resource_spans.try_into().unwrap();
    let name = &spans.resource.unwrap().attributes[0];
    let value = name.value.as_ref().and_then(|value| value.value.clone());
    assert_eq!((name.key.as_str(), value), ("service.name", Some(Value::StringValue("a".into()))));
    let [scope] = spans.scope_spans.try_into().unwrap();
    assert_eq!(scope.scope.unwrap().name, "dapr-diagnostics");
    assert_eq!(scope.spans[0].name, "/v1.0/state/memory/key");
    // The last ones go at the end.
    sidecar.get("/v1.0/state/memory/last").await;
    sidecar.stop().await.unwrap();
    let (_, message) = within(told.recv()).await.unwrap();
    assert_eq!(message.resource_spans[0].scope_spans[0].spans[0].name, "/v1.0/state/memory/last");
}

#[tokio::test]
async fn the_environment_names_one_and_a_refusal_ends_nothing() {
    let (address, mut told) = collector(Err(Status::resource_exhausted("slow down"))).await;
    let url = format!("http://{address}");
    let env = Env::of([("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str())]);
    let (sidecar, _folders) = sidecar("", env).await;
    for key in ["one", "two"] {
        sidecar.get(&format!("/v1.0/state/memory/{key}")).await;
        let (_, message) = within(told.recv()).await.unwrap();
        let spans = &message.resource_spans[0].scope_spans[0].spans;
        assert_eq!(spans[0].name, format!("/v1.0/state/memory/{key}"));
    }
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn without_a_word_on_it_the_collector_is_spoken_to_with_tls() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let otel = format!(", otel: {{endpointAddress: '{}', protocol: grpc}}", listener.local_addr().unwrap());
    let (sidecar, _folders) = sidecar(&otel, Env::of([])).await;
    sidecar.get("/v1.0/state/memory/key").await;
    let hello = within(async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut start = [0; 1024];
            let read = stream.read(&mut start).await.unwrap();
            // Whoever looks whether somebody is there connects and says nothing.
            if read > 0 {
                break start[..read].to_vec();
            }
        }
    })
    .await;
    // A handshake that offers HTTP/2.
    assert_eq!(hello[0], 0x16);
    assert!(hello.windows(3).any(|bytes| bytes == b"\x02h2"));
    sidecar.stop().await.unwrap();
}
