//! An app that speaks gRPC: tells the test what it gets, answers as the test wants.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use dapr::dapr::proto::common::v1::{InvokeRequest, InvokeResponse};
use dapr::dapr::proto::runtime::v1::app_callback_health_check_server::{
    AppCallbackHealthCheck, AppCallbackHealthCheckServer,
};
use dapr::dapr::proto::runtime::v1::app_callback_server::{AppCallback, AppCallbackServer};
use dapr::dapr::proto::runtime::v1::{
    BindingEventRequest, BindingEventResponse, HealthCheckResponse, JobEventRequest, JobEventResponse,
    ListInputBindingsResponse, ListTopicSubscriptionsResponse, TopicEventBulkRequest, TopicEventBulkResponse,
    TopicEventRequest, TopicEventResponse,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tonic::metadata::MetadataMap;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

use crate::support::within;

/// What the app gets.
#[derive(Debug)]
pub enum Got {
    Invoked(MetadataMap, InvokeRequest),
    Event(MetadataMap, TopicEventRequest),
    Binding(MetadataMap, BindingEventRequest),
    Job(MetadataMap, JobEventRequest),
}

type Answer<M, R> = Box<dyn Fn(&M) -> Result<Response<R>, Status> + Send + Sync>;

/// What the app answers.
pub struct Answers {
    pub invoke: Answer<InvokeRequest, InvokeResponse>,
    pub subscriptions: Answer<(), ListTopicSubscriptionsResponse>,
    pub event: Answer<TopicEventRequest, TopicEventResponse>,
    pub bulk: Answer<TopicEventBulkRequest, TopicEventBulkResponse>,
    pub bindings: Answer<(), ListInputBindingsResponse>,
    pub binding: Answer<BindingEventRequest, BindingEventResponse>,
    pub job: Answer<JobEventRequest, JobEventResponse>,
    pub health: Answer<(), HealthCheckResponse>,
}

fn missing<M, R>() -> Answer<M, R> {
    Box::new(|_| Err(Status::unimplemented("not in this app")))
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            invoke: missing(),
            subscriptions: missing(),
            event: missing(),
            bulk: missing(),
            bindings: missing(),
            binding: missing(),
            job: missing(),
            health: missing(),
        }
    }
}

struct App {
    answers: Answers,
    got: mpsc::UnboundedSender<Got>,
}

impl App {
    fn tell<M: Clone>(&self, request: Request<M>, what: impl FnOnce(MetadataMap, M) -> Got) -> M {
        let (metadata, _, message) = request.into_parts();
        // The test may be over.
        let _ = self.got.send(what(metadata, message.clone()));
        message
    }
}

#[async_trait]
impl AppCallback for App {
    async fn on_invoke(&self, request: Request<InvokeRequest>) -> Result<Response<InvokeResponse>, Status> {
        (self.answers.invoke)(&self.tell(request, Got::Invoked))
    }

    async fn list_topic_subscriptions(
        &self,
        request: Request<()>,
    ) -> Result<Response<ListTopicSubscriptionsResponse>, Status> {
        assert!(request.metadata().get("dapr-api-token").is_none());
        (self.answers.subscriptions)(&())
    }

    async fn on_topic_event(
        &self,
        request: Request<TopicEventRequest>,
    ) -> Result<Response<TopicEventResponse>, Status> {
        (self.answers.event)(&self.tell(request, Got::Event))
    }

    async fn list_input_bindings(
        &self,
        _: Request<()>,
    ) -> Result<Response<ListInputBindingsResponse>, Status> {
        (self.answers.bindings)(&())
    }

    async fn on_binding_event(
        &self,
        request: Request<BindingEventRequest>,
    ) -> Result<Response<BindingEventResponse>, Status> {
        (self.answers.binding)(&self.tell(request, Got::Binding))
    }

    async fn on_bulk_topic_event(
        &self,
        request: Request<TopicEventBulkRequest>,
    ) -> Result<Response<TopicEventBulkResponse>, Status> {
        (self.answers.bulk)(request.get_ref())
    }

    async fn on_job_event(
        &self,
        request: Request<JobEventRequest>,
    ) -> Result<Response<JobEventResponse>, Status> {
        (self.answers.job)(&self.tell(request, Got::Job))
    }
}

struct Health(Arc<App>);

#[async_trait]
impl AppCallbackHealthCheck for Health {
    async fn health_check(&self, _: Request<()>) -> Result<Response<HealthCheckResponse>, Status> {
        (self.0.answers.health)(&())
    }
}

/// A running app. It ends with the test.
pub struct GrpcApp {
    pub address: SocketAddr,
    got: mpsc::UnboundedReceiver<Got>,
}

impl GrpcApp {
    pub async fn start(answers: Answers) -> Self {
        Self::start_with(answers, None).await
    }

    /// One with a certificate that it has made itself.
    pub async fn secure(answers: Answers) -> Self {
        let made = rcgen::generate_simple_self_signed(["somewhere.else".to_owned()]).unwrap();
        let identity = Identity::from_pem(made.cert.pem(), made.signing_key.serialize_pem());
        Self::start_with(answers, Some(ServerTlsConfig::new().identity(identity))).await
    }

    async fn start_with(answers: Answers, tls: Option<ServerTlsConfig>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, got) = mpsc::unbounded_channel();
        let app = Arc::new(App { answers, got: sender });
        let mut server = Server::builder();
        if let Some(tls) = tls {
            server = server.tls_config(tls).unwrap();
        }
        let serving = server
            .add_service(AppCallbackServer::from_arc(Arc::clone(&app)))
            .add_service(AppCallbackHealthCheckServer::new(Health(app)))
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(serving);
        Self { address, got }
    }

    pub async fn next(&mut self) -> Got {
        within(self.got.recv()).await.unwrap()
    }
}
