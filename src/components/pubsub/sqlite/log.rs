//! The log's operations as plain functions over a connection; each runs inside a transaction of the writer,
//! except [`peek`], which only reads. No clock, no threads: `now` comes from the caller.

use rusqlite::{Connection, params};

use crate::components::pubsub::Message;
use crate::records::ProcessId;

/// How many messages a listener takes at once.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// When it is the only one of its group.
    pub alone: usize,
    /// When it is one of several.
    pub among_others: usize,
}

impl Share {
    /// For a listener that hands them over one by one; among others few, so that they share the work.
    pub const SINGLE: Self = Self { alone: 64, among_others: 4 };
}

/// A subscription as the tables know it.
#[derive(Debug, Clone)]
pub struct Listener {
    pub token: i64,
    pub process: ProcessId,
    pub port: u16,
    pub topic: String,
    pub consumer: String,
}

/// A message that was taken from the log.
#[derive(Debug, PartialEq, Eq)]
pub struct Claimed {
    pub seq: i64,
    pub data: Vec<u8>,
    /// JSON object of texts.
    pub metadata: String,
    /// How often it was set aside after failing.
    pub attempts: u32,
}

impl Claimed {
    /// The message as a handler gets it.
    pub fn into_message(self, topic: &str) -> Message {
        Message {
            topic: topic.to_owned(),
            data: self.data.into(),
            metadata: serde_json::from_str(&self.metadata).unwrap_or_default(),
        }
    }
}

/// What a group has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peek {
    /// A claim would find something.
    pub ready: bool,
    /// When the next message that was set aside is due.
    pub due_ms: Option<i64>,
}

/// Start times are opaque numbers; all 64 bits are kept.
fn started(process: ProcessId) -> i64 {
    process.started.cast_signed()
}

fn process(pid: u32, started: i64) -> ProcessId {
    ProcessId { pid, started: started.cast_unsigned() }
}

/// Appends a message.
pub fn append(
    connection: &Connection,
    topic: &str,
    data: &[u8],
    metadata: &str,
    now: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO pubsub_messages (topic, data, metadata, created_ms) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![topic, data, metadata, now])
        .map(drop)
}

/// Ports of the listeners of a topic, each once.
pub fn ports(connection: &Connection, topic: &str) -> rusqlite::Result<Vec<u16>> {
    connection
        .prepare_cached("SELECT DISTINCT port FROM pubsub_listeners WHERE topic = ?1")?
        .query_map([topic], |row| row.get(0))?
        .collect()
}

/// Makes a listener known, and its group, which starts with the oldest message that is kept.
pub fn register(connection: &Connection, listener: &Listener) -> rusqlite::Result<()> {
    let Listener { token, process, port, topic, consumer } = listener;
    connection
        .prepare_cached("INSERT OR IGNORE INTO pubsub_groups (topic, consumer, cursor) VALUES (?1, ?2, 0)")?
        .execute([topic, consumer])?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO pubsub_listeners (token, pid, started, port, topic, consumer) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![token, process.pid, started(*process), port, topic, consumer])
        .map(drop)
}

/// Forgets a listener; what it was working on waits for others. Returns how many messages those are.
pub fn retire(connection: &Connection, token: i64, topic: &str, consumer: &str) -> rusqlite::Result<usize> {
    let released = connection
        .prepare_cached(
            "UPDATE pubsub_inflight SET owner = NULL, not_before_ms = 0 \
             WHERE topic = ?1 AND consumer = ?2 AND owner = ?3",
        )?
        .execute(params![topic, consumer, token])?;
    connection.prepare_cached("DELETE FROM pubsub_listeners WHERE token = ?1")?.execute([token])?;
    Ok(released)
}

/// Forgets every listener whose process has ended.
pub fn retire_dead(connection: &Connection) -> rusqlite::Result<()> {
    let listeners: Vec<(i64, ProcessId, String, String)> = connection
        .prepare_cached("SELECT token, pid, started, topic, consumer FROM pubsub_listeners")?
        .query_map([], |row| Ok((row.get(0)?, process(row.get(1)?, row.get(2)?), row.get(3)?, row.get(4)?)))?
        .collect::<Result<_, _>>()?;
    for (token, process, topic, consumer) in listeners {
        if !process.is_alive() {
            retire(connection, token, &topic, &consumer)?;
        }
    }
    Ok(())
}

/// Whether a group has something to do, and whether all its listeners are alive: a dead one is something to
/// do too.
pub fn peek(connection: &Connection, me: &Listener, now: i64) -> rusqlite::Result<Peek> {
    let group = [&me.topic, &me.consumer];
    let due_ms: Option<i64> = connection
        .prepare_cached(
            "SELECT min(not_before_ms) FROM pubsub_inflight \
             WHERE topic = ?1 AND consumer = ?2 AND owner IS NULL",
        )?
        .query_row(group, |row| row.get(0))?;
    let unread = connection
        .prepare_cached(
            "SELECT 1 FROM pubsub_messages WHERE topic = ?1 AND seq > \
             (SELECT cursor FROM pubsub_groups WHERE topic = ?1 AND consumer = ?2) LIMIT 1",
        )?
        .exists(group)?;
    let ready = unread
        || due_ms.is_some_and(|due| due <= now)
        || members(connection, me)?.iter().any(|(token, process)| *token != me.token && !process.is_alive());
    Ok(Peek { ready, due_ms })
}

/// The listeners of a group, oneself included.
fn members(connection: &Connection, me: &Listener) -> rusqlite::Result<Vec<(i64, ProcessId)>> {
    connection
        .prepare_cached(
            "SELECT token, pid, started FROM pubsub_listeners WHERE topic = ?1 AND consumer = ?2",
        )?
        .query_map([&me.topic, &me.consumer], |row| Ok((row.get(0)?, process(row.get(1)?, row.get(2)?))))?
        .collect()
}

/// Takes the next messages of a group for one of its listeners, in the order in which they must be handled:
/// first what others gave back or left behind when they died, then what was set aside and is due, then new
/// ones; sorted by `seq`. Every message waits for this, so it asks as little as it can.
pub fn claim(
    connection: &Connection,
    me: &Listener,
    share: Share,
    now: i64,
) -> rusqlite::Result<Vec<Claimed>> {
    let (mut registered, mut shared) = (false, false);
    for (token, process) in members(connection, me)? {
        if token == me.token {
            registered = true;
        } else if process.is_alive() {
            shared = true;
        } else {
            retire(connection, token, &me.topic, &me.consumer)?;
        }
    }
    if !registered {
        // Somebody took us for dead, after a change of the system's clock for example.
        register(connection, me)?;
    }

    let limit = if shared { share.among_others } else { share.alone };
    let mut claimed = Vec::new();
    if is_any_waiting(connection, me, now)? {
        claimed = waiting(connection, me, (0, 0), limit)?;
        // Messages that fail again and again may not use up every claim.
        let again = (limit / 4).max(1).min(limit - claimed.len());
        claimed.extend(waiting(connection, me, (1, now), again)?);
        take(connection, me, &claimed)?;
    }
    if claimed.len() < limit {
        let new = unread(connection, me, limit - claimed.len())?;
        take_new(connection, me, &new)?;
        claimed.extend(new);
    }
    claimed.sort_unstable_by_key(|message| message.seq);
    Ok(claimed)
}

fn is_any_waiting(connection: &Connection, me: &Listener, now: i64) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM pubsub_inflight \
             WHERE topic = ?1 AND consumer = ?2 AND owner IS NULL AND not_before_ms <= ?3 LIMIT 1",
        )?
        .exists(params![me.topic, me.consumer, now])
}

/// Messages without an owner whose time lies in a range, oldest time first.
fn waiting(
    connection: &Connection,
    me: &Listener,
    (from, to): (i64, i64),
    limit: usize,
) -> rusqlite::Result<Vec<Claimed>> {
    connection
        .prepare_cached(
            "SELECT i.seq, m.data, m.metadata, i.attempts \
             FROM pubsub_inflight i CROSS JOIN pubsub_messages m ON m.seq = i.seq \
             WHERE i.topic = ?1 AND i.consumer = ?2 AND i.owner IS NULL AND i.not_before_ms BETWEEN ?3 AND ?4 \
             ORDER BY i.not_before_ms, i.seq LIMIT ?5",
        )?
        .query_map(params![me.topic, me.consumer, from, to, sql_limit(limit)], claimed)?
        .collect()
}

fn unread(connection: &Connection, me: &Listener, limit: usize) -> rusqlite::Result<Vec<Claimed>> {
    connection
        .prepare_cached(
            "SELECT seq, data, metadata, 0 FROM pubsub_messages WHERE topic = ?1 AND seq > \
             (SELECT cursor FROM pubsub_groups WHERE topic = ?1 AND consumer = ?2) ORDER BY seq LIMIT ?3",
        )?
        .query_map(params![me.topic, me.consumer, sql_limit(limit)], claimed)?
        .collect()
}

fn sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn claimed(row: &rusqlite::Row<'_>) -> rusqlite::Result<Claimed> {
    Ok(Claimed { seq: row.get(0)?, data: row.get(1)?, metadata: row.get(2)?, attempts: row.get(3)? })
}

fn take(connection: &Connection, me: &Listener, messages: &[Claimed]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "UPDATE pubsub_inflight SET owner = ?4 WHERE topic = ?1 AND consumer = ?2 AND seq = ?3",
    )?;
    for message in messages {
        statement.execute(params![me.topic, me.consumer, message.seq, me.token])?;
    }
    Ok(())
}

fn take_new(connection: &Connection, me: &Listener, messages: &[Claimed]) -> rusqlite::Result<()> {
    let Some(last) = messages.last() else { return Ok(()) };
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO pubsub_inflight (topic, consumer, seq, owner) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for message in messages {
        statement.execute(params![me.topic, me.consumer, message.seq, me.token])?;
    }
    connection
        .prepare_cached("UPDATE pubsub_groups SET cursor = ?3 WHERE topic = ?1 AND consumer = ?2")?
        .execute(params![me.topic, me.consumer, last.seq])
        .map(drop)
}

/// Forgets a message that was handled, whoever owns it by now.
pub fn acknowledge(connection: &Connection, me: &Listener, seq: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM pubsub_inflight WHERE topic = ?1 AND consumer = ?2 AND seq = ?3")?
        .execute(params![me.topic, me.consumer, seq])
        .map(drop)
}

/// Lets a message that failed wait until `not_before`; the listener goes on without it.
pub fn set_aside(connection: &Connection, me: &Listener, seq: i64, not_before: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE pubsub_inflight SET owner = NULL, attempts = attempts + 1, not_before_ms = ?4 \
             WHERE topic = ?1 AND consumer = ?2 AND seq = ?3 AND owner = ?5",
        )?
        .execute(params![me.topic, me.consumer, seq, not_before, me.token])
        .map(drop)
}

/// Messages in the log, oldest first, from after `after` to `until`: their `seq` and time.
pub fn times(
    connection: &Connection,
    topic: &str,
    after: i64,
    until: i64,
    limit: usize,
) -> rusqlite::Result<Vec<(i64, i64)>> {
    connection
        .prepare_cached(
            "SELECT seq, created_ms FROM pubsub_messages \
             WHERE topic = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4",
        )?
        .query_map(params![topic, after, until, sql_limit(limit)], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// The topics that have groups.
pub fn topics(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached("SELECT DISTINCT topic FROM pubsub_groups")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// The `seq` up to which every group of a topic has taken the messages.
pub fn taken_by_all(connection: &Connection, topic: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT min(cursor) FROM pubsub_groups WHERE topic = ?1")?
        .query_row([topic], |row| row.get(0))
}
