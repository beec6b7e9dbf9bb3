//! State (http-api reference, section 3): key prefixes, single and bulk operations, transactions. Values are
//! bytes that are never looked into.

mod errors;
mod keys;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::components::Metadata;
use crate::components::state::{Concurrency, Delete, Error, Feature, Item, Keys, Operation, Set, Store};
use crate::sidecar::Shared;
use crate::sidecar::error::ApiError;
use crate::sidecar::resiliency::{Policy, guard, guard_many, guard_with};
use crate::sidecar::store::Entry;

pub use errors::unsupported_operation;

/// `options` of a write, as the caller wrote them; empty means unspecified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// `first-write`, `last-write` or empty.
    pub concurrency: String,
    /// `strong`, `eventual` or empty; of interest to stores that have replicas.
    pub consistency: String,
}

/// One value to write.
#[derive(Debug, Clone, Default)]
pub struct Write {
    /// The caller's key.
    pub key: String,
    /// The bytes to store.
    pub value: Bytes,
    /// Expected etag.
    pub etag: Option<String>,
    /// Item metadata, already merged with the request's.
    pub metadata: Metadata,
    /// See [`Options`].
    pub options: Options,
}

/// One value to delete.
#[derive(Debug, Clone, Default)]
pub struct Removal {
    /// The caller's key.
    pub key: String,
    /// Expected etag.
    pub etag: Option<String>,
    /// Metadata, already merged with the request's.
    pub metadata: Metadata,
    /// See [`Options`].
    pub options: Options,
}

/// One step of a transaction.
#[derive(Debug, Clone)]
pub enum Step {
    /// Write.
    Upsert(Write),
    /// Delete.
    Delete(Removal),
}

/// A state store, as one app sees it.
pub struct StateStore<'a> {
    shared: &'a Shared,
    entry: Arc<Entry<dyn Store>>,
}

impl<'a> StateStore<'a> {
    /// The store with this name.
    pub fn open(shared: &'a Shared, name: &str) -> Result<Self, ApiError> {
        let Some(entry) = shared.components.state(name) else {
            let configured = !shared.components.all_state().is_empty();
            return Err(errors::no_store(name, configured, &shared.app_id));
        };
        // To store plain text where encryption was asked for would be worse than an error.
        let encrypted = |name: &str| name.eq_ignore_ascii_case("primaryEncryptionKey");
        if entry.manifest.metadata.iter().any(|item| encrypted(&item.name)) {
            return Err(ApiError::not_available("state encryption"));
        }
        Ok(Self { shared, entry })
    }

    /// The store with this name, if it has transactions.
    pub fn open_transactional(shared: &'a Shared, name: &str) -> Result<Self, ApiError> {
        let store = Self::open(shared, name)?;
        if !store.entry.provider.features().contains(&Feature::Transactional) {
            return Err(errors::no_transactions(name));
        }
        if store.entry.manifest.value("outboxPublishPubsub").is_some_and(|pubsub| !pubsub.is_empty()) {
            return Err(ApiError::not_available("transactional outbox"));
        }
        Ok(store)
    }

    fn name(&self) -> &str {
        &self.entry.manifest.name
    }

    fn policy(&self) -> Option<&Policy> {
        self.entry.outbound.as_ref()
    }

    fn full_key(&self, key: &str) -> Result<String, ApiError> {
        keys::full(self.shared, &self.entry.manifest, key)
            .map_err(|illegal| errors::illegal_key(self.name(), illegal))
    }

    /// The full key of a write, which must have one.
    fn required_key(&self, key: &str) -> Result<String, ApiError> {
        if key.is_empty() { Err(errors::no_key()) } else { self.full_key(key) }
    }

    /// The value of a key; an empty one counts as missing.
    pub async fn get(&self, key: &str, metadata: &Metadata) -> Result<Option<Item>, ApiError> {
        let full = self.full_key(key)?;
        let began = Instant::now();
        let item = guard(self.policy(), || self.entry.provider.get(&full, metadata)).await;
        self.entry.meter.done("get", began, item.is_ok());
        let item = item.map_err(|cause| errors::failed_to_get(key, self.name(), &cause.to_string()))?;
        Ok(item.filter(|item| !item.value.is_empty()))
    }

    /// Writes values, each on its own; the failures are joined in one error.
    pub async fn save(&self, items: Vec<Write>) -> Result<(), ApiError> {
        let mut requests = Vec::with_capacity(items.len());
        for item in items {
            requests.push(self.set_request(item)?.map_err(|cause| errors::not_saved(self.name(), &[cause]))?);
        }
        let began = Instant::now();
        let failures: Vec<Error> = if requests.len() > 1 {
            let set =
                guard_many(self.policy(), None, requests, |requests| self.entry.provider.bulk_set(requests));
            set.await.into_iter().filter_map(Result::err).collect()
        } else if let Some(request) = requests.pop() {
            let set = guard_with(self.policy(), request, |request| self.entry.provider.set(request)).await;
            set.err().into_iter().collect()
        } else {
            return Ok(());
        };
        self.entry.meter.done("set", began, failures.is_empty());
        if failures.is_empty() { Ok(()) } else { Err(errors::not_saved(self.name(), &failures)) }
    }

    /// Deletes one value; a missing one is fine.
    pub async fn delete(&self, removal: Removal) -> Result<(), ApiError> {
        let key = removal.key.clone();
        let request = self.delete_request(removal)?.map_err(|cause| errors::not_deleted(&key, &cause))?;
        let began = Instant::now();
        let done = guard_with(self.policy(), request, |request| self.entry.provider.delete(request)).await;
        self.entry.meter.done("delete", began, done.is_ok());
        done.map_err(|cause| errors::not_deleted(&key, &cause))
    }

    /// Deletes values, each on its own; the failures are joined in one error.
    pub async fn bulk_delete(&self, removals: Vec<Removal>) -> Result<(), ApiError> {
        let mut requests = Vec::with_capacity(removals.len());
        for removal in removals {
            let request = self.delete_request(removal)?;
            requests.push(request.map_err(|cause| errors::not_bulk_deleted(self.name(), &[cause]))?);
        }
        let began = Instant::now();
        let mut failures = Vec::new();
        for request in requests {
            let done = guard_with(self.policy(), request, |request| self.entry.provider.delete(request));
            failures.extend(done.await.err());
        }
        self.entry.meter.done("bulk_delete", began, failures.is_empty());
        if failures.is_empty() { Ok(()) } else { Err(errors::not_bulk_deleted(self.name(), &failures)) }
    }

    /// Several values, in the order asked for.
    pub async fn bulk_get(
        &self,
        keys: &[String],
        metadata: &Metadata,
    ) -> Result<Vec<Result<Option<Item>, Error>>, ApiError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let full: Vec<String> = keys.iter().map(|key| self.full_key(key)).collect::<Result<_, _>>()?;
        let provider = &self.entry.provider;
        let began = Instant::now();
        let items = match self.policy() {
            None => provider.bulk_get(&full, metadata).await,
            Some(policy) => {
                let get = async |keys: Vec<String>| provider.bulk_get(&keys, metadata).await;
                guard_many(Some(policy), None, full, get).await
            }
        };
        self.entry.meter.done("bulk_get", began, items.iter().all(Result::is_ok));
        Ok(items)
    }

    /// All steps or none. The store was opened by [`Self::open_transactional`].
    pub async fn transact(&self, steps: Vec<Step>, metadata: &Metadata) -> Result<(), ApiError> {
        if steps.is_empty() {
            return Ok(());
        }
        let mut operations = Vec::with_capacity(steps.len());
        for step in steps {
            let operation = match step {
                Step::Upsert(write) => self.set_request(write)?.map(Operation::Set),
                Step::Delete(removal) => self.delete_request(removal)?.map(Operation::Delete),
            };
            operations.push(operation.map_err(|cause| errors::transaction_failed(&cause))?);
        }
        let began = Instant::now();
        let done = guard_with(self.policy(), operations, |operations| {
            self.entry.provider.transact(operations, metadata)
        })
        .await;
        self.entry.meter.done("transaction", began, done.is_ok());
        done.map_err(|cause| errors::transaction_failed(&cause))
    }

    /// Some of the app's keys that begin so, as the app names them (ours: the stock API can't list keys). `after` is
    /// empty, or the `next` of the keys before.
    pub async fn keys(&self, prefix: &str, after: &str, limit: usize) -> Result<Keys, ApiError> {
        if !self.entry.provider.features().contains(&Feature::KeysLike) {
            return Err(errors::no_listing(self.name()));
        }
        let own = self.full_key("")?;
        // What the engines keep for an app has the separator in its keys, so any prefix will do.
        let full = format!("{own}{prefix}");
        let found = guard(self.policy(), || self.entry.provider.keys(&full, after, limit)).await;
        let found = found.map_err(|cause| errors::not_listed(self.name(), &cause))?;
        let strip = |key: String| key.strip_prefix(&own).map(str::to_owned);
        Ok(Keys { keys: found.keys.into_iter().filter_map(strip).collect(), next: found.next })
    }

    /// Queries; no store has them.
    pub fn query(&self) -> Result<(), ApiError> {
        Err(errors::no_queries(self.name()))
    }

    /// The outer error ends the call, the inner one is the store's kind of refusal.
    fn set_request(&self, write: Write) -> Result<Result<Set, Error>, ApiError> {
        let key = self.required_key(&write.key)?;
        let Write { value, etag, metadata, options, .. } = write;
        let etag = etag.filter(|etag| !etag.is_empty());
        let strong = options.consistency == "strong";
        Ok(concurrency(&options).map(|concurrency| Set { key, value, etag, concurrency, strong, metadata }))
    }

    fn delete_request(&self, removal: Removal) -> Result<Result<Delete, Error>, ApiError> {
        let key = self.required_key(&removal.key)?;
        let Removal { etag, metadata, options, .. } = removal;
        let etag = etag.filter(|etag| !etag.is_empty());
        Ok(concurrency(&options).map(|concurrency| Delete { key, etag, concurrency, metadata }))
    }
}

fn concurrency(options: &Options) -> Result<Concurrency, Error> {
    if !matches!(options.consistency.as_str(), "" | "strong" | "eventual") {
        return Err(Error::Other(format!("unrecognized consistency model '{}'", options.consistency)));
    }
    match options.concurrency.as_str() {
        "" => Ok(Concurrency::Unspecified),
        "first-write" => Ok(Concurrency::FirstWrite),
        "last-write" => Ok(Concurrency::LastWrite),
        other => Err(Error::Other(format!("unrecognized concurrency model '{other}'"))),
    }
}

#[cfg(test)]
mod tests;
