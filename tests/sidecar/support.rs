//! A sidecar that ends with the test, an app, and a client.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use dapr_cli::env::Env;
use dapr_cli::sidecar::{Addresses, Ended, Error, Handle, Options, Service};
use hyper::header::HeaderMap;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Limit of everything that a test waits for.
pub const LIMIT: Duration = Duration::from_secs(10);

pub struct Sidecar {
    pub handle: Handle,
    pub home: tempfile::TempDir,
    running: JoinHandle<Result<Ended, Error>>,
}

/// Options of a sidecar without an app.
pub fn alone(app_id: &str) -> Options {
    Options { app_id: app_id.into(), ..Options::default() }
}

/// Options of a sidecar with an app.
pub fn beside(app_id: &str, app: SocketAddr) -> Options {
    Options { app_port: app.port(), ..alone(app_id) }
}

impl Sidecar {
    /// Starts one in a home directory of its own; it may not be ready yet.
    pub async fn start(options: Options) -> Self {
        Self::start_with(options, Env::of([])).await
    }

    pub async fn start_with(options: Options, env: Env) -> Self {
        let home = tempfile::tempdir().unwrap();
        let env =
            if env.get("HOME").is_some() { env } else { env.with("HOME", &home.path().to_string_lossy()) };
        let service = Service::build(options, env).await.unwrap();
        let handle = service.handle();
        let running = tokio::spawn(service.run(CancellationToken::new()));
        Self { handle, home, running }
    }

    /// Starts one and waits until it is ready.
    pub async fn ready(options: Options) -> Self {
        let sidecar = Self::start(options).await;
        sidecar.until_ready().await;
        sidecar
    }

    pub async fn until_ready(&self) {
        assert!(within(self.handle.ready()).await, "the sidecar ended instead of becoming ready");
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", Addresses::port(&self.handle.addresses().http))
    }

    pub async fn get(&self, path: &str) -> Answer {
        send("GET", &self.url(path), &[], "").await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        send("POST", &self.url(path), &[], body.to_owned()).await
    }

    /// How it ended.
    pub async fn ended(self) -> Result<Ended, Error> {
        within(self.running).await.unwrap()
    }

    /// Ends it and keeps its files.
    pub async fn stop_keeping_home(self) -> tempfile::TempDir {
        self.handle.shutdown();
        within(self.running).await.unwrap().unwrap();
        self.home
    }

    pub async fn stop(self) -> Result<Ended, Error> {
        self.handle.shutdown();
        self.ended().await
    }
}

/// Fails the test when it takes too long.
pub async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, work).await.expect("took longer than ten seconds")
}

/// Asks again until the answer is as wanted.
pub async fn eventually<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    within(async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Serves an app on a free port until the test ends.
pub async fn app(router: Router) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    serve(listener, router);
    address
}

/// Serves an app on this socket.
pub fn serve(listener: TcpListener, router: Router) -> JoinHandle<()> {
    tokio::spawn(async move {
        let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            let connection =
                builder.serve_connection(hyper_util::rt::TokioIo::new(stream), service).into_owned();
            tokio::spawn(connection);
        }
    })
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub fn client() -> Client<HttpConnector, Body> {
    Client::builder(TokioExecutor::new()).build_http()
}

pub fn request(method: &str, url: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let request = Request::builder().method(method).uri(url);
    headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value))
        .body(body.into())
        .unwrap()
}

pub async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let response = within(client().request(request(method, url, headers, body))).await.unwrap();
    read(response.map(Body::new)).await
}

pub async fn read(response: Response<Body>) -> Answer {
    let (head, body) = response.into_parts();
    let body = within(axum::body::to_bytes(body, usize::MAX)).await.unwrap();
    Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// A folder with one file of resources.
pub fn resources(documents: &[String]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("resources.yaml"), documents.join("---\n")).unwrap();
    folder
}

/// A component's manifest.
pub fn component(name: &str, kind: &str, metadata: &[(&str, &str)]) -> String {
    let items = metadata.iter().map(|(name, value)| format!("{{name: {name}, value: '{value}'}}"));
    let items: Vec<String> = items.collect();
    let items = items.join(", ");
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\nspec: {{type: {kind}, version: v1, metadata: [{items}]}}\n"
    )
}

/// A request that the app got.
#[derive(Debug)]
pub struct Received {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// An app that tells the test what it gets.
pub struct Recorder {
    pub address: SocketAddr,
    received: mpsc::UnboundedReceiver<Received>,
}

impl Recorder {
    /// Wants these subscriptions (the JSON of `GET /dapr/subscribe`), answers everything else but the sidecar's
    /// own questions by `answer`.
    pub async fn start<F: Future<Output = (u16, String)> + Send>(
        subscriptions: &'static str,
        answer: impl Fn(String) -> F + Clone + Send + Sync + 'static,
    ) -> Self {
        let (sender, received) = mpsc::unbounded_channel();
        let router = Router::new()
            .route("/dapr/config", get(async || StatusCode::NOT_FOUND))
            .route("/dapr/subscribe", get(async move || subscriptions))
            .fallback(async move |request: Request<Body>| {
                let (head, body) = request.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
                let body = String::from_utf8(body.to_vec()).unwrap();
                let answer = answer(head.uri.path().to_owned());
                // The test may be over.
                let _ = sender.send(Received {
                    method: head.method,
                    path: head.uri.path().to_owned(),
                    headers: head.headers,
                    body,
                });
                let (status, text) = answer.await;
                (StatusCode::from_u16(status).unwrap(), text)
            });
        Self { address: app(router).await, received }
    }

    /// One that is content with everything.
    pub async fn content(subscriptions: &'static str) -> Self {
        Self::start(subscriptions, async |_| (200, String::new())).await
    }

    pub async fn next(&mut self) -> Received {
        within(self.received.recv()).await.unwrap()
    }

    /// What came in and was not looked at.
    pub fn more(&mut self) -> Option<Received> {
        self.received.try_recv().ok()
    }
}
