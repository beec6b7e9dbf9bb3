//! Secrets (http-api reference, section 7): stores, scopes, errors. Values are never logged.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::StatusCode;

use crate::components::Metadata;
use crate::components::secretstores::{Secret, SecretStore};
use crate::sidecar::Shared;
use crate::sidecar::error::ApiError;
use crate::sidecar::store::Entry;

fn find(shared: &Shared, store: &str) -> Result<Arc<Entry<dyn SecretStore>>, ApiError> {
    if let Some(entry) = shared.components.secretstores(store) {
        return Ok(entry);
    }
    Err(if shared.components.all_secretstores().is_empty() {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        ApiError::new(status, "ERR_SECRET_STORES_NOT_CONFIGURED", "secret store is not configured")
    } else {
        let message = format!("failed finding secret store with key {store}");
        ApiError::new(StatusCode::UNAUTHORIZED, "ERR_SECRET_STORE_NOT_FOUND", message)
    })
}

fn allowed(shared: &Shared, store: &str, secret: &str) -> bool {
    let mut scopes = shared.configuration.secret_scopes.iter();
    scopes.find(|scope| scope.store_name == store).is_none_or(|scope| scope.allows(secret))
}

/// One secret.
pub async fn get(shared: &Shared, store: &str, key: &str, metadata: &Metadata) -> Result<Secret, ApiError> {
    let entry = find(shared, store)?;
    if !allowed(shared, store, key) {
        let message = format!("access denied by policy to get \"{key}\" from \"{store}\"");
        return Err(ApiError::new(StatusCode::FORBIDDEN, "ERR_PERMISSION_DENIED", message));
    }
    entry.provider.get(key, metadata).await.map_err(|error| {
        let message = format!("failed getting secret with key {key} from secret store {store}: {error}");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_SECRET_GET", message)
    })
}

/// All secrets that the app may read.
pub async fn bulk(
    shared: &Shared,
    store: &str,
    metadata: &Metadata,
) -> Result<BTreeMap<String, Secret>, ApiError> {
    let entry = find(shared, store)?;
    let mut secrets = entry.provider.bulk(metadata).await.map_err(|error| {
        let message = format!("failed getting secrets from secret store {store}: {error}");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_SECRET_GET", message)
    })?;
    secrets.retain(|name, _| allowed(shared, store, name));
    Ok(secrets)
}
