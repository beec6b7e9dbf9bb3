//! What is old or too much is dropped, a little at a time.

use rusqlite::{Connection, params};

use super::record::PIECE;

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Microseconds.
    pub age: i64,
    /// Spans, of all traces together.
    pub spans: i64,
    /// Log records.
    pub logs: i64,
}

impl Default for Bounds {
    /// Two days, 200,000 spans (some 100 MB), 200,000 log records.
    fn default() -> Self {
        Self { age: 2 * 24 * 3600 * 1_000_000, spans: 200_000, logs: 200_000 }
    }
}

/// Traces that are dropped at once.
const PORTION: i64 = 500;

/// Drops what is beyond the bounds; returns whether more is to be dropped.
pub fn trim(connection: &mut Connection, bounds: Bounds, now: i64) -> rusqlite::Result<bool> {
    let transaction = connection.transaction()?;
    let oldest = now.saturating_sub(bounds.age);
    let spans: i64 =
        transaction.query_row("SELECT coalesce(sum(spans), 0) FROM traces", [], |row| row.get(0))?;
    let mut surplus = spans - bounds.spans;
    let candidates: Vec<(String, i64, i64)> = transaction
        .prepare("SELECT trace, start, spans FROM traces ORDER BY start LIMIT ?")?
        .query_map([PORTION], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut dropped = 0;
    for (trace, start, spans) in candidates {
        if surplus <= 0 && start >= oldest {
            break;
        }
        surplus -= spans;
        dropped += 1;
        for table in ["spans", "traces", "trace_apps"] {
            transaction.prepare_cached(&format!("DELETE FROM {table} WHERE trace = ?"))?.execute([&trace])?;
        }
    }
    transaction.execute("DELETE FROM edges WHERE piece < ?", [oldest / PIECE])?;
    transaction.execute("DELETE FROM points WHERE time < ?", [oldest])?;
    transaction.execute("DELETE FROM logs WHERE time < ?", [oldest])?;
    transaction
        .execute("DELETE FROM logs WHERE rowid <= (SELECT max(rowid) FROM logs) - ?", params![bounds.logs])?;
    transaction.commit()?;
    Ok(dropped == PORTION)
}
