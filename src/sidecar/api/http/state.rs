//! `/v1.0/state`.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::json_response;
use super::request::{metadata, parameter, unescape};
use crate::components::Metadata;
use crate::components::state::Item;
use crate::sidecar::Shared;
use crate::sidecar::blocks::state::{self, BulkItem, Options};
use crate::sidecar::error::ApiError;

/// The routes of this block.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1.0/state/{store}", post(save).put(save))
        .route("/v1.0/state/{store}/bulk", post(bulk).put(bulk).get(read).delete(remove))
        .route("/v1.0/state/{store}/transaction", post(transact).put(transact).get(read).delete(remove))
        .route("/v1.0/state/{store}/{key}", get(read).delete(remove))
}

type Answer = Result<Response, Response>;

fn api(error: ApiError) -> Response {
    error.into_response()
}

fn malformed(error: &serde_json::Error) -> Response {
    ApiError::new(StatusCode::BAD_REQUEST, "ERR_MALFORMED_REQUEST", error.to_string()).into_response()
}

/// Names that are routes of their own are keys too, for reading and deleting.
fn key_of(path: &str) -> Result<String, Response> {
    let key = path.rsplit('/').next().unwrap_or_default();
    unescape("key", &percent_encoding::percent_decode_str(key).decode_utf8_lossy())
}

async fn read(
    State(shared): State<Arc<Shared>>,
    Path(parameters): Path<Vec<(String, String)>>,
    RawQuery(query): RawQuery,
    uri: hyper::Uri,
) -> Answer {
    let store = unescape("storeName", parameters.first().map_or("", |(_, store)| store))?;
    let key = key_of(uri.path())?;
    let found = state::get(&shared, &store, &key, &metadata(query.as_deref())).await.map_err(api)?;
    let Some(Item { value, etag, metadata }) = found else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let mut response = Response::new(Body::from(value));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(&etag).ok()) {
        headers.insert(ETAG, etag);
    }
    for (name, value) in metadata {
        let name = HeaderName::from_bytes(format!("metadata.{name}").as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

async fn save(
    State(shared): State<Arc<Shared>>,
    Path(store): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Answer {
    let store = unescape("storeName", &store)?;
    let items = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    state::save(&shared, &store, items, &metadata(query.as_deref())).await.map_err(api)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn remove(
    State(shared): State<Arc<Shared>>,
    Path(parameters): Path<Vec<(String, String)>>,
    RawQuery(query): RawQuery,
    uri: hyper::Uri,
    headers: HeaderMap,
) -> Answer {
    let store = unescape("storeName", parameters.first().map_or("", |(_, store)| store))?;
    let key = key_of(uri.path())?;
    let etag = headers.get(IF_MATCH).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let option = |name| parameter(query.as_deref(), name).unwrap_or_default();
    let options = Options { concurrency: option("concurrency"), consistency: option("consistency") };
    let metadata = metadata(query.as_deref());
    state::delete(&shared, &store, &key, etag, &options, metadata).await.map_err(api)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[derive(Deserialize)]
struct BulkRequest {
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Serialize)]
struct BulkAnswer {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    metadata: Metadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl From<BulkItem> for BulkAnswer {
    fn from(BulkItem { key, result }: BulkItem) -> Self {
        let empty = Self { key, data: None, etag: None, metadata: Metadata::new(), error: None };
        match result {
            Ok(None) => empty,
            Ok(Some(item)) => {
                Self { data: as_json(&item.value), etag: item.etag, metadata: item.metadata, ..empty }
            }
            Err(error) => Self { error: Some(error.to_string()), ..empty },
        }
    }
}

/// A value that isn't JSON, which only other APIs can store, is shown as a JSON string.
fn as_json(value: &[u8]) -> Option<Box<RawValue>> {
    let text = String::from_utf8_lossy(value).into_owned();
    RawValue::from_string(text.clone()).or_else(|_| serde_json::value::to_raw_value(&text)).ok()
}

async fn bulk(
    State(shared): State<Arc<Shared>>,
    Path(store): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Answer {
    let store = unescape("storeName", &store)?;
    let request: BulkRequest = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    let mut all = request.metadata.unwrap_or_default();
    all.extend(metadata(query.as_deref()));
    let items = state::bulk_get(&shared, &store, request.keys, &all).await.map_err(api)?;
    let answers: Vec<BulkAnswer> = items.into_iter().map(BulkAnswer::from).collect();
    Ok(json_response(StatusCode::OK, &answers))
}

async fn transact(
    State(shared): State<Arc<Shared>>,
    Path(store): Path<String>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Answer {
    let store = unescape("storeName", &store)?;
    let transaction = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    state::transact(&shared, &store, transaction, &metadata(query.as_deref())).await.map_err(api)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
