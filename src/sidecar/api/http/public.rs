//! The public port (daprd reference, 3.3): health and metadata, nothing else, no token.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use tower::ServiceExt;

use super::{health, metadata};
use crate::sidecar::core::Core;

/// The routes.
pub fn routes(core: &Arc<Core>) -> Router {
    let unknown = async || (StatusCode::NOT_FOUND, "404 page not found\n");
    Router::new()
        .route("/v1.0/healthz", get(health::healthz))
        .route("/v1.0/healthz/outbound", get(health::outbound))
        .route("/v1.0/metadata", get(metadata::get))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .with_state(Arc::clone(core))
}

/// Answers a request.
pub async fn answer(router: Router, request: Request<Incoming>) -> Response<Body> {
    match router.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
