//! Publishing over HTTP (http-api reference, section 4).

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hyper::StatusCode;
use hyper::header::HeaderMap;

use super::request::{PathValues, Rejection, WholeBody, header, metadata, trace_context};
use crate::sidecar::Shared;
use crate::sidecar::blocks::pubsub;

/// The routes of this API. A component named `bulk` can't be reached by the plain route.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1.0/publish/{pubsubname}/{*topic}", post(publish).put(publish))
}

async fn publish(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    WholeBody(data): WholeBody,
) -> Result<Response, Rejection> {
    let request = pubsub::Request {
        pubsub: path.get("pubsubname"),
        topic: path.get("topic"),
        content_type: header(&headers, "content-type").unwrap_or_default(),
        data,
        metadata: metadata(query.as_deref()),
        trace: trace_context(&headers, &shared.tracer),
    };
    pubsub::publish(&shared, request).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[cfg(test)]
mod tests;
