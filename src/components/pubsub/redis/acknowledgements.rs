//! What has been handled, until the server knows it: everything that has queued up goes in one command. And which
//! messages this process has at all.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::stream::Stream;
use crate::components::redis::Error;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Messages that this process works on or will.
#[derive(Default)]
pub struct Held(Mutex<HashSet<String>>);

impl Held {
    pub fn add<'a>(&self, ids: impl IntoIterator<Item = &'a String>) {
        locked(&self.0).extend(ids.into_iter().cloned());
    }

    pub fn remove<'a>(&self, ids: impl IntoIterator<Item = &'a String>) {
        let mut held = locked(&self.0);
        for id in ids {
            held.remove(id);
        }
    }

    pub fn all(&self) -> Vec<String> {
        locked(&self.0).iter().cloned().collect()
    }

    pub fn contains(&self, id: &str) -> bool {
        locked(&self.0).contains(id)
    }
}

/// Handled messages that the server hasn't heard of.
#[derive(Default)]
pub struct Acknowledgements {
    queue: Mutex<Vec<String>>,
    sending: AtomicBool,
}

impl Acknowledgements {
    /// Queues one. `true`: nobody is sending, and the caller has to see to it by [`Self::send`].
    pub fn add(&self, id: String) -> bool {
        locked(&self.queue).push(id);
        !self.sending.swap(true, Ordering::AcqRel)
    }

    /// Sends until nothing is queued. After an error the rest stays queued, and it is still up to the caller.
    pub async fn send(&self, stream: &Stream, held: &Held) -> Result<(), Error> {
        loop {
            let ids = std::mem::take(&mut *locked(&self.queue));
            if !ids.is_empty() {
                if let Err(error) = stream.acknowledge(&ids).await {
                    locked(&self.queue).extend(ids);
                    return Err(error);
                }
                held.remove(&ids);
                continue;
            }
            self.sending.store(false, Ordering::Release);
            // One that was queued just before has relied on us.
            if locked(&self.queue).is_empty() || self.sending.swap(true, Ordering::AcqRel) {
                return Ok(());
            }
        }
    }
}
