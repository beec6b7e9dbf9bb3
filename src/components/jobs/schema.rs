//! Tables of `jobs.sqlite`.
//!
//! | table | one row is |
//! |---|---|
//! | `jobs` | a job; `due_us` is when it runs next; `owner` is the token of the watcher that runs it now, NULL when it waits |
//! | `jobs_watchers` | somebody who runs the jobs of a receiver: its process (PID and start time) |
//!
//! An owner always has its row in `jobs_watchers`: both are removed in one transaction. So a job whose owner died
//! is found by asking whether the watchers' processes are alive. Times are microseconds since 1970.

use rusqlite::Connection;

use crate::components::InitError;
use crate::components::sqlite::schema;

const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver TEXT NOT NULL,
    name TEXT NOT NULL,
    due_us INTEGER NOT NULL,
    owner INTEGER,
    count INTEGER NOT NULL DEFAULT 0,
    last_us INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    schedule TEXT,
    due_time TEXT,
    ttl TEXT,
    repeats INTEGER,
    begin_us INTEGER NOT NULL,
    runs_at_begin INTEGER NOT NULL,
    expiration_us INTEGER,
    data_type TEXT,
    data BLOB,
    retry_us INTEGER,
    max_retries INTEGER,
    scheduled_by TEXT,
    UNIQUE (receiver, name)
);
CREATE INDEX jobs_waiting ON jobs (receiver, due_us) WHERE owner IS NULL;
CREATE INDEX jobs_running ON jobs (owner) WHERE owner IS NOT NULL;
CREATE TABLE jobs_watchers (
    token INTEGER PRIMARY KEY,
    receiver TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started INTEGER NOT NULL
);
CREATE INDEX jobs_watchers_receiver ON jobs_watchers (receiver);
";

/// Creates the tables in a new file. Many processes may do so at once.
pub fn create(connection: &Connection) -> Result<(), InitError> {
    schema::create(connection, "jobs", VERSION, TABLES)
}
