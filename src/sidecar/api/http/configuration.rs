//! Configuration over HTTP (http-api reference, section 8).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::StatusCode;
use serde_json::json;

use super::error::{json_answer, json_line};
use super::request::{PathValues, Rejection, metadata, query_values};
use crate::sidecar::app::ItemBody;
use crate::sidecar::blocks::configuration::{self, NotEnded};
use crate::sidecar::core::Core;

/// The routes of this API.
pub fn routes() -> Router<Arc<Core>> {
    let mut router = Router::new();
    for version in ["v1.0", "v1.0-alpha1"] {
        let store = format!("/{version}/configuration/{{store}}");
        router = router
            .route(&store, get(items))
            .route(&format!("{store}/subscribe"), get(subscribe))
            .route(&format!("{store}/{{id}}/unsubscribe"), get(unsubscribe));
    }
    router
}

async fn items(
    State(core): State<Arc<Core>>,
    path: PathValues,
    RawQuery(query): RawQuery,
) -> Result<Response, Rejection> {
    let keys = query_values(query.as_deref(), "key");
    let metadata = metadata(query.as_deref());
    let items = configuration::get(&core.shared, path.get("store"), &keys, &metadata).await?;
    if items.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let items: BTreeMap<&str, ItemBody<'_>> =
        items.iter().map(|(key, item)| (key.as_str(), item.into())).collect();
    Ok(json_line(&items))
}

async fn subscribe(
    State(core): State<Arc<Core>>,
    path: PathValues,
    RawQuery(query): RawQuery,
) -> Result<Response, Rejection> {
    let keys = query_values(query.as_deref(), "key");
    let metadata = metadata(query.as_deref());
    let id = core.watching.for_app(&core.shared, path.get("store"), &keys, &metadata).await?;
    Ok(json_line(&json!({ "id": id })))
}

async fn unsubscribe(State(core): State<Arc<Core>>, path: PathValues) -> Response {
    let id = path.get("id");
    match core.watching.unsubscribe(&core.shared, path.get("store"), id).await {
        Ok(()) => json_line(&json!({ "ok": true })),
        Err(NotEnded::Store(error)) => error.into_response(),
        Err(NotEnded::Unknown) => {
            let message = format!(
                "failed to unsubscribe to configuration request {id}: subscription with id {id} does not exist"
            );
            json_answer(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "message": message }))
        }
    }
}
