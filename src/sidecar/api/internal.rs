//! Calls from other embedded sidecars: the path is the method's, the header `dapr-app-id` says whom the
//! caller means. That header also keeps web pages out, which can't send it without being asked about it first.
//! Calls of an app's own gRPC services come over HTTP/2, which web pages can't speak here.

use axum::body::Body;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Request, Response, StatusCode, Version};
use tonic::Status;

use super::grpc::call::{Call, Peer};
use crate::sidecar::app::invoke::{Message, Said};
use crate::sidecar::blocks::invoke::{
    APP_ID, CALLEE, CALLER, LocalError, SIDECAR_ERROR, TRACEPARENT, status,
};
use crate::sidecar::core::Core;
use crate::sidecar::trace::{Kind, Span};

/// Hands a call to the app.
pub async fn answer(core: &Core, mut request: Request<Incoming>) -> Response<Body> {
    if request.version() == Version::HTTP_2 {
        // In a box, so that the other calls don't carry the room for one.
        return Box::pin(proxy(core, request)).await;
    }
    let meant = request.headers_mut().remove(APP_ID);
    if meant.is_none_or(|app_id| app_id.as_bytes() != core.shared.app_id.as_bytes()) {
        let text = format!("this sidecar serves another app: {}", core.shared.app_id);
        return own_error("failed", StatusCode::MISDIRECTED_REQUEST, text);
    }
    let caller = request.headers().get(CALLER).cloned();
    let caller = caller.as_ref().and_then(|caller| caller.to_str().ok());
    if let Some(caller) = caller {
        core.metrics.invoke_received(caller);
    }
    let path = request.uri().path_and_query().cloned();
    let path = path.as_ref().map_or("/", |path| path.as_str());
    if let Some(message) = Message::take(request.headers_mut()) {
        request.extensions_mut().insert(message);
    }
    let mut span = span(core, path, &mut request);
    let answer = core.invoker.local(path, request.map(Body::new)).await;
    if let Some(span) = &mut span {
        match &answer {
            Ok(response) => span.status(response.status()),
            Err(error) => span.fail(error),
        }
    }
    match answer {
        Ok(mut response) => {
            if let Some(caller) = caller {
                core.metrics.invoke_answered(caller, status(&response));
            }
            // Only a sidecar may say this.
            response.headers_mut().remove(SIDECAR_ERROR);
            match response.extensions_mut().remove::<Said>() {
                None => {}
                Some(Said::Data(type_url)) => Said::put_data(&type_url, response.headers_mut()),
                Some(Said::Failure(status)) => {
                    response.headers_mut().insert(SIDECAR_ERROR, HeaderValue::from_static("status"));
                    Said::put_failure(&status, response.headers_mut());
                }
            }
            response
        }
        Err(error @ LocalError::Failed(_)) => {
            own_error("failed", StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
        }
        Err(error @ LocalError::Denied(_)) => own_error("denied", StatusCode::FORBIDDEN, error.to_string()),
    }
}

/// Forwards a call of a gRPC service to the app.
async fn proxy(core: &Core, mut request: Request<Incoming>) -> Response<Body> {
    let meant = request.headers().get(CALLEE);
    if meant.is_none_or(|app_id| app_id.as_bytes() != core.shared.app_id.as_bytes()) {
        let text = format!("this sidecar serves another app: {}", core.shared.app_id);
        return Status::unavailable(text).into_http();
    }
    let mut call = Call::begin(request.uri().path(), request.headers(), false);
    if let Some(caller) = request.headers().get(CALLER).and_then(|caller| caller.to_str().ok()) {
        core.metrics.invoke_received(caller);
        call.between_apps(&core.metrics, Peer::Caller(caller.to_owned()));
    }
    if core.metrics.is_on() {
        call.counted(core.metrics.rpc_server.method(request.uri().path()));
    }
    let parent = request.headers().get(TRACEPARENT).and_then(|parent| parent.to_str().ok());
    let begun = core.shared.tracer.begin(Kind::Server, parent, || request.uri().path().to_owned());
    if let Some(mut span) = begun {
        span.headers(request.headers());
        if let Ok(own) = HeaderValue::from_str(span.traceparent()) {
            request.headers_mut().insert(TRACEPARENT, own);
        }
        call.traced(Some(span), None);
    }
    let answer = core.invoker.proxy_local(request.map(Body::new)).await;
    call.follow(answer.unwrap_or_else(Status::into_http), None)
}

/// The span of the call, which the app learns of in the place of the caller's.
fn span(core: &Core, path: &str, request: &mut Request<Incoming>) -> Option<Span> {
    let parent = request.headers().get(TRACEPARENT).and_then(|parent| parent.to_str().ok());
    let method = path.split('?').next().unwrap_or_default().trim_start_matches('/');
    let name = || format!("CallLocal/{}/{method}", core.shared.app_id);
    let mut span = core.shared.tracer.begin(Kind::Server, parent, name)?;
    if span.is_told() {
        span.set("dapr.api", "/dapr.proto.internals.v1.ServiceInvocation/CallLocalStream");
        span.set("dapr.invoke_method", method);
        span.set("dapr.protocol", "grpc");
        span.set("rpc.service", "ServiceInvocation");
    }
    if let Ok(own) = HeaderValue::from_str(span.traceparent()) {
        request.headers_mut().insert(TRACEPARENT, own);
    }
    Some(span)
}

fn own_error(kind: &'static str, status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(SIDECAR_ERROR, HeaderValue::from_static(kind));
    response
}
