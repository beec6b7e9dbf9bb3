//! Component contracts and their providers. A folder per contract: `mod.rs` is the trait, every other file one
//! provider, named after its type (`state.sqlite` is `state/sqlite.rs`). All of them are listed in one
//! function, [`registry::builtin`].
//!
//! A provider sees its contract and its own properties; never the HTTP or gRPC API.

pub mod bindings;
pub mod configuration;
pub mod jobs;
pub mod lock;
pub mod properties;
pub mod pubsub;
pub mod redis;
pub mod registry;
mod running;
pub mod schedule;
pub mod secretstores;
pub mod sqlite;
pub mod state;

use std::collections::BTreeMap;

use crate::env::Env;
pub use properties::Properties;

/// Metadata of a request or a message: names are case-sensitive, as the caller wrote them.
pub type Metadata = BTreeMap<String, String>;

/// What a provider gets when it is made.
#[derive(Debug, Clone)]
pub struct Init {
    /// The component's name.
    pub name: String,
    /// Its metadata, secrets and templates resolved.
    pub properties: Properties,
    /// The app that the sidecar serves; the default consumer group of pub/sub.
    pub app_id: String,
    /// The sidecar's environment.
    pub env: Env,
}

impl Init {
    /// The component in log lines: `<name> (<type>/v1)`.
    pub fn label(&self, kind: &str) -> String {
        format!("{} ({kind}/v1)", self.name)
    }

    /// Consumer group of a pub/sub component: property `consumerID`, or the app id.
    pub fn consumer_id(&self) -> &str {
        self.properties.get("consumerID").filter(|id| !id.is_empty()).unwrap_or(&self.app_id)
    }
}

/// Why a component could not be made; the text follows `initialization error occurred for <name> (<type>): `.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InitError(pub String);

impl InitError {
    /// An error with this text.
    pub fn new(message: impl std::fmt::Display) -> Self {
        Self(message.to_string())
    }
}
