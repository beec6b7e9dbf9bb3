//! What every gRPC call passes: token, rules of the configuration, trace context, log; then the service that its
//! path names.

use std::sync::Arc;

use axum::body::Body;
use dapr::dapr::proto::runtime::v1::dapr_server::DaprServer;
use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::codec::CompressionEncoding;
use tonic_health::pb::health_server::HealthServer;
use tower::Service as _;

use super::call::{Call, Peer, Received};
use super::error::unauthorized;
use super::health::Health;
use super::methods::{Called, Methods, waits};
use super::reflection::Reflection;
use super::{Service, trace};
use crate::sidecar::api::token::{Given, Token};
use crate::sidecar::blocks::invoke::proxy::target;
use crate::sidecar::core::Core;
use crate::sidecar::error::ApiError;

/// The gRPC API of one sidecar.
pub struct Api {
    core: Arc<Core>,
    methods: Methods,
    dapr: DaprServer<Service>,
    health: HealthServer<Health>,
    reflection: Reflection,
    token: Option<Token>,
    logging: bool,
    log_health: bool,
    /// Streams that go on end when it is cancelled.
    stop: CancellationToken,
}

impl Api {
    /// The API over this sidecar; `stop` tells it to come to an end.
    pub fn new(core: &Arc<Core>, stop: CancellationToken) -> Arc<Self> {
        let configuration = &core.shared.configuration;
        let limit = core.options.max_body_size.and_then(|limit| usize::try_from(limit).ok());
        let limit = limit.unwrap_or(usize::MAX);
        let dapr = DaprServer::new(Service { core: Arc::clone(core) })
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(limit)
            .max_encoding_message_size(limit);
        Arc::new(Self {
            methods: Methods::of(configuration),
            dapr,
            health: HealthServer::new(Health(Arc::clone(core))),
            reflection: Reflection::default(),
            token: Token::of(&core.shared.env),
            logging: core.options.api_logging.unwrap_or(configuration.api_logging),
            log_health: !configuration.api_logging_omit_health,
            core: Arc::clone(core),
            stop,
        })
    }

    /// Answers one request.
    pub async fn answer(self: Arc<Self>, mut request: Request<Incoming>) -> Response<Body> {
        let called = match self.methods.find(request.uri().path()) {
            // That of the app that is named.
            Called::Health if target(request.headers()).is_some() => Called::Other,
            called => called,
        };
        let logging = self.logging && (self.log_health || called != Called::Health);
        let mut call = Call::begin(request.uri().path(), request.headers(), logging);
        if self.core.metrics.is_on() && called.is_counted(request.uri().path()) {
            call.counted(self.core.metrics.rpc_server.method(request.uri().path()));
        }
        let mut context = trace::Given::take(request.headers_mut());
        let admitted = match &self.token {
            None => Given::Right,
            Some(token) => token.take(request.headers_mut()),
        };
        let response = match admitted {
            Given::Missing => refused("missing api token in request metadata"),
            Given::Wrong => refused("authentication error: api token mismatch"),
            Given::Right => {
                if called != Called::Health {
                    self.trace(called, &mut context, &mut call, &mut request);
                }
                let request = request.map(|body| Received::of(body, &call));
                self.dispatch(called, request, &mut call).await
            }
        };
        // Calls of apps have the time that running requests have.
        let stop = (!matches!(called, Called::Unknown | Called::Other)).then_some(&self.stop);
        let mut response = call.follow(response, stop);
        if self.core.shared.tracer.gives_context() && called != Called::Health {
            context.give(response.headers_mut());
        }
        response
    }

    /// Begins the span of a call.
    fn trace(
        &self,
        called: Called,
        context: &mut trace::Given,
        call: &mut Call,
        request: &mut Request<Incoming>,
    ) {
        let (uri, tracer) = (request.uri().clone(), &self.core.shared.tracer);
        let Some(mut span) = context.begin(tracer, request.headers_mut(), || uri.path().to_owned()) else {
            return;
        };
        let mut about = None;
        if span.is_told() {
            span.headers(request.headers());
            if called != Called::Other {
                span.set("dapr.api", uri.path());
                span.set("dapr.protocol", "grpc");
                let own = about.insert(trace::About::of(uri.path()));
                request.extensions_mut().insert(own.clone());
            } else if let Some(target) = target(request.headers()) {
                span.set("net.peer.name", target);
            }
        }
        call.traced(Some(span), about);
    }

    async fn dispatch(&self, called: Called, request: Request<Received>, call: &mut Call) -> Response<Body> {
        let response = match called {
            Called::Dapr { allowed: true } => {
                if waits(request.uri().path()) {
                    self.core.until_loaded().await;
                }
                infallible(self.dapr.clone().call(request).await)
            }
            Called::Health => infallible(self.health.clone().call(request).await),
            Called::Reflection(version) => self.reflection.answer(version, request).await,
            Called::Dapr { allowed: false } => Status::unimplemented("Not Implemented").into_http(),
            Called::Workflows => Status::from(ApiError::not_available("workflows")).into_http(),
            Called::Unknown | Called::Other => {
                // In a box, so that the other calls don't carry the room for one.
                return Box::pin(self.proxy(called, request, call)).await;
            }
        };
        response.map(Body::new)
    }

    /// Forwards a call of an app's own service.
    async fn proxy(&self, called: Called, request: Request<Received>, call: &mut Call) -> Response<Body> {
        let Some(target) = target(request.headers()) else {
            let text = match called {
                Called::Unknown => {
                    "failed to proxy request: required metadata dapr-callee-app-id or dapr-app-id not found"
                }
                _ => "cannot proxy request: missing dapr-callee-app-id or dapr-app-id metadata",
            };
            return Status::unknown(text).into_http();
        };
        if self.core.invoker.count(&target, &self.core.metrics) {
            let app_id = target.split('.').next().unwrap_or_default().to_owned();
            call.between_apps(&self.core.metrics, Peer::Callee(app_id));
        }
        match self.core.invoker.proxy(&target, request.map(Body::new)).await {
            Ok(response) => response,
            Err(status) => status.into_http(),
        }
    }
}

fn refused(cause: &str) -> Response<Body> {
    unauthorized(cause).into_http()
}

fn infallible<T>(result: Result<T, std::convert::Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}
