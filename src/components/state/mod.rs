//! The state store contract (`state.*`). One conformance suite, `tests/components/state.rs`, runs over every
//! provider.

pub mod in_memory;
pub mod redis;
pub mod sqlite;

use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;

use super::Metadata;

/// Item metadata of a write: seconds until the item is gone.
pub const TTL_IN_SECONDS: &str = "ttlInSeconds";
/// Response metadata of a read: when the item will be gone.
pub const TTL_EXPIRE_TIME: &str = "ttlExpireTime";

/// A decimal integer, or the error text of the stock stores; `function` is the name that it mentions.
fn parse_integer(function: &str, text: &str) -> Result<i64, String> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    text.parse().map_err(|error: std::num::ParseIntError| {
        let why = match error.kind() {
            PosOverflow | NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.{function}: parsing {text:?}: {why}")
    })
}

/// A time as RFC 3339 in UTC with whole seconds.
fn rfc3339_seconds(time: SystemTime) -> Option<String> {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok().map(|time| time.to_string())
}

/// What a store can do, by the name that the metadata API shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// Conditional writes.
    Etag,
    /// Several operations as one.
    Transactional,
    /// Values that expire.
    Ttl,
    /// Delete by prefix.
    DeleteWithPrefix,
    /// Listing keys.
    KeysLike,
}

impl Feature {
    /// Name in the metadata API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Etag => "ETAG",
            Self::Transactional => "TRANSACTIONAL",
            Self::Ttl => "TTL",
            Self::DeleteWithPrefix => "DELETE_WITH_PREFIX",
            Self::KeysLike => "KEYS_LIKE",
        }
    }
}

/// Why an operation failed. The texts are what the stock stores say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The etag is not the current one. The detail may be empty.
    #[error("possible etag mismatch. error from state store{}", detail(.0))]
    EtagMismatch(String),
    /// The etag has a form that the store never hands out.
    #[error("invalid etag value: {0}")]
    EtagInvalid(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

fn detail(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// How concurrent writers are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Concurrency {
    /// Not said: unconditional unless there is an etag.
    #[default]
    Unspecified,
    /// Without an etag, succeeds only if the key does not exist.
    FirstWrite,
    /// Unconditional unless there is an etag.
    LastWrite,
}

/// One write.
#[derive(Debug, Clone, Default)]
pub struct Set {
    /// Full key, prefix included.
    pub key: String,
    /// The value's bytes; over HTTP always JSON text.
    pub value: Bytes,
    /// Expected etag.
    pub etag: Option<String>,
    /// See [`Concurrency`].
    pub concurrency: Concurrency,
    /// Whether to wait for the replicas, where a store has any.
    pub strong: bool,
    /// Item metadata, for example `ttlInSeconds`.
    pub metadata: Metadata,
}

/// One deletion.
#[derive(Debug, Clone, Default)]
pub struct Delete {
    /// Full key, prefix included.
    pub key: String,
    /// Expected etag.
    pub etag: Option<String>,
    /// See [`Concurrency`].
    pub concurrency: Concurrency,
    /// Request metadata.
    pub metadata: Metadata,
}

/// One step of a transaction.
#[derive(Debug, Clone)]
pub enum Operation {
    /// Write.
    Set(Set),
    /// Delete.
    Delete(Delete),
}

/// A stored value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The bytes as they were set.
    pub value: Bytes,
    /// Current etag.
    pub etag: Option<String>,
    /// Response metadata, for example `ttlExpireTime`.
    pub metadata: Metadata,
}

/// Some of a store's keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    /// Full keys, prefix included.
    pub keys: Vec<String>,
    /// What leads to the next ones; `None` at the end.
    pub next: Option<String>,
}

/// A state store. Methods may be called from many tasks at once; a returned `Ok` means that the change
/// survives the death of this process for stores that keep data outside it.
#[async_trait]
pub trait Store: Send + Sync {
    /// What the store can do.
    fn features(&self) -> &'static [Feature];

    /// The value of a key, or `None`.
    async fn get(&self, key: &str, metadata: &Metadata) -> Result<Option<Item>, Error>;

    /// Writes one value.
    async fn set(&self, request: Set) -> Result<(), Error>;

    /// Deletes one value; a key that isn't there is fine.
    async fn delete(&self, request: Delete) -> Result<(), Error>;

    /// All or nothing. The caller has checked that the store has [`Feature::Transactional`].
    async fn transact(&self, operations: Vec<Operation>, metadata: &Metadata) -> Result<(), Error>;

    /// Several keys at once, in the order asked for. The default asks for one after the other.
    async fn bulk_get(&self, keys: &[String], metadata: &Metadata) -> Vec<Result<Option<Item>, Error>> {
        let mut items = Vec::with_capacity(keys.len());
        for key in keys {
            items.push(self.get(key, metadata).await);
        }
        items
    }

    /// Several writes, each on its own. The default does one after the other; the results are in order.
    async fn bulk_set(&self, requests: Vec<Set>) -> Vec<Result<(), Error>> {
        let mut results = Vec::with_capacity(requests.len());
        for request in requests {
            results.push(self.set(request).await);
        }
        results
    }

    /// Some keys that begin so, about as many as `limit` says, from where `after` leads on: empty at first, then
    /// [`Keys::next`]. Each key that is there all the time is told at least once. The caller has checked that the
    /// store has [`Feature::KeysLike`].
    async fn keys(&self, _prefix: &str, _after: &str, _limit: usize) -> Result<Keys, Error> {
        Err(Error::Other("this store can't list its keys".into()))
    }

    /// Ends background work and flushes.
    async fn close(&self) {}
}
