//! `state.in-memory`: data of one sidecar, gone with it (components reference, section 1).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

use super::{
    Concurrency, Delete, Error, Feature, Item, Keys, Operation, Set, Store, TTL_EXPIRE_TIME, TTL_IN_SECONDS,
    parse_integer, rfc3339_seconds,
};
use crate::components::{Init, InitError, Metadata};

/// How often expired items are removed; they are invisible before that.
const SWEEP: Duration = Duration::from_secs(1);

/// Makes the store; it has no properties.
pub fn make(_init: &Init) -> Result<Arc<dyn Store>, InitError> {
    Ok(Arc::new(InMemory::default()))
}

#[derive(Default)]
struct InMemory {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    items: RwLock<Items>,
}

#[derive(Default)]
struct Items {
    map: HashMap<String, Stored>,
    /// A task removes expired items; there is none while nothing can expire.
    sweeping: bool,
}

struct Stored {
    value: Bytes,
    etag: String,
    expires: Option<SystemTime>,
}

impl Stored {
    fn is_live(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }
}

impl Shared {
    fn read(&self) -> RwLockReadGuard<'_, Items> {
        self.items.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Items> {
        self.items.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Items {
    fn live(&self, key: &str, now: SystemTime) -> Option<&Stored> {
        self.map.get(key).filter(|item| item.is_live(now))
    }

    /// Whether a change is allowed.
    fn check(
        &self,
        key: &str,
        etag: Option<&str>,
        concurrency: Concurrency,
        now: SystemTime,
    ) -> Result<(), Error> {
        let current = self.live(key, now);
        match (etag.filter(|etag| !etag.is_empty()), current) {
            (Some(_), None) => Err(Error::EtagMismatch(format!("state not exist or expired for key={key}"))),
            (Some(expected), Some(item)) if item.etag != expected => Err(Error::EtagMismatch(format!(
                "state etag not match for key={key}: current={}, expect={expected}",
                item.etag
            ))),
            (None, Some(_)) if concurrency == Concurrency::FirstWrite => {
                Err(Error::EtagMismatch("item already exists and no etag was passed".into()))
            }
            _ => Ok(()),
        }
    }

    fn check_operation(&self, operation: &Operation, now: SystemTime) -> Result<(), Error> {
        match operation {
            Operation::Set(set) => self.check(&set.key, set.etag.as_deref(), set.concurrency, now),
            Operation::Delete(delete) => {
                self.check(&delete.key, delete.etag.as_deref(), delete.concurrency, now)
            }
        }
    }

    fn put(&mut self, set: Set, expires: Option<SystemTime>) {
        let item = Stored { value: set.value, etag: Uuid::new_v4().to_string(), expires };
        self.map.insert(set.key, item);
    }
}

impl InMemory {
    /// Starts the sweeper when the first item that expires is there.
    fn sweep_later(&self, items: &mut Items) {
        if !items.sweeping {
            items.sweeping = true;
            tokio::spawn(sweep(Arc::downgrade(&self.shared)));
        }
    }
}

async fn sweep(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(shared) = shared.upgrade() else { return };
        let now = SystemTime::now();
        let mut items = shared.write();
        items.map.retain(|_, item| item.is_live(now));
        items.sweeping = items.map.values().any(|item| item.expires.is_some());
        if !items.sweeping {
            return;
        }
    }
}

/// When an item written now expires; zero and negative values mean never.
fn expiry(metadata: &Metadata) -> Result<Option<SystemTime>, Error> {
    let Some(text) = metadata.get(TTL_IN_SECONDS).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let seconds = parse_integer("Atoi", text).map_err(Error::Other)?;
    Ok(u64::try_from(seconds)
        .ok()
        .filter(|seconds| *seconds > 0)
        .and_then(|seconds| SystemTime::now().checked_add(Duration::from_secs(seconds))))
}

#[async_trait]
impl Store for InMemory {
    fn features(&self) -> &'static [Feature] {
        &[Feature::Etag, Feature::Transactional, Feature::Ttl, Feature::DeleteWithPrefix, Feature::KeysLike]
    }

    async fn get(&self, key: &str, _metadata: &Metadata) -> Result<Option<Item>, Error> {
        let items = self.shared.read();
        let Some(item) = items.live(key, SystemTime::now()) else {
            return Ok(None);
        };
        let metadata = item.expires.and_then(rfc3339_seconds).map(|time| (TTL_EXPIRE_TIME.to_owned(), time));
        Ok(Some(Item {
            value: item.value.clone(),
            etag: Some(item.etag.clone()),
            metadata: metadata.into_iter().collect(),
        }))
    }

    async fn set(&self, request: Set) -> Result<(), Error> {
        self.transact(vec![Operation::Set(request)], &Metadata::new()).await
    }

    async fn delete(&self, request: Delete) -> Result<(), Error> {
        self.transact(vec![Operation::Delete(request)], &Metadata::new()).await
    }

    async fn transact(&self, operations: Vec<Operation>, _metadata: &Metadata) -> Result<(), Error> {
        let expiries: Vec<Option<SystemTime>> = operations
            .iter()
            .map(|operation| match operation {
                Operation::Set(set) => expiry(&set.metadata),
                Operation::Delete(_) => Ok(None),
            })
            .collect::<Result<_, _>>()?;
        let now = SystemTime::now();
        let mut items = self.shared.write();
        for operation in &operations {
            items.check_operation(operation, now)?;
        }
        for (operation, expires) in operations.into_iter().zip(expiries) {
            match operation {
                Operation::Set(set) => items.put(set, expires),
                Operation::Delete(delete) => {
                    items.map.remove(&delete.key);
                }
            }
            if expires.is_some() {
                self.sweep_later(&mut items);
            }
        }
        Ok(())
    }

    /// In the order of the keys.
    async fn keys(&self, prefix: &str, after: &str, limit: usize) -> Result<Keys, Error> {
        let now = SystemTime::now();
        let items = self.shared.read();
        let live = items
            .map
            .iter()
            .filter(|(key, item)| key.starts_with(prefix) && key.as_str() > after && item.is_live(now));
        let mut keys: Vec<&String> = live.map(|(key, _)| key).collect();
        keys.sort_unstable();
        let is_more = keys.len() > limit;
        let keys: Vec<String> = keys.into_iter().take(limit).cloned().collect();
        Ok(Keys { next: keys.last().filter(|_| is_more).cloned(), keys })
    }
}
