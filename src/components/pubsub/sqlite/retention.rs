//! What is dropped from the log, and when. In small steps, so that no publisher waits long for one.

use std::collections::HashSet;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{log, now_ms};
use crate::components::sqlite::{Database, Error};

/// Messages looked at in one step.
const STEP: usize = 500;

/// How long messages are kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Every message, handled or not.
    pub age: Duration,
    /// One that all groups have handled.
    pub consumed_age: Duration,
    /// Handled ones per topic, the newest; a group that comes later starts with them.
    pub max_consumed: u64,
}

/// Forgets dead listeners and drops what is past its time.
pub async fn clean(database: &Database, limits: Limits) -> Result<(), Error> {
    database.write_as_one(|connection| Ok::<_, Error>(log::retire_dead(connection)?)).await?;
    while database.write_as_one(move |connection| expired(connection, now_ms(), limits)).await? {}
    let topics = database.read(log::topics).await?;
    for topic in topics {
        let mut position = Some(0);
        while let Some(after) = position {
            let topic = topic.clone();
            position = database
                .write_as_one(move |connection| consumed(connection, &topic, after, now_ms(), limits))
                .await?;
        }
    }
    Ok(())
}

/// All of [`clean`]'s dropping at once.
#[cfg(test)]
pub fn clean_now(connection: &Connection, now: i64, limits: Limits) -> Result<(), Error> {
    while expired(connection, now, limits)? {}
    for topic in log::topics(connection)? {
        let mut position = Some(0);
        while let Some(after) = position {
            position = consumed(connection, &topic, after, now, limits)?;
        }
    }
    Ok(())
}

fn cutoff(now: i64, age: Duration) -> i64 {
    now.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}

/// Drops the oldest messages of all topics when they are too old; true when there may be more.
fn expired(connection: &Connection, now: i64, limits: Limits) -> Result<bool, Error> {
    let oldest: Vec<(i64, i64)> = connection
        .prepare_cached("SELECT seq, created_ms FROM pubsub_messages ORDER BY seq LIMIT ?1")?
        .query_map([i64::try_from(STEP).unwrap_or(i64::MAX)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let cutoff = cutoff(now, limits.age);
    let old = oldest.iter().take_while(|(_, created)| *created < cutoff).count();
    let Some((last, _)) = old.checked_sub(1).and_then(|index| oldest.get(index)) else {
        return Ok(false);
    };
    connection.prepare_cached("DELETE FROM pubsub_messages WHERE seq <= ?1")?.execute([last])?;
    connection.prepare_cached("DELETE FROM pubsub_inflight WHERE seq <= ?1")?.execute([last])?;
    Ok(old == STEP)
}

/// Drops messages of a topic that every group has handled, from after `after` on. Returns where to go on.
fn consumed(
    connection: &Connection,
    topic: &str,
    after: i64,
    now: i64,
    limits: Limits,
) -> Result<Option<i64>, Error> {
    // Asked in every step: a group that has just appeared has taken nothing yet.
    let Some(until) = log::taken_by_all(connection, topic)? else {
        return Ok(None);
    };
    let beyond_count: i64 = connection
        .prepare_cached(
            "SELECT seq FROM pubsub_messages WHERE topic = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1 OFFSET ?3",
        )?
        .query_row(
            params![topic, until, i64::try_from(limits.max_consumed).unwrap_or(i64::MAX)],
            |row| row.get(0),
        )
        .optional()?
        .unwrap_or(0);
    let unhandled: HashSet<i64> = connection
        .prepare_cached("SELECT seq FROM pubsub_inflight WHERE topic = ?1")?
        .query_map([topic], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let cutoff = cutoff(now, limits.consumed_age);
    let messages = log::times(connection, topic, after, until, STEP)?;
    let mut delete = connection.prepare_cached("DELETE FROM pubsub_messages WHERE seq = ?1")?;
    for (seq, created) in &messages {
        if *seq > beyond_count && *created >= cutoff {
            return Ok(None);
        }
        if !unhandled.contains(seq) {
            delete.execute([seq])?;
        }
    }
    Ok(messages.last().filter(|_| messages.len() == STEP).map(|(seq, _)| *seq))
}
