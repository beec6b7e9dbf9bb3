//! The HTTP API (http-api reference). One file per building block; this one lists the routes.
//!
//! Service invocation isn't among them: its paths belong to the app and must not be read by a router, so the
//! server hands them over first, and everything that no route takes last.

mod bindings;
mod configuration;
mod cors;
pub mod error;
mod health;
mod invoke;
mod jobs;
mod lock;
mod log;
mod metadata;
mod path;
pub mod public;
mod publish;
mod request;
mod secrets;
pub mod server;
mod state;
mod trace;
mod unavailable;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post, put};

use crate::sidecar::core::Core;

/// Every route.
fn routes(core: &Arc<Core>) -> Router {
    Router::new()
        .route("/v1.0/healthz", get(health::healthz))
        .route("/v1.0/healthz/outbound", get(health::outbound))
        .route("/v1.0/metadata", get(metadata::get))
        .route("/v1.0/metadata/{key}", put(metadata::put))
        .route("/v1.0/shutdown", post(health::shutdown))
        .merge(state::routes().with_state(Arc::clone(&core.shared)))
        .merge(publish::routes().with_state(Arc::clone(&core.shared)))
        .merge(bindings::routes().with_state(Arc::clone(&core.shared)))
        .merge(secrets::routes().with_state(Arc::clone(&core.shared)))
        .merge(configuration::routes())
        .merge(lock::routes().with_state(Arc::clone(&core.shared)))
        .merge(jobs::routes().with_state(Arc::clone(&core.jobs)))
        .route("/v1.0-alpha1/jobs/{name}/trigger", post(jobs::trigger))
        .merge(unavailable::routes())
        .fallback(server::no_route)
        .method_not_allowed_fallback(server::no_route)
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(Arc::clone(core))
}
