//! Tables of `pubsub.sqlite`.
//!
//! | table | one row is |
//! |---|---|
//! | `pubsub_messages` | a message; `seq` grows in the order of publication and is never used twice |
//! | `pubsub_groups` | a consumer group of a topic; `cursor` is the highest `seq` that it has taken |
//! | `pubsub_inflight` | a message that a group has taken and not handled; `owner` is the token of the listener that works on it, NULL when it waits for one, from `not_before_ms` on |
//! | `pubsub_listeners` | a running subscription: its process, and the UDP port on which it is woken |
//!
//! An owner always has its row in `pubsub_listeners`: both are removed in one transaction. So a message whose
//! owner died is found by asking whether the listeners' processes are alive.
//!
//! Indexes are few, because every message pays for them: one that is taken and handled at once never enters
//! `pubsub_inflight_waiting`.

use rusqlite::Connection;

use crate::components::InitError;
use crate::components::sqlite::schema;

const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE pubsub_messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    data BLOB NOT NULL,
    metadata TEXT NOT NULL,
    created_ms INTEGER NOT NULL
);
CREATE INDEX pubsub_messages_topic ON pubsub_messages (topic);
CREATE TABLE pubsub_groups (
    topic TEXT NOT NULL,
    consumer TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    PRIMARY KEY (topic, consumer)
) WITHOUT ROWID;
CREATE TABLE pubsub_inflight (
    topic TEXT NOT NULL,
    consumer TEXT NOT NULL,
    seq INTEGER NOT NULL,
    owner INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, consumer, seq)
) WITHOUT ROWID;
CREATE INDEX pubsub_inflight_waiting ON pubsub_inflight (topic, consumer, not_before_ms, seq) WHERE owner IS NULL;
CREATE TABLE pubsub_listeners (
    token INTEGER PRIMARY KEY,
    pid INTEGER NOT NULL,
    started INTEGER NOT NULL,
    port INTEGER NOT NULL,
    topic TEXT NOT NULL,
    consumer TEXT NOT NULL
);
CREATE INDEX pubsub_listeners_topic ON pubsub_listeners (topic, consumer, port);
";

/// Creates the tables in a new file. Many processes may do so at once.
pub fn create(connection: &Connection) -> Result<(), InitError> {
    schema::create(connection, "pubsub", VERSION, TABLES)
}
