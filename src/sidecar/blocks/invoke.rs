//! Service invocation (http-api reference, section 2): which instance gets a call, what is added to it and
//! taken from it, and what goes wrong.

mod path;
pub mod proxy;
mod replay;

use std::collections::HashMap;
use std::net::UdpSocket;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Request, Response, StatusCode, Uri, Version};
use serde_json::Value;

pub use path::{Forbidden, method_path};

use crate::env::{DAPR_API_TOKEN, DAPR_HOST_IP, Env};
use crate::os;
use crate::resources::{Code, Configuration, Retry};
use crate::sidecar::app::Channel;
use crate::sidecar::app::invoke::{Message, Said};
use crate::sidecar::error::ApiError;
use crate::sidecar::metrics::Metrics;
use crate::sidecar::options::duration_text;
use crate::sidecar::outside::{Outside, Place};
use crate::sidecar::pool::{self, Pool};
use crate::sidecar::resiliency::{Backoff, Outcome, Policy, Resiliency, Verdict};
use crate::sidecar::resolve::{Instance, Resolver};
use crate::sidecar::trace::Context;

/// `errorCode` of everything here.
pub const CODE: &str = "ERR_DIRECT_INVOKE";
/// The app that a call is for, between sidecars and in header-style calls.
pub const APP_ID: HeaderName = HeaderName::from_static("dapr-app-id");
/// Set by the callee's sidecar when the answer is its own and not the app's: `failed` or `denied`; or [`STATUS`].
pub const SIDECAR_ERROR: HeaderName = HeaderName::from_static("dapr-sidecar-error");
/// The app has answered with an error of gRPC, which further headers tell.
pub const STATUS: &[u8] = b"status";
/// Who calls, as the app sees it.
pub const CALLER: HeaderName = HeaderName::from_static("dapr-caller-app-id");
/// Who is called.
pub const CALLEE: HeaderName = HeaderName::from_static("dapr-callee-app-id");
const CALLER_NAMESPACE: HeaderName = HeaderName::from_static("dapr-caller-namespace");
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const API_TOKEN: HeaderName = HeaderName::from_static("dapr-api-token");
/// The header of the W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// Largest answer of another sidecar that is read as an error text.
const ERROR_TEXT: usize = 64 << 10;

/// No target was named.
pub fn no_target() -> ApiError {
    let text = "failed getting app id either from the URL path or the header dapr-app-id";
    ApiError::new(StatusCode::NOT_FOUND, CODE, text)
}

/// A call that failed.
pub fn failed(app_id: &str, reason: impl std::fmt::Display) -> ApiError {
    let text = format!("failed to invoke, id: {app_id}, err: {reason}");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, CODE, text)
}

/// Why the callee's side gave no answer of the app.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalError {
    /// The app was not reached.
    #[error("{0}")]
    Failed(String),
    /// The app may not be called (daprd reference, section 14).
    #[error("rpc error: code = PermissionDenied desc = access control policy has denied access to id: {0}")]
    Denied(String),
}

/// Makes calls, to the own app and to others.
pub struct Invoker {
    app_id: String,
    app: Option<Arc<Channel>>,
    resolver: Resolver,
    peers: Mutex<HashMap<u16, Arc<Pool>>>,
    links: Mutex<HashMap<u16, Arc<pool::Shared>>>,
    identity: Identity,
    token: Option<HeaderValue>,
    /// Whether others may not call the app; nothing where the configuration says nothing of it.
    closed: Option<bool>,
    namespace: String,
    /// Calls come with a span of their own, which their headers name.
    pub traced: bool,
    /// What makes calls robust.
    pub resiliency: Arc<Resiliency>,
    /// Services that are no apps.
    pub outside: Outside,
}

/// What the callee's app is told of the caller.
struct Identity {
    app_id: HeaderValue,
    namespace: HeaderValue,
    address: HeaderValue,
    host: HeaderValue,
    forwarded: HeaderValue,
}

impl Identity {
    fn of(app_id: &str, namespace: &str, env: &Env) -> Self {
        let address = env.get(DAPR_HOST_IP).map_or_else(own_address, str::to_owned);
        let host = os::hostname();
        let forwarded = format!("for={address};by={address};host={host}");
        let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
        Self {
            app_id: value(app_id),
            namespace: value(if namespace.is_empty() { "default" } else { namespace }),
            address: value(&address),
            host: value(&host),
            forwarded: value(&forwarded),
        }
    }
}

/// The address that packets to the outside would come from; asking for it sends nothing.
fn own_address() -> String {
    let ask = || -> std::io::Result<String> {
        let socket = UdpSocket::bind(("0.0.0.0", 0))?;
        socket.connect(("192.0.2.1", 9))?;
        Ok(socket.local_addr()?.ip().to_string())
    };
    ask().unwrap_or_else(|_| "127.0.0.1".into())
}

/// Without mTLS no caller has a proven identity, so that only the general action of the access control
/// counts: `deny` when there are policies but no action.
fn is_closed(configuration: &Configuration) -> bool {
    let text =
        |pointer: &str| configuration.spec.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    match text("/accesscontrol/defaultaction") {
        "" => {
            let policies = configuration.spec.pointer("/accesscontrol/policies").and_then(Value::as_array);
            policies.is_some_and(|policies| !policies.is_empty())
        }
        action => action.eq_ignore_ascii_case("deny"),
    }
}

impl Invoker {
    /// An invoker for this app.
    pub fn new(
        app_id: &str,
        namespace: &str,
        app: Option<Arc<Channel>>,
        resolver: Resolver,
        configuration: &Configuration,
        env: &Env,
    ) -> Self {
        Self {
            app_id: app_id.to_owned(),
            app,
            resolver,
            peers: Mutex::default(),
            links: Mutex::default(),
            identity: Identity::of(app_id, namespace, env),
            token: env.get(DAPR_API_TOKEN).and_then(|token| HeaderValue::from_str(token).ok()),
            closed: configuration.spec.get("accesscontrol").map(|_| is_closed(configuration)),
            namespace: namespace.to_owned(),
            traced: false,
            resiliency: Arc::default(),
            outside: Outside::default(),
        }
    }

    /// Calls a method of an app or of a service outside. An app's name may end in a namespace; `path` is the method's path and query as
    /// [`method_path`] made it.
    pub async fn invoke(
        &self,
        target: &str,
        path: &str,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, ApiError> {
        let place = self.outside.find(target).map_err(|cause| failed(target, cause))?;
        let app_id = if place.is_some() { target } else { target.split('.').next().unwrap_or(target) };
        if app_id.is_empty() {
            return Err(no_target());
        }
        let callee = Callee { name: app_id, place };
        strip(request.headers_mut());
        if !self.traced {
            continue_trace(request.headers_mut());
        }
        let method = path.split('?').next().unwrap_or_default().trim_start_matches('/');
        let response = match self.resiliency.app(app_id, method) {
            None => self.once(&callee, path, request, Some(self.resiliency.service_retries())).await,
            // In a box, so that calls without a policy don't carry the room for one.
            Some(policy) => Box::pin(self.robustly(policy, &callee, path, request)).await,
        };
        response.map(|mut response| {
            strip(response.headers_mut());
            response
        })
    }

    /// Calls under a policy. A request is sent again only if its body is known in full.
    async fn robustly(
        &self,
        policy: Policy,
        callee: &Callee<'_>,
        path: &str,
        request: Request<Body>,
    ) -> Result<Response<Body>, ApiError> {
        let app_id = callee.name;
        let mut request =
            replay::Replay::of(request, policy.repeats()).await.map_err(|error| failed(app_id, error))?;
        let policy = if request.is_whole() { policy } else { policy.once() };
        let result = policy.run(|| {
            let request = request.next();
            async move { Answer(self.once(callee, path, request, None).await) }
        });
        result.await.map_or_else(|cause| Err(failed(app_id, cause)), |answer| answer.0)
    }

    /// Calls the own app, another one or a service outside. `retries` is for sidecars that can't be reached.
    async fn once(
        &self,
        callee: &Callee<'_>,
        path: &str,
        request: Request<Body>,
        retries: Option<&Retry>,
    ) -> Result<Response<Body>, ApiError> {
        let app_id = callee.name;
        if let Some(place) = &callee.place {
            // In a box, so that calls of apps don't carry the room for one.
            Box::pin(place.send(path, request)).await.map_err(|cause| failed(app_id, cause))
        } else if app_id == self.app_id {
            self.to_app(request, path).await.map_err(|error| match error {
                Unanswered::NoApp => {
                    failed(app_id, "cannot invoke local endpoint: app channel not initialized")
                }
                Unanswered::Broken(cause) => failed(app_id, cause),
            })
        } else {
            self.remote(app_id, path, request, retries).await
        }
    }

    /// Counts a call that goes to another sidecar; returns whether it is one.
    pub fn count(&self, target: &str, metrics: &Metrics) -> bool {
        let callee = target.split('.').next().unwrap_or_default();
        let is_one = callee != self.app_id && !self.outside.has(target);
        if is_one {
            metrics.invoke_sent(callee);
        }
        is_one
    }

    /// Calls the own app for another sidecar.
    pub async fn local(&self, path: &str, request: Request<Body>) -> Result<Response<Body>, LocalError> {
        if let Some(closed) = self.closed {
            self.resiliency.metrics().access(&self.namespace, !closed);
        }
        if self.closed == Some(true) {
            return Err(LocalError::Denied(self.app_id.clone()));
        }
        let mut response = self.to_app(request, path).await.map_err(|error| {
            LocalError::Failed(match error {
                Unanswered::NoApp => {
                    "rpc error: code = Internal desc = app channel is not initialized".into()
                }
                Unanswered::Broken(cause) => {
                    format!("rpc error: code = Internal desc = error invoking app channel: {cause}")
                }
            })
        })?;
        strip(response.headers_mut());
        Ok(response)
    }

    async fn to_app(&self, request: Request<Body>, path: &str) -> Result<Response<Body>, Unanswered> {
        let app = self.app.as_ref().ok_or(Unanswered::NoApp)?;
        app.invoke(request, path).await.map_err(|error| Unanswered::Broken(error.to_string()))
    }

    async fn remote(
        &self,
        app_id: &str,
        path: &str,
        mut request: Request<Body>,
        retries: Option<&Retry>,
    ) -> Result<Response<Body>, ApiError> {
        self.sign(app_id, request.headers_mut());
        let mut waits = retries.map(Backoff::new);
        let started = Instant::now();
        // The connection is made before anything of the body is read, so that every call can go elsewhere
        // when it is refused.
        let mut attempt = 0;
        loop {
            attempt += 1;
            let instances = match attempt {
                1 => self.resolver.instances(app_id).await,
                _ => self.resolver.look(app_id).await,
            };
            if instances.is_empty() {
                return Err(failed(app_id, format_args!("couldn't find service: {app_id}")));
            }
            let mut refused = String::new();
            let first = self.resolver.turn();
            for step in 0..instances.len() {
                let instance = instances[first.wrapping_add(step) % instances.len()];
                match self.send(instance, app_id, path, request).await? {
                    Sent::Answer(response) => {
                        if attempt > 1 {
                            tracing::info!(
                                target: "dapr.runtime.resiliency",
                                "Recovered processing operation endpoint[{app_id}, {app_id}:{path}] after {attempt} attempts"
                            );
                        }
                        let metrics = self.resiliency.metrics();
                        metrics.invoke_done(app_id, status(&response), started.elapsed());
                        return Ok(response);
                    }
                    Sent::Refused(back, reason) => {
                        request = *back;
                        refused = reason;
                    }
                }
            }
            let Some(waits) = &mut waits else { return Err(failed(app_id, refused)) };
            let Some(wait) = waits.next() else {
                let retries = attempt - 1;
                let text =
                    format!("failed to invoke target {app_id} after {retries} retries. Error: {refused}");
                return Err(failed(app_id, text));
            };
            tracing::warn!(
                target: "dapr.runtime.resiliency",
                "Error processing operation endpoint[{app_id}, {app_id}:{path}]. Retrying in {}…",
                duration_text(wait)
            );
            tokio::time::sleep(wait).await;
        }
    }

    /// What the callee's app is told.
    fn sign(&self, app_id: &str, headers: &mut HeaderMap) {
        let identity = &self.identity;
        headers.insert(CALLER, identity.app_id.clone());
        if let Ok(callee) = HeaderValue::from_str(app_id) {
            headers.insert(CALLEE, callee);
        }
        headers.insert(CALLER_NAMESPACE, identity.namespace.clone());
        headers.insert(FORWARDED_FOR, identity.address.clone());
        headers.insert(FORWARDED_HOST, identity.host.clone());
        headers.insert(FORWARDED, identity.forwarded.clone());
    }

    async fn send(
        &self,
        instance: Instance,
        app_id: &str,
        path: &str,
        mut request: Request<Body>,
    ) -> Result<Sent, ApiError> {
        let (port, uri) = match instance {
            Instance::Embedded(port) => {
                if let Some(message) = request.extensions().get::<Message>().cloned() {
                    message.put(request.headers_mut());
                }
                if let Ok(callee) = HeaderValue::from_str(app_id) {
                    request.headers_mut().insert(APP_ID, callee);
                }
                (port, path.parse::<PathAndQuery>())
            }
            Instance::Installed { http: port, .. } => {
                if let Some(token) = &self.token {
                    request.headers_mut().insert(API_TOKEN, token.clone());
                }
                (port, format!("/v1.0/invoke/{app_id}/method{path}").parse::<PathAndQuery>())
            }
        };
        *request.uri_mut() = Uri::from(uri.map_err(|error| failed(app_id, error))?);
        *request.version_mut() = Version::HTTP_11;
        request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
        let error = match self.pool(port).send(request, None).await {
            Ok(response) => return self.answer(app_id, response).await.map(Sent::Answer),
            Err(error) => error,
        };
        let reason = |text| {
            format!("rpc error: code = Unavailable desc = connection error: desc = \"transport: {text}\"")
        };
        match error {
            pool::Error::Connect(request, error) => {
                let text = pool::connect_text("127.0.0.1", port, &error);
                Ok(Sent::Refused(request, reason(format!("Error while dialing: {text}"))))
            }
            // It may have been handled: sending it again could do its work twice.
            pool::Error::Broken(error) => {
                let text = pool::broken_text("127.0.0.1", port, &error);
                Err(failed(app_id, reason(text)))
            }
        }
    }

    async fn answer(&self, app_id: &str, mut response: Response<Body>) -> Result<Response<Body>, ApiError> {
        let Some(kind) = response.headers_mut().remove(SIDECAR_ERROR) else {
            if let Some(said) = Said::take_data(response.headers_mut()) {
                response.extensions_mut().insert(said);
            }
            return Ok(response);
        };
        if kind.as_bytes() == STATUS {
            if let Some(said) = Said::take_failure(response.headers_mut()) {
                response.extensions_mut().insert(said);
            }
            return Ok(response);
        }
        let text = axum::body::to_bytes(response.into_body(), ERROR_TEXT).await.unwrap_or_default();
        let mut error = failed(app_id, String::from_utf8_lossy(&text));
        if kind.as_bytes() == b"denied" {
            error.status = StatusCode::FORBIDDEN;
        }
        Err(error)
    }

    fn pool(&self, port: u16) -> Arc<Pool> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(peers.entry(port).or_insert_with(|| Pool::new("127.0.0.1", port)))
    }
}

/// Who is called.
struct Callee<'a> {
    /// The app, or a service outside as the caller names it.
    name: &'a str,
    /// Where a service outside is.
    place: Option<Place<'a>>,
}

/// Why the own app gave no answer.
enum Unanswered {
    NoApp,
    Broken(String),
}

/// The result of a call, as policies judge it: an app that answers with a failure has failed.
struct Answer(Result<Response<Body>, ApiError>);

impl Outcome for Answer {
    fn verdict(&self) -> Verdict {
        match &self.0 {
            Ok(response) if response.status().is_success() => Verdict::Well,
            Ok(response) if let Some(Said::Failure(status)) = response.extensions().get() => {
                Verdict::Failed(u16::try_from(i32::from(status.code())).ok().map(Code::Grpc))
            }
            Ok(response) => Verdict::Failed(Some(Code::Http(response.status().as_u16()))),
            // The app's sidecar does not allow it.
            Err(error) if error.status == StatusCode::FORBIDDEN => Verdict::Permanent,
            Err(error) => Verdict::Failed(Some(Code::Http(error.status.as_u16()))),
        }
    }

    fn cause(&self) -> String {
        match &self.0 {
            Ok(response) => format!("status {}", response.status().as_u16()),
            Err(error) => error.message.clone(),
        }
    }
}

enum Sent {
    Answer(Response<Body>),
    Refused(Box<Request<Body>>, String),
}

/// What an app has answered, as it is counted: a status of gRPC when it speaks that.
pub fn status(response: &Response<Body>) -> u16 {
    match response.extensions().get() {
        None => response.status().as_u16(),
        Some(Said::Data(_)) => 0,
        Some(Said::Failure(status)) => u16::try_from(i32::from(status.code())).unwrap_or_default(),
    }
}

/// Makes the call a child of the caller's span, or the first of a new trace.
fn continue_trace(headers: &mut HeaderMap) {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let context = Context::of_call(text(TRACEPARENT), text(TRACESTATE));
    if context.state.is_empty() {
        headers.remove(TRACESTATE);
    }
    if let Ok(parent) = HeaderValue::from_str(&context.parent) {
        headers.insert(TRACEPARENT, parent);
    }
}

/// Takes out what concerns only one connection, and what is between the caller and its sidecar.
fn strip(headers: &mut HeaderMap) {
    let local = |name: &HeaderName| {
        let name = name.as_str();
        matches!(
            name,
            "connection"
                | "keep-alive"
                | "transfer-encoding"
                | "upgrade"
                | "te"
                | "trailer"
                | "dapr-app-id"
                | "dapr-api-token"
        ) || name.starts_with("proxy-")
            || name.ends_with("-bin")
    };
    let mut unwanted: Vec<HeaderName> = headers.keys().filter(|name| local(name)).cloned().collect();
    // `Connection` names further ones.
    for value in headers.get_all(CONNECTION) {
        let names = value.to_str().unwrap_or_default().split(',');
        unwanted.extend(names.filter_map(|name| name.trim().parse::<HeaderName>().ok()));
    }
    for name in unwanted {
        headers.remove(name);
    }
}

/// The target that a request names in its headers: `dapr-app-id`, or basic authorisation with that user.
pub fn target_in_headers(headers: &HeaderMap) -> Option<String> {
    let named = headers.get(APP_ID).and_then(|target| target.to_str().ok());
    if let Some(target) = named.filter(|target| !target.is_empty()) {
        return Some(target.to_owned());
    }
    let basic = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = basic.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, target) = text.split_once(':')?;
    (user.eq_ignore_ascii_case(APP_ID.as_str()) && !target.is_empty()).then(|| target.to_owned())
}

#[cfg(test)]
mod tests;
