//! State management (http-api reference, section 3): stores, key prefixes, errors.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::components::Metadata;
use crate::components::state::{Concurrency, Delete, Error, Feature, Item, Operation, Set, Store};
use crate::resources::Component;
use crate::sidecar::Shared;
use crate::sidecar::error::ApiError;
use crate::sidecar::store::Entry;

type Found = Arc<Entry<dyn Store>>;

/// One item of a save, as clients send it.
#[derive(Debug, Deserialize)]
pub struct SaveItem<'a> {
    /// Key, without the prefix.
    #[serde(default)]
    pub key: String,
    /// Its JSON text is what is stored.
    #[serde(borrow, default)]
    pub value: Option<&'a RawValue>,
    /// Expected etag.
    #[serde(default)]
    pub etag: Option<String>,
    /// For the store.
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
    /// Concurrency and consistency.
    #[serde(default)]
    pub options: Option<Options>,
}

/// Options of a write.
#[derive(Debug, Default, Deserialize)]
pub struct Options {
    /// `first-write`, `last-write` or empty.
    #[serde(default)]
    pub concurrency: String,
    /// `strong`, `eventual` or empty.
    #[serde(default)]
    pub consistency: String,
}

/// One operation of a transaction.
#[derive(Debug, Deserialize)]
pub struct Step<'a> {
    /// `upsert` or `delete`.
    #[serde(default)]
    pub operation: String,
    /// What to write or delete.
    #[serde(borrow)]
    pub request: SaveItem<'a>,
}

/// Body of a transaction.
#[derive(Debug, Deserialize)]
pub struct Transaction<'a> {
    /// In order.
    #[serde(borrow, default)]
    pub operations: Vec<Step<'a>>,
    /// For the store.
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
}

fn find(shared: &Shared, store: &str) -> Result<Found, ApiError> {
    if let Some(entry) = shared.components.state(store) {
        return Ok(entry);
    }
    let app = json!({"appID": shared.app_id});
    if shared.components.all_state().is_empty() {
        let message = format!("state store {store} is not configured");
        let error =
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_STATE_STORE_NOT_CONFIGURED", message);
        return Err(error.info("DAPR_STATE_NOT_CONFIGURED", Some(&app)));
    }
    let message = format!("state store {store} is not found");
    let error = ApiError::new(StatusCode::BAD_REQUEST, "ERR_STATE_STORE_NOT_FOUND", message);
    Err(error.info("DAPR_STATE_NOT_FOUND", Some(&app)))
}

/// The key as it is stored (3.1).
fn full_key(shared: &Shared, manifest: &Component, key: &str) -> Result<String, ApiError> {
    let strategy = manifest.value("keyPrefix").unwrap_or("appid");
    let prefix = match strategy.to_lowercase().as_str() {
        "" | "appid" => shared.app_id.clone(),
        "name" => manifest.name.clone(),
        "namespace" if shared.namespace.is_empty() => shared.app_id.clone(),
        "namespace" => format!("{}.{}", shared.namespace, shared.app_id),
        "none" => String::new(),
        _ => strategy.to_owned(),
    };
    for part in [key, prefix.as_str()] {
        if part.contains("||") {
            let text = format!("input key/keyPrefix '{part}' can't contain '||'");
            let message = format!("api error: code = InvalidArgument desc = {text}");
            return Err(ApiError::new(StatusCode::BAD_REQUEST, "ERR_MALFORMED_REQUEST", message)
                .violation(part, &text)
                .resource("state", &manifest.name)
                .info("DAPR_STATE_ILLEGAL_KEY", Some(&json!({"appID": shared.app_id}))));
        }
    }
    Ok(if strategy.eq_ignore_ascii_case("none") { key.to_owned() } else { format!("{prefix}||{key}") })
}

fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "ERR_MALFORMED_REQUEST", message)
}

fn concurrency(text: &str) -> Result<Concurrency, ApiError> {
    match text {
        "" => Ok(Concurrency::Unspecified),
        "first-write" => Ok(Concurrency::FirstWrite),
        "last-write" => Ok(Concurrency::LastWrite),
        other => Err(malformed(format!("unrecognized concurrency model '{other}'"))),
    }
}

fn consistency(text: &str) -> Result<(), ApiError> {
    match text {
        "" | "strong" | "eventual" => Ok(()),
        other => Err(malformed(format!("unrecognized consistency model '{other}'"))),
    }
}

/// Status of a failed write: etag errors are the caller's.
fn status(error: &Error) -> StatusCode {
    match error {
        Error::EtagMismatch(_) => StatusCode::CONFLICT,
        Error::EtagInvalid(_) => StatusCode::BAD_REQUEST,
        Error::Other(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The value of a key; `None` when there is none.
pub async fn get(
    shared: &Shared,
    store: &str,
    key: &str,
    metadata: &Metadata,
) -> Result<Option<Item>, ApiError> {
    let entry = find(shared, store)?;
    let full = full_key(shared, &entry.manifest, key)?;
    entry.provider.get(&full, metadata).await.map(|item| item.filter(|item| !item.value.is_empty())).map_err(
        |error| {
            let message = format!("fail to get {key} from state store {store}: {error}");
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_STATE_GET", message)
        },
    )
}

fn set(shared: &Shared, manifest: &Component, item: SaveItem<'_>, extra: &Metadata) -> Result<Set, ApiError> {
    if item.key.is_empty() {
        return Err(malformed("\"key\" is a required field"));
    }
    let options = item.options.unwrap_or_default();
    consistency(&options.consistency)?;
    let mut metadata = item.metadata.unwrap_or_default();
    metadata.extend(extra.iter().map(|(key, value)| (key.clone(), value.clone())));
    Ok(Set {
        key: full_key(shared, manifest, &item.key)?,
        value: item
            .value
            .map_or(Bytes::from_static(b"null"), |value| Bytes::copy_from_slice(value.get().as_bytes())),
        etag: item.etag.filter(|etag| !etag.is_empty()),
        concurrency: concurrency(&options.concurrency)?,
        metadata,
    })
}

/// Saves items, each on its own (3.3). `extra` is the URL's metadata and wins.
pub async fn save(
    shared: &Shared,
    store: &str,
    items: Vec<SaveItem<'_>>,
    extra: &Metadata,
) -> Result<(), ApiError> {
    let entry = find(shared, store)?;
    let mut requests = items
        .into_iter()
        .map(|item| set(shared, &entry.manifest, item, extra))
        .collect::<Result<Vec<_>, _>>()?;
    let failures: Vec<Error> = if requests.len() == 1 {
        let Some(request) = requests.pop() else { return Ok(()) };
        entry.provider.set(request).await.err().into_iter().collect()
    } else {
        entry.provider.bulk_set(requests).await.into_iter().filter_map(Result::err).collect()
    };
    let Some(first) = failures.first() else { return Ok(()) };
    let causes: Vec<String> = failures.iter().map(ToString::to_string).collect();
    let message = format!("failed saving state in state store {store}: {}", causes.join("\n"));
    Err(ApiError::new(status(first), "ERR_STATE_SAVE", message))
}

/// Deletes a key (3.4); one that isn't there is fine.
pub async fn delete(
    shared: &Shared,
    store: &str,
    key: &str,
    etag: Option<String>,
    options: &Options,
    metadata: Metadata,
) -> Result<(), ApiError> {
    let entry = find(shared, store)?;
    consistency(&options.consistency)?;
    let request = Delete {
        key: full_key(shared, &entry.manifest, key)?,
        etag: etag.filter(|etag| !etag.is_empty()),
        concurrency: concurrency(&options.concurrency)?,
        metadata,
    };
    entry.provider.delete(request).await.map_err(|error| {
        let message = format!("failed deleting state with key {key}: {error}");
        ApiError::new(status(&error), "ERR_STATE_DELETE", message)
    })
}

/// One answer of a bulk get.
pub struct BulkItem {
    /// Key, without the prefix.
    pub key: String,
    /// What the store said.
    pub result: Result<Option<Item>, Error>,
}

/// Several keys at once, in the order asked for (3.5).
pub async fn bulk_get(
    shared: &Shared,
    store: &str,
    keys: Vec<String>,
    metadata: &Metadata,
) -> Result<Vec<BulkItem>, ApiError> {
    let entry = find(shared, store)?;
    let full: Vec<String> =
        keys.iter().map(|key| full_key(shared, &entry.manifest, key)).collect::<Result<_, _>>()?;
    let items = entry.provider.bulk_get(&full, metadata).await;
    Ok(keys.into_iter().zip(items).map(|(key, result)| BulkItem { key, result }).collect())
}

/// All or nothing (3.6).
pub async fn transact(
    shared: &Shared,
    store: &str,
    transaction: Transaction<'_>,
    extra: &Metadata,
) -> Result<(), ApiError> {
    let entry = find(shared, store)?;
    if !entry.provider.features().contains(&Feature::Transactional) {
        let message = format!("state store {store} doesn't support transactions");
        return Err(ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ERR_STATE_STORE_NOT_SUPPORTED",
            message,
        )
        .info("DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED", Some(&json!({"appID": shared.app_id})))
        .resource("state", store)
        .help(
            "Check the list of state stores and the features they support",
            "https://docs.dapr.io/reference/components-reference/supported-state-stores/",
        ));
    }
    let mut metadata = transaction.metadata.unwrap_or_default();
    metadata.extend(extra.iter().map(|(key, value)| (key.clone(), value.clone())));
    let mut operations = Vec::with_capacity(transaction.operations.len());
    for step in transaction.operations {
        let request = set(shared, &entry.manifest, step.request, extra)?;
        operations.push(match step.operation.as_str() {
            "upsert" => Operation::Set(request),
            "delete" => Operation::Delete(Delete {
                key: request.key,
                etag: request.etag,
                concurrency: request.concurrency,
                metadata: request.metadata,
            }),
            other => {
                let message = format!("operation type {other} not supported");
                return Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "ERR_NOT_SUPPORTED_STATE_OPERATION",
                    message,
                ));
            }
        });
    }
    if operations.is_empty() {
        return Ok(());
    }
    entry.provider.transact(operations, &metadata).await.map_err(|error| {
        let message = format!("error while executing state transaction: {error}");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_STATE_TRANSACTION", message)
    })
}
