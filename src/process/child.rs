//! A handle on a child of the guardian.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::os::{self, Exit, Tell};

/// A process that was started; clones are handles on the same one.
#[derive(Debug, Clone)]
pub struct Child {
    /// Its process id, and that of its group.
    pub pid: u32,
    exit: watch::Receiver<Option<Exit>>,
}

impl Child {
    /// A handle; the guardian's reader tells the end.
    pub(super) fn new(pid: u32, exit: watch::Receiver<Option<Exit>>) -> Self {
        Self { pid, exit }
    }

    /// How it has ended, when it has.
    pub fn exit(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    /// Waits for the end. A guardian that is gone took its children with it.
    pub async fn ended(&self) -> Exit {
        let mut exit = self.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(exit) => exit.unwrap_or(Exit::Signal(os::KILLED)),
            Err(_) => Exit::Signal(os::KILLED),
        }
    }

    /// Signal, grace, kill, all to the whole group; `now` kills at once. What has ended already keeps its exit,
    /// and what it left in its group is told to end.
    pub async fn stop(&self, grace: Duration, now: &CancellationToken) -> Exit {
        // A process that can't be told is one that is gone.
        let _ = os::tell_group(self.pid, Tell::Terminate);
        tokio::select! {
            exit = self.ended() => return exit,
            () = tokio::time::sleep(grace) => {}
            () = now.cancelled() => {}
        }
        let _ = os::tell_group(self.pid, Tell::Kill);
        self.ended().await
    }
}
