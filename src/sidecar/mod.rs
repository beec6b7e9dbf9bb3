//! The embedded, Dapr-compatible sidecar: what `daprd` does, in this binary.
//!
//! `api` decodes and encodes, `blocks` holds the rules of each building block without any transport, `app` talks
//! to the user's app, `store` holds the components by name. Never imports the command line side.

pub mod api;
pub mod app;
pub mod blocks;
mod core;
pub mod error;
mod handle;
mod health;
mod json;
mod limit;
mod listen;
mod loading;
mod metrics;
pub mod options;
mod outside;
mod pool;
mod reload;
mod resiliency;
mod resolve;
mod service;
pub mod store;
pub mod trace;

use std::sync::Arc;

pub use handle::{Addresses, Handle};
pub use options::Options;
pub use service::{Ended, Error, Service, greet, outbound_ready};

use crate::env::Env;
use crate::resources::Configuration;

/// The version that the runtime reports, in logs and in the metadata API.
pub const RUNTIME_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What all parts of a running sidecar share.
pub struct Shared {
    /// Identity of the app.
    pub app_id: String,
    /// Value of `NAMESPACE`; empty when unset.
    pub namespace: String,
    /// Settings from `--config`.
    pub configuration: Configuration,
    /// Environment of the process.
    pub env: Env,
    /// What begins spans.
    pub tracer: trace::Tracer,
    /// Components by name.
    pub components: store::Components,
    /// The user's app; `None` without an app port.
    pub app: Option<Arc<app::Channel>>,
}
