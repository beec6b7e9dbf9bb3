//! The routes of the stock API that this runtime does not have yet (http-api reference, 0.1): an honest 501
//! instead of the 404 of an unknown path.

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodFilter, on};

use crate::sidecar::core::Core;
use crate::sidecar::error::ApiError;

const SAVE: MethodFilter = MethodFilter::POST.or(MethodFilter::PUT);
const READ: MethodFilter = MethodFilter::GET;
const SEND: MethodFilter = MethodFilter::POST;
const STABLE: &[&str] = &["v1.0"];
const ALPHA: &[&str] = &["v1.0-alpha1"];
const THREE: &[&str] = &["v1.0", "v1.0-beta1", "v1.0-alpha1"];
const CONVERSATION: &[&str] = &["v1.0-alpha1", "v1.0-alpha2"];

/// API, versions, methods, path.
#[rustfmt::skip]
pub(super) const ROUTES: &[(&str, &[&str], MethodFilter, &str)] = &[
    ("actors", STABLE, SAVE.or(READ).or(MethodFilter::DELETE), "/actors/{type}/{id}/method/{method}"),
    ("actors", STABLE, SAVE, "/actors/{type}/{id}/state"),
    ("actors", STABLE, READ, "/actors/{type}/{id}/state/{key}"),
    ("actors", STABLE, SAVE.or(READ).or(MethodFilter::DELETE), "/actors/{type}/{id}/reminders/{name}"),
    ("actors", STABLE, SAVE.or(MethodFilter::DELETE), "/actors/{type}/{id}/timers/{name}"),
    ("workflow", THREE, READ, "/workflows/{component}/{instance}"),
    ("workflow", THREE, SEND, "/workflows/{component}/{instance}/start"),
    ("workflow", THREE, SEND, "/workflows/{component}/{instance}/pause"),
    ("workflow", THREE, SEND, "/workflows/{component}/{instance}/resume"),
    ("workflow", THREE, SEND, "/workflows/{component}/{instance}/terminate"),
    ("workflow", THREE, SEND, "/workflows/{component}/{instance}/purge"),
    ("workflow", THREE, SEND, "/workflows/{component}/{instance}/raiseEvent/{event}"),
    ("conversation", CONVERSATION, SEND, "/conversation/{name}/converse"),
    ("cryptography", ALPHA, MethodFilter::PUT, "/crypto/{name}/encrypt"),
    ("cryptography", ALPHA, MethodFilter::PUT, "/crypto/{name}/decrypt"),
    ("cryptography", ALPHA, SEND, "/subtlecrypto/{name}/getkey"),
    ("cryptography", ALPHA, SEND, "/subtlecrypto/{name}/encrypt"),
    ("cryptography", ALPHA, SEND, "/subtlecrypto/{name}/decrypt"),
    ("cryptography", ALPHA, SEND, "/subtlecrypto/{name}/wrapkey"),
    ("cryptography", ALPHA, SEND, "/subtlecrypto/{name}/unwrapkey"),
    ("cryptography", ALPHA, SEND, "/subtlecrypto/{name}/sign"),
    ("cryptography", ALPHA, SEND, "/subtlecrypto/{name}/verify"),
];

/// All of them.
pub(super) fn routes() -> Router<Arc<Core>> {
    let mut router = Router::new();
    for (api, versions, methods, path) in ROUTES {
        for version in *versions {
            let answer = async || ApiError::not_available(api);
            router = router.route(&format!("/{version}{path}"), on(*methods, answer));
        }
    }
    router
}
