//! A component that is out of use: the calls that have begun are let finish before it closes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::Entry;
use crate::resources::Component;

/// How often it is looked whether calls are still running.
const STEP: Duration = Duration::from_millis(20);

/// What was replaced or taken out.
pub struct Retired {
    manifest: Component,
    is_idle: Box<dyn Fn() -> bool + Send + Sync>,
    close: BoxFuture<'static, ()>,
}

impl Retired {
    /// An entry that nobody can look up any more, and how its provider is closed.
    pub fn new<T: ?Sized + Send + Sync + 'static>(
        entry: Arc<Entry<T>>,
        close: impl FnOnce(Arc<T>) -> BoxFuture<'static, ()>,
    ) -> Self {
        let (manifest, provider) = (entry.manifest.clone(), Arc::clone(&entry.provider));
        // Whoever works with it holds the entry.
        let is_idle = Box::new(move || Arc::strong_count(&entry) == 1);
        Self { manifest, is_idle, close: close(provider) }
    }

    /// The manifest that it had.
    pub fn manifest(&self) -> &Component {
        &self.manifest
    }

    /// Closes it when nobody works with it any more, at the latest after this time; returns whether all were done.
    pub async fn close(self, patience: Duration) -> bool {
        let idle = async {
            while !(self.is_idle)() {
                tokio::time::sleep(STEP).await;
            }
        };
        let in_time = tokio::time::timeout(patience, idle).await.is_ok();
        self.close.await;
        in_time
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::sidecar::metrics::component::{Meter, STATE};

    struct Provider(AtomicBool);

    fn retired() -> (Arc<Entry<Provider>>, Arc<Provider>, Retired) {
        let provider = Arc::new(Provider(AtomicBool::new(false)));
        let entry = Arc::new(Entry {
            manifest: crate::sidecar::blocks::testing::manifest("s", "state.fake", &[]),
            provider: Arc::clone(&provider),
            outbound: None,
            inbound: None,
            meter: Meter::new(&Arc::default(), "s", "", STATE, &[]),
        });
        let close = |provider: Arc<Provider>| -> BoxFuture<'static, ()> {
            Box::pin(async move { provider.0.store(true, Ordering::SeqCst) })
        };
        (Arc::clone(&entry), provider, Retired::new(entry, close))
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_has_begun_is_waited_for() {
        let (call, provider, retired) = retired();
        let closing = tokio::spawn(retired.close(Duration::from_mins(1)));
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert!(!provider.0.load(Ordering::SeqCst));
        drop(call);
        assert!(closing.await.unwrap());
        assert!(provider.0.load(Ordering::SeqCst));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_hangs_is_not_waited_for_for_ever() {
        let (_call, provider, retired) = retired();
        assert!(!retired.close(Duration::from_mins(1)).await);
        assert!(provider.0.load(Ordering::SeqCst));
    }
}
