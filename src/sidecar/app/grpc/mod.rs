//! An app that speaks gRPC (grpc-api reference, section 5): a file for each thing that is asked of it.

mod bindings;
mod bulk_events;
pub mod events;
mod invoke;
mod jobs;
mod subscriptions;

pub use invoke::prefixed;

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Request, Response};
use prost::Message;
use tokio::sync::OwnedSemaphorePermit;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower::Service;

use super::{CallError, Channel, callback};
use crate::components::Metadata;
use crate::resources;
use crate::sidecar::pool::Shared;
use crate::sidecar::trace;

/// The channel to an app that speaks gRPC.
pub struct Grpc<'a> {
    channel: &'a Channel,
    link: &'a Shared,
}

/// Why the app gave no answer.
#[derive(Debug, Clone)]
pub enum Failure {
    /// It was not reached, or the connection broke.
    Call(CallError),
    /// It answered with an error.
    Status(Status),
}

impl Failure {
    /// The status, as resiliency policies know it.
    fn code(&self) -> Option<resources::Code> {
        match self {
            Self::Call(_) => None,
            Self::Status(status) => u16::try_from(i32::from(status.code())).ok().map(resources::Code::Grpc),
        }
    }

    /// The number of the status; a call without an answer has one too.
    fn number(&self) -> i32 {
        match self {
            Self::Call(_) => Code::Unavailable.into(),
            Self::Status(status) => status.code().into(),
        }
    }

    /// Whether the app doesn't have the method.
    fn is_unimplemented(&self) -> bool {
        matches!(self, Self::Status(status) if status.code() == Code::Unimplemented)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Status(status) => {
                write!(f, "rpc error: code = {:?} desc = {}", status.code(), status.message())
            }
        }
    }
}

impl<'a> Grpc<'a> {
    /// The channel, when the app speaks gRPC.
    pub fn of(channel: &'a Channel) -> Option<Self> {
        channel.grpc().map(|link| Self { channel, link })
    }

    /// Asks for the app's health, past the gate and the limit. The error is the reason why it isn't healthy.
    pub async fn health(&self) -> Result<(), String> {
        const PATH: &str = "/dapr.proto.runtime.v1.AppCallbackHealthCheck/HealthCheck";
        let started = Instant::now();
        let answer = self.ask::<()>(PATH).await;
        if let Some(metrics) = self.channel.metrics() {
            metrics.rpc_probe(answer.as_ref().err().map_or(0, Failure::number), started.elapsed());
        }
        answer.map_err(|failure| failure.to_string())
    }

    /// A question before calls begin: without a token, past the limit.
    async fn ask<R: Message + Default + 'static>(&self, path: &'static str) -> Result<R, Failure> {
        self.unary(path, (), MetadataMap::new(), None).await.map(tonic::Response::into_inner)
    }

    /// A question that is asked again while the app can't be reached: it may be starting. `None` when it gives no answer.
    async fn ask_patiently<R: Message + Default + 'static>(
        &self,
        path: &'static str,
    ) -> Option<Result<R, Failure>> {
        let is_away = |failure: &Failure| {
            matches!(failure, Failure::Call(CallError::Transport(_) | CallError::Broken(_)))
        };
        self.channel.question(|| self.ask(path), is_away).await
    }

    /// A call like any other.
    async fn call<M, R>(
        &self,
        path: &'static str,
        message: M,
        mut metadata: MetadataMap,
    ) -> Result<tonic::Response<R>, Failure>
    where
        M: Message + 'static,
        R: Message + Default + 'static,
    {
        let permit = self.channel.enter().await.map_err(Failure::Call)?;
        if let Some(token) = self.channel.token() {
            let mut headers = metadata.into_headers();
            headers.insert("dapr-api-token", token.clone());
            metadata = MetadataMap::from_headers(headers);
        }
        self.unary(path, message, metadata, permit).await
    }

    async fn unary<M, R>(
        &self,
        path: &'static str,
        message: M,
        metadata: MetadataMap,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<tonic::Response<R>, Failure>
    where
        M: Message + 'static,
        R: Message + Default + 'static,
    {
        let limit = self.channel.limit_of_answers();
        let link = Once { channel: self.channel, link: self.link, permit };
        let mut client = tonic::client::Grpc::new(link).max_decoding_message_size(limit);
        let sent = message.encoded_len();
        let mut request = tonic::Request::new(message);
        *request.metadata_mut() = metadata;
        let codec = ProstCodec::<M, R>::default();
        let started = Instant::now();
        let answer: Result<tonic::Response<R>, Failure> =
            client.unary(request, PathAndQuery::from_static(path), codec).await.map_err(Failure::from);
        if let Some(metrics) = self.channel.metrics().filter(|metrics| metrics.is_on()) {
            let series = metrics.rpc_client.method(path);
            series.ended(answer.as_ref().err().map_or(0, Failure::number), started.elapsed());
            series.sent(sent as u64);
            if let Ok(answer) = &answer {
                series.received(answer.get_ref().encoded_len() as u64);
            }
        }
        answer
    }
}

impl From<Status> for Failure {
    /// A status that the app has sent has no cause on our side.
    fn from(status: Status) -> Self {
        let mut source = status.source();
        while let Some(cause) = source {
            if let Some(error) = cause.downcast_ref::<CallError>() {
                return Self::Call(error.clone());
            }
            source = cause.source();
        }
        match status.source() {
            Some(_) => Self::Call(CallError::Broken(status.message().to_owned())),
            None => Self::Status(status),
        }
    }
}

/// Sends one request of a client to the app.
struct Once<'a> {
    channel: &'a Channel,
    link: &'a Shared,
    permit: Option<OwnedSemaphorePermit>,
}

impl<'a> Service<Request<tonic::body::Body>> for Once<'a> {
    type Response = Response<Body>;
    type Error = CallError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, CallError>> + Send + 'a>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let (channel, link, permit) = (self.channel, self.link, self.permit.take());
        Box::pin(async move {
            let words = |text| format!("connection error: desc = \"transport: Error while dialing: {text}\"");
            link.send(request.map(Body::new), permit).await.map_err(|error| channel.error(&error, words))
        })
    }
}

/// Metadata of a message or an event as metadata of a call; what can't be that is left out.
fn metadata(metadata: &Metadata) -> HeaderMap {
    let mut headers = callback::headers(metadata);
    let reserved: Vec<_> = headers.keys().filter(|name| is_reserved(name.as_str())).cloned().collect();
    for name in reserved {
        headers.remove(name);
    }
    headers
}

/// Whether a name has a meaning of its own in gRPC.
fn is_reserved(name: &str) -> bool {
    name.starts_with("grpc-") || name.ends_with("-bin") || name == "user-agent"
}

/// Adds a trace context in both its forms.
fn put_trace(headers: &mut HeaderMap, context: &trace::Context) {
    if let Some(binary) = trace::to_binary(&context.parent) {
        headers.insert(trace::BINARY, binary);
    }
    for (name, value) in [("traceparent", &context.parent), ("tracestate", &context.state)] {
        if let Ok(value) = HeaderValue::from_str(value)
            && !value.is_empty()
        {
            headers.insert(name, value);
        }
    }
}
