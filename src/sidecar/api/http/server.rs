//! What every API call passes: cleaning of the path, CORS, token, body limit, trace context, counting and
//! logging. One function instead of a stack of layers, because most calls are over in some ten microseconds.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use hyper::body::Body as _;
use hyper::header::{ALLOW, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Method, Request, Response, StatusCode};
use tower::ServiceExt;

use super::cors::{self, Cors};
use super::error::ErrorCode;
use super::{invoke, log, path, routes, trace};
use crate::sidecar::api::rules::Rules;
use crate::sidecar::api::token::{Given, Token};
use crate::sidecar::core::Core;
use crate::sidecar::limit::{Received, limited};
use crate::sidecar::metrics;

/// The HTTP API of one sidecar.
pub struct Api {
    core: Arc<Core>,
    router: Router,
    cors: Option<Cors>,
    token: Option<Token>,
    rules: Option<Rules>,
    logging: bool,
    log_health: bool,
    /// Whether the log has names in the place of paths.
    log_names: bool,
}

impl Api {
    /// The API over this sidecar.
    pub fn new(core: &Arc<Core>) -> Arc<Self> {
        let configuration = &core.shared.configuration;
        Arc::new(Self {
            router: routes(core),
            cors: Cors::of(&core.options.allowed_origins),
            token: Token::of(&core.shared.env),
            rules: Rules::of(configuration, "http"),
            logging: core.options.api_logging.unwrap_or(configuration.api_logging),
            log_health: !configuration.api_logging_omit_health,
            log_names: configuration.flag("/logging/apilogging/obfuscateurls"),
            core: Arc::clone(core),
        })
    }

    /// Answers one request, wherever its body comes from.
    pub async fn answer<B: Received>(self: Arc<Self>, mut request: Request<B>) -> Response<Body> {
        if path::bad_escape(request.uri().path()).is_some() {
            return (StatusCode::BAD_REQUEST, "400 Bad Request").into_response();
        }
        if let Some(clean) = path::for_routing(&request) {
            *request.uri_mut() = clean;
        }
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let health = uri.path().starts_with("/v1.0/healthz");
        let logged = (self.logging && (self.log_health || !health))
            .then(|| log::Call::begin(&method, &uri, request.headers(), self.log_names));
        let received = request.body().size_hint().lower();
        let started = Instant::now();
        let response = self.guarded(request, health).await;
        self.core.metrics.request(&metrics::Request {
            method: &method,
            path: uri.path(),
            status: response.status(),
            took: started.elapsed(),
            received,
            sent: response.body().size_hint().exact(),
        });
        if let Some(ErrorCode(code)) = response.extensions().get() {
            self.core.metrics.error_code(code);
        }
        match logged {
            Some(call) => call.follow(response),
            None => response,
        }
    }

    async fn guarded<B: Received>(&self, mut request: Request<B>, health: bool) -> Response<Body> {
        let mut context = match trace::Context::take(request.headers_mut()) {
            Ok(context) => context,
            Err(reason) => return trace::refused(&reason),
        };
        let origin = match &self.cors {
            None => None,
            Some(cors) => match cors.preflight(&request) {
                Some(response) => return response,
                None => Some(cors.origin(request.headers())),
            },
        };
        let admitted = self.admits(&mut request, health);
        let mut span = (!health && admitted)
            .then(|| trace::begin(&self.core.shared.tracer, &mut context, &mut request))
            .flatten();
        let mut response = if admitted { self.dispatch(request, health).await } else { unauthorized() };
        if let Some(span) = &mut span {
            span.status(response.status());
        }
        if self.core.shared.tracer.gives_context() && !health {
            context.give(response.headers_mut());
        }
        if let Some(origin) = origin {
            cors::mark(response.headers_mut(), origin);
        }
        response
    }

    /// Whether the token is right, which is taken out of the request.
    fn admits<B>(&self, request: &mut Request<B>, health: bool) -> bool {
        let Some(token) = &self.token else {
            return true;
        };
        if health && request.method() == Method::GET {
            return true;
        }
        token.take(request.headers_mut()) == Given::Right
    }

    /// Whether the configuration lets this part of the API be used.
    fn allows(&self, path: &str) -> bool {
        let Some(rules) = &self.rules else { return true };
        let mut segments = path.trim_start_matches('/').split('/');
        let (version, group) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        // What has no version is a path of some app.
        !version.starts_with("v1.0") || rules.allow(group, version)
    }

    async fn dispatch<B: Received>(&self, request: Request<B>, health: bool) -> Response<Body> {
        let own = health || request.uri().path() == "/v1.0/shutdown";
        if !own {
            self.core.until_loaded().await;
        }
        let limit = self.core.options.max_body_size;
        let request = request.map(|body| limited(body, limit));
        if !health && !self.allows(request.uri().path()) {
            return invoke::answer_in_headers(&self.core, request).await;
        }
        // No route is there for HEAD; the router would answer it like GET.
        if request.uri().path().starts_with(invoke::PREFIX) || request.method() == Method::HEAD {
            return invoke::answer(&self.core, request).await;
        }
        route(self.router.clone(), request).await
    }
}

async fn route(router: Router, request: Request<Body>) -> Response<Body> {
    let mut response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if let Some(Allowed(allow)) = response.extensions_mut().remove() {
        match allow {
            Some(allow) => response.headers_mut().insert(ALLOW, allow),
            None => response.headers_mut().remove(ALLOW),
        };
    }
    response
}

/// `Allow` of an answer that no route gave: the router puts its own over it.
#[derive(Clone)]
struct Allowed(Option<HeaderValue>);

/// What no route takes, by path or by method: a call to the app that the headers name, or an error.
pub async fn no_route(State(core): State<Arc<Core>>, request: Request<Body>) -> Response<Body> {
    let mut response = invoke::answer(&core, request).await;
    let allow = response.headers().get(ALLOW).cloned();
    response.extensions_mut().insert(Allowed(allow));
    response
}

fn unauthorized() -> Response<Body> {
    (StatusCode::UNAUTHORIZED, [(X_CONTENT_TYPE_OPTIONS, "nosniff")], "invalid api token\n").into_response()
}
