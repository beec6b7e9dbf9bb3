//! Calls of an app's own gRPC services (grpc-api reference, section 7): forwarded as they are, streams in both
//! directions, metadata and trailers included. Nothing of them is read.

use std::sync::{Arc, PoisonError};

use axum::body::Body;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Request, Response};
use tonic::{Code, Status};

use super::{API_TOKEN, APP_ID, CALLEE, CALLER, CALLER_NAMESPACE, Invoker, TRACEPARENT};
use crate::resources;
use crate::sidecar::app::CallError;
use crate::sidecar::options::duration_text;
use crate::sidecar::pool::{self, Shared};
use crate::sidecar::resiliency::{Backoff, Outcome, Verdict};
use crate::sidecar::resolve::Instance;
use crate::sidecar::trace;

/// The app that a call is for, by its metadata.
pub fn target(headers: &HeaderMap) -> Option<String> {
    let named =
        [CALLEE, APP_ID].into_iter().find_map(|name| headers.get(name)?.to_str().ok().map(str::to_owned));
    named.filter(|target| !target.is_empty())
}

impl Invoker {
    /// Forwards a call to an app, whose name may end in a namespace.
    pub async fn proxy(&self, target: &str, mut request: Request<Body>) -> Result<Response<Body>, Status> {
        let app_id = target.split('.').next().unwrap_or(target);
        request.headers_mut().remove(API_TOKEN);
        put_binary_trace(request.headers_mut());
        let method = request.uri().path().trim_start_matches('/').to_owned();
        // A call that may be a stream goes out once; what a policy says of time and of open circuits holds.
        let Some(policy) = self.resiliency.app(app_id, &method) else {
            return self.forward(app_id, request).await;
        };
        let mut request = Some(request);
        let policy = policy.once();
        let result = policy.run(|| {
            let request = request.take().unwrap_or_default();
            async move { Forwarded(self.forward(app_id, request).await) }
        });
        result.await.map_or_else(|cause| Err(Status::unavailable(cause.to_string())), |forwarded| forwarded.0)
    }

    async fn forward(&self, app_id: &str, request: Request<Body>) -> Result<Response<Body>, Status> {
        if app_id == self.app_id {
            return self.proxy_to_app(request).await;
        }
        self.proxy_away(app_id, request).await
    }

    /// Forwards a call to the own app for another sidecar.
    pub async fn proxy_local(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        if self.closed == Some(true) {
            let text = format!("access control policy has denied access to id: {}", self.app_id);
            return Err(Status::permission_denied(text));
        }
        self.proxy_to_app(request).await
    }

    async fn proxy_to_app(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let app =
            self.app.as_ref().ok_or_else(|| Status::failed_precondition("app channel is not initialized"))?;
        app.proxy(request).await.map_err(|error| match error {
            CallError::Unhealthy | CallError::Transport(_) | CallError::Refused(_) => {
                Status::unavailable(error.to_string())
            }
            CallError::Broken(text) => Status::unavailable(broken(&text)),
        })
    }

    async fn proxy_away(&self, app_id: &str, mut request: Request<Body>) -> Result<Response<Body>, Status> {
        let headers = request.headers_mut();
        headers.insert(CALLER, self.identity.app_id.clone());
        headers.insert(CALLER_NAMESPACE, self.identity.namespace.clone());
        if let Ok(callee) = HeaderValue::from_str(app_id) {
            headers.insert(CALLEE, callee);
        }
        let mut waits = Backoff::new(self.resiliency.service_retries());
        let mut attempt = 0;
        loop {
            attempt += 1;
            let instances = match attempt {
                1 => self.resolver.instances(app_id).await,
                _ => self.resolver.look(app_id).await,
            };
            if instances.is_empty() {
                return Err(Status::unknown(format!("couldn't find service: {app_id}")));
            }
            let mut refused = String::new();
            let first = self.resolver.turn();
            for step in 0..instances.len() {
                let port = match instances[first.wrapping_add(step) % instances.len()] {
                    Instance::Embedded(port) => port,
                    Instance::Installed { grpc, .. } => {
                        if let Some(token) = &self.token {
                            request.headers_mut().insert(API_TOKEN, token.clone());
                        }
                        grpc
                    }
                };
                match self.link(port).send(request, None).await {
                    Ok(response) => return Ok(response),
                    // Nothing was sent: it can go elsewhere, whatever it is.
                    Err(pool::Error::Connect(back, error)) => {
                        request = *back;
                        let text = pool::connect_text("127.0.0.1", port, &error);
                        refused =
                            format!("connection error: desc = \"transport: Error while dialing: {text}\"");
                    }
                    Err(pool::Error::Broken(error)) => {
                        let text = pool::broken_text("127.0.0.1", port, &error);
                        return Err(Status::unavailable(broken(&text)));
                    }
                }
            }
            let Some(wait) = waits.next() else {
                let retries = attempt - 1;
                let text = format!(
                    "failed to invoke target {app_id} after {retries} retries. Error: rpc error: code = Unavailable desc = {refused}"
                );
                return Err(Status::unavailable(text));
            };
            tracing::warn!(
                target: "dapr.runtime.resiliency",
                "Error processing operation endpoint[{app_id}, {app_id}:{}]. Retrying in {}…",
                request.uri().path(), duration_text(wait)
            );
            tokio::time::sleep(wait).await;
        }
    }

    fn link(&self, port: u16) -> Arc<Shared> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(links.entry(port).or_insert_with(|| Arc::new(Shared::new("127.0.0.1", port, None))))
    }
}

fn broken(cause: &str) -> String {
    format!("connection error: desc = \"{cause}\"")
}

/// The trace context in its other form, for apps that read only that one.
fn put_binary_trace(headers: &mut HeaderMap) {
    let parent = headers.get(TRACEPARENT).and_then(|parent| parent.to_str().ok());
    if let Some(binary) = parent.filter(|parent| trace::is_valid(parent)).and_then(trace::to_binary) {
        headers.insert(trace::BINARY, binary);
    }
}

/// The result of a call, as far as policies can see it: how it ends comes after its messages.
struct Forwarded(Result<Response<Body>, Status>);

impl Forwarded {
    fn code(&self) -> Code {
        match &self.0 {
            Ok(response) => {
                Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code())
            }
            Err(status) => status.code(),
        }
    }
}

impl Outcome for Forwarded {
    fn verdict(&self) -> Verdict {
        match self.code() {
            Code::Ok => Verdict::Well,
            code => Verdict::Failed(u16::try_from(i32::from(code)).ok().map(resources::Code::Grpc)),
        }
    }

    fn cause(&self) -> String {
        self.code().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_in_the_metadata() {
        let mut headers = HeaderMap::new();
        assert_eq!(target(&headers), None);
        headers.insert(APP_ID, HeaderValue::from_static("a"));
        assert_eq!(target(&headers).as_deref(), Some("a"));
        headers.insert(CALLEE, HeaderValue::from_static("b"));
        assert_eq!(target(&headers).as_deref(), Some("b"));
    }
}
