//! Shared SQLite infrastructure of the providers that keep their data in a file: opening, one writer with
//! group commit, readers. It knows no tables.
//!
//! There is one writer per database, which runs everything that has queued up in one transaction and answers
//! after the commit, so that a hundred concurrent writers cost one commit and a lone one waits for nobody. Reads run on the calling thread: a point read takes microseconds in WAL mode, and the rare one that
//! meets a lock is moved to a blocking thread. Several processes may use one file; a locked database is
//! retried until `busyTimeout`.

mod checkpoint;
mod connect;
mod options;
pub mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Instant;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::InitError;
use checkpoint::Checkpoints;
pub use connect::{begin_immediate, in_transaction};
pub use options::Options;
pub use writer::Job;
use writer::{Call, Message, State, Writer};

/// Read connections that are kept for the next read; more are opened when more threads read at once.
const SPARE_READERS: usize = 8;

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The database was closed.
    #[error("component is closed")]
    Closed,
    /// What SQLite says.
    #[error("{0}")]
    Sqlite(String),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error.to_string())
    }
}

/// A handle to an open database; clones share it. The writer ends with the last handle or with
/// [`Database::close`], whichever is first, after everything queued has been done.
#[derive(Clone)]
pub struct Database {
    shared: Arc<Shared>,
}

struct Shared {
    jobs: mpsc::Sender<Message>,
    writer: Arc<Writer>,
    readers: Arc<Readers>,
}

/// Idle read connections.
struct Readers {
    options: Options,
    spare: Mutex<Vec<Connection>>,
    closed: AtomicBool,
}

impl Database {
    /// Opens or creates a database and makes it ready: `set_up` creates tables (use [`in_transaction`]).
    /// Any number of processes may do this with one file at the same moment.
    pub async fn open<S>(options: Options, set_up: S) -> Result<Self, InitError>
    where
        S: FnOnce(&mut Connection) -> Result<(), InitError> + Send + 'static,
    {
        let readers =
            Readers { options: options.clone(), spare: Mutex::default(), closed: AtomicBool::new(false) };
        let (jobs, queue) = mpsc::channel();
        let (ready, opened) = oneshot::channel();
        let checkpoints = Checkpoints::new(options.clone(), tokio::runtime::Handle::current());
        let thread = move || match connect::writer(&options, set_up) {
            Ok((connection, patience)) => {
                let state = State { connection, patience, checkpoints };
                let writer = Arc::new(Writer::new(state, options.wal || options.memory));
                // A caller that has gone away drops the queue's sender, which ends the work at once.
                let _ = ready.send(Ok(Arc::clone(&writer)));
                writer.run(&queue);
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        };
        std::thread::Builder::new().name("sqlite".into()).spawn(thread).map_err(InitError::new)?;
        let writer = opened.await.map_err(|_| InitError::new("the database could not be opened"))??;
        Ok(Self { shared: Arc::new(Shared { jobs, writer, readers: Arc::new(readers) }) })
    }

    /// Runs one change and returns when it is committed. `op` must be a single statement or one whose partial
    /// work may stay: others share its transaction. For several statements use [`Database::write_as_one`].
    pub async fn write<T, E, F>(&self, op: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.call(op, false).await
    }

    /// Like [`Database::write`]; nothing of `op` stays when it fails.
    pub async fn write_as_one<T, E, F>(&self, op: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.call(op, true).await
    }

    async fn call<T, E, F>(&self, op: F, savepoint: bool) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.submit_now(Box::new(Call::new(op, savepoint, reply)));
        answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    /// Does a change on this thread if nobody else is writing, else queues it. The job learns the outcome.
    pub fn submit_now(&self, job: Box<dyn Job>) {
        if let Err(job) = self.shared.writer.try_now(job) {
            self.submit(job);
        }
    }

    /// Queues a change without waiting for it; the job learns the outcome. A closed database answers at once,
    /// on this thread.
    pub fn submit(&self, job: Box<dyn Job>) {
        self.shared.writer.will_queue();
        if let Err(mpsc::SendError(Message::Job(job))) = self.shared.jobs.send(Message::Job(job)) {
            self.shared.writer.did_not_queue();
            job.finish(Err(Error::Closed));
        }
    }

    /// Reads on the calling thread; `op` should be short and may run again when the database is locked.
    pub async fn read<T, F>(&self, op: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        if self.shared.readers.options.memory {
            // Only the writer's connection has the data.
            return self.write(move |connection| op(connection).map_err(Error::from)).await;
        }
        match self.shared.readers.run(&op) {
            Err(Failure::Busy(_)) => {
                let readers = Arc::clone(&self.shared.readers);
                tokio::task::spawn_blocking(move || readers.run_patiently(&op))
                    .await
                    .unwrap_or(Err(Error::Closed))
            }
            Err(Failure::Other(error)) => Err(error),
            Ok(value) => Ok(value),
        }
    }

    /// Waits for everything queued, then closes all connections. Operations fail after this.
    pub async fn close(&self) {
        self.shared.readers.close();
        let (reply, done) = oneshot::channel();
        if self.shared.jobs.send(Message::Close(reply)).is_ok() {
            let _ = done.await;
        }
    }
}

enum Failure {
    Busy(Error),
    Other(Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        if connect::is_busy(&error) { Self::Busy(error.into()) } else { Self::Other(error.into()) }
    }
}

impl Readers {
    fn spare(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<T>(&self, op: &impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, Failure> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Failure::Other(Error::Closed));
        }
        let spare = self.spare().pop();
        let connection = match spare {
            Some(connection) => connection,
            None => connect::reader(&self.options)?,
        };
        let result = op(&connection);
        let mut spare = self.spare();
        if spare.len() < SPARE_READERS && !self.closed.load(Ordering::Acquire) {
            spare.push(connection);
        }
        Ok(result?)
    }

    fn run_patiently<T>(&self, op: &impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        let start = Instant::now();
        let mut tries = 0;
        loop {
            match self.run(op) {
                Err(Failure::Busy(error)) if start.elapsed() >= self.options.busy_timeout => {
                    return Err(error);
                }
                Err(Failure::Busy(_)) => connect::pause(tries),
                Err(Failure::Other(error)) => return Err(error),
                Ok(value) => return Ok(value),
            }
            tries += 1;
        }
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.spare().clear();
    }
}
