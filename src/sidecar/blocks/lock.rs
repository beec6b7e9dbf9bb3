//! Distributed lock (http-api reference, section 9).

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;

use crate::components::lock::{Store, Unlocked};
use crate::resources::Component;
use crate::sidecar::Shared;
use crate::sidecar::error::ApiError;
use crate::sidecar::resiliency::guard;
use crate::sidecar::store::Entry;

const SEPARATOR: &str = "||";

/// Takes the lock of a resource for an owner, for so many seconds at most; `false`: somebody has it.
pub async fn try_lock(
    shared: &Shared,
    store: &str,
    resource: &str,
    owner: &str,
    expiry: i32,
) -> Result<bool, ApiError> {
    check(shared, store, resource, owner)?;
    let expiry = u64::try_from(expiry).ok().filter(|seconds| *seconds > 0);
    let expiry =
        expiry.ok_or_else(|| malformed(format!("ExpiryInSeconds is not positive in lock store {store}")))?;
    let entry = find(shared, store)?;
    let failed = |cause: String| internal("ERR_TRY_LOCK", format!("failed to try acquiring lock: {cause}"));
    let key = key(shared, &entry.manifest, resource).map_err(failed)?;
    let expiry = Duration::from_secs(expiry);
    let taken = guard(entry.outbound.as_ref(), || entry.provider.try_lock(&key, owner, expiry)).await;
    taken.map_err(|error| failed(error.to_string()))
}

/// Gives a lock back.
pub async fn unlock(shared: &Shared, store: &str, resource: &str, owner: &str) -> Result<Unlocked, ApiError> {
    check(shared, store, resource, owner)?;
    let entry = find(shared, store)?;
    let failed = |cause: String| internal("ERR_UNLOCK", format!("failed to release lock: {cause}"));
    let key = key(shared, &entry.manifest, resource).map_err(failed)?;
    let status = guard(entry.outbound.as_ref(), || entry.provider.unlock(&key, owner)).await;
    status.map_err(|error| failed(error.to_string()))
}

fn internal(code: &'static str, message: String) -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, code, message)
}

fn malformed(message: String) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "ERR_MALFORMED_REQUEST", message)
}

/// What is asked before the store with that name is looked up.
fn check(shared: &Shared, store: &str, resource: &str, owner: &str) -> Result<(), ApiError> {
    if shared.components.all_lock().is_empty() {
        return Err(internal("ERR_LOCK_STORE_NOT_CONFIGURED", "lock store is not configured".into()));
    }
    if resource.is_empty() {
        return Err(malformed(format!("ResourceId is empty in lock store {store}")));
    }
    if owner.is_empty() {
        return Err(malformed(format!("LockOwner is empty in lock store {store}")));
    }
    Ok(())
}

fn find(shared: &Shared, store: &str) -> Result<Arc<Entry<dyn Store>>, ApiError> {
    shared.components.lock(store).ok_or_else(|| {
        let message = format!("lock store {store} not found");
        ApiError::new(StatusCode::BAD_REQUEST, "ERR_LOCK_STORE_NOT_FOUND", message)
    })
}

/// What the store calls a resource: `lock||`, what the metadata `keyPrefix` says, the resource. The error is its cause.
fn key(shared: &Shared, component: &Component, resource: &str) -> Result<String, String> {
    let prefix = component.value("keyPrefix").unwrap_or_default();
    let is = |name: &str| prefix.eq_ignore_ascii_case(name);
    let prefix = match prefix {
        _ if is("none") => None,
        _ if is("name") => Some(component.name.as_str()),
        _ if is("") || is("appid") => Some(shared.app_id.as_str()),
        other => Some(other),
    };
    if let Some(illegal) = prefix.into_iter().chain([resource]).find(|part| part.contains(SEPARATOR)) {
        return Err(format!("input key/keyPrefix '{illegal}' can't contain '{SEPARATOR}'"));
    }
    Ok(match prefix {
        Some(prefix) => format!("lock{SEPARATOR}{prefix}{SEPARATOR}{resource}"),
        None => format!("lock{SEPARATOR}{resource}"),
    })
}

#[cfg(test)]
mod tests;
