//! The thread that writes: group commit. It waits for a job, takes along whatever else has queued up, runs all
//! of it in one transaction, commits, and only then answers. No timers: a lone write is committed at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{Error, Readers, connect};

/// Jobs in one transaction; bounds how long the first one waits for the others.
const BATCH: usize = 256;
/// Commits between two checkpoints in the background.
const COMMITS_PER_CHECKPOINT: u32 = 250;

/// A change that shares a transaction with others.
pub trait Job: Send {
    /// Does the change, keeping its result for [`Job::finish`]; false when it failed.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Whether what a failed run did must be undone.
    fn undo_on_failure(&self) -> bool {
        false
    }

    /// Told after the commit, or why nothing was committed. Runs on the writer's thread: must be short.
    fn finish(self: Box<Self>, committed: Result<(), Error>);
}

/// What the writer's queue holds.
pub enum Message {
    Job(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// A closure as a job.
pub struct Call<T, E, F> {
    op: Option<F>,
    savepoint: bool,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Call<T, E, F> {
    pub fn new(op: F, savepoint: bool, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self { op: Some(op), savepoint, result: None, reply }
    }
}

impl<T, E, F> Job for Call<T, E, F>
where
    T: Send,
    E: From<Error> + Send,
    F: FnOnce(&Connection) -> Result<T, E> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        self.result = self.op.take().map(|op| op(connection));
        matches!(self.result, Some(Ok(_)))
    }

    fn undo_on_failure(&self) -> bool {
        self.savepoint
    }

    fn finish(self: Box<Self>, committed: Result<(), Error>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            // Its own error says more than that the transaction ended with it.
            (Err(_), Some(Err(error))) => Err(error),
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(Error::Closed.into()),
        };
        let _ = self.reply.send(result);
    }
}

/// Moves the log into the database file now and then, beside the writer, so that no commit waits for the disk.
pub struct Checkpoints {
    readers: Arc<Readers>,
    runtime: Handle,
    running: Arc<AtomicBool>,
    commits: u32,
}

impl Checkpoints {
    pub fn new(readers: Arc<Readers>, runtime: Handle) -> Self {
        Self { readers, runtime, running: Arc::default(), commits: 0 }
    }

    fn committed(&mut self) {
        self.commits += 1;
        if self.commits < COMMITS_PER_CHECKPOINT || !self.readers.options.wal {
            return;
        }
        self.commits = 0;
        if self.running.swap(true, Ordering::AcqRel) {
            return;
        }
        let (readers, running) = (Arc::clone(&self.readers), Arc::clone(&self.running));
        self.runtime.spawn_blocking(move || {
            // Passive: it never waits and nobody waits for it. What it can't do now, the next one does.
            let _ = connect::reader(&readers.options).and_then(|connection| {
                connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            });
            running.store(false, Ordering::Release);
        });
    }
}

/// Works until the queue's last sender is gone or it is told to close.
pub fn run(connection: Connection, queue: &Receiver<Message>, mut checkpoints: Checkpoints) {
    let mut close = None;
    let mut batch: Vec<Box<dyn Job>> = Vec::new();
    while close.is_none() {
        let Ok(first) = queue.recv() else { break };
        let mut next = Some(first);
        while let Some(message) = next.take() {
            match message {
                Message::Job(job) => batch.push(job),
                Message::Close(reply) => close = Some(reply),
            }
            if close.is_none() && batch.len() < BATCH {
                next = queue.try_recv().ok();
            }
        }
        while !batch.is_empty() {
            commit(&connection, &mut batch);
            checkpoints.committed();
        }
    }
    drop(connection);
    if let Some(reply) = close {
        let _ = reply.send(());
    }
}

/// Runs jobs from the front of the batch in one transaction and answers them. All of them, unless one makes
/// SQLite give up the transaction (a full disk): then those up to it.
fn commit(connection: &Connection, batch: &mut Vec<Box<dyn Job>>) {
    if let Err(error) = connect::begin_immediate(connection) {
        let error = Error::from(error);
        for job in batch.drain(..) {
            job.finish(Err(error.clone()));
        }
        return;
    }
    let mut done = 0;
    for job in batch.iter_mut() {
        run_one(connection, job.as_mut());
        done += 1;
        if connection.is_autocommit() {
            break;
        }
    }
    let committed = if connection.is_autocommit() {
        Err(Error::Sqlite("the database gave up the transaction (is the disk full?)".into()))
    } else {
        execute(connection, "COMMIT").map_err(|error| {
            let _ = execute(connection, "ROLLBACK");
            Error::from(error)
        })
    };
    for job in batch.drain(..done) {
        job.finish(committed.clone());
    }
}

fn run_one(connection: &Connection, job: &mut dyn Job) {
    let guarded = job.undo_on_failure() && execute(connection, "SAVEPOINT job").is_ok();
    let succeeded = job.run(connection);
    if guarded && !connection.is_autocommit() {
        if !succeeded {
            let _ = execute(connection, "ROLLBACK TO job");
        }
        let _ = execute(connection, "RELEASE job");
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
