//! The telemetry file: one thread writes, readers have connections of their own.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use super::model::Batch;
use super::retention::{self, Bounds};
use super::{record, schema};

/// How long a batch waits for others, so that many small ones are one transaction.
const GATHER: Duration = Duration::from_millis(20);
/// How often old things are looked for.
const TRIM: Duration = Duration::from_secs(30);
/// Batches that may wait for the disk, and that are written as one; who sends more waits, so that no flood of spans
/// fills the memory.
const WAITING: usize = 4;
/// Most readers at a time; others wait.
const READERS: usize = 4;

/// Why the file can't be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use {path}: {error}")]
pub struct Error {
    path: String,
    error: rusqlite::Error,
}

/// The telemetry of this machine.
pub struct Store {
    path: std::path::PathBuf,
    writer: Mutex<Option<SyncSender<Batch>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    readers: Arc<Mutex<Vec<Connection>>>,
    turns: tokio::sync::Semaphore,
    changes: watch::Sender<u64>,
}

impl Store {
    /// Opens a file, or makes it.
    pub fn open(path: &Path, bounds: Bounds) -> Result<Self, Error> {
        let failed = |error| Error { path: path.display().to_string(), error };
        let mut connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(Duration::from_secs(10)).map_err(failed)?;
        schema::prepare(&mut connection).map_err(failed)?;
        let (writer, told) = mpsc::sync_channel(WAITING);
        let changes = watch::Sender::new(0);
        let told_of = changes.clone();
        let thread = std::thread::Builder::new()
            .name("telemetry".into())
            .spawn(move || write(connection, &told, bounds, &told_of))
            .ok();
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(Some(writer)),
            thread: Mutex::new(thread),
            readers: Arc::default(),
            turns: tokio::sync::Semaphore::new(READERS),
            changes,
        })
    }

    /// Writes a batch some time soon; waits while too much is to be written.
    pub fn add(&self, batch: Batch) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(writer) = writer {
            // Without a writer the file is broken, which was logged.
            let _ = writer.send(batch);
        }
    }

    /// Is told when something new is there.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Asks something of the file.
    pub async fn read<T, F>(&self, ask: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let _turn = self.turns.acquire().await;
        let (readers, path) = (Arc::clone(&self.readers), self.path.clone());
        let shown = self.path.display().to_string();
        let asked = tokio::task::spawn_blocking(move || {
            let idle = readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = if let Some(connection) = idle {
                connection
            } else {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(path, flags)?;
                connection.busy_timeout(Duration::from_secs(5))?;
                connection
            };
            let answer = ask(&connection);
            readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            answer
        });
        let answer = asked.await.unwrap_or(Err(rusqlite::Error::InvalidQuery));
        answer.map_err(|error| Error { path: shown, error })
    }

    /// Writes what was told and ends.
    pub fn close(&self) {
        drop(self.writer.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

/// Microseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

fn write(mut connection: Connection, told: &Receiver<Batch>, bounds: Bounds, changes: &watch::Sender<u64>) {
    let mut trimmed: Option<Instant> = None;
    loop {
        if trimmed.is_none_or(|at| at.elapsed() >= TRIM) {
            match retention::trim(&mut connection, bounds, now()) {
                Ok(true) => {}
                Ok(false) => trimmed = Some(Instant::now()),
                Err(error) => {
                    tracing::warn!("telemetry is not trimmed: {error}");
                    trimmed = Some(Instant::now());
                }
            }
        }
        let wait = trimmed.map_or(Duration::ZERO, |at| TRIM.saturating_sub(at.elapsed()));
        let first = match told.recv_timeout(wait) {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut batches = vec![first];
        let until = Instant::now() + GATHER;
        while batches.len() < WAITING
            && let Ok(next) = told.recv_timeout(until.saturating_duration_since(Instant::now()))
        {
            batches.push(next);
        }
        let written = connection.transaction().and_then(|transaction| {
            for batch in &batches {
                record::record(&transaction, batch)?;
            }
            transaction.commit()
        });
        if let Err(error) = written {
            tracing::warn!("telemetry is not kept: {error}");
        }
        changes.send_modify(|count| *count += 1);
    }
}
