//! Tables of our own formats: made in a new file, and refused when the file is of another version.

use rusqlite::{Connection, OptionalExtension as _};

use super::in_transaction;
use crate::components::InitError;

/// Creates `tables` in a new file, and notes their version in the table `<prefix>_meta`. Many processes may do so at
/// once. The error says which version was found.
pub fn create(connection: &Connection, prefix: &str, version: i64, tables: &str) -> Result<(), InitError> {
    let noted = |connection: &Connection| -> rusqlite::Result<Option<i64>> {
        let ask = format!("SELECT value FROM {prefix}_meta WHERE key = 'schema'");
        connection.query_row(&ask, [], |row| row.get(0)).optional()
    };
    let create = |connection: &Connection| -> rusqlite::Result<i64> {
        connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS {prefix}_meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"
        ))?;
        let found = noted(connection)?;
        if found.is_none() {
            connection.execute_batch(tables)?;
            let note = format!("INSERT INTO {prefix}_meta (key, value) VALUES ('schema', ?1)");
            connection.execute(&note, [version])?;
        }
        Ok(found.unwrap_or(version))
    };
    // The usual case needs no write lock.
    let found = match noted(connection) {
        Ok(Some(found)) => found,
        _ => in_transaction(connection, create).map_err(InitError::new)?,
    };
    if found == version {
        Ok(())
    } else {
        Err(InitError(format!("the file has schema version {found}; this program knows version {version}")))
    }
}
