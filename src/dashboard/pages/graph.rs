//! The map of who calls whom: places for apps and components, and the lines between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use crate::dashboard::sources::apps::App;
use crate::dashboard::telemetry::query::Edge;

const COLUMN: i64 = 290;
const ROW: i64 = 74;
const WIDTH: i64 = 168;
const HEIGHT: i64 = 46;
const MARGIN: i64 = 16;

/// A drawing, in pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graph {
    width: i64,
    height: i64,
    nodes: Vec<Node>,
    edges: Vec<Line>,
}

/// An app or a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Node {
    /// What it is called.
    pub name: String,
    /// What stands below the name.
    detail: String,
    /// `app` or `component`.
    kind: &'static str,
    /// Whether it runs, or is loaded by something that does.
    alive: bool,
    x: i64,
    y: i64,
    width: i64,
    height: i64,
}

/// A line with its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    source: String,
    target: String,
    label: String,
    failed: bool,
    /// An SVG path.
    path: String,
    /// Where the words stand.
    x: i64,
    y: i64,
    /// What is said when it is pointed at.
    title: String,
}

/// Draws what runs and what was seen. Callers stand left of what they call, components at the right.
pub fn draw(apps: &[App], seen: &[Edge]) -> Graph {
    let mut running: BTreeMap<&str, &App> = apps.iter().map(|app| (app.app_id.as_str(), app)).collect();
    let mut names: BTreeSet<&str> = running.keys().copied().collect();
    let mut components: BTreeMap<&str, &str> = BTreeMap::new();
    for app in apps {
        components.extend(app.components.iter().map(|one| (one.name.as_str(), one.kind.as_str())));
    }
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for edge in seen {
        names.insert(&edge.source);
        match edge.target.strip_prefix('/') {
            Some(component) => drop(used.insert(component)),
            None => drop(names.insert(&edge.target)),
        }
    }
    let columns = columns(&names, seen);
    let last = columns.values().copied().max().unwrap_or_default();
    let mut rows: BTreeMap<i64, i64> = BTreeMap::new();
    let mut nodes = Vec::new();
    let mut place = |column: i64, name: &str, detail: String, kind, alive| {
        let row = rows.entry(column).or_default();
        let node = Node {
            name: name.to_owned(),
            detail,
            kind,
            alive,
            x: MARGIN + column * COLUMN,
            y: MARGIN + *row * ROW,
            width: WIDTH,
            height: HEIGHT,
        };
        *row += 1;
        nodes.push(node);
    };
    for name in &names {
        let app = running.remove(name);
        let detail = match app {
            Some(app) if app.app_port > 0 => format!("port {}", app.app_port),
            Some(_) => "running".into(),
            None => "not running".into(),
        };
        place(columns.get(name).copied().unwrap_or_default(), name, detail, "app", app.is_some());
    }
    for name in &used {
        let kind = components.get(name);
        let detail = kind.map_or_else(|| "component".into(), |kind| (*kind).to_owned());
        place(last + 1, name, detail, "component", kind.is_some());
    }
    // A line that passes a column needs a way between its boxes: one for each target, so that lines run together.
    let mut ways: BTreeMap<(i64, &str), i64> = BTreeMap::new();
    for edge in seen {
        let from = columns.get(edge.source.as_str()).copied().unwrap_or_default();
        let to = if edge.target.starts_with('/') {
            last + 1
        } else {
            columns.get(edge.target.as_str()).copied().unwrap_or_default()
        };
        for column in from + 1..to {
            ways.entry((column, &edge.target)).or_insert_with(|| {
                let row = rows.entry(column).or_default();
                *row += 1;
                MARGIN + (*row - 1) * ROW + HEIGHT / 2
            });
        }
    }
    let edges = lines(&nodes, &ways, seen);
    let lowest = ways.values().map(|y| y + HEIGHT / 2).max().unwrap_or_default();
    let right = nodes.iter().map(|node| node.x + node.width).max().unwrap_or_default();
    let bottom = nodes.iter().map(|node| node.y + node.height).max().unwrap_or_default().max(lowest);
    Graph { width: right + MARGIN, height: bottom + MARGIN, nodes, edges }
}

/// The column of each app: one further right than those who call it. Circles end after as many steps as there are apps.
fn columns<'a>(names: &BTreeSet<&'a str>, seen: &'a [Edge]) -> BTreeMap<&'a str, i64> {
    let mut columns: BTreeMap<&str, i64> = names.iter().map(|name| (*name, 0)).collect();
    let most = i64::try_from(names.len()).unwrap_or(1).min(5);
    for _ in 0..names.len() {
        let mut moved = false;
        for edge in seen.iter().filter(|edge| !edge.target.starts_with('/') && edge.source != edge.target) {
            let wanted = columns.get(edge.source.as_str()).copied().unwrap_or_default() + 1;
            if let Some(column) = columns.get_mut(edge.target.as_str())
                && *column < wanted
                && wanted < most
            {
                *column = wanted;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    columns
}

fn lines(nodes: &[Node], ways: &BTreeMap<(i64, &str), i64>, seen: &[Edge]) -> Vec<Line> {
    let mut together: BTreeMap<(&str, &str), Vec<&Edge>> = BTreeMap::new();
    for edge in seen {
        together.entry((&edge.source, &edge.target)).or_default().push(edge);
    }
    let find = |name: &str| {
        let (kind, name) = name.strip_prefix('/').map_or(("app", name), |name| ("component", name));
        nodes.iter().find(|node| node.kind == kind && node.name == name)
    };
    let line = |((source, target), edges): ((&str, &str), Vec<&Edge>)| {
        let (from, to) = (find(source)?, find(target)?);
        let count: i64 = edges.iter().map(|edge| edge.count).sum();
        let errors: i64 = edges.iter().map(|edge| edge.errors).sum();
        let words: Vec<&str> = edges.iter().map(|edge| edge.what.as_str()).collect();
        let (path, x, y) = way(from, to, |column| ways.get(&(column, target)).copied());
        let details: Vec<String> = edges
            .iter()
            .map(|edge| {
                let milliseconds = edge.average / 1000;
                format!(
                    "{}: {} in all, {} failed, {milliseconds} ms on average",
                    edge.what, edge.count, edge.errors
                )
            })
            .collect();
        Some(Line {
            source: source.to_owned(),
            target: target.trim_start_matches('/').to_owned(),
            label: format!("{} {count}", words.join(", ")),
            failed: errors > 0,
            path,
            x,
            y,
            title: details.join("; "),
        })
    };
    together.into_iter().filter_map(line).collect()
}

/// The path of a line, and where its words stand: in the middle of the first piece, which no other line's words are
/// likely to have.
fn way(from: &Node, to: &Node, between: impl Fn(i64) -> Option<i64>) -> (String, i64, i64) {
    let (y1, y2) = (from.y + from.height / 2, to.y + to.height / 2);
    if from.x == to.x {
        // One above the other: round the side.
        let (x, out) = (from.x + from.width, from.x + from.width + 46);
        let path = format!("M{x},{y1} C{out},{y1} {out},{y2} {x},{y2}");
        return (path, x + 40, i64::midpoint(y1, y2) - 6);
    }
    let mut places = vec![(if from.x < to.x { from.x + from.width } else { from.x }, y1)];
    for column in (from.x - MARGIN) / COLUMN + 1..(to.x - MARGIN) / COLUMN {
        if let Some(y) = between(column) {
            let x = MARGIN + column * COLUMN;
            places.extend([(x, y), (x + WIDTH, y)]);
        }
    }
    places.push((if from.x < to.x { to.x } else { to.x + to.width }, y2));
    let mut path = format!("M{},{}", places[0].0, places[0].1);
    for pair in places.windows(2) {
        let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
        let middle = i64::midpoint(x1, x2);
        // Writing to a text can't fail.
        let _ = write!(path, " C{middle},{y1} {middle},{y2} {x2},{y2}");
    }
    let (first, second) = (places[0], places[1]);
    (path, i64::midpoint(first.0, second.0), i64::midpoint(first.1, second.1) - 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(source: &str, target: &str, errors: i64) -> Edge {
        Edge {
            source: source.into(),
            target: target.into(),
            what: "calls".into(),
            count: 3,
            errors,
            average: 1000,
        }
    }

    #[test]
    fn callers_stand_left_of_what_they_call() {
        let seen = [edge("web", "orders", 0), edge("orders", "billing", 1), edge("orders", "/statestore", 0)];
        let graph = draw(&[], &seen);
        let x = |name: &str| graph.nodes.iter().find(|node| node.name == name).unwrap().x;
        assert!(x("web") < x("orders") && x("orders") < x("billing") && x("billing") < x("statestore"));
        assert_eq!(graph.edges.len(), 3);
        let failed: Vec<&str> =
            graph.edges.iter().filter(|line| line.failed).map(|line| line.target.as_str()).collect();
        assert_eq!(failed, ["billing"]);
    }

    #[test]
    fn no_line_runs_through_a_box() {
        let seen = [edge("web", "orders", 0), edge("web", "/pubsub", 0), edge("web", "/statestore", 0)];
        let graph = draw(&[], &seen);
        let orders = graph.nodes.iter().find(|node| node.name == "orders").unwrap();
        for line in graph.edges.iter().filter(|line| line.target != "orders") {
            // The piece that passes the column of the box is level.
            let passing = format!(" {},", orders.x);
            let y: i64 =
                line.path.split(&passing).nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
            assert!(y > orders.y + orders.height, "{}", line.path);
            assert!(y < graph.height);
        }
        let ways: BTreeSet<&str> = graph.edges.iter().map(|line| line.path.as_str()).collect();
        assert_eq!(ways.len(), 3);
    }

    #[test]
    fn a_circle_is_drawn_too() {
        let graph = draw(&[], &[edge("a", "b", 0), edge("b", "a", 0), edge("a", "a", 0)]);
        assert_eq!((graph.nodes.len(), graph.edges.len()), (2, 3));
    }
}
