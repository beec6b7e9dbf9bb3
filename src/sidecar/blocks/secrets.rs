//! Secrets (http-api reference, section 7), limited by the configuration's secret scopes. Values are never
//! logged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use hyper::StatusCode;

use crate::components::Metadata;
use crate::components::secretstores::{Secret, SecretStore};
use crate::sidecar::Shared;
use crate::sidecar::error::ApiError;
use crate::sidecar::resiliency::guard;
use crate::sidecar::store::Entry;

/// The pairs of one secret.
pub async fn get(shared: &Shared, store: &str, name: &str, metadata: &Metadata) -> Result<Secret, ApiError> {
    let entry = find(shared, store)?;
    if !is_allowed(shared, store, name) {
        let message = format!("access denied by policy to get \"{name}\" from \"{store}\"");
        return Err(ApiError::new(StatusCode::FORBIDDEN, "ERR_PERMISSION_DENIED", message));
    }
    let began = Instant::now();
    let secret = guard(entry.outbound.as_ref(), || entry.provider.get(name, metadata)).await;
    entry.meter.done("get", began, secret.is_ok());
    secret.map_err(|cause| {
        failed(format!("failed getting secret with key {name} from secret store {store}: {cause}"))
    })
}

/// All secrets that the app may read, by name.
pub async fn bulk(
    shared: &Shared,
    store: &str,
    metadata: &Metadata,
) -> Result<BTreeMap<String, Secret>, ApiError> {
    let entry = find(shared, store)?;
    let began = Instant::now();
    let secrets = guard(entry.outbound.as_ref(), || entry.provider.bulk(metadata)).await;
    entry.meter.done("bulk_get", began, secrets.is_ok());
    let mut secrets = secrets
        .map_err(|cause| failed(format!("failed getting secrets from secret store {store}: {cause}")))?;
    secrets.retain(|name, _| is_allowed(shared, store, name));
    Ok(secrets)
}

fn failed(message: String) -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "ERR_SECRET_GET", message)
}

fn find(shared: &Shared, store: &str) -> Result<Arc<Entry<dyn SecretStore>>, ApiError> {
    if let Some(entry) = shared.components.secretstores(store) {
        return Ok(entry);
    }
    if shared.components.all_secretstores().is_empty() {
        let message = "secret store is not configured";
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        return Err(ApiError::new(status, "ERR_SECRET_STORES_NOT_CONFIGURED", message));
    }
    let message = format!("failed finding secret store with key {store}");
    Err(ApiError::new(StatusCode::UNAUTHORIZED, "ERR_SECRET_STORE_NOT_FOUND", message))
}

fn is_allowed(shared: &Shared, store: &str, name: &str) -> bool {
    let scope = shared.configuration.secret_scopes.iter().find(|scope| scope.store_name == store);
    scope.is_none_or(|scope| scope.allows(name))
}
