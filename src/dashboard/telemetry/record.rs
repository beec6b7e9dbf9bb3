//! Writing down what was told: spans, and what follows from them for lists and for the graph.

use rusqlite::{OptionalExtension, Transaction, params};

use super::model::{Batch, Kind, Span};

/// Length of a piece of time in the graph, in microseconds: a minute.
pub const PIECE: i64 = 60_000_000;

/// Writes a batch. What is there already stays as it is: senders send again when they got no answer.
pub fn record(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<usize> {
    let mut added = 0;
    for span in batch.spans.iter().filter(|span| !is_housekeeping(span)) {
        if insert(transaction, span)? {
            added += 1;
            summarise(transaction, span)?;
            connect(transaction, span)?;
        }
    }
    let mut log = transaction.prepare_cached("INSERT INTO logs VALUES (?, ?, ?, ?, ?)")?;
    for told in &batch.logs {
        log.execute(params![told.time, told.app, told.level, told.text, told.trace])?;
    }
    for told in &batch.points {
        transaction
            .prepare_cached("INSERT OR IGNORE INTO series (app, name, labels) VALUES (?, ?, ?)")?
            .execute(params![told.app, told.name, told.labels])?;
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO points SELECT id, ?, ? FROM series WHERE app = ? AND name = ? AND labels = ?",
            )?
            .execute(params![told.time, told.value, told.app, told.name, told.labels])?;
    }
    Ok(added)
}

/// Whether somebody asked a sidecar about itself, as we do every second, and as `dapr run` and `dapr list` do: in the
/// list of traces that would be most of it.
fn is_housekeeping(span: &Span) -> bool {
    let name = span.name.as_str();
    let of_http =
        name.strip_prefix("/v1.0/metadata").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    span.parent.is_empty()
        && (of_http || name.ends_with(".Dapr/GetMetadata") || name.ends_with(".Dapr/SetMetadata"))
}

fn insert(transaction: &Transaction<'_>, span: &Span) -> rusqlite::Result<bool> {
    let tags = serde_json::to_string(&span.tags).unwrap_or_default();
    let mut insert =
        transaction.prepare_cached("INSERT OR IGNORE INTO spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    let Span { trace, id, parent, app, name, start, duration, error, .. } = span;
    let added = insert.execute(params![
        trace,
        id,
        parent,
        app,
        name,
        span.kind.number(),
        start,
        duration,
        error,
        tags
    ])?;
    Ok(added > 0)
}

/// A trace is called after its first span: the one without a parent or, as long as that is missing, the earliest.
fn summarise(transaction: &Transaction<'_>, span: &Span) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO traces VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7)
         ON CONFLICT (trace) DO UPDATE SET
            app = CASE WHEN ?6 > root OR (?6 = root AND ?2 < start) THEN ?4 ELSE app END,
            name = CASE WHEN ?6 > root OR (?6 = root AND ?2 < start) THEN ?5 ELSE name END,
            root = max(root, ?6), start = min(start, ?2), finish = max(finish, ?3),
            spans = spans + 1, errors = errors + ?7",
    )?;
    let (root, failed) = (span.parent.is_empty(), !span.error.is_empty());
    let finish = span.start.saturating_add(span.duration);
    upsert.execute(params![span.trace, span.start, finish, span.app, span.name, root, failed])?;
    let mut app = transaction.prepare_cached("INSERT OR IGNORE INTO trace_apps VALUES (?, ?)")?;
    app.execute(params![span.app, span.trace])?;
    Ok(())
}

/// Adds to the graph: from the app of the parent to that of a span, when they differ, and from an app to a component
/// that it used.
fn connect(transaction: &Transaction<'_>, span: &Span) -> rusqlite::Result<()> {
    if let Some((component, what)) = component(span) {
        edge(transaction, span, &span.app, &format!("/{component}"), what)?;
    }
    if !span.parent.is_empty() {
        let mut parents = transaction
            .prepare_cached("SELECT app FROM spans WHERE trace = ? AND id = ? AND app != ? LIMIT 1")?;
        let caller: Option<String> =
            parents.query_row(params![span.trace, span.parent, span.app], |row| row.get(0)).optional()?;
        if let Some(caller) = caller {
            edge(transaction, span, &caller, &span.app, relation(&span.name))?;
        }
    }
    // The callee's span may have been told of first.
    let mut children = transaction.prepare_cached(
        "SELECT app, name, start, duration, error FROM spans WHERE trace = ? AND parent = ? AND app != ?",
    )?;
    let children: Vec<Span> = children
        .query_map(params![span.trace, span.id, span.app], |row| {
            Ok(Span {
                app: row.get(0)?,
                name: row.get(1)?,
                start: row.get(2)?,
                duration: row.get(3)?,
                error: row.get(4)?,
                ..Span::default()
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    for child in children {
        edge(transaction, &child, &span.app, &child.app, relation(&child.name))?;
    }
    Ok(())
}

fn edge(
    transaction: &Transaction<'_>,
    span: &Span,
    source: &str,
    target: &str,
    what: &str,
) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO edges VALUES (?, ?, ?, ?, 1, ?5, ?6)
         ON CONFLICT DO UPDATE SET count = count + 1, errors = errors + ?5, total = total + ?6",
    )?;
    let failed = !span.error.is_empty();
    upsert.execute(params![span.start / PIECE, source, target, what, failed, span.duration])?;
    Ok(())
}

/// How a span came from another app.
fn relation(name: &str) -> &'static str {
    if name.starts_with("pubsub/") { "events" } else { "calls" }
}

/// The component that a sidecar used for a call of its API, and how.
fn component(span: &Span) -> Option<(&str, &'static str)> {
    if span.kind != Kind::Client && span.kind != Kind::Producer {
        return None;
    }
    let mut path = span.name.strip_prefix('/')?.split('/');
    let _version = path.next().filter(|version| version.starts_with("v1"))?;
    let block = path.next()?;
    let first = path.next().filter(|name| !name.is_empty())?;
    match block {
        "state" => Some((first, "state")),
        "publish" if first == "bulk" => Some((path.next()?, "publish")),
        "publish" => Some((first, "publish")),
        "bindings" => Some((first, "binding")),
        "secrets" => Some((first, "secrets")),
        "configuration" => Some((first, "configuration")),
        "lock" | "unlock" => Some((first, "lock")),
        _ => None,
    }
}
