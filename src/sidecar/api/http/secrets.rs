//! `/v1.0/secrets`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::StatusCode;

use super::error::json_response;
use super::request::{metadata, unescape};
use crate::sidecar::Shared;
use crate::sidecar::blocks::secrets;

/// The routes of this block.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1.0/secrets/{store}/bulk", get(bulk))
        .route("/v1.0/secrets/{store}/{key}", get(one))
}

async fn one(
    State(shared): State<Arc<Shared>>,
    Path((store, key)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Response> {
    let (store, key) = (unescape("secretStoreName", &store)?, unescape("key", &key)?);
    let secret = secrets::get(&shared, &store, &key, &metadata(query.as_deref())).await;
    let secret = secret.map_err(IntoResponse::into_response)?;
    if secret.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(json_response(StatusCode::OK, &secret))
}

async fn bulk(
    State(shared): State<Arc<Shared>>,
    Path(store): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Response> {
    let store = unescape("secretStoreName", &store)?;
    let all = secrets::bulk(&shared, &store, &metadata(query.as_deref())).await;
    Ok(json_response(StatusCode::OK, &all.map_err(IntoResponse::into_response)?))
}
