//! Calls of an app's own gRPC services, through one sidecar and through two.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use dapr_cli::env::Env;
use dapr_cli::sidecar::options::Protocol;
use dapr_cli::sidecar::{Ended, Options};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, Stream, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};
use tonic::body::Body;
use tonic::codegen::{BoxStream, http};
use tonic::metadata::MetadataMap;
use tonic::server::{Grpc, NamedService, StreamingService, UnaryService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tonic_types::{ErrorInfo, StatusExt};

use super::connect;
use crate::support::{Sidecar, alone, beside, within};

type Texts = ProstCodec<String, String>;

/// A service of an app: answers with what it gets, and tells the test who called.
#[derive(Clone)]
struct Echo {
    callers: mpsc::UnboundedSender<MetadataMap>,
    /// Calls of `Slow` end when it has a place.
    gate: Arc<Semaphore>,
    /// Has a place for each stream that has ended.
    ended: Arc<Semaphore>,
}

impl NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl UnaryService<String> for Echo {
    type Response = String;
    type Future = BoxFuture<'static, Result<Response<String>, Status>>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        let (metadata, _, text) = request.into_parts();
        let gate = Arc::clone(&self.gate);
        // The test may be over.
        let _ = self.callers.send(metadata);
        Box::pin(async move {
            if text == "fail" {
                let info = ErrorInfo::new("REASON", "echo", []);
                let mut status =
                    Status::with_error_details_vec(Code::AlreadyExists, "there <is> one", vec![info.into()]);
                status.metadata_mut().insert("x-trailer", "t".parse().unwrap());
                return Err(status);
            }
            if text == "slow" {
                gate.acquire().await.unwrap().forget();
            }
            let mut response = Response::new(format!("<{text}>"));
            response.metadata_mut().insert("x-header", "h".parse().unwrap());
            response
                .metadata_mut()
                .insert_bin("x-bytes-bin", tonic::metadata::MetadataValue::from_bytes(&[0, 255]));
            Ok(response)
        })
    }
}

struct Ending(Arc<Semaphore>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl StreamingService<String> for Echo {
    type Response = String;
    type ResponseStream = BoxStream<String>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<String>>) -> Self::Future {
        let (metadata, _, texts) = request.into_parts();
        let _ = self.callers.send(metadata);
        let ending = Ending(Arc::clone(&self.ended));
        let answers = texts.map(move |text| {
            let _ = &ending;
            match text?.as_str() {
                "fail" => Err(Status::data_loss("lost")),
                text => Ok(format!("<{text}>")),
            }
        });
        Box::pin(async move { Ok(Response::new(Box::pin(answers) as Self::ResponseStream)) })
    }
}

impl tower::Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let echo = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(Texts::default());
            Ok(match request.uri().path() {
                "/test.Echo/Say" => grpc.unary(echo, request).await,
                "/test.Echo/Talk" => grpc.streaming(echo, request).await,
                _ => Status::unimplemented("unknown method").into_http(),
            })
        })
    }
}

struct App {
    address: SocketAddr,
    callers: mpsc::UnboundedReceiver<MetadataMap>,
    gate: Arc<Semaphore>,
    ended: Arc<Semaphore>,
}

impl App {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, callers) = mpsc::unbounded_channel();
        let (gate, ended) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let echo = Echo { callers: sender, gate: Arc::clone(&gate), ended: Arc::clone(&ended) };
        let (_, health) = tonic_health::server::health_reporter();
        let serving = Server::builder()
            .add_service(echo)
            .add_service(health)
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(serving);
        Self { address, callers, gate, ended }
    }

    async fn caller(&mut self) -> MetadataMap {
        within(self.callers.recv()).await.unwrap()
    }
}

/// The app's own sidecar, and another one that finds it.
async fn two(app: &App) -> (Sidecar, Sidecar) {
    let options = Options { app_protocol: Protocol::Grpc, ..beside("own", app.address) };
    let own = Sidecar::start_with(options, Env::of([("APP_API_TOKEN", "app-token")])).await;
    own.until_ready().await;
    let home = own.home.path().to_string_lossy().into_owned();
    let other = Sidecar::start_with(alone("other"), Env::of([("HOME", &home)])).await;
    other.until_ready().await;
    (own, other)
}

fn to<T>(app_id: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("dapr-app-id", app_id.parse().unwrap());
    request
}

async fn say(sidecar: &Sidecar, request: Request<String>) -> Result<Response<String>, Status> {
    let mut grpc = tonic::client::Grpc::new(connect(sidecar).await);
    grpc.ready().await.unwrap();
    within(grpc.unary(request, "/test.Echo/Say".parse().unwrap(), Texts::default())).await
}

async fn talk(
    sidecar: &Sidecar,
    request: Request<impl Stream<Item = String> + Send + 'static>,
) -> Result<Streaming<String>, Status> {
    let mut grpc = tonic::client::Grpc::new(connect(sidecar).await);
    grpc.ready().await.unwrap();
    let path = "/test.Echo/Talk".parse().unwrap();
    Ok(within(grpc.streaming(request, path, Texts::default())).await?.into_inner())
}

fn text<'a>(metadata: &'a MetadataMap, name: &str) -> Option<&'a str> {
    metadata.get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_call_passes_with_all_that_it_has() {
    let mut app = App::start().await;
    let (own, other) = two(&app).await;
    for (sidecar, caller) in [(&own, None), (&other, Some("other"))] {
        let mut request = to("own.namespace", "hi".to_owned());
        request.metadata_mut().insert("x-mine", "m".parse().unwrap());
        request.metadata_mut().insert("dapr-api-token", "of the caller".parse().unwrap());
        request
            .metadata_mut()
            .insert_bin("x-mine-bin", tonic::metadata::MetadataValue::from_bytes(&[1, 254]));
        let response = say(sidecar, request).await.unwrap();
        assert_eq!(text(response.metadata(), "x-header"), Some("h"));
        assert_eq!(
            response.metadata().get_bin("x-bytes-bin").unwrap().to_bytes().unwrap().as_ref(),
            [0, 255]
        );
        assert_eq!(response.into_inner(), "<hi>");
        let metadata = app.caller().await;
        assert_eq!(
            (text(&metadata, "x-mine"), text(&metadata, "dapr-api-token")),
            (Some("m"), Some("app-token"))
        );
        assert_eq!(metadata.get_bin("x-mine-bin").unwrap().to_bytes().unwrap().as_ref(), [1, 254]);
        assert_eq!(text(&metadata, "dapr-caller-app-id"), caller);
        assert_eq!(text(&metadata, "dapr-callee-app-id"), caller.map(|_| "own"));
        assert_eq!(text(&metadata, "dapr-caller-namespace"), caller.map(|_| "default"));

        let error = say(sidecar, to("own", "fail".to_owned())).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::AlreadyExists, "there <is> one"));
        assert_eq!(error.get_details_error_info().unwrap().reason, "REASON");
        assert_eq!(text(error.metadata(), "x-trailer"), Some("t"));
        app.caller().await;
    }
}

#[tokio::test]
async fn streams_go_both_ways_at_once() {
    let app = App::start().await;
    let (own, other) = two(&app).await;
    for sidecar in [&own, &other] {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let texts = stream::poll_fn(move |context| receiver.poll_recv(context));
        let mut answers = talk(sidecar, to("own", texts)).await.unwrap();
        for turn in 0..3 {
            sender.send(turn.to_string()).unwrap();
            assert_eq!(within(answers.message()).await.unwrap().unwrap(), format!("<{turn}>"));
        }
        drop(sender);
        assert_eq!(within(answers.message()).await.unwrap(), None);
        within(app.ended.acquire()).await.unwrap().forget();

        let failing = stream::iter(["a".to_owned(), "fail".to_owned()]).chain(stream::pending());
        let mut answers = talk(sidecar, to("own", failing)).await.unwrap();
        assert_eq!(within(answers.message()).await.unwrap().unwrap(), "<a>");
        let error = within(answers.message()).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::DataLoss, "lost"));
        within(app.ended.acquire()).await.unwrap().forget();
    }
}

#[tokio::test]
async fn large_streams_pass() {
    let app = App::start().await;
    let (_own, other) = two(&app).await;
    let chunk = "x".repeat(256 << 10);
    let texts = stream::iter(std::iter::repeat_n(chunk.clone(), 64));
    let mut answers = talk(&other, to("own", texts)).await.unwrap();
    for _ in 0..64 {
        assert_eq!(within(answers.message()).await.unwrap().unwrap().len(), chunk.len() + 2);
    }
    assert_eq!(within(answers.message()).await.unwrap(), None);
}

#[tokio::test]
async fn a_caller_that_leaves_ends_the_call() {
    let app = App::start().await;
    let (_own, other) = two(&app).await;
    let other = Arc::new(other);
    // A caller of its own, which leaves with its connection.
    let caller = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let call = caller.spawn({
        let other = Arc::clone(&other);
        async move {
            let texts = stream::iter(["a".to_owned()]).chain(stream::pending());
            let mut answers = talk(&other, to("own", texts)).await.unwrap();
            within(answers.message()).await.unwrap().unwrap()
        }
    });
    assert_eq!(within(call).await.unwrap(), "<a>");
    assert_eq!(app.ended.available_permits(), 0);
    caller.shutdown_background();
    within(app.ended.acquire()).await.unwrap().forget();
}

#[tokio::test]
async fn an_apps_health_is_its_own() {
    let app = App::start().await;
    let (_own, other) = two(&app).await;
    let mut health = HealthClient::new(connect(&other).await);
    let unknown = HealthCheckRequest { service: "of.nobody".into() };
    let error = health.check(to("own", unknown)).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::NotFound, "service not registered"));
}

#[tokio::test]
async fn a_running_call_is_answered_before_the_end() {
    let mut app = App::start().await;
    let (own, other) = two(&app).await;
    let call = {
        let channel = connect(&other).await;
        let mut grpc = tonic::client::Grpc::new(channel);
        tokio::spawn(async move {
            grpc.ready().await.unwrap();
            grpc.unary(to("own", "slow".to_owned()), "/test.Echo/Say".parse().unwrap(), Texts::default())
                .await
        })
    };
    app.caller().await;
    own.handle.shutdown();
    other.handle.shutdown();
    app.gate.add_permits(1);
    assert_eq!(within(call).await.unwrap().unwrap().into_inner(), "<slow>");
    assert_eq!(other.ended().await.unwrap(), Ended::Gracefully);
    assert_eq!(own.ended().await.unwrap(), Ended::Gracefully);
}

#[tokio::test]
async fn what_cannot_be_called() {
    let app = App::start().await;
    let (own, other) = two(&app).await;
    let error = say(&own, to("nosuch", String::new())).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Unknown, "couldn't find service: nosuch"));
    let error = say(&other, to("other", String::new())).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::FailedPrecondition, "app channel is not initialized"));
    let http = Sidecar::ready(beside("http", crate::support::app(axum::Router::new()).await)).await;
    let error = say(&http, to("http", String::new())).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().contains("the app doesn't speak gRPC"), "{error}");
    let unused = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let gone = Sidecar::start(Options { app_protocol: Protocol::Grpc, ..beside("gone", unused) }).await;
    let error = say(&gone, to("gone", String::new())).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().contains("connect: connection refused"), "{error}");
    let closed = "spec: {accessControl: {defaultAction: deny}}\n";
    let config = own.home.path().join("closed.yaml");
    fs_err::write(&config, closed).unwrap();
    let options =
        Options { config_files: vec![config], app_protocol: Protocol::Grpc, ..beside("closed", app.address) };
    let home = own.home.path().to_string_lossy().into_owned();
    let closed = Sidecar::start_with(options, Env::of([("HOME", &home)])).await;
    closed.until_ready().await;
    let error = say(&other, to("closed", String::new())).await.unwrap_err();
    let text = "access control policy has denied access to id: closed";
    assert_eq!((error.code(), error.message()), (Code::PermissionDenied, text));
    assert_eq!(say(&closed, to("closed", "own".to_owned())).await.unwrap().into_inner(), "<own>");
    gone.stop().await.unwrap();
}
