//! The writer: group commit. Its thread waits for a job, takes along whatever else has queued up, runs all of
//! it in one transaction, commits, and only then answers. No timers: a lone write is committed at once.
//!
//! A caller that finds the writer idle does the work on its own thread, which spares a lone write two changes
//! of threads. It gives up at once, and queues the job, when another process holds the lock.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Error;
use super::checkpoint::Checkpoints;
use super::connect::{self, Patience};

/// Jobs in one transaction; bounds how long the first one waits for the others.
const BATCH: usize = 256;
/// Changes in one transaction from which on callers queue theirs: there are many, and together they cost less.
const CROWD: usize = 3;

/// A change that shares a transaction with others.
pub trait Job: Send {
    /// Does the change, keeping its result for [`Job::finish`]; false when it failed.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Whether what a failed run did must be undone.
    fn undo_on_failure(&self) -> bool {
        false
    }

    /// How many callers wait for it; asked after it ran.
    fn callers(&self) -> usize {
        1
    }

    /// Told after the commit, or why nothing was committed. Others wait for their answers: must be short.
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

/// The connection that writes, shared by its thread and the callers that find it idle.
pub struct Writer {
    /// `None` once closed.
    state: Mutex<Option<State>>,
    /// Jobs that the thread has to do.
    queued: AtomicUsize,
    /// Whether a commit is quick enough for a caller's thread; with a rollback journal it waits for the disk.
    quick: bool,
    /// The last transaction had changes of several callers.
    crowded: AtomicBool,
}

/// What a transaction needs.
pub struct State {
    pub connection: Connection,
    pub patience: Patience,
    pub checkpoints: Checkpoints,
}

impl Writer {
    pub fn new(state: State, quick: bool) -> Self {
        Self {
            state: Mutex::new(Some(state)),
            queued: AtomicUsize::new(0),
            quick,
            crowded: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does a job at once if nobody else is writing; gives it back if it has to be queued.
    pub fn try_now(&self, job: Box<dyn Job>) -> Result<(), Box<dyn Job>> {
        let crowded = self.crowded.load(Ordering::Relaxed) || self.queued.load(Ordering::Acquire) > 0;
        if crowded || !self.quick {
            return Err(job);
        }
        let mut guard = match self.state.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(job),
        };
        let Some(state) = guard.as_mut().filter(|state| !state.checkpoints.is_overdue()) else {
            return Err(job);
        };
        state.patience.set(false);
        let begun = begin(&state.connection);
        state.patience.set(true);
        if begun.is_err() {
            // Another process is writing, or something is wrong: the thread waits, or reports it.
            return Err(job);
        }
        let mut done = vec![job];
        let committed = run_and_commit(&state.connection, &mut done);
        state.checkpoints.committed();
        self.look_around(&done);
        drop(guard);
        answer(done, &committed.result);
        Ok(())
    }

    fn look_around(&self, done: &[Box<dyn Job>]) {
        let callers: usize = done.iter().map(|job| job.callers()).sum();
        self.crowded.store(callers >= CROWD, Ordering::Relaxed);
    }

    /// Must be called before a job is put into the queue.
    pub fn will_queue(&self) {
        self.queued.fetch_add(1, Ordering::AcqRel);
    }

    /// Must be called for a job that could not be put into the queue.
    pub fn did_not_queue(&self) {
        self.queued.fetch_sub(1, Ordering::AcqRel);
    }

    /// The thread: works until the queue's last sender is gone or it is told to close.
    pub fn run(&self, queue: &Receiver<Message>) {
        let mut close = None;
        while close.is_none() {
            let Ok(first) = queue.recv() else { break };
            let mut batch: Vec<Box<dyn Job>> = Vec::new();
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
            let count = batch.len();
            self.work(batch);
            self.queued.fetch_sub(count, Ordering::AcqRel);
        }
        drop(self.state().take());
        if let Some(reply) = close {
            let _ = reply.send(());
        }
    }

    fn work(&self, mut batch: Vec<Box<dyn Job>>) {
        let mut guard = self.state();
        let Some(state) = guard.as_mut() else {
            answer(batch, &Err(Error::Closed));
            return;
        };
        while !batch.is_empty() {
            if let Err(error) = begin(&state.connection) {
                answer(batch, &Err(error.into()));
                return;
            }
            let mut done = batch;
            let committed = run_and_commit(&state.connection, &mut done);
            batch = done.split_off(committed.jobs);
            state.checkpoints.committed();
            self.look_around(&done);
            answer(done, &committed.result);
        }
        if state.checkpoints.is_overdue() {
            state.checkpoints.catch_up(&state.connection);
        }
    }
}

/// How a transaction ended: its result, for the first `jobs` of the batch.
struct Committed {
    jobs: usize,
    result: Result<(), Error>,
}

fn begin(connection: &Connection) -> rusqlite::Result<()> {
    if !connection.is_autocommit() {
        // Only after a job that panicked.
        execute(connection, "ROLLBACK")?;
    }
    connect::begin_immediate(connection)
}

/// Runs all jobs and commits, unless one makes SQLite give up the transaction (a full disk): then those up to
/// it have failed, and the others have not run.
fn run_and_commit(connection: &Connection, batch: &mut [Box<dyn Job>]) -> Committed {
    let mut jobs = 0;
    for job in batch {
        run_one(connection, job.as_mut());
        jobs += 1;
        if connection.is_autocommit() {
            let why = "the database gave up the transaction (is the disk full?)";
            return Committed { jobs, result: Err(Error::Sqlite(why.into())) };
        }
    }
    let result = execute(connection, "COMMIT").map_err(|error| {
        let _ = execute(connection, "ROLLBACK");
        Error::from(error)
    });
    Committed { jobs, result }
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

fn answer(jobs: Vec<Box<dyn Job>>, result: &Result<(), Error>) {
    for job in jobs {
        job.finish(result.clone());
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
