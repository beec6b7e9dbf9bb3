//! Health and shutdown (http-api reference, section 1).

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use hyper::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;

use crate::env::is_true;
use crate::sidecar::core::Core;
use crate::sidecar::error::ApiError;

pub async fn healthz(State(core): State<Arc<Core>>, RawQuery(query): RawQuery) -> Response {
    let missing = core.health.missing();
    if !missing.is_empty() {
        let text = format!("dapr is not ready: [{}]", missing.join(" "));
        return error("ERR_HEALTH_NOT_READY", text).into_response();
    }
    let wanted = query.as_deref().and_then(|query| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix("appid="))?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    });
    match wanted {
        Some(app_id) if !app_id.is_empty() && app_id != core.shared.app_id => {
            error("ERR_HEALTH_APPID_NOT_MATCH", "dapr app-id does not match").into_response()
        }
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

pub async fn outbound(State(core): State<Arc<Core>>) -> Response {
    if core.health.is_outbound_ready() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        error("ERR_OUTBOUND_HEALTH_NOT_READY", "dapr outbound is not ready").into_response()
    }
}

fn error(code: &'static str, text: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, code, text)
}

/// Answers first, then ends; at once with `dapr-force-shutdown: true`.
pub async fn shutdown(State(core): State<Arc<Core>>, headers: HeaderMap) -> StatusCode {
    let force = headers.get("dapr-force-shutdown").and_then(|value| value.to_str().ok()).is_some_and(is_true);
    core.end(force);
    StatusCode::NO_CONTENT
}
