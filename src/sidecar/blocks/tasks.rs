//! Background work of a building block that begins and ends together: it takes nothing new, finishes what it has, and
//! gives back what isn't done in time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What giving back may take, after the app's time is over.
const GIVING_BACK: Duration = Duration::from_secs(1);

/// How a delivery to the app is told to end.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// Cancelled when nothing is tried again: what waits for its next try is given back at once.
    pub last_try: CancellationToken,
    /// Cancelled when what the app works on is given back.
    pub abandon: CancellationToken,
}

/// The work. Dropping it ends it in the background.
#[derive(Debug, Default)]
pub struct Tasks {
    /// Everything that runs.
    pub all: TaskTracker,
    /// Cancelled when nothing new is to be taken.
    pub stop: CancellationToken,
    /// Cancelled when what the app works on is to be given back.
    pub abandon: CancellationToken,
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Tasks {
    /// Takes nothing more; gives back what isn't done when `patience` is over. Returns whether that wasn't necessary.
    pub async fn end(&self, patience: Duration) -> bool {
        self.stop.cancel();
        self.all.close();
        if tokio::time::timeout(patience, self.all.wait()).await.is_ok() {
            return true;
        }
        self.abandon.cancel();
        let _ = tokio::time::timeout(GIVING_BACK, self.all.wait()).await;
        false
    }
}
