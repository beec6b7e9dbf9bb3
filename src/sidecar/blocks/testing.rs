//! What the tests of the building blocks share: fakes and a way to call a router.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt as _;

use crate::components::Metadata;
use crate::components::pubsub::{DeliveryError, Error, Handler, Message, PubSub, Subscription};
use crate::env::Env;
use crate::resources::{self, Audience, Component, Configuration, Item, Source};
use crate::sidecar::Shared;
use crate::sidecar::app::{Channel, Target};
use crate::sidecar::resiliency::Resiliency;
use crate::sidecar::store::Components;
use crate::sidecar::trace::Tracer;

/// A manifest with these plain values.
pub fn manifest(name: &str, kind: &str, metadata: &[(&str, &str)]) -> Component {
    let item = |(name, value): &(&str, &str)| Item {
        name: (*name).to_owned(),
        source: Source::Value((*value).to_owned()),
    };
    Component {
        name: name.into(),
        kind: kind.into(),
        version: "v1".into(),
        ignore_errors: false,
        init_timeout: String::new(),
        metadata: metadata.iter().map(item).collect(),
        secret_store: None,
        scopes: Vec::new(),
        file: PathBuf::new(),
    }
}

/// A sidecar without components and without an app.
pub fn shared(app_id: &str) -> Shared {
    Shared {
        app_id: app_id.into(),
        namespace: String::new(),
        configuration: Configuration::default(),
        env: Env::of([]),
        tracer: Tracer::default(),
        components: Components::default(),
        app: None,
    }
}

/// The same with a resiliency resource of this `spec`.
pub fn robust(app_id: &str, spec: &str) -> Shared {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("r.yaml"), format!("kind: Resiliency\nspec: {spec}\n")).unwrap();
    let (resources, found) = resources::resiliency(&[folder.path()], &Audience::default());
    assert_eq!(found, []);
    let resiliency = Arc::new(Resiliency::load(resources, Arc::default()));
    Shared { components: Components::new(resiliency, ""), ..shared(app_id) }
}

/// A router's answer.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Sends one request to a router.
pub async fn send(
    app: &Router,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// A request that the user's app got.
#[derive(Debug, Clone)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

/// The user's app: remembers its requests, answers each with a status and a body. Gone when dropped.
pub struct TestApp {
    pub port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    server: JoinHandle<()>,
}

impl TestApp {
    pub async fn start(answer: impl Fn(&Received) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&received), Arc::new(answer));
        let server = tokio::spawn(async move {
            // Connections end with the set, which ends with the server's task.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                let service = service_fn(move |request: Request<Incoming>| {
                    let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await.unwrap().to_bytes();
                        let request = Received {
                            method: head.method.to_string(),
                            path: head.uri.to_string(),
                            headers: head.headers,
                            body: String::from_utf8(body.to_vec()).unwrap(),
                        };
                        let (status, body) = answer(&request);
                        kept.lock().unwrap().push(request);
                        Response::builder().status(status).body(body)
                    }
                });
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                connections.spawn(connection);
            }
        });
        Self { port, received, server }
    }

    /// What came in since the last call.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }

    /// How many requests came in since the last [`Self::take`].
    pub fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    /// The sidecar's channel to it.
    pub fn channel(&self) -> Arc<Channel> {
        channel(self.port)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A channel to an app at this port.
pub fn channel(port: u16) -> Arc<Channel> {
    Arc::new(Channel::new(Target { host: "127.0.0.1".into(), port }, 0, None))
}

/// A broker that keeps what is published and lets the test hand over messages.
#[derive(Default)]
pub struct Broker {
    published: Mutex<Vec<Message>>,
    handlers: Arc<Mutex<Vec<(String, Handler)>>>,
    /// How often somebody has subscribed.
    pub subscribed: AtomicUsize,
    /// How many subscribes fail before one works.
    pub refusals: AtomicUsize,
    /// Publishing fails.
    pub closed: AtomicBool,
    /// Publishing fails for messages that hold this text.
    pub refused_text: Option<&'static str>,
}

impl Broker {
    pub fn published(&self) -> Vec<Message> {
        std::mem::take(&mut *self.published.lock().unwrap())
    }

    /// Topics that are subscribed to now.
    pub fn topics(&self) -> Vec<String> {
        self.handlers.lock().unwrap().iter().map(|(topic, _)| topic.clone()).collect()
    }

    /// Hands a message to the subscription of its topic.
    pub async fn deliver(&self, message: Message) -> Result<(), DeliveryError> {
        let handler = {
            let handlers = self.handlers.lock().unwrap();
            let (_, handler) = handlers.iter().find(|(topic, _)| *topic == message.topic).unwrap();
            Arc::clone(handler)
        };
        handler(message).await
    }
}

struct Subscribed {
    handler: Handler,
    handlers: Arc<Mutex<Vec<(String, Handler)>>>,
}

#[async_trait]
impl Subscription for Subscribed {
    async fn stop(self: Box<Self>) {
        self.handlers.lock().unwrap().retain(|(_, handler)| !Arc::ptr_eq(handler, &self.handler));
    }
}

#[async_trait]
impl PubSub for Broker {
    async fn publish(&self, message: Message) -> Result<(), Error> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error("component is closed".into()));
        }
        let holds = |text| String::from_utf8_lossy(&message.data).contains(text);
        if self.refused_text.is_some_and(holds) {
            return Err(Error("not this one".into()));
        }
        self.published.lock().unwrap().push(message);
        Ok(())
    }

    async fn subscribe(
        &self,
        topic: &str,
        _: &Metadata,
        handler: Handler,
    ) -> Result<Box<dyn Subscription>, Error> {
        let refused =
            self.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if refused.is_ok() {
            return Err(Error("not now".into()));
        }
        self.subscribed.fetch_add(1, Ordering::SeqCst);
        self.handlers.lock().unwrap().push((topic.to_owned(), Arc::clone(&handler)));
        Ok(Box::new(Subscribed { handler, handlers: Arc::clone(&self.handlers) }))
    }
}

/// Waits until a condition holds; panics after ten seconds.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(tokio::time::Instant::now() < deadline, "still not so: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
