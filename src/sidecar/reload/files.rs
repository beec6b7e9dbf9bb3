//! Notices that files of the resources directories have changed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::SCOPE;

/// Directories are read this often even if nothing was noticed, in case the system did not tell.
const RESCAN: Duration = Duration::from_mins(1);
/// What is written in several steps is waited for until it has been quiet for so long …
const QUIET: Duration = Duration::from_millis(100);
/// … and no longer than this.
const PATIENCE: Duration = Duration::from_secs(2);

/// Changes of files in some directories.
pub struct Changes {
    events: mpsc::Receiver<()>,
    /// Ends with this.
    _watcher: Option<RecommendedWatcher>,
}

impl Changes {
    /// Begins to watch. Where the system can't, changes are noticed later.
    pub fn of(directories: &[PathBuf]) -> Self {
        // That there is something new is all that has to be known.
        let (sender, events) = mpsc::channel(1);
        let watcher = watch(directories, sender).inspect_err(|error| {
            tracing::warn!(
                target: SCOPE,
                "changes of resources are noticed within {} s only, because the directories can't be watched: {error}",
                RESCAN.as_secs()
            );
        });
        Self { events, _watcher: watcher.ok() }
    }

    /// Waits until there may be something new.
    pub async fn next(&mut self) {
        match timeout(RESCAN, self.events.recv()).await {
            Ok(Some(())) => {}
            Ok(None) => return sleep(RESCAN).await,
            Err(_) => return,
        }
        let end = Instant::now() + PATIENCE;
        while let Ok(Ok(Some(()))) = timeout_at(end, timeout(QUIET, self.events.recv())).await {}
    }
}

fn watch(directories: &[PathBuf], sender: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading changes nothing; an error may hide a change.
        if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
            // One that is waiting to be taken says the same.
            let _ = sender.try_send(());
        }
    })?;
    for directory in directories {
        watcher.watch(Path::new(directory), RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}
