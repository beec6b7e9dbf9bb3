//! State over HTTP (http-api reference, section 3).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MATCH};
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::json_line;
use super::request::{
    PathValues, Rejection, WholeBody, give_metadata, malformed, metadata, part_of, query_value, undecodable,
};
use crate::components::Metadata;
use crate::components::state::{Error, Item};
use crate::sidecar::Shared;
use crate::sidecar::blocks::state::{self, Options, Removal, StateStore, Step, Write};
use crate::sidecar::error::ApiError;
use crate::sidecar::json::{object, parse};

/// Keys that are listed at a time when nobody says how many.
const KEYS: usize = 100;
/// Most keys that are listed at a time.
const MOST_KEYS: usize = 1000;

/// The routes of this API. `bulk` and `transaction` are keys like any other for GET and DELETE.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1.0/state/{storeName}", post(save).put(save))
        .route("/v1.0/state/{storeName}/{key}", by_key())
        .route("/v1.0/state/{storeName}/bulk", by_key().post(bulk_get).put(bulk_get))
        .route("/v1.0/state/{storeName}/transaction", by_key().post(transact).put(transact))
        .route("/v1.0-alpha1/state/{storeName}/query", post(query).put(query))
        .route("/v1.0-alpha1/state/{storeName}/keys", get(keys))
}

fn by_key() -> MethodRouter<Arc<Shared>> {
    get(read).delete(delete)
}

/// The key of the path; on the routes of reserved words it is the word itself.
fn key<'a>(path: &'a PathValues, uri: &'a hyper::Uri) -> &'a str {
    match path.get("key") {
        "" => uri.path().rsplit('/').next().unwrap_or_default(),
        key => key,
    }
}

async fn read(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    RawQuery(query): RawQuery,
    uri: hyper::Uri,
) -> Result<Response, Rejection> {
    let store = StateStore::open(&shared, path.get("storeName"))?;
    let item = store.get(key(&path, &uri), &metadata(query.as_deref())).await.map_err(in_http_words)?;
    let Some(item) = item else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let mut response = Response::new(Body::from(item.value));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(etag) = item.etag.and_then(|etag| HeaderValue::from_str(&etag).ok()) {
        headers.insert(ETAG, etag);
    }
    give_metadata(headers, &item.metadata);
    Ok(response)
}

async fn delete(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    RawQuery(query): RawQuery,
    uri: hyper::Uri,
    headers: HeaderMap,
) -> Result<Response, Rejection> {
    let store = StateStore::open(&shared, path.get("storeName"))?;
    let option = |name| query_value(query.as_deref(), name).unwrap_or_default().into_owned();
    let removal = Removal {
        key: key(&path, &uri).to_owned(),
        etag: headers.get(IF_MATCH).and_then(|etag| etag.to_str().ok()).map(str::to_owned),
        metadata: metadata(query.as_deref()),
        options: Options { concurrency: option("concurrency"), consistency: option("consistency") },
    };
    store.delete(removal).await.map_err(in_http_words)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn save(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    RawQuery(query): RawQuery,
    WholeBody(body): WholeBody,
) -> Result<Response, Rejection> {
    let store = StateStore::open(&shared, path.get("storeName"))?;
    let body = body.map_err(malformed)?;
    let items: Option<Vec<WriteBody<'_>>> = parse(&body).map_err(malformed)?;
    let common = metadata(query.as_deref());
    let writes = items.unwrap_or_default().into_iter().map(|item| item.into_write(&body, &common));
    store.save(writes.collect()).await.map_err(in_http_words)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn bulk_get(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    RawQuery(query): RawQuery,
    WholeBody(body): WholeBody,
) -> Result<Response, Rejection> {
    let store = StateStore::open(&shared, path.get("storeName"))?;
    let request: BulkGetBody = body.and_then(|body| parse(&body)).map_err(undecodable)?;
    let BulkGetBody { keys, metadata: mut all } = request;
    all.extend(metadata(query.as_deref()));
    let items = store.bulk_get(&keys, &all).await.map_err(in_http_words)?;
    let answers: Vec<BulkGetItem<'_>> =
        keys.iter().zip(&items).map(|(key, item)| BulkGetItem::new(key, item)).collect();
    Ok(json_line(&answers))
}

async fn transact(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    RawQuery(query): RawQuery,
    WholeBody(body): WholeBody,
) -> Result<Response, Rejection> {
    let store = StateStore::open_transactional(&shared, path.get("storeName"))?;
    let body = body.map_err(undecodable)?;
    let request: TransactionBody<'_> = parse(&body).map_err(undecodable)?;
    let common = metadata(query.as_deref());
    let mut steps = Vec::new();
    for operation in request.operations {
        steps.push(match operation.operation.as_str() {
            "upsert" => Step::Upsert(operation.request.into_write(&body, &common)),
            "delete" => Step::Delete(operation.request.into_removal(&common)),
            other => return Err(state::unsupported_operation(other).into()),
        });
    }
    let mut all = request.metadata;
    all.extend(common);
    store.transact(steps, &all).await.map_err(in_http_words)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn query(State(shared): State<Arc<Shared>>, path: PathValues) -> Result<Response, Rejection> {
    StateStore::open(&shared, path.get("storeName"))?.query()?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Some of the app's keys.
#[derive(Serialize)]
struct KeysTold {
    keys: Vec<String>,
    /// `after` of the request for the next ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Ours: `?prefix=`, `?after=` and `?limit=`, each with a default.
async fn keys(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    RawQuery(query): RawQuery,
) -> Result<Response, Rejection> {
    let store = StateStore::open(&shared, path.get("storeName"))?;
    let option = |name| query_value(query.as_deref(), name).unwrap_or_default();
    let limit = option("limit").parse().unwrap_or(KEYS).clamp(1, MOST_KEYS);
    let found = store.keys(&option("prefix"), &option("after"), limit).await?;
    Ok(json_line(&KeysTold { keys: found.keys, next: found.next }))
}

object! {
    struct WriteBody<'a> {
        key: String,
        value: Option<&'a RawValue>,
        etag: Option<String>,
        metadata: Metadata,
        options: OptionsBody,
    }
}

object! {
    struct OptionsBody {
        concurrency: String,
        consistency: String,
    }
}

object! {
    struct BulkGetBody {
        keys: Vec<String>,
        metadata: Metadata,
    }
}

object! {
    struct TransactionBody<'a> {
        operations: Vec<OperationBody<'a>>,
        metadata: Metadata,
    }
}

object! {
    struct OperationBody<'a> {
        operation: String,
        request: WriteBody<'a>,
    }
}

impl WriteBody<'_> {
    fn into_write(self, body: &Bytes, common: &Metadata) -> Write {
        let value = self.value.map_or(Bytes::from_static(b"null"), |value| part_of(body, value));
        let Removal { key, etag, metadata, options } = self.into_removal(common);
        Write { key, value, etag, metadata, options }
    }

    fn into_removal(self, common: &Metadata) -> Removal {
        let mut metadata = self.metadata;
        metadata.extend(common.iter().map(|(name, value)| (name.clone(), value.clone())));
        let OptionsBody { concurrency, consistency } = self.options;
        let options = Options { concurrency, consistency };
        Removal { key: self.key, etag: self.etag, metadata, options }
    }
}

#[derive(Serialize)]
struct BulkGetItem<'a> {
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A stored value inside JSON: as it is, or as a string when it is not JSON itself.
#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    Json(&'a RawValue),
    Text(std::borrow::Cow<'a, str>),
}

impl<'a> BulkGetItem<'a> {
    fn new(key: &'a str, item: &'a Result<Option<Item>, Error>) -> Self {
        let empty = Self { key, data: None, etag: None, metadata: None, error: None };
        match item {
            Err(cause) => Self { error: Some(cause.to_string()), ..empty },
            Ok(None) => empty,
            Ok(Some(item)) => Self {
                data: (!item.value.is_empty()).then(|| Data::new(&item.value)),
                etag: item.etag.as_deref(),
                metadata: Some(&item.metadata).filter(|metadata| !metadata.is_empty()),
                ..empty
            },
        }
    }
}

impl<'a> Data<'a> {
    fn new(value: &'a [u8]) -> Self {
        serde_json::from_slice(value).map_or_else(|_| Self::Text(String::from_utf8_lossy(value)), Self::Json)
    }
}

/// The HTTP API shows the whole text of the stock runtime's error type for illegal keys.
fn in_http_words(mut error: ApiError) -> ApiError {
    if error.code == "ERR_MALFORMED_REQUEST" && !error.details.is_empty() {
        let whole = format!("api error: code = InvalidArgument desc = {}", error.message);
        for description in error
            .details
            .iter_mut()
            .filter_map(|detail| detail.pointer_mut("/field_violations/0/description"))
        {
            *description = whole.clone().into();
        }
        error.message = whole;
    }
    error
}

#[cfg(test)]
mod tests;
