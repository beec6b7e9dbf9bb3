//! The store's operations as plain functions over a connection; each runs inside a transaction of the writer, or
//! only reads. No clock, no threads: `now` comes from the caller.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

use super::{Job, Key, Payload, Policy, Progress, Receiver, Stored, Update};
use crate::components::schedule::{Begin, Rules};
use crate::records::ProcessId;

/// A row is read in this order.
const COLUMNS: &str = "id, receiver, name, due_us, count, last_us, attempts, schedule, due_time, ttl, repeats, \
                       begin_us, runs_at_begin, expiration_us, data_type, data, retry_us, max_retries, scheduled_by";

/// `data_type` of JSON; a type URL is never that.
const JSON: &str = "json";

/// Somebody who runs the jobs of a receiver, as the tables know it.
#[derive(Debug, Clone)]
pub struct Member {
    pub token: i64,
    pub process: ProcessId,
    pub receiver: String,
}

/// What a receiver has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peek {
    /// When the next job that nobody runs is due.
    pub due: Option<Timestamp>,
    /// Somebody who ran its jobs has died.
    pub has_dead: bool,
}

/// Puts a job in, with its progress. False when one of that name is there and may not be replaced.
pub fn put(connection: &Connection, stored: &Stored, replace: bool) -> rusqlite::Result<bool> {
    let Stored { key, job, progress, due, scheduled_by, .. } = stored;
    let receiver = key.receiver.to_string();
    if replace {
        delete(connection, &receiver, &key.name)?;
    }
    let (begin, runs_at_begin) = match job.begin {
        Begin::Start(time) => (time, false),
        Begin::Due(time) => (time, true),
    };
    let (data_type, data) = match &job.payload {
        Payload::None => (None, None),
        Payload::Json(text) => (Some(JSON), Some(text.as_ref())),
        Payload::Any { type_url, value } => (Some(type_url.as_str()), Some(value.as_ref())),
    };
    let (retry, max_retries) = match job.policy {
        Policy::Drop => (None, None),
        Policy::Constant { interval, max_retries } => {
            (Some(i64::try_from(interval.as_micros()).unwrap_or(i64::MAX)), max_retries)
        }
    };
    let Rules { schedule, due_time, ttl, repeats } = &job.rules;
    let inserted = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO jobs (receiver, name, due_us, count, last_us, attempts, schedule, due_time, ttl, \
             repeats, begin_us, runs_at_begin, expiration_us, data_type, data, retry_us, max_retries, scheduled_by) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(params![
            receiver,
            key.name,
            due.as_microsecond(),
            progress.count,
            progress.last.map(Timestamp::as_microsecond),
            progress.attempts,
            schedule,
            due_time,
            ttl,
            repeats,
            begin.as_microsecond(),
            runs_at_begin,
            job.expiration.map(Timestamp::as_microsecond),
            data_type,
            data,
            retry,
            max_retries,
            scheduled_by,
        ])?;
    Ok(inserted > 0)
}

/// One job.
pub fn get(connection: &Connection, receiver: &str, name: &str) -> rusqlite::Result<Option<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM jobs WHERE receiver = ?1 AND name = ?2");
    connection.prepare_cached(&sql)?.query_map([receiver, name], stored)?.next().transpose()
}

/// All jobs of a receiver, by name.
pub fn of_receiver(connection: &Connection, receiver: &str) -> rusqlite::Result<Vec<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM jobs WHERE receiver = ?1 ORDER BY name");
    connection.prepare_cached(&sql)?.query_map([receiver], stored)?.collect()
}

/// All jobs there are.
pub fn all(connection: &Connection) -> rusqlite::Result<Vec<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM jobs ORDER BY receiver, name");
    connection.prepare_cached(&sql)?.query_map([], stored)?.collect()
}

/// Removes a job; false when there is none.
pub fn delete(connection: &Connection, receiver: &str, name: &str) -> rusqlite::Result<bool> {
    let deleted = connection
        .prepare_cached("DELETE FROM jobs WHERE receiver = ?1 AND name = ?2")?
        .execute([receiver, name])?;
    Ok(deleted > 0)
}

/// Removes the jobs of a receiver whose names begin so.
pub fn delete_prefix(connection: &Connection, receiver: &str, prefix: &str) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("DELETE FROM jobs WHERE receiver = ?1 AND substr(name, 1, length(?2)) = ?2")?
        .execute([receiver, prefix])
}

/// Makes a watcher known.
pub fn register(connection: &Connection, me: &Member) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO jobs_watchers (token, receiver, pid, started) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![me.token, me.receiver, me.process.pid, me.process.started.cast_signed()])
        .map(drop)
}

/// Forgets a watcher; the jobs that it was running wait for others.
pub fn retire(connection: &Connection, token: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("UPDATE jobs SET owner = NULL WHERE owner = ?1")?.execute([token])?;
    connection.prepare_cached("DELETE FROM jobs_watchers WHERE token = ?1")?.execute([token]).map(drop)
}

/// Whether there is something to do.
pub fn peek(connection: &Connection, me: &Member) -> rusqlite::Result<Peek> {
    let due: Option<i64> = connection
        .prepare_cached("SELECT min(due_us) FROM jobs WHERE receiver = ?1 AND owner IS NULL")?
        .query_row([&me.receiver], |row| row.get(0))?;
    let has_dead =
        members(connection, me)?.iter().any(|(token, process)| *token != me.token && !process.is_alive());
    Ok(Peek { due: due.map(time), has_dead })
}

fn members(connection: &Connection, me: &Member) -> rusqlite::Result<Vec<(i64, ProcessId)>> {
    connection
        .prepare_cached("SELECT token, pid, started FROM jobs_watchers WHERE receiver = ?1")?
        .query_map([&me.receiver], |row| {
            let started: i64 = row.get(2)?;
            Ok((row.get(0)?, ProcessId { pid: row.get(1)?, started: started.cast_unsigned() }))
        })?
        .collect()
}

/// Takes jobs that are due, the longest overdue first: `alone` at most, or `shared` when others run jobs of this
/// receiver too.
pub fn claim(
    connection: &Connection,
    me: &Member,
    now: Timestamp,
    (alone, shared): (usize, usize),
) -> rusqlite::Result<Vec<Stored>> {
    let (mut is_registered, mut limit) = (false, alone);
    for (token, process) in members(connection, me)? {
        if token == me.token {
            is_registered = true;
        } else if process.is_alive() {
            limit = shared;
        } else {
            retire(connection, token)?;
        }
    }
    if !is_registered {
        // The first claim, or somebody took us for dead.
        register(connection, me)?;
    }
    let sql = format!(
        "UPDATE jobs SET owner = ?2 WHERE id IN (SELECT id FROM jobs \
         WHERE receiver = ?1 AND owner IS NULL AND due_us <= ?3 ORDER BY due_us LIMIT ?4) RETURNING {COLUMNS}"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut claimed: Vec<Stored> = connection
        .prepare_cached(&sql)?
        .query_map(params![me.receiver, me.token, now.as_microsecond(), limit], stored)?
        .collect::<Result<_, _>>()?;
    claimed.sort_by_key(|stored| stored.due);
    Ok(claimed)
}

/// Writes down what became of a job that was claimed; nothing when it was replaced or deleted meanwhile, or taken
/// by somebody else.
pub fn finish(connection: &Connection, me: &Member, id: i64, update: Update) -> rusqlite::Result<()> {
    match update {
        Update::Done => connection
            .prepare_cached("DELETE FROM jobs WHERE id = ?1 AND owner = ?2")?
            .execute(params![id, me.token])
            .map(drop),
        Update::Again { progress: Progress { count, last, attempts }, due } => connection
            .prepare_cached(
                "UPDATE jobs SET owner = NULL, due_us = ?3, count = ?4, last_us = ?5, attempts = ?6 \
                 WHERE id = ?1 AND owner = ?2",
            )?
            .execute(params![
                id,
                me.token,
                due.as_microsecond(),
                count,
                last.map(Timestamp::as_microsecond),
                attempts
            ])
            .map(drop),
    }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let receiver: String = row.get(1)?;
    let receiver = Receiver::parse(&receiver).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            1,
            rusqlite::types::Type::Text,
            format!("{receiver:?} is no receiver of jobs").into(),
        )
    })?;
    let optional = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(time));
    let begin = time(row.get(11)?);
    Ok(Stored {
        id: row.get(0)?,
        key: Key { receiver, name: row.get(2)? },
        due: time(row.get(3)?),
        progress: Progress { count: row.get(4)?, last: optional(5)?, attempts: row.get(6)? },
        job: Job {
            rules: Rules {
                schedule: row.get(7)?,
                due_time: row.get(8)?,
                ttl: row.get(9)?,
                repeats: row.get(10)?,
            },
            begin: if row.get(12)? { Begin::Due(begin) } else { Begin::Start(begin) },
            expiration: optional(13)?,
            payload: payload(row.get(14)?, row.get(15)?),
            policy: match row.get::<_, Option<i64>>(16)? {
                None => Policy::Drop,
                Some(interval) => Policy::Constant {
                    interval: Duration::from_micros(interval.unsigned_abs()),
                    max_retries: row.get(17)?,
                },
            },
        },
        scheduled_by: row.get(18)?,
    })
}

fn payload(data_type: Option<String>, data: Value) -> Payload {
    let data = match data {
        Value::Blob(bytes) => bytes.into(),
        Value::Text(text) => text.into(),
        _ => bytes::Bytes::new(),
    };
    match data_type {
        None => Payload::None,
        Some(json) if json == JSON => Payload::Json(data),
        Some(type_url) => Payload::Any { type_url, value: data },
    }
}

/// What is beyond the calendar is at its end.
fn time(microseconds: i64) -> Timestamp {
    let end = if microseconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(microseconds).unwrap_or(end)
}
