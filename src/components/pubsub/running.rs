//! What the subscriber holds while a task receives for it.

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;

use super::Subscription;

/// A task that receives; the guard tells it to end, also when this is dropped.
pub struct Running {
    pub task: JoinHandle<()>,
    pub stop: DropGuard,
}

#[async_trait]
impl Subscription for Running {
    async fn stop(self: Box<Self>) {
        drop(self.stop);
        // A panic has been reported by then.
        let _ = self.task.await;
    }
}
