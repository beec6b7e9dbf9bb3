//! The tables of `state.sqlite` and their statements. Times are texts in UTC, `2026-01-02 03:04:05.678`; rows
//! written by a stock sidecar lack the fraction, and both sides compare both forms correctly.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use crate::components::sqlite::in_transaction;
use crate::components::state::{Concurrency, Delete, Error, Item, Set, TTL_EXPIRE_TIME};
use crate::components::{InitError, Metadata};

/// The statements over one pair of tables; written once because their texts are the keys of the cache of
/// prepared statements.
pub struct Table {
    name: String,
    metadata: String,
    get: String,
    upsert: String,
    insert: String,
    update: String,
    delete: String,
    delete_if: String,
    remove_expired: String,
    keys: String,
}

const NOW: &str = "strftime('%Y-%m-%d %H:%M:%f', 'now')";

impl Table {
    /// Names must have been checked to be plain identifiers.
    pub fn new(name: &str, metadata: String) -> Self {
        let live = format!("(expiration_time IS NULL OR expiration_time > {NOW})");
        let insert = format!(
            "INSERT INTO \"{name}\" (key, value, is_binary, etag, expiration_time, update_time) \
             VALUES (?1, ?2, ?3, ?4, strftime('%Y-%m-%d %H:%M:%f', 'now', ?5), CURRENT_TIMESTAMP) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, is_binary = excluded.is_binary, \
             etag = excluded.etag, expiration_time = excluded.expiration_time, update_time = CURRENT_TIMESTAMP"
        );
        Self {
            get: format!(
                "SELECT value, is_binary, etag, expiration_time FROM \"{name}\" WHERE key = ?1 AND {live}"
            ),
            upsert: insert.clone(),
            insert: format!("{insert} WHERE expiration_time <= {NOW}"),
            update: format!(
                "UPDATE \"{name}\" SET value = ?2, is_binary = ?3, etag = ?4, \
                 expiration_time = strftime('%Y-%m-%d %H:%M:%f', 'now', ?5), \
                 update_time = CURRENT_TIMESTAMP WHERE key = ?1 AND etag = ?6 AND {live}"
            ),
            delete: format!("DELETE FROM \"{name}\" WHERE key = ?1"),
            delete_if: format!("DELETE FROM \"{name}\" WHERE key = ?1 AND etag = ?2 AND {live}"),
            // Keys are compared by their bytes; what comes after those that begin so is not looked at.
            keys: format!(
                "SELECT key FROM \"{name}\" WHERE key >= ?1 AND key > ?2 AND (?3 IS NULL OR key < ?3) AND {live} \
                 ORDER BY key LIMIT ?4"
            ),
            remove_expired: format!("DELETE FROM \"{name}\" WHERE expiration_time <= {NOW}"),
            name: name.to_owned(),
            metadata,
        }
    }

    /// Creates what is missing. Many processes may do so at once.
    pub fn create(&self, connection: &Connection, label: &str) -> Result<(), InitError> {
        if connection.is_readonly("main").map_err(InitError::new)? {
            return Ok(());
        }
        let (name, metadata) = (&self.name, &self.metadata);
        tracing::info!(target: "dapr.contrib", component = %label, "Creating metadata table '{metadata}' if it doesn't exist");
        in_transaction(connection, |connection| {
            connection.execute_batch(&format!(
                "CREATE TABLE IF NOT EXISTS \"{metadata}\" (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)"
            ))?;
            // Asked for by name and not by version: two components may share one metadata table.
            if !connection.table_exists(None, name.as_str())? {
                tracing::info!(target: "dapr.contrib", component = %label, "Performing migration 1");
                tracing::info!(target: "dapr.contrib", component = %label, "Creating state table '{name}'");
                connection.execute_batch(&format!(
                    "CREATE TABLE \"{name}\" (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL, \
                     is_binary BOOLEAN NOT NULL, etag TEXT NOT NULL, expiration_time TIMESTAMP DEFAULT NULL, \
                     update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); \
                     INSERT OR IGNORE INTO \"{metadata}\" (key, value) VALUES ('migrations', '1')"
                ))?;
            }
            Ok(())
        })
        .map_err(|error: rusqlite::Error| InitError(format!("failed to perform migrations: {error}")))
    }

    /// The row of a key, unless it has expired.
    pub fn get(&self, connection: &Connection, key: &str) -> rusqlite::Result<Option<Item>> {
        connection.prepare_cached(&self.get)?.query_row([key], item).optional()
    }

    /// Writes a row if its conditions hold. `ttl` is in seconds.
    pub fn set(&self, connection: &Connection, request: &Set, ttl: Option<i64>) -> Result<(), Error> {
        let (value, is_binary) = match std::str::from_utf8(&request.value) {
            Ok(text) => (Cow::Borrowed(text), false),
            Err(_) => (Cow::Owned(BASE64.encode(&request.value)), true),
        };
        let etag = Uuid::new_v4().to_string();
        // NULL as the modifier makes the whole time NULL.
        let expires = ttl.map(|seconds| format!("+{seconds} seconds"));
        let key = &request.key;
        let changed = if let Some(expected) = expected(request.etag.as_ref()) {
            connection
                .prepare_cached(&self.update)?
                .execute(params![key, value, is_binary, etag, expires, expected])?
        } else {
            let first = request.concurrency == Concurrency::FirstWrite;
            connection
                .prepare_cached(if first { &self.insert } else { &self.upsert })?
                .execute(params![key, value, is_binary, etag, expires])?
        };
        if changed == 0 { Err(Error::EtagMismatch(String::new())) } else { Ok(()) }
    }

    /// Deletes a row if its etag is the expected one.
    pub fn delete(&self, connection: &Connection, request: &Delete) -> Result<(), Error> {
        let Some(expected) = expected(request.etag.as_ref()) else {
            connection.prepare_cached(&self.delete)?.execute([&request.key])?;
            return Ok(());
        };
        match connection.prepare_cached(&self.delete_if)?.execute([&request.key, expected])? {
            0 => Err(Error::EtagMismatch(String::new())),
            _ => Ok(()),
        }
    }

    /// The first keys that begin so and come after another one.
    pub fn keys(
        &self,
        connection: &Connection,
        prefix: &str,
        after: &str,
        most: usize,
    ) -> rusqlite::Result<Vec<String>> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        connection
            .prepare_cached(&self.keys)?
            .query_map(params![prefix, after, end_of(prefix), most], |row| row.get(0))?
            .collect()
    }

    /// Deletes all rows that have expired.
    pub fn remove_expired(&self, connection: &Connection) -> Result<usize, Error> {
        Ok(connection.prepare_cached(&self.remove_expired)?.execute([])?)
    }
}

/// The first text after all that begin so; `None` when there is none.
fn end_of(prefix: &str) -> Option<String> {
    let mut end: Vec<char> = prefix.chars().collect();
    while let Some(last) = end.pop() {
        // Between the two lie the numbers that are no characters.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            end.push(next);
            return Some(end.into_iter().collect());
        }
    }
    None
}

fn expected(etag: Option<&String>) -> Option<&String> {
    etag.filter(|etag| !etag.is_empty())
}

fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let value = match row.get_ref(0)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        _ => &[],
    };
    let value = if row.get(1)? {
        let decoded = BASE64.decode(value).map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
        })?;
        Bytes::from(decoded)
    } else {
        Bytes::copy_from_slice(value)
    };
    let mut metadata = Metadata::new();
    if let ValueRef::Text(time) = row.get_ref(3)?
        && let Some(seconds) = time.get(..19).and_then(|time| std::str::from_utf8(time).ok())
    {
        metadata.insert(TTL_EXPIRE_TIME.to_owned(), format!("{}Z", seconds.replacen(' ', "T", 1)));
    }
    Ok(Item { value, etag: Some(row.get(2)?), metadata })
}
