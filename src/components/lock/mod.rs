//! The lock contract (`lock.*`). One conformance suite, `tests/components/lock.rs`, runs over every provider.

pub mod redis;

use std::time::Duration;

use async_trait::async_trait;

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// What came of giving a lock back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlocked {
    /// It is free now.
    Success,
    /// Nobody had it.
    Missing,
    /// Somebody else has it, and keeps it.
    OfOther,
}

/// A lock store. Methods may be called from many tasks at once.
#[async_trait]
pub trait Store: Send + Sync {
    /// Takes the lock of a resource for an owner, until the time is over or it is given back. `false`: somebody
    /// has it, perhaps the owner itself.
    async fn try_lock(&self, resource: &str, owner: &str, expiry: Duration) -> Result<bool, Error>;

    /// Gives a lock back.
    async fn unlock(&self, resource: &str, owner: &str) -> Result<Unlocked, Error>;

    /// Ends background work.
    async fn close(&self) {}
}
