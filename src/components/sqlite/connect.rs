//! Opening connections and waiting for locks. Waits start very short: another process holds the write lock
//! for some tens of microseconds, and SQLite's own handler sleeps whole milliseconds.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::Options;
use crate::components::InitError;

/// While a database is created by many processes at once, each waits at least this long for the others.
const SET_UP_LIMIT: Duration = Duration::from_secs(15);
/// Pages of the log after which SQLite does a checkpoint by itself. High, because ours come before that; this
/// bounds the log when they can't keep up.
const LOG_PAGES: u32 = 16_000;
/// Prepared statements kept per connection.
const STATEMENTS: usize = 48;

/// Opens the connection that writes, creating the file and the directory that it is in, and lets `set_up` create
/// tables. Directories above that one have to be there: a misspelt path is an error, not a new tree.
pub fn writer<S>(options: &Options, set_up: S) -> Result<(Connection, Patience), InitError>
where
    S: FnOnce(&mut Connection) -> Result<(), InitError>,
{
    let parent = options.file.as_ref().and_then(|file| file.parent());
    if let Some(directory) =
        parent.filter(|directory| !directory.as_os_str().is_empty() && !options.read_only)
    {
        match fs_err::create_dir(directory) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(InitError::new(error)),
            _ => {}
        }
    }
    let limit = options.busy_timeout.max(SET_UP_LIMIT);
    let mut connection = open(options, options.read_only).map_err(|error| refused(options, &error))?;
    wait_for_locks(&mut connection, limit).map_err(|error| refused(options, &error))?;
    if !options.read_only {
        retry(limit, || set_journal_mode(&connection, options)).map_err(|error| refused(options, &error))?;
    }
    set_up(&mut connection)?;
    let patience = wait_for_locks(&mut connection, options.busy_timeout).map_err(InitError::new)?;
    Ok((connection, patience))
}

/// Opens a connection that reads. It does not wait for locks: callers try again on a thread that may block.
pub fn reader(options: &Options) -> rusqlite::Result<Connection> {
    let connection = open(options, options.read_only)?;
    if !options.read_only {
        connection.pragma_update(None, "query_only", true)?;
    }
    connection.busy_timeout(Duration::ZERO)?;
    Ok(connection)
}

fn open(options: &Options, read_only: bool) -> rusqlite::Result<Connection> {
    let access = if read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    let flags = access | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&options.uri, flags)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    if options.wal {
        // A commit is in the log, and so survives the end of this process; only a power cut may take the last
        // ones, and never leaves a damaged file.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
    }
    for pragma in &options.pragmas {
        connection.prepare(&format!("PRAGMA {pragma}"))?.query([])?.next()?;
    }
    Ok(connection)
}

fn refused(options: &Options, error: &rusqlite::Error) -> InitError {
    match &options.file {
        Some(file) => InitError(format!("failed to open the database {}: {error}", file.display())),
        None => InitError(format!("failed to open the database: {error}")),
    }
}

fn set_journal_mode(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    let wanted = match (options.memory, options.wal) {
        (true, _) => "memory",
        (false, true) => "wal",
        (false, false) => "delete",
    };
    // The switch needs the file for itself; asking first spares that for all but the first process.
    let current: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if current != wanted {
        connection.pragma_update_and_check(None, "journal_mode", wanted, |_| Ok(()))?;
    }
    Ok(())
}

/// Whether somebody else holds the lock that was needed.
pub fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Waits before the next try, longer with every one: a few yields, then 50 µs doubling to 1.6 ms.
pub fn pause(tries: u32) {
    match tries {
        0..4 => std::thread::yield_now(),
        _ => std::thread::sleep(Duration::from_micros(50 << (tries - 4).min(5))),
    }
}

/// Whether a connection waits for locks at all.
#[derive(Clone)]
pub struct Patience(Arc<AtomicBool>);

impl Patience {
    pub fn set(&self, patient: bool) {
        self.0.store(patient, Ordering::Relaxed);
    }
}

fn wait_for_locks(connection: &mut Connection, limit: Duration) -> rusqlite::Result<Patience> {
    let patience = Patience(Arc::new(AtomicBool::new(true)));
    let is_patient = Arc::clone(&patience.0);
    let mut since = Instant::now();
    connection.busy_handler(Some(move |tries: i32| {
        if !is_patient.load(Ordering::Relaxed) {
            return false;
        }
        if tries == 0 {
            since = Instant::now();
        }
        pause(tries.unsigned_abs());
        since.elapsed() < limit
    }))?;
    Ok(patience)
}

/// Repeats what SQLite reports as busy without asking the busy handler, as it does for some locks.
fn retry(limit: Duration, mut op: impl FnMut() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    let start = Instant::now();
    let mut tries = 0;
    loop {
        match op() {
            Err(error) if is_busy(&error) && start.elapsed() < limit => pause(tries),
            result => return result,
        }
        tries += 1;
    }
}

/// Takes the write lock.
pub fn begin_immediate(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)
}

/// Runs `op` in one immediate transaction; all of it is undone when it fails.
pub fn in_transaction<T, E: From<rusqlite::Error>>(
    connection: &Connection,
    op: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    retry(SET_UP_LIMIT, || begin_immediate(connection))?;
    let result = op(connection);
    let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
    match (retry(SET_UP_LIMIT, || connection.execute_batch(end)), result) {
        (Err(error), Ok(_)) => {
            let _ = connection.execute_batch("ROLLBACK");
            Err(error.into())
        }
        (_, result) => result,
    }
}
