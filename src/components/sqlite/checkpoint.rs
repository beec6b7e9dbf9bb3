//! Moving the log (WAL) into the database file, beside the writer, so that no commit waits for the disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use tokio::runtime::Handle;

use super::{Options, connect};

/// Commits between two checkpoints in the background.
const COMMITS: u32 = 250;
/// Pages in the log (of 4 KiB) from which on the writer itself does a checkpoint. The log starts again from its
/// beginning only when all of it was moved, which under load happens only while nobody writes.
const LOG_PAGES: i64 = 4000;

/// Counts commits and starts checkpoints.
pub struct Checkpoints {
    options: Options,
    runtime: Handle,
    commits: u32,
    running: Arc<AtomicBool>,
    overdue: Arc<AtomicBool>,
}

impl Checkpoints {
    pub fn new(options: Options, runtime: Handle) -> Self {
        Self { options, runtime, commits: 0, running: Arc::default(), overdue: Arc::default() }
    }

    /// To be called after every commit.
    pub fn committed(&mut self) {
        self.commits += 1;
        if self.commits < COMMITS || !self.options.wal || self.running.swap(true, Ordering::AcqRel) {
            return;
        }
        self.commits = 0;
        let options = self.options.clone();
        let (running, overdue) = (Arc::clone(&self.running), Arc::clone(&self.overdue));
        self.runtime.spawn_blocking(move || {
            let pages = connect::reader(&options).and_then(|connection| checkpoint(&connection));
            overdue.store(pages.unwrap_or(0) >= LOG_PAGES, Ordering::Release);
            running.store(false, Ordering::Release);
        });
    }

    /// Whether the log has grown too long.
    pub fn is_overdue(&self) -> bool {
        self.overdue.load(Ordering::Acquire)
    }

    /// A checkpoint on the writer's connection; nobody in this process writes meanwhile.
    pub fn catch_up(&mut self, connection: &Connection) {
        let _ = checkpoint(connection);
        self.commits = 0;
        self.overdue.store(false, Ordering::Release);
    }
}

/// Passive: it waits for nobody, and what it can't move the next one does. Returns the log's length in pages.
fn checkpoint(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
}
