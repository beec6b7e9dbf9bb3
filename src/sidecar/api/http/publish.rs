//! `/v1.0/publish`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap};

use super::request::{metadata, unescape};
use crate::sidecar::Shared;
use crate::sidecar::blocks::pubsub::{self, Publication};

/// The routes of this block.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1.0/publish/{pubsub}/{*topic}", post(publish).put(publish))
}

async fn publish(
    State(shared): State<Arc<Shared>>,
    Path((pubsub, topic)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Response> {
    let (pubsub, topic) = (unescape("pubsubname", &pubsub)?, unescape("topic", &topic)?);
    let header =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    let publication = Publication {
        pubsub: &pubsub,
        topic: &topic,
        data: body,
        content_type: header(CONTENT_TYPE.as_str()),
        metadata: metadata(query.as_deref()),
        traceparent: header("traceparent"),
        tracestate: header("tracestate"),
    };
    pubsub::publish(&shared, publication).await.map_err(IntoResponse::into_response)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
