//! Metadata (http-api reference, 1.2 and 1.3).

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;

use super::error::json_line;
use crate::sidecar::core::Core;
use crate::sidecar::error::ApiError;

pub async fn get(State(core): State<Arc<Core>>) -> Response {
    json_line(&core.metadata())
}

pub async fn put(State(core): State<Arc<Core>>, Path(key): Path<String>, body: Body) -> Response {
    match to_bytes(body, usize::MAX).await {
        Ok(value) => {
            core.extended.set(key, String::from_utf8_lossy(&value).into_owned());
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => {
            let text = format!("failed to read request body: {error}");
            ApiError::new(StatusCode::BAD_REQUEST, "ERR_BODY_READ", text).into_response()
        }
    }
}
