//! What pages ask of the telemetry.

use rusqlite::{Connection, Row, params, params_from_iter};
use serde::Serialize;

use super::model::{Kind, Log, Span};
use super::record::PIECE;

/// A trace in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// Its id.
    #[serde(rename = "trace")]
    pub id: String,
    /// Microseconds since 1970.
    pub start: i64,
    /// Microseconds.
    pub duration: i64,
    /// App of its first span.
    pub app: String,
    /// Name of its first span.
    pub name: String,
    /// How many spans it has.
    pub spans: i64,
    /// How many of them failed.
    pub errors: i64,
}

/// Which traces are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only with spans of this app.
    pub app: String,
    /// Only with this text in the name, or with an id that begins so.
    pub search: String,
    /// Only with a failed span.
    pub failed: bool,
    /// At least so long, in microseconds.
    pub longer: i64,
    /// So many.
    pub count: u64,
}

/// The newest traces that match; failed ones first.
pub fn traces(connection: &Connection, wanted: &Wanted) -> rusqlite::Result<Vec<Trace>> {
    let mut conditions = vec!["1"];
    let mut values: Vec<rusqlite::types::Value> = Vec::new();
    if !wanted.app.is_empty() {
        conditions.push("trace IN (SELECT trace FROM trace_apps WHERE app = ?)");
        values.push(wanted.app.clone().into());
    }
    if !wanted.search.is_empty() {
        conditions.push("(instr(lower(name), ?) OR trace GLOB ?)");
        let search = wanted.search.to_lowercase();
        let prefix: String = search.chars().filter(char::is_ascii_hexdigit).collect();
        values.push(search.clone().into());
        values.push(if prefix == search { format!("{prefix}*") } else { "-".into() }.into());
    }
    if wanted.failed {
        conditions.push("errors > 0");
    }
    if wanted.longer > 0 {
        conditions.push("finish - start >= ?");
        values.push(wanted.longer.into());
    }
    values.push(i64::try_from(wanted.count).unwrap_or(i64::MAX).into());
    let text = format!(
        "SELECT trace, start, finish - start, app, name, spans, errors FROM traces WHERE {}
         ORDER BY start DESC LIMIT ?",
        conditions.join(" AND ")
    );
    let mut found: Vec<Trace> = connection
        .prepare_cached(&text)?
        .query_map(params_from_iter(values), |row| {
            Ok(Trace {
                id: row.get(0)?,
                start: row.get(1)?,
                duration: row.get(2)?,
                app: row.get(3)?,
                name: row.get(4)?,
                spans: row.get(5)?,
                errors: row.get(6)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    found.sort_by_key(|trace| (trace.errors == 0, std::cmp::Reverse(trace.start)));
    Ok(found)
}

/// How many traces and spans there are.
pub fn totals(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let mut ask = connection.prepare_cached("SELECT count(*), coalesce(sum(spans), 0) FROM traces")?;
    ask.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Apps that have told something, by name.
pub fn apps(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    // Jumps from one app to the next instead of reading every row.
    let mut ask = connection.prepare_cached(
        "WITH RECURSIVE names (app) AS (
            SELECT min(app) FROM trace_apps
            UNION ALL SELECT (SELECT min(app) FROM trace_apps WHERE app > names.app) FROM names WHERE names.app IS NOT NULL)
         SELECT app FROM names WHERE app IS NOT NULL",
    )?;
    ask.query_map([], |row| row.get(0))?.collect()
}

fn span(row: &Row<'_>) -> rusqlite::Result<Span> {
    let tags: String = row.get(9)?;
    Ok(Span {
        trace: row.get(0)?,
        id: row.get(1)?,
        parent: row.get(2)?,
        app: row.get(3)?,
        name: row.get(4)?,
        kind: Kind::of(row.get(5)?),
        start: row.get(6)?,
        duration: row.get(7)?,
        error: row.get(8)?,
        tags: serde_json::from_str(&tags).unwrap_or_default(),
    })
}

/// The spans of a trace by their start, at most so many.
pub fn spans(connection: &Connection, trace: &str, most: i64) -> rusqlite::Result<Vec<Span>> {
    let mut ask = connection
        .prepare_cached("SELECT * FROM spans WHERE trace = ? ORDER BY start, duration DESC LIMIT ?")?;
    ask.query_map(params![trace, most], span)?.collect()
}

/// Log records of a trace by their time.
pub fn logs_of(connection: &Connection, trace: &str) -> rusqlite::Result<Vec<Log>> {
    let mut ask = connection
        .prepare_cached("SELECT * FROM logs WHERE trace = ? AND trace != '' ORDER BY time LIMIT 1000")?;
    ask.query_map([trace], log)?.collect()
}

fn log(row: &Row<'_>) -> rusqlite::Result<Log> {
    Ok(Log { time: row.get(0)?, app: row.get(1)?, level: row.get(2)?, text: row.get(3)?, trace: row.get(4)? })
}

/// The newest log records, of one app or of all, that have this text in them; newest first.
pub fn logs(connection: &Connection, app: &str, search: &str, most: u64) -> rusqlite::Result<Vec<Log>> {
    let mut ask = connection.prepare_cached(
        "SELECT * FROM logs WHERE (?1 = '' OR app = ?1) AND (?2 = '' OR instr(lower(text), ?2))
         ORDER BY time DESC LIMIT ?3",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    ask.query_map(params![app, search.to_lowercase(), most], log)?.collect()
}

/// What was measured of one thing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Who measured it.
    pub app: String,
    /// Name of the metric.
    pub name: String,
    /// Its labels, as JSON with sorted keys.
    pub labels: String,
    /// Time in microseconds since 1970, and value; from old to new.
    pub points: Vec<(i64, f64)>,
}

/// What one app or all of them measured by themselves, at most so many things with so many values each.
pub fn measured(
    connection: &Connection,
    app: &str,
    search: &str,
    (things, values): (u64, u64),
) -> rusqlite::Result<Vec<Measured>> {
    let mut ask = connection.prepare_cached(
        "SELECT id, app, name, labels FROM series
         WHERE (?1 = '' OR app = ?1) AND (?2 = '' OR instr(lower(name), ?2)) ORDER BY app, name, labels LIMIT ?3",
    )?;
    let mut newest = connection
        .prepare_cached("SELECT time, value FROM points WHERE series = ? ORDER BY time DESC LIMIT ?")?;
    let (things, values) =
        (i64::try_from(things).unwrap_or(i64::MAX), i64::try_from(values).unwrap_or(i64::MAX));
    let mut found = Vec::new();
    let mut rows = ask.query(params![app, search.to_lowercase(), things])?;
    while let Some(row) = rows.next()? {
        let of = params![row.get::<_, i64>(0)?, values];
        let points = newest.query_map(of, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut points = points.collect::<rusqlite::Result<Vec<_>>>()?;
        points.reverse();
        found.push(Measured { app: row.get(1)?, name: row.get(2)?, labels: row.get(3)?, points });
    }
    Ok(found)
}

/// Apps that have sent metrics of their own, by name.
pub fn measuring(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.prepare_cached("SELECT DISTINCT app FROM series")?.query_map([], |row| row.get(0))?.collect()
}

/// Who called whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// The caller.
    pub source: String,
    /// Who was called: an app, or a component with a slash before its name.
    pub target: String,
    /// `calls`, `events`, `state`, `publish` and so on.
    pub what: String,
    /// How often.
    pub count: i64,
    /// How often it failed.
    pub errors: i64,
    /// Microseconds on average.
    pub average: i64,
}

/// Who called whom since a time in microseconds.
pub fn edges(connection: &Connection, since: i64) -> rusqlite::Result<Vec<Edge>> {
    let mut ask = connection.prepare_cached(
        "SELECT source, target, what, sum(count), sum(errors), sum(total) / sum(count) FROM edges
         WHERE piece >= ? GROUP BY source, target, what ORDER BY source, target, what",
    )?;
    ask.query_map([since / PIECE], |row| {
        Ok(Edge {
            source: row.get(0)?,
            target: row.get(1)?,
            what: row.get(2)?,
            count: row.get(3)?,
            errors: row.get(4)?,
            average: row.get(5)?,
        })
    })?
    .collect()
}
