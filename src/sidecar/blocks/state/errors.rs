//! The errors of the state API (http-api reference, sections 3 and 15).

use hyper::StatusCode;
use serde_json::json;

use crate::components::state::Error;
use crate::sidecar::error::ApiError;

/// No store with this name, or no store at all.
pub fn no_store(name: &str, configured: bool, app_id: &str) -> ApiError {
    let metadata = json!({"appID": app_id});
    if configured {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "ERR_STATE_STORE_NOT_FOUND",
            format!("state store {name} is not found"),
        )
        .info("DAPR_STATE_NOT_FOUND", Some(&metadata))
    } else {
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ERR_STATE_STORE_NOT_CONFIGURED",
            format!("state store {name} is not configured"),
        )
        .info("DAPR_STATE_NOT_CONFIGURED", Some(&metadata))
    }
}

/// A write without a key.
pub fn no_key() -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "ERR_MALFORMED_REQUEST", "\"key\" is a required field")
}

/// A key or prefix that holds the separator.
pub fn illegal_key(store: &str, key: &str) -> ApiError {
    let message = format!("input key/keyPrefix '{key}' can't contain '||'");
    ApiError::new(StatusCode::BAD_REQUEST, "ERR_MALFORMED_REQUEST", message.clone())
        .violation(key, &message)
        .resource("state", store)
        .info("DAPR_STATE_ILLEGAL_KEY", None)
}

/// A value that could not be read.
pub fn failed_to_get(key: &str, store: &str, cause: &str) -> ApiError {
    let message = format!("fail to get {key} from state store {store}: {cause}");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_STATE_GET", message)
}

/// Values that could not be written: one line per failure.
pub fn not_saved(store: &str, failures: &[Error]) -> ApiError {
    let causes: Vec<String> = failures.iter().map(Error::to_string).collect();
    let message = format!("failed saving state in state store {store}: {}", causes.join("\n"));
    ApiError::new(status(failures), "ERR_STATE_SAVE", message)
}

/// A value that could not be deleted.
pub fn not_deleted(key: &str, cause: &Error) -> ApiError {
    let message = format!("failed deleting state with key {key}: {cause}");
    ApiError::new(status(std::slice::from_ref(cause)), "ERR_STATE_DELETE", message)
}

/// Values that could not be deleted: one line per failure.
pub fn not_bulk_deleted(store: &str, failures: &[Error]) -> ApiError {
    let causes: Vec<String> = failures.iter().map(Error::to_string).collect();
    let message = format!("failed deleting state in state store {store}: {}", causes.join("\n"));
    ApiError::new(status(failures), "ERR_STATE_BULK_DELETE", message)
}

/// A transaction that the store refused, etag mismatches included.
pub fn transaction_failed(cause: &Error) -> ApiError {
    let message = format!("error while executing state transaction: {cause}");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_STATE_TRANSACTION", message)
}

/// A transaction with an operation that is neither `upsert` nor `delete`.
pub fn unsupported_operation(operation: &str) -> ApiError {
    let message = format!("operation type {operation} not supported");
    ApiError::new(StatusCode::BAD_REQUEST, "ERR_NOT_SUPPORTED_STATE_OPERATION", message)
}

/// The store has no transactions.
pub fn no_transactions(store: &str) -> ApiError {
    let message = format!("state store {store} doesn't support transactions");
    let url = "https://docs.dapr.io/reference/components-reference/supported-state-stores/";
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_STATE_STORE_NOT_SUPPORTED", message)
        .help("Check the list of state stores and the features they support", url)
        .resource("state", store)
        .info("DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED", None)
}

/// The store can't say which keys it has.
pub fn no_listing(store: &str) -> ApiError {
    let message = format!("state store {store} can't list its keys");
    ApiError::new(StatusCode::NOT_IMPLEMENTED, "ERR_STATE_STORE_NOT_SUPPORTED", message)
        .resource("state", store)
        .info("DAPR_STATE_LISTING_NOT_SUPPORTED", None)
}

/// Keys that could not be listed.
pub fn not_listed(store: &str, cause: &Error) -> ApiError {
    let message = format!("fail to list keys of state store {store}: {cause}");
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_STATE_GET", message)
}

/// The store has no queries.
pub fn no_queries(store: &str) -> ApiError {
    let message = "state store does not support querying";
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_STATE_STORE_NOT_SUPPORTED", message)
        .resource("state", store)
        .info("DAPR_STATE_QUERYING_NOT_SUPPORTED", None)
}

/// The first error about an etag decides.
fn status(failures: &[Error]) -> StatusCode {
    let of_etag = failures.iter().find_map(|failure| match failure {
        Error::EtagMismatch(_) => Some(StatusCode::CONFLICT),
        Error::EtagInvalid(_) => Some(StatusCode::BAD_REQUEST),
        Error::Other(_) => None,
    });
    of_etag.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
