//! What a subscriber holds while a task receives for it.

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio_util::sync::DropGuard;

use super::{configuration, pubsub};

/// A task that receives; the guard tells it to end, also when this is dropped.
pub struct Running {
    pub task: JoinHandle<()>,
    pub stop: DropGuard,
}

impl Running {
    async fn end(self) {
        drop(self.stop);
        // A panic has been reported by then.
        let _ = self.task.await;
    }
}

#[async_trait]
impl pubsub::Subscription for Running {
    async fn stop(self: Box<Self>) {
        self.end().await;
    }
}

#[async_trait]
impl configuration::Subscription for Running {
    async fn stop(self: Box<Self>) {
        self.end().await;
    }
}
