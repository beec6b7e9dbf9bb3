//! What the sidecars count: their Prometheus pages, read every few seconds while somebody looks, and what follows from
//! two readings: rates, failures, percentiles.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use hyper::Request;
use serde::Serialize;

use super::apps::App;
use crate::client::{self, Endpoint};
use crate::dashboard::telemetry::store::now;

/// How long a sidecar may take.
const PROBE: Duration = Duration::from_millis(500);
/// Readings that are kept: half an hour at one in five seconds.
const KEPT: usize = 360;

/// Counters of one building block at one time.
#[derive(Debug, Clone, Default, PartialEq)]
struct Counters {
    requests: f64,
    failures: f64,
    /// Upper bounds in milliseconds, and how many calls took at most that long.
    buckets: Vec<(f64, f64)>,
}

/// One reading of one app.
#[derive(Debug, Clone, Default)]
struct Reading {
    /// Microseconds since 1970.
    time: i64,
    blocks: BTreeMap<String, Counters>,
}

/// What happened between two readings.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Point {
    /// Microseconds since 1970.
    pub time: i64,
    /// Requests per second.
    pub rate: f64,
    /// Failed requests per second.
    pub errors: f64,
    /// Milliseconds within which half of the requests were answered.
    pub p50: f64,
    /// The same for 95 of 100.
    pub p95: f64,
    /// The same for 99 of 100.
    pub p99: f64,
}

/// What happened to one building block of an app, or to all of them together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Series {
    /// The app.
    pub app: String,
    /// `state`, `invoke` and so on; `all`.
    pub block: String,
    /// Requests since the sidecar was started.
    pub requests: f64,
    /// How many of them failed.
    pub failures: f64,
    /// From old to new.
    pub points: Vec<Point>,
}

/// Readings by app; several instances of an app are counted together.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<HashMap<String, VecDeque<Reading>>>);

impl Metrics {
    /// Reads the pages of these apps.
    pub async fn read(&self, apps: &[App]) {
        let pages = apps.iter().filter(|app| app.metrics_port > 0).map(|app| async move {
            let request = Request::get("/metrics").body(Bytes::new()).unwrap_or_default();
            let answer = client::send(&Endpoint::Tcp(app.metrics_port), request, Some(PROBE)).await.ok()?;
            Some((app.app_id.clone(), parse(&String::from_utf8_lossy(answer.body()))))
        });
        let mut together: HashMap<String, BTreeMap<String, Counters>> = HashMap::new();
        for (app, blocks) in join_all(pages).await.into_iter().flatten() {
            let sums = together.entry(app).or_default();
            for (block, counters) in blocks {
                add(sums.entry(block).or_default(), &counters);
            }
        }
        let time = now();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, readings| readings.back().is_some_and(|last| time - last.time < 1_800_000_000));
        for (app, blocks) in together {
            let readings = kept.entry(app).or_default();
            readings.push_back(Reading { time, blocks });
            if readings.len() > KEPT {
                readings.pop_front();
            }
        }
    }

    /// Whether a rate of every app that runs can be told: that takes two readings.
    pub fn is_settled(&self) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = |last: &Reading| now() - last.time > 10_000_000;
        kept.values().all(|readings| readings.len() > 1 || readings.back().is_none_or(gone))
    }

    /// Whether nothing was read of some of these apps.
    pub fn lacks(&self, apps: &[App]) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        apps.iter().any(|app| app.metrics_port > 0 && app.answers && !kept.contains_key(&app.app_id))
    }

    /// What happened, by app and block; of one app or of all.
    pub fn series(&self, app: Option<&str>) -> Vec<Series> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for (name, readings) in kept.iter().filter(|(name, _)| app.is_none_or(|app| app == name.as_str())) {
            let blocks: std::collections::BTreeSet<&String> =
                readings.iter().flat_map(|reading| reading.blocks.keys()).collect();
            for block in blocks {
                let empty = Counters::default();
                let of = |reading: &Reading| {
                    (reading.time, reading.blocks.get(block).cloned().unwrap_or_default())
                };
                let mut points = Vec::new();
                let mut before: Option<(i64, Counters)> = None;
                for reading in readings {
                    let (time, counters) = of(reading);
                    if let Some((since, old)) = &before {
                        // A counter that fell belongs to a sidecar that was started anew.
                        let old = if counters.requests < old.requests { &empty } else { old };
                        points.push(point(time, time - since, old, &counters));
                    }
                    before = Some((time, counters));
                }
                let last = before.map(|(_, counters)| counters).unwrap_or_default();
                let (requests, failures) = (last.requests, last.failures);
                found.push(Series { app: name.clone(), block: block.clone(), requests, failures, points });
            }
        }
        found.sort_by(|a, b| (&a.app, &a.block).cmp(&(&b.app, &b.block)));
        found
    }
}

fn add(sum: &mut Counters, more: &Counters) {
    sum.requests += more.requests;
    sum.failures += more.failures;
    for (bound, count) in &more.buckets {
        #[expect(clippy::float_cmp, reason = "the same text was read twice")]
        match sum.buckets.iter_mut().find(|(own, _)| own == bound) {
            Some((_, own)) => *own += count,
            None => sum.buckets.push((*bound, *count)),
        }
    }
    sum.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
}

#[expect(clippy::cast_precision_loss, reason = "a plot has no use for more")]
fn point(time: i64, took: i64, old: &Counters, new: &Counters) -> Point {
    let seconds = (took as f64 / 1e6).max(0.001);
    let before = |bound: f64| {
        #[expect(clippy::float_cmp, reason = "the same text was read twice")]
        let found = old.buckets.iter().find(|(own, _)| *own == bound);
        found.map_or(0.0, |(_, count)| *count)
    };
    let counts: Vec<(f64, f64)> =
        new.buckets.iter().map(|(bound, count)| (*bound, count - before(*bound))).collect();
    let percentile = |part: f64| percentile(&counts, part);
    Point {
        time,
        rate: (new.requests - old.requests) / seconds,
        errors: (new.failures - old.failures) / seconds,
        p50: percentile(0.50),
        p95: percentile(0.95),
        p99: percentile(0.99),
    }
}

/// The time within which this part of the calls was answered, between the bounds of its bucket.
fn percentile(counts: &[(f64, f64)], part: f64) -> f64 {
    let total = counts.last().map_or(0.0, |(_, count)| *count);
    let wanted = total * part;
    let (mut lower, mut below) = (0.0, 0.0);
    for (bound, count) in counts {
        if *count >= wanted && total > 0.0 {
            if bound.is_infinite() {
                return lower;
            }
            let inside = (count - below).max(f64::MIN_POSITIVE);
            return lower + (bound - lower) * ((wanted - below) / inside);
        }
        (lower, below) = (*bound, *count);
    }
    0.0
}

/// Reads what the API of a sidecar has counted, by building block and for all of them.
fn parse(page: &str) -> BTreeMap<String, Counters> {
    let mut blocks: BTreeMap<String, Counters> = BTreeMap::new();
    for line in page.lines() {
        let Some((name, labels, value)) = sample(line) else { continue };
        let label =
            |wanted: &str| labels.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let (block, status) = match name {
            "dapr_http_server_request_count" | "dapr_http_server_latency_bucket" => {
                (label("path").map_or("http", block_of_path), label("status"))
            }
            "dapr_grpc_io_server_completed_rpcs" | "dapr_grpc_io_server_server_latency_bucket" => {
                ("grpc", label("grpc_server_status"))
            }
            _ => continue,
        };
        // Those are asked by us and by other tools.
        if block == "healthz" || block == "metadata" {
            continue;
        }
        let failed =
            status.is_some_and(|status| status.starts_with('5') || (block == "grpc" && status != "OK"));
        for key in [block, "all"] {
            let counters = blocks.entry(key.to_owned()).or_default();
            if let Some(bound) = label("le") {
                let bound =
                    if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap_or(f64::INFINITY) };
                add(counters, &Counters { buckets: vec![(bound, value)], ..Counters::default() });
            } else {
                counters.requests += value;
                counters.failures += if failed { value } else { 0.0 };
            }
        }
    }
    blocks
}

/// `/v1.0/state/x` is `state`.
fn block_of_path(path: &str) -> &str {
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next(), parts.next()) {
        (Some(version), Some(block)) if version.starts_with("v1") => block,
        _ => "invoke",
    }
}

/// Names and values of labels.
type Labels = Vec<(String, String)>;

/// Name, labels and value of a line of the Prometheus text format.
fn sample(line: &str) -> Option<(&str, Labels, f64)> {
    let (name, rest) = line.split_once('{')?;
    let mut labels = Labels::new();
    let mut rest = rest;
    while !rest.starts_with('}') {
        let (label, after) = rest.trim_start_matches(',').split_once("=\"")?;
        let mut value = String::new();
        let mut characters = after.char_indices();
        let end = loop {
            match characters.next()? {
                (at, '"') => break at,
                (_, '\\') => match characters.next()?.1 {
                    'n' => value.push('\n'),
                    other => value.push(other),
                },
                (_, other) => value.push(other),
            }
        };
        labels.push((label.to_owned(), value));
        rest = &after[end + 1..];
    }
    let value = rest[1..].split_whitespace().next()?.parse().ok()?;
    Some((name, labels, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_by_block() {
        let page = "# HELP x\n\
            dapr_http_server_request_count{app_id=\"a\",method=\"GET\",path=\"/v1.0/state/x\",status=\"200\"} 7\n\
            dapr_http_server_request_count{app_id=\"a\",method=\"GET\",path=\"/v1.0/invoke/b/method/\\\"q\",status=\"500\"} 2\n\
            dapr_http_server_request_count{app_id=\"a\",method=\"GET\",path=\"/v1.0/healthz\",status=\"204\"} 99\n\
            dapr_http_server_latency_bucket{app_id=\"a\",path=\"/v1.0/state/x\",status=\"200\",le=\"1\"} 4\n\
            dapr_http_server_latency_bucket{app_id=\"a\",path=\"/v1.0/state/x\",status=\"200\",le=\"+Inf\"} 7\n";
        let blocks = parse(page);
        assert_eq!(blocks.keys().collect::<Vec<_>>(), ["all", "invoke", "state"]);
        assert!((blocks["all"].requests - 9.0).abs() < 1e-9 && (blocks["all"].failures - 2.0).abs() < 1e-9);
        assert_eq!(blocks["state"].buckets.len(), 2);
    }

    #[test]
    fn percentiles_lie_within_their_bucket() {
        let counts = [(1.0, 50.0), (2.0, 90.0), (4.0, 100.0), (f64::INFINITY, 100.0)];
        assert!((percentile(&counts, 0.5) - 1.0).abs() < 1e-9);
        assert!((percentile(&counts, 0.95) - 3.0).abs() < 1e-9);
        assert!(percentile(&[], 0.5).abs() < 1e-9);
    }
}
