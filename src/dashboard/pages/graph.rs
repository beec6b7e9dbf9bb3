//! The map of who calls whom: places for apps and components, and the lines between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use crate::dashboard::sources::apps::App;
use crate::dashboard::telemetry::query::Edge;

const COLUMN: i64 = 290;
/// A row of words, and how wide a character of them is, generously.
const TEXT: i64 = 15;
const CHARACTER: i64 = 7;
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
    let right = edges.iter().map(|line| line.x + width(&line.label) / 2).max().unwrap_or_default().max(right);
    let bottom = nodes.iter().map(|node| node.y + node.height).max().unwrap_or_default().max(lowest);
    let bottom = edges.iter().map(|line| line.y + TEXT / 2).max().unwrap_or_default().max(bottom);
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
        nodes.iter().position(|node| node.kind == kind && node.name == name)
    };
    let drawn: Vec<_> = together
        .into_iter()
        .filter_map(|((source, target), edges)| Some((find(source)?, find(target)?, edges)))
        .collect();
    let ends: Vec<(usize, usize)> = drawn.iter().map(|(from, to, _)| (*from, *to)).collect();
    let heights = heights(nodes, &ends);
    let line = |((from, to, edges), heights): ((usize, usize, Vec<&Edge>), (i64, i64))| {
        let (from, to) = (&nodes[from], &nodes[to]);
        let target = edges.first().map(|edge| edge.target.as_str()).unwrap_or_default();
        let (path, x, y) = way(from, to, heights, |column| ways.get(&(column, target)).copied());
        let told = |edge: &&Edge| {
            let milliseconds = edge.average / 1000;
            format!(
                "{}: {} in all, {} failed, {milliseconds} ms on average",
                edge.what, edge.count, edge.errors
            )
        };
        Line {
            source: from.name.clone(),
            target: to.name.clone(),
            label: label(&edges),
            failed: edges.iter().any(|edge| edge.errors > 0),
            path,
            x,
            y,
            title: edges.iter().map(told).collect::<Vec<_>>().join("; "),
        }
    };
    let mut lines: Vec<Line> = drawn.into_iter().zip(heights).map(line).collect();
    spread(&mut lines);
    lines
}

/// What is done and how often, as far as there is room between two columns; all of it is said when the line is pointed
/// at.
fn label(edges: &[&Edge]) -> String {
    let count = edges.iter().map(|edge| edge.count).sum::<i64>().to_string();
    let words: Vec<&str> = edges.iter().map(|edge| edge.what.as_str()).collect();
    let words = words.join(", ");
    let room = usize::try_from((COLUMN - WIDTH) / CHARACTER).unwrap_or_default() - count.len() - 1;
    if words.chars().count() <= room {
        return format!("{words} {count}");
    }
    words.chars().take(room - 1).chain("… ".chars()).chain(count.chars()).collect()
}

/// How much room a text takes, generously.
fn width(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX / CHARACTER) * CHARACTER
}

/// At which heights each line begins and ends: those that share the side of a node stand apart, in the order of where
/// they go.
fn heights(nodes: &[Node], lines: &[(usize, usize)]) -> Vec<(i64, i64)> {
    /// The height of the other end, the line, and whether it ends here.
    type End = (i64, usize, bool);
    // By node and side.
    let mut sides: BTreeMap<(usize, bool), Vec<End>> = BTreeMap::new();
    for (line, &(from, to)) in lines.iter().enumerate() {
        let (leaves_right, comes_right) = (nodes[from].x <= nodes[to].x, nodes[from].x >= nodes[to].x);
        sides.entry((from, leaves_right)).or_default().push((nodes[to].y, line, false));
        sides.entry((to, comes_right)).or_default().push((nodes[from].y, line, true));
    }
    let mut found = vec![(0, 0); lines.len()];
    for ((node, _), mut ends) in sides {
        ends.sort_unstable();
        let parts = i64::try_from(ends.len()).unwrap_or(i64::MAX - 1) + 1;
        for (place, (_, line, is_end)) in (1..).zip(ends) {
            let height = nodes[node].y + nodes[node].height * place / parts;
            if is_end { found[line].1 = height } else { found[line].0 = height }
        }
    }
    found
}

/// The path of a line, and where its words stand: in the room beside the column where it begins, where no node is.
fn way(
    from: &Node,
    to: &Node,
    (y1, y2): (i64, i64),
    between: impl Fn(i64) -> Option<i64>,
) -> (String, i64, i64) {
    let beside = (COLUMN - WIDTH) / 2;
    if from.x == to.x {
        // One above the other, or to itself: round the side.
        let (x, out) = (from.x + from.width, from.x + from.width + 46);
        let path = format!("M{x},{y1} C{out},{y1} {out},{y2} {x},{y2}");
        return (path, x + beside, i64::midpoint(y1, y2));
    }
    let forth = from.x < to.x;
    let mut places = vec![(if forth { from.x + from.width } else { from.x }, y1)];
    for column in (from.x - MARGIN) / COLUMN + 1..(to.x - MARGIN) / COLUMN {
        if let Some(y) = between(column) {
            let x = MARGIN + column * COLUMN;
            places.extend([(x, y), (x + WIDTH, y)]);
        }
    }
    places.push((if forth { to.x } else { to.x + to.width }, y2));
    let mut path = format!("M{},{}", places[0].0, places[0].1);
    for pair in places.windows(2) {
        let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
        let middle = i64::midpoint(x1, x2);
        // Writing to a text can't fail.
        let _ = write!(path, " C{middle},{y1} {middle},{y2} {x2},{y2}");
    }
    let (first, second) = (places[0], places[1]);
    let x = if forth { first.0 + beside } else { first.0 - beside };
    (path, x, height_at(x, first, second))
}

/// How high a line is at this `x`, to the pixel.
fn height_at(x: i64, (x1, y1): (i64, i64), (x2, y2): (i64, i64)) -> i64 {
    let middle = i64::midpoint(x1, x2);
    #[expect(clippy::cast_precision_loss, reason = "a drawing has some thousand pixels")]
    let curve = |t: f64, ends: (i64, i64), hands: (i64, i64)| {
        let back = 1.0 - t;
        ends.0 as f64 * back.powi(3)
            + 3.0 * hands.0 as f64 * t * back.powi(2)
            + 3.0 * hands.1 as f64 * t.powi(2) * back
            + ends.1 as f64 * t.powi(3)
    };
    #[expect(clippy::cast_precision_loss, reason = "the same")]
    let wanted = x as f64;
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..16 {
        let t = f64::midpoint(low, high);
        let is_before = (curve(t, (x1, x2), (middle, middle)) < wanted) == (x1 < x2);
        if is_before { low = t } else { high = t }
    }
    #[expect(clippy::cast_possible_truncation, reason = "it lies between two whole numbers of pixels")]
    let y = curve(low, (y1, y2), (y1, y2)).round() as i64;
    y - 5
}

/// Moves words that would stand on others down, as far as it takes.
fn spread(lines: &mut [Line]) {
    let is_on = |one: &Line, other: &Line, y: i64| {
        let room = width(&one.label) + width(&other.label);
        (other.x - one.x).abs() * 2 < room && (other.y - y).abs() < TEXT
    };
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|&index| (lines[index].y, lines[index].x));
    for (place, &index) in order.iter().enumerate() {
        let mut y = lines[index].y;
        let mut placed = order[..place].iter();
        while let Some(&other) = placed.find(|&&other| is_on(&lines[index], &lines[other], y)) {
            y = lines[other].y + TEXT;
            placed = order[..place].iter();
        }
        lines[index].y = y;
    }
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

    #[test]
    fn words_stand_on_no_node_and_on_no_other_words() {
        let mut seen: Vec<Edge> = ["a", "b", "c", "d", "/store", "/pubsub"]
            .into_iter()
            .flat_map(|target| ["web", "a", "b"].map(|source| edge(source, target, 0)))
            .filter(|edge| edge.source != edge.target)
            .collect();
        seen.push(Edge { what: "a rather long word for what is done".into(), ..edge("d", "web", 0) });
        seen.push(edge("d", "d", 0));
        let graph = draw(&[], &seen);
        assert_eq!(graph.edges.len(), seen.len());
        // Letters stand above the line of the text.
        let area = |line: &Line| {
            let half = width(&line.label) / 2;
            (line.x - half, line.y - TEXT + 4, line.x + half, line.y + 3)
        };
        let apart = |a: (i64, i64, i64, i64), b: (i64, i64, i64, i64)| {
            a.2 <= b.0 || b.2 <= a.0 || a.3 <= b.1 || b.3 <= a.1
        };
        for (index, line) in graph.edges.iter().enumerate() {
            let own = area(line);
            assert!(own.0 >= 0 && own.2 <= graph.width && own.3 <= graph.height, "{line:?}");
            for node in &graph.nodes {
                let its = (node.x, node.y, node.x + node.width, node.y + node.height);
                assert!(apart(own, its), "{line:?} on {node:?}");
            }
            for other in &graph.edges[..index] {
                assert!(apart(own, area(other)), "{line:?} on {other:?}");
            }
        }
    }
}
