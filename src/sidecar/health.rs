//! The sidecar's own health (daprd reference, section 7): a list of targets for `healthz`, one switch for
//! `healthz/outbound`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The target that is set at the end of the start, when the app was found.
pub const RUNTIME: &str = "runtime";

/// Who is ready.
pub struct Health {
    unready: Mutex<Vec<&'static str>>,
    ready: watch::Sender<bool>,
    outbound: AtomicBool,
    /// The last state, for the hot path.
    healthy: AtomicBool,
}

impl Health {
    /// Nobody is ready.
    pub fn new(targets: &[&'static str]) -> Self {
        Self {
            unready: Mutex::new(targets.to_vec()),
            ready: watch::Sender::new(targets.is_empty()),
            outbound: AtomicBool::new(false),
            healthy: AtomicBool::new(targets.is_empty()),
        }
    }

    fn unready(&self) -> MutexGuard<'_, Vec<&'static str>> {
        self.unready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks a target as ready.
    pub fn set_ready(&self, target: &str) {
        let mut unready = self.unready();
        unready.retain(|name| *name != target);
        let ready = unready.is_empty();
        drop(unready);
        self.healthy.store(ready, Ordering::Release);
        self.ready.send_replace(ready);
    }

    /// Marks the outbound APIs as usable.
    pub fn set_outbound_ready(&self) {
        self.outbound.store(true, Ordering::Release);
    }

    /// The targets that aren't ready, in the order in which they were named; empty means healthy.
    pub fn missing(&self) -> Vec<&'static str> {
        if self.healthy.load(Ordering::Acquire) { Vec::new() } else { self.unready().clone() }
    }

    /// Whether components are loaded and the APIs run.
    pub fn is_outbound_ready(&self) -> bool {
        self.outbound.load(Ordering::Acquire)
    }

    /// Follows whether all targets are ready.
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_to_be_ready() {
        let health = Health::new(&["a", "b"]);
        health.set_ready("a");
        assert_eq!(health.missing(), ["b"]);
        assert!(!*health.watch().borrow());
        health.set_ready("b");
        assert!(health.missing().is_empty());
        assert!(*health.watch().borrow());
    }
}
