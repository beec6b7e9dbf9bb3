//! What the app is told of configuration (http-api reference, section 8).

use axum::body::{Body, to_bytes};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request};
use serde::Serialize;
use serde_json::json;

use super::{Channel, callback};
use crate::components::Metadata;
use crate::components::configuration::Item;
use crate::sidecar::blocks::configuration::Change;

/// Most bytes of an answer that are read.
const LARGEST: usize = 64 << 10;

/// An item as JSON: what is empty is left out.
#[derive(Debug, Serialize)]
pub struct ItemBody<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    value: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'a str,
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    metadata: &'a Metadata,
}

impl<'a> From<&'a Item> for ItemBody<'a> {
    fn from(item: &'a Item) -> Self {
        Self { value: &item.value, version: &item.version, metadata: &item.metadata }
    }
}

impl Channel {
    /// Tells of the change of one key. The error is the reason for which the app did not take it.
    pub async fn configuration_change(&self, change: Change<'_>) -> Result<(), String> {
        if self.grpc().is_some() {
            return Err("an app that speaks gRPC gets changes only by its own SubscribeConfiguration".into());
        }
        let Change { store, id, key, item } = change;
        let body = json!({ "id": id, "items": { key: ItemBody::from(item) } });
        let mut request = Request::new(Body::from(body.to_string()));
        *request.method_mut() = Method::POST;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let path = format!("/configuration/{}/{}", callback::segment(store), callback::segment(key));
        let response = self.call(request, &path).await.map_err(|error| error.to_string())?;
        let status = response.status();
        // Read so that the connection can be used again.
        let answer = to_bytes(response.into_body(), LARGEST).await.unwrap_or_default();
        if status.is_success() {
            return Ok(());
        }
        Err(format!("status code {}: {}", status.as_u16(), String::from_utf8_lossy(&answer)))
    }
}
