//! Several items in one call, each with a result of its own: under a policy only those are tried again that failed.

use std::sync::{Mutex, PoisonError};

use crate::components::Metadata;
use crate::components::state::{Error, Item, Set, Store};
use crate::sidecar::store::Entry;

type Got = Result<Option<Item>, Error>;

/// Reads items, in the order asked for.
pub async fn get(entry: &Entry<dyn Store>, keys: &[String], metadata: &Metadata) -> Vec<Got> {
    let Some(policy) = &entry.outbound else {
        return entry.provider.bulk_get(keys, metadata).await;
    };
    let results: Mutex<Vec<Got>> = Mutex::new(vec![Err(Error::Other("it was not read".into())); keys.len()]);
    let lock = || results.lock().unwrap_or_else(PoisonError::into_inner);
    let pending = || -> Vec<usize> { (0..keys.len()).filter(|index| failed(&lock()[*index])).collect() };
    let attempt = || async {
        let indices = pending();
        let wanted: Vec<String> = indices.iter().map(|index| keys[*index].clone()).collect();
        let got = entry.provider.bulk_get(&wanted, metadata).await;
        let mut results = lock();
        for (index, result) in indices.into_iter().zip(got) {
            results[index] = result;
        }
        results.iter().find(|result| failed(result)).map_or(Ok(()), |result| result.clone().map(drop))
    };
    if let Err(cause) = Box::pin(policy.run(attempt)).await {
        for index in pending() {
            lock()[index] = Err(Error::Other(cause.to_string()));
        }
    }
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Writes items; returns the failures.
pub async fn set(entry: &Entry<dyn Store>, requests: Vec<Set>) -> Vec<Error> {
    let Some(policy) = &entry.outbound else {
        return entry.provider.bulk_set(requests).await.into_iter().filter_map(Result::err).collect();
    };
    let writes = Mutex::new(Writes { pending: requests, ..Writes::default() });
    let lock = || writes.lock().unwrap_or_else(PoisonError::into_inner);
    let attempt = || async {
        let pending = lock().pending.clone();
        let results = entry.provider.bulk_set(pending.clone()).await;
        let mut writes = lock();
        writes.pending.clear();
        writes.failures.clear();
        for (request, result) in pending.into_iter().zip(results) {
            if failed(&result) {
                writes.pending.push(request);
                writes.failures.extend(result.err());
            } else {
                writes.refusals.extend(result.err());
            }
        }
        writes.failures.first().cloned().map_or(Ok(()), Err)
    };
    let interrupted = Box::pin(policy.run(attempt)).await.err();
    let Writes { mut refusals, failures, .. } = writes.into_inner().unwrap_or_else(PoisonError::into_inner);
    match interrupted {
        Some(cause) => refusals.push(Error::Other(cause.to_string())),
        None => refusals.extend(failures),
    }
    refusals
}

#[derive(Default)]
struct Writes {
    /// What is still to be written.
    pending: Vec<Set>,
    /// Why it was not written the last time.
    failures: Vec<Error>,
    /// What no repetition will change.
    refusals: Vec<Error>,
}

/// Whether it may go better next time: an etag that doesn't fit never will.
fn failed<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Other(_)))
}
