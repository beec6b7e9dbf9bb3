//! `/traces`: what was done, newest first, failures before everything else; `/traces/{trace}`: one of them as a waterfall.

use std::collections::HashMap;

use serde::Serialize;

use super::Ask;
use crate::dashboard::problem::Problem;
use crate::dashboard::telemetry::model::{Log, Span};
use crate::dashboard::telemetry::query::{self, Trace, Wanted};

/// Traces that a page shows at first.
const COUNT: u64 = 100;
/// Most traces that can be asked for.
const MOST: u64 = 1000;
/// Most spans of one trace that are shown.
const SPANS: i64 = 2000;

/// The list's data.
#[derive(Debug, Serialize)]
pub struct List {
    app: String,
    search: String,
    failed: bool,
    /// Milliseconds, as it was typed.
    longer: String,
    traces: Vec<Trace>,
    /// Traces and spans that are kept, of all apps.
    total: i64,
    spans: i64,
    apps: Vec<String>,
}

/// The traces that match.
pub async fn list(ask: Ask) -> Result<List, Problem> {
    let text = |name| ask.parameter(name).unwrap_or_default().to_owned();
    let longer = ask.number("longer", 0, u64::MAX / 1000)?;
    let wanted = Wanted {
        app: text("app"),
        search: text("search"),
        failed: ask.parameter("failed").is_some_and(|value| value != "false"),
        longer: i64::try_from(longer.saturating_mul(1000)).unwrap_or(i64::MAX),
        count: ask.number("count", COUNT, MOST)?,
    };
    let failed = wanted.failed;
    let store = ask.shared.telemetry()?;
    let read = store.read(move |connection| {
        let (total, spans) = query::totals(connection)?;
        Ok((query::traces(connection, &wanted)?, total, spans, query::apps(connection)?))
    });
    let (traces, total, spans, apps) = read.await.map_err(Problem::failed)?;
    Ok(List {
        app: text("app"),
        search: text("search"),
        failed,
        longer: text("longer"),
        traces,
        total,
        spans,
        apps,
    })
}

/// One trace's data.
#[derive(Debug, Serialize)]
pub struct Page {
    trace: String,
    /// Microseconds since 1970.
    start: i64,
    /// Microseconds.
    duration: i64,
    apps: Vec<String>,
    errors: usize,
    rows: Vec<Row>,
    logs: Vec<Log>,
}

/// A span in its place.
#[derive(Debug, Serialize)]
pub struct Row {
    #[serde(flatten)]
    span: Span,
    /// How many spans it is below.
    depth: usize,
    /// Where it begins and how long it is, in thousandths of the whole.
    offset: i64,
    width: i64,
}

/// A trace with all its spans, children below their parents.
pub async fn one(ask: Ask) -> Result<Page, Problem> {
    let trace = ask.part("trace").to_owned();
    let store = ask.shared.telemetry()?;
    let asked = trace.clone();
    let read = store.read(move |connection| {
        Ok((query::spans(connection, &asked, SPANS)?, query::logs_of(connection, &asked)?))
    });
    let (spans, logs) = read.await.map_err(Problem::failed)?;
    if spans.is_empty() {
        return Err(Problem::not_found(format_args!("no trace {trace} is kept")));
    }
    let start = spans.iter().map(|span| span.start).min().unwrap_or_default();
    let finish = spans.iter().map(|span| span.start.saturating_add(span.duration)).max().unwrap_or_default();
    let duration = (finish - start).max(1);
    let mut apps: Vec<String> = spans.iter().map(|span| span.app.clone()).collect();
    apps.sort_unstable();
    apps.dedup();
    let errors = spans.iter().filter(|span| !span.error.is_empty()).count();
    let rows = arrange(spans)
        .into_iter()
        .map(|(span, depth)| Row {
            offset: (span.start - start).saturating_mul(1000) / duration,
            width: (span.duration.saturating_mul(1000) / duration).max(3),
            depth,
            span,
        })
        .collect();
    Ok(Page { trace, start, duration, apps, errors, rows, logs })
}

/// Puts children below their parents. Spans whose parent was not told of stand at the top.
fn arrange(spans: Vec<Span>) -> Vec<(Span, usize)> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (at, span) in spans.iter().enumerate() {
        // Both sides of a call may have the same id; children belong to the side that answers, which is the later one.
        first.insert(&span.id, at);
    }
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    let mut roots = Vec::new();
    for (at, span) in spans.iter().enumerate() {
        match first.get(span.parent.as_str()) {
            Some(parent) if *parent != at => children[*parent].push(at),
            _ => roots.push(at),
        }
    }
    let mut order = Vec::with_capacity(spans.len());
    let mut seen = vec![false; spans.len()];
    let mut open: Vec<(usize, usize)> = roots.into_iter().rev().map(|root| (root, 0)).collect();
    // Spans that are each other's parents have no root: they follow at the end.
    for start in 0..=spans.len() {
        while let Some((at, depth)) = open.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            order.push((at, depth));
            open.extend(children[at].iter().rev().map(|child| (*child, depth + 1)));
        }
        if start < spans.len() && !seen[start] {
            open.push((start, 0));
        }
    }
    let mut spans: Vec<Option<Span>> = spans.into_iter().map(Some).collect();
    order.into_iter().filter_map(|(at, depth)| Some((spans[at].take()?, depth))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: &str) -> Span {
        Span { id: id.into(), parent: parent.into(), ..Span::default() }
    }

    #[test]
    fn children_follow_their_parents_and_no_span_is_lost() {
        let spans = ["b a", "a ", "d b", "c a", "e gone", "x y", "y x"]
            .map(|pair| span(pair.split(' ').next().unwrap(), pair.split(' ').nth(1).unwrap()));
        let arranged = arrange(spans.into());
        let shown: Vec<String> =
            arranged.iter().map(|(span, depth)| format!("{}{}", "-".repeat(*depth), span.id)).collect();
        assert_eq!(shown, ["a", "-b", "--d", "-c", "e", "x", "-y"]);
    }
}
