//! What the app is asked and told of input bindings (http-api reference, 6.2).

use std::collections::HashSet;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use futures_util::future::join_all;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};

use super::channel::ANSWER;
use super::grpc::Grpc;
use super::{CallError, Channel, callback};
use crate::resources::{Code, Component};
use crate::sidecar::blocks::bindings::{Answer, Delivery, route};
use crate::sidecar::resiliency::Refusal;

pub(super) const SCOPE: &str = "dapr.runtime.processor.binding";
/// Most bytes of an answer that are read.
const LARGEST: usize = 4 << 20;

impl Channel {
    /// The names of those bindings whose events the app wants.
    pub async fn wanted_bindings(&self, bindings: &[&Component]) -> HashSet<String> {
        if let Some(grpc) = Grpc::of(self) {
            return Box::pin(grpc.wanted_bindings(bindings)).await;
        }
        let asked = bindings.iter().map(async |manifest| {
            self.wants(&manifest.name, route(manifest)).await.then(|| manifest.name.clone())
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// An app that has the route may still know no `OPTIONS`.
    async fn wants(&self, name: &str, route: &str) -> bool {
        let path = callback::path(route);
        match self.question(|| self.options(&path), |_| true).await {
            Some(Ok(status)) => status.is_success() || status == StatusCode::METHOD_NOT_ALLOWED,
            Some(Err(cause)) => {
                tracing::error!(target: SCOPE, "error asking the app about binding {name}: {cause}");
                false
            }
            None => {
                let seconds = ANSWER.as_secs();
                tracing::error!(
                    target: SCOPE,
                    "error asking the app about binding {name}: no answer to OPTIONS /{route} within {seconds} seconds"
                );
                false
            }
        }
    }

    async fn options(&self, path: &str) -> Result<StatusCode, CallError> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::OPTIONS;
        let response = self.call(request, path).await?;
        let status = response.status();
        // Read so that the connection can be used again.
        let _ = to_bytes(response.into_body(), LARGEST).await;
        Ok(status)
    }

    /// Hands an event over. The error is the reason for which it isn't handled.
    pub async fn binding_event(&self, delivery: Delivery<'_>) -> Result<Answer, Refusal> {
        if let Some(grpc) = Grpc::of(self) {
            return Box::pin(grpc.binding_event(delivery)).await;
        }
        let Delivery { route, event, parent, .. } = delivery;
        let mut request = Request::new(Body::from(event.data.clone()));
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        *headers = callback::headers(&event.metadata);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(parent) = HeaderValue::from_str(parent) {
            headers.insert("traceparent", parent);
        }
        let unsent = |error: CallError| Refusal { code: None, cause: error.to_string() };
        let response = self.call(request, &callback::path(route)).await.map_err(unsent)?;
        let status = response.status();
        let answer = to_bytes(response.into_body(), LARGEST).await;
        if status.is_success() {
            let data = answer.map_err(|error| Refusal {
                code: None,
                cause: format!("the app's answer could not be read: {error}"),
            })?;
            // Over HTTP an answer is data for the component and nothing else.
            return Ok(Answer { data, ..Answer::default() });
        }
        let answer: Bytes = answer.unwrap_or_default();
        let cause = format!(
            "fails to send binding event to http app channel, status code: {} body: {}",
            status.as_u16(),
            String::from_utf8_lossy(&answer)
        );
        Err(Refusal { code: Some(Code::Http(status.as_u16())), cause })
    }
}
