//! Which type is served by which provider. [`builtin`] is the whole list.

use std::collections::HashMap;
use std::future::ready;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::bindings::{Input, Output};
use super::pubsub::{self, PubSub};
use super::secretstores::{self, SecretStore};
use super::state::{self, Store};
use super::{Init, InitError, bindings, configuration, lock};

/// Makes a provider; ready for use when the future is done.
pub type Make<T> = fn(Init) -> BoxFuture<'static, Result<Arc<T>, InitError>>;

/// Makers by component type. Versions `""`, `v0` and `v1` are the same.
#[derive(Default)]
pub struct Registry {
    state: HashMap<&'static str, Make<dyn Store>>,
    pubsub: HashMap<&'static str, Make<dyn PubSub>>,
    secretstores: HashMap<&'static str, Make<dyn SecretStore>>,
    configuration: HashMap<&'static str, Make<dyn configuration::Store>>,
    lock: HashMap<&'static str, Make<dyn lock::Store>>,
    input: HashMap<&'static str, Make<dyn Input>>,
    output: HashMap<&'static str, Make<dyn Output>>,
}

/// Every provider of this program.
pub fn builtin() -> Registry {
    let mut registry = Registry::default();
    registry.state.extend::<[(_, Make<dyn Store>); _]>([
        ("state.in-memory", |init| Box::pin(ready(state::in_memory::make(&init)))),
        ("state.redis", |init| Box::pin(state::redis::make(init))),
        ("state.sqlite", |init| Box::pin(state::sqlite::make(init))),
        ("state.sqlite3", |init| Box::pin(state::sqlite::make(init))),
    ]);
    registry.pubsub.extend::<[(_, Make<dyn PubSub>); _]>([
        ("pubsub.in-memory", |init| Box::pin(ready(pubsub::in_memory::make(&init)))),
        ("pubsub.redis", |init| Box::pin(pubsub::redis::make(init))),
        ("pubsub.sqlite", |init| Box::pin(pubsub::sqlite::make(init))),
    ]);
    registry.secretstores.extend::<[(_, Make<dyn SecretStore>); _]>([
        ("secretstores.local.env", |init| Box::pin(ready(secretstores::local_env::make(init)))),
        ("secretstores.local.file", |init| Box::pin(ready(secretstores::local_file::make(&init)))),
    ]);
    registry.input.extend::<[(_, Make<dyn Input>); _]>([("bindings.cron", |init| {
        Box::pin(ready(bindings::cron::make(&init)))
    })]);
    registry.output.extend::<[(_, Make<dyn Output>); _]>([
        ("bindings.http", |init| Box::pin(ready(bindings::http::make(&init)))),
        ("bindings.localstorage", |init| Box::pin(ready(bindings::localstorage::make(&init)))),
        ("bindings.redis", |init| Box::pin(bindings::redis::make(init))),
    ]);
    registry
        .configuration
        .extend::<[(_, Make<dyn configuration::Store>); _]>([("configuration.redis", |init| {
            Box::pin(configuration::redis::make(init))
        })]);
    registry.lock.extend::<[(_, Make<dyn lock::Store>); _]>([("lock.redis", |init| {
        Box::pin(lock::redis::make(init))
    })]);
    registry
}

impl Registry {
    /// Maker of a state store; `None` when nobody serves this type and version.
    pub fn state(&self, kind: &str, version: &str) -> Option<Make<dyn Store>> {
        self.state.get(kind).copied().filter(|_| is_v1(version))
    }

    /// Maker of a broker; `None` when nobody serves this type and version.
    pub fn pubsub(&self, kind: &str, version: &str) -> Option<Make<dyn PubSub>> {
        self.pubsub.get(kind).copied().filter(|_| is_v1(version))
    }

    /// Maker of a secret store; `None` when nobody serves this type and version.
    pub fn secretstore(&self, kind: &str, version: &str) -> Option<Make<dyn SecretStore>> {
        self.secretstores.get(kind).copied().filter(|_| is_v1(version))
    }

    /// Maker of a configuration store; `None` when nobody serves this type and version.
    pub fn configuration(&self, kind: &str, version: &str) -> Option<Make<dyn configuration::Store>> {
        self.configuration.get(kind).copied().filter(|_| is_v1(version))
    }

    /// Maker of a lock store; `None` when nobody serves this type and version.
    pub fn lock(&self, kind: &str, version: &str) -> Option<Make<dyn lock::Store>> {
        self.lock.get(kind).copied().filter(|_| is_v1(version))
    }

    /// Maker of an input binding; `None` when nobody serves this type and version.
    pub fn input(&self, kind: &str, version: &str) -> Option<Make<dyn Input>> {
        self.input.get(kind).copied().filter(|_| is_v1(version))
    }

    /// Maker of an output binding; `None` when nobody serves this type and version.
    pub fn output(&self, kind: &str, version: &str) -> Option<Make<dyn Output>> {
        self.output.get(kind).copied().filter(|_| is_v1(version))
    }

    /// All types, sorted: for errors that say what there is.
    pub fn types(&self) -> Vec<&'static str> {
        let of_stores = self.state.keys().chain(self.pubsub.keys()).chain(self.secretstores.keys());
        let others = self.configuration.keys().chain(self.lock.keys());
        let of_bindings = self.input.keys().chain(self.output.keys());
        let mut types: Vec<_> = of_stores.chain(others).chain(of_bindings).copied().collect();
        types.sort_unstable();
        types.dedup();
        types
    }
}

fn is_v1(version: &str) -> bool {
    matches!(version, "" | "v0" | "v1")
}
