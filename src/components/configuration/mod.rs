//! The configuration store contract (`configuration.*`). One conformance suite, `tests/components/configuration.rs`,
//! runs over every provider.

pub mod redis;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::Metadata;

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// A value with its version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item {
    /// The value; empty for a key that was deleted.
    pub value: String,
    /// Its version; empty when the store has none.
    pub version: String,
    /// What else the store says of it.
    pub metadata: Metadata,
}

/// Items by key.
pub type Items = BTreeMap<String, Item>;

/// Is told what has changed.
pub type Watcher = Arc<dyn Fn(Items) -> BoxFuture<'static, ()> + Send + Sync>;

/// A running subscription; dropping it without [`Subscription::stop`] stops it in the background.
#[async_trait]
pub trait Subscription: Send + Sync {
    /// The watcher isn't called any more after this.
    async fn stop(self: Box<Self>);
}

/// A configuration store. Methods may be called from many tasks at once.
#[async_trait]
pub trait Store: Send + Sync {
    /// The items of these keys, of all keys when there are none. Keys without a value are left out.
    async fn get(&self, keys: &[String], metadata: &Metadata) -> Result<Items, Error>;

    /// Tells of every change of these keys, of any key when there are none, until the subscription ends.
    async fn subscribe(
        &self,
        keys: &[String],
        metadata: &Metadata,
        watcher: Watcher,
    ) -> Result<Box<dyn Subscription>, Error>;

    /// Ends background work.
    async fn close(&self) {}
}
