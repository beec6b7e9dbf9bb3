//! Tables of the telemetry file.

use rusqlite::Connection;

/// Changes when a table does. What was kept in another form is dropped: it is a cache of the last days, no data.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE spans (
    trace TEXT NOT NULL, id TEXT NOT NULL, parent TEXT NOT NULL, app TEXT NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL,
    start INTEGER NOT NULL, duration INTEGER NOT NULL, error TEXT NOT NULL, tags TEXT NOT NULL,
    PRIMARY KEY (trace, id, app, kind)) WITHOUT ROWID;
-- What a list of traces shows, kept up to date as spans arrive, in whatever order they do.
CREATE TABLE traces (
    trace TEXT PRIMARY KEY, start INTEGER NOT NULL, finish INTEGER NOT NULL, app TEXT NOT NULL, name TEXT NOT NULL,
    root INTEGER NOT NULL, spans INTEGER NOT NULL, errors INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX traces_start ON traces (start);
CREATE INDEX traces_errors ON traces (start) WHERE errors > 0;
CREATE TABLE trace_apps (app TEXT NOT NULL, trace TEXT NOT NULL, PRIMARY KEY (app, trace)) WITHOUT ROWID;
-- Who calls whom, by pieces of time. A component has a name that begins with a slash.
CREATE TABLE edges (
    piece INTEGER NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL, what TEXT NOT NULL,
    count INTEGER NOT NULL, errors INTEGER NOT NULL, total INTEGER NOT NULL,
    PRIMARY KEY (piece, source, target, what)) WITHOUT ROWID;
CREATE TABLE logs (
    time INTEGER NOT NULL, app TEXT NOT NULL, level TEXT NOT NULL, text TEXT NOT NULL, trace TEXT NOT NULL);
CREATE INDEX logs_time ON logs (time);
CREATE INDEX logs_trace ON logs (trace) WHERE trace != '';
CREATE TABLE series (id INTEGER PRIMARY KEY, app TEXT NOT NULL, name TEXT NOT NULL, labels TEXT NOT NULL, UNIQUE (app, name, labels));
CREATE TABLE points (series INTEGER NOT NULL, time INTEGER NOT NULL, value REAL NOT NULL, PRIMARY KEY (series, time)) WITHOUT ROWID;
CREATE INDEX points_time ON points (time);
";

/// Makes the tables of a new file, and anew those of a file of another version.
pub fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != VERSION {
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let names: Vec<String> =
            transaction.prepare(tables)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        for name in names {
            transaction.execute_batch(&format!("DROP TABLE \"{name}\""))?;
        }
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}
