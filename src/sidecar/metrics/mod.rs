//! What is counted, in Prometheus text form (observability reference, sections 4 and 5). Only series that
//! were recorded are shown.

mod histogram;
mod registry;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::{Method, StatusCode};

use histogram::Histogram;
use registry::Registry;
pub use registry::{Counter, Gauge};

/// Paths that get a series of their own; what comes later is counted without a path, so that a client
/// that invents paths can't fill the memory.
const MOST_PATHS: usize = 500;

/// Calls by normalised path; a path has few methods and statuses.
#[derive(Default)]
struct Calls(HashMap<String, Vec<Series>>);

/// Calls of one method with one status.
struct Series {
    method: Method,
    status: StatusCode,
    latency: Histogram,
}

impl Calls {
    fn add(&mut self, method: &Method, path: &str, status: StatusCode, took: Duration) {
        let path = normalised(path);
        if !self.0.contains_key(path) {
            let path = if self.0.len() < MOST_PATHS { path } else { "" };
            self.0.entry(path.to_owned()).or_default();
        }
        let known = self.0.contains_key(path);
        let Some(all) = self.0.get_mut(if known { path } else { "" }) else {
            return;
        };
        if let Some(series) = all.iter_mut().find(|one| one.method == method && one.status == status) {
            series.latency.took(took);
            return;
        }
        let mut latency = Histogram::latency();
        latency.took(took);
        all.push(Series { method: method.clone(), status, latency });
    }
}

#[derive(Default)]
struct Counters {
    /// Of the API.
    requests: Calls,
    /// Bodies of requests and of responses whose sizes are known.
    sizes: Option<(Histogram, Histogram)>,
    /// Of the app.
    app: Calls,
    loaded: u64,
    /// By type.
    init: BTreeMap<String, u64>,
    /// By type, reason and name.
    init_failed: BTreeMap<(String, &'static str, String), u64>,
    /// By callee.
    invoke_sent: BTreeMap<String, u64>,
    /// By caller.
    invoke_received: BTreeMap<String, u64>,
    /// By namespace: runs that went well, and others.
    jobs: BTreeMap<String, [Option<Histogram>; 2]>,
}

/// The counters of one sidecar.
#[derive(Default)]
pub struct Metrics {
    app_id: String,
    counters: Mutex<Counters>,
    registry: Registry,
}

/// A finished call of the HTTP API.
#[derive(Debug)]
pub struct Request<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its path.
    pub path: &'a str,
    /// Status of the answer.
    pub status: StatusCode,
    /// Until the answer began.
    pub took: Duration,
    /// Bytes of its body.
    pub received: u64,
    /// Bytes of the answer's body, when they are known at its beginning.
    pub sent: Option<u64>,
}

impl Metrics {
    /// All zero.
    pub fn new(app_id: &str) -> Self {
        Self { app_id: app_id.to_owned(), counters: Mutex::default(), registry: Registry::default() }
    }

    /// The counter with this name (without `dapr_`) and these labels. Asking for it is not cheap, counting is.
    pub fn counter(&self, name: &'static str, labels: &[(&str, &str)]) -> Counter {
        self.registry.counter(name, labelled(&self.app_id, labels))
    }

    /// The gauge with this name and these labels.
    pub fn gauge(&self, name: &'static str, labels: &[(&str, &str)]) -> Gauge {
        self.registry.gauge(name, labelled(&self.app_id, labels))
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call of the HTTP API was answered.
    pub fn request(&self, request: &Request<'_>) {
        let Request { method, path, status, took, received, sent } = request;
        let mut counters = self.counters();
        counters.requests.add(method, path, *status, *took);
        let (requests, responses) =
            counters.sizes.get_or_insert_with(|| (Histogram::size(), Histogram::size()));
        requests.bytes(*received);
        if let Some(sent) = sent {
            responses.bytes(*sent);
        }
    }

    /// The app answered a call, or gave no answer at all.
    pub fn app_call(&self, method: &Method, path: &str, status: StatusCode, took: Duration) {
        // The stock label has no slash in front.
        let path = path.split('?').next().unwrap_or(path).trim_start_matches('/');
        self.counters().app.add(method, path, status, took);
    }

    /// A component was found in a file.
    pub fn component_loaded(&self) {
        self.counters().loaded += 1;
    }

    /// A component of this type works.
    pub fn component_init(&self, kind: &str) {
        *self.counters().init.entry(kind.to_owned()).or_default() += 1;
    }

    /// A component could not be made; `reason` is `creation` or `init`.
    pub fn component_failed(&self, kind: &str, reason: &'static str, name: &str) {
        *self.counters().init_failed.entry((kind.to_owned(), reason, name.to_owned())).or_default() += 1;
    }

    /// A resiliency resource was read.
    pub fn resiliency_loaded(&self, name: &str, namespace: &str) {
        self.counter("resiliency_loaded", &[("name", name), ("namespace", namespace)]).add(1);
    }

    /// A call went to another sidecar.
    pub fn invoke_sent(&self, callee: &str) {
        increment(&mut self.counters().invoke_sent, callee);
    }

    /// A call came from another sidecar.
    pub fn invoke_received(&self, caller: &str) {
        increment(&mut self.counters().invoke_received, caller);
    }

    /// The app has run a job, or has not managed to.
    pub fn job(&self, namespace: &str, success: bool, took: Duration) {
        let mut counters = self.counters();
        let series = counters.jobs.entry(namespace.to_owned()).or_default();
        series[usize::from(!success)].get_or_insert_with(Histogram::latency).took(took);
    }

    /// All series.
    pub fn text(&self) -> String {
        let counters = self.counters();
        let mut page = Page { text: String::new(), app_id: &self.app_id };
        let server = ["http_server_request_count", "http_server_response_count"];
        page.calls(&counters.requests, &server, "http_server_latency");
        if let Some((requests, responses)) = &counters.sizes {
            page.histogram("http_server_request_bytes", &[], requests);
            page.histogram("http_server_response_bytes", &[], responses);
        }
        page.calls(&counters.app, &["http_client_completed_count"], "http_client_roundtrip_latency");
        page.head("runtime_component_loaded", counters.loaded > 0);
        if counters.loaded > 0 {
            page.line("runtime_component_loaded", &[], counters.loaded);
        }
        page.head("runtime_component_init_total", !counters.init.is_empty());
        for (kind, count) in &counters.init {
            page.line("runtime_component_init_total", &[("component", kind)], *count);
        }
        page.head("runtime_component_init_fail_total", !counters.init_failed.is_empty());
        for ((kind, reason, name), count) in &counters.init_failed {
            let labels = [("component", kind.as_str()), ("componentName", name), ("reason", reason)];
            page.line("runtime_component_init_fail_total", &labels, *count);
        }
        page.head("runtime_service_invocation_req_sent_total", !counters.invoke_sent.is_empty());
        for (callee, count) in &counters.invoke_sent {
            let labels = [("dst_app_id", callee.as_str()), ("type", "streaming")];
            page.line("runtime_service_invocation_req_sent_total", &labels, *count);
        }
        page.head("runtime_service_invocation_req_recv_total", !counters.invoke_received.is_empty());
        for (caller, count) in &counters.invoke_received {
            page.line("runtime_service_invocation_req_recv_total", &[("src_app_id", caller)], *count);
        }
        for (namespace, series) in &counters.jobs {
            page.jobs(namespace, series);
        }
        self.registry.write(&mut page.text);
        page.text
    }
}

fn increment(counts: &mut BTreeMap<String, u64>, key: &str) {
    if let Some(count) = counts.get_mut(key) {
        *count += 1;
    } else if counts.len() < MOST_PATHS {
        counts.insert(key.to_owned(), 1);
    }
}

/// State and secrets paths lose their key.
fn normalised(path: &str) -> &str {
    let keyed = path.starts_with("/v1.0/state/") || path.starts_with("/v1.0/secrets/");
    if !keyed {
        return path;
    }
    path.match_indices('/').nth(3).map_or(path, |(at, _)| &path[..at])
}

struct Page<'a> {
    text: String,
    app_id: &'a str,
}

impl Page<'_> {
    fn head(&mut self, name: &str, any: bool) {
        if any {
            let _ = writeln!(self.text, "# TYPE dapr_{name} counter");
        }
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], count: u64) {
        let labels = self.labels(labels);
        let _ = writeln!(self.text, "dapr_{name}{{{labels}}} {count}");
    }

    fn labels(&self, labels: &[(&str, &str)]) -> String {
        labelled(self.app_id, labels)
    }

    /// Counters and the latency of calls.
    fn calls(&mut self, calls: &Calls, counters: &[&str], latency: &str) {
        let all = || {
            calls.0.iter().flat_map(|(path, series)| {
                series.iter().map(move |one| {
                    let labels = [
                        ("method", one.method.as_str()),
                        ("path", path.as_str()),
                        ("status", one.status.as_str()),
                    ];
                    (labels, &one.latency)
                })
            })
        };
        for name in counters {
            self.head(name, !calls.0.is_empty());
            for (labels, latency) in all() {
                self.line(name, &labels, latency.count());
            }
        }
        if !calls.0.is_empty() {
            let _ = writeln!(self.text, "# TYPE dapr_{latency} histogram");
        }
        for (labels, histogram) in all() {
            let labels = self.labels(&labels);
            histogram.write(&mut self.text, &format!("dapr_{latency}"), &labels);
        }
    }

    /// Runs of jobs.
    fn jobs(&mut self, namespace: &str, [well, badly]: &[Option<Histogram>; 2]) {
        let of = |success| [("namespace", namespace), ("operation", "job_trigger_op"), ("success", success)];
        for (name, series) in [("component_job_success_count", well), ("component_job_failure_count", badly)]
        {
            self.head(name, series.is_some());
            if let Some(latency) = series {
                self.line(name, &of("")[..2], latency.count());
            }
        }
        if well.is_some() || badly.is_some() {
            let _ = writeln!(self.text, "# TYPE dapr_component_job_latencies histogram");
        }
        for (latency, success) in [(well, "true"), (badly, "false")] {
            if let Some(latency) = latency {
                let labels = self.labels(&of(success));
                latency.write(&mut self.text, "dapr_component_job_latencies", &labels);
            }
        }
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        if histogram.count() > 0 {
            let _ = writeln!(self.text, "# TYPE dapr_{name} histogram");
            let labels = self.labels(labels);
            histogram.write(&mut self.text, &format!("dapr_{name}"), &labels);
        }
    }
}

/// Labels as they stand between the braces.
fn labelled(app_id: &str, labels: &[(&str, &str)]) -> String {
    let mut text = format!("app_id=\"{}\"", escaped(app_id));
    for (label, value) in labels {
        let _ = write!(text, ",{label}=\"{}\"", escaped(value));
    }
    text
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(metrics: &Metrics, path: &str) {
        let (method, status) = (&Method::GET, StatusCode::OK);
        metrics.request(&Request {
            method,
            path,
            status,
            took: Duration::from_millis(3),
            received: 0,
            sent: Some(7),
        });
    }

    /// Without the buckets.
    fn text(metrics: &Metrics) -> String {
        let page = metrics.text();
        let lines: Vec<&str> = page.lines().filter(|line| !line.contains("_bucket{")).collect();
        lines.join("\n")
    }

    #[test]
    fn only_what_was_recorded_is_shown() {
        let metrics = Metrics::new("a\"b");
        assert_eq!(metrics.text(), "");
        metrics.component_loaded();
        request(&metrics, "/v1.0/state/s/key");
        request(&metrics, "/v1.0/state/s/other");
        metrics.app_call(&Method::POST, "/orders?x=1", StatusCode::OK, Duration::from_millis(3));
        insta::assert_snapshot!(text(&metrics), @r#"
        # TYPE dapr_http_server_request_count counter
        dapr_http_server_request_count{app_id="a\"b",method="GET",path="/v1.0/state/s",status="200"} 2
        # TYPE dapr_http_server_response_count counter
        dapr_http_server_response_count{app_id="a\"b",method="GET",path="/v1.0/state/s",status="200"} 2
        # TYPE dapr_http_server_latency histogram
        dapr_http_server_latency_sum{app_id="a\"b",method="GET",path="/v1.0/state/s",status="200"} 6
        dapr_http_server_latency_count{app_id="a\"b",method="GET",path="/v1.0/state/s",status="200"} 2
        # TYPE dapr_http_server_request_bytes histogram
        dapr_http_server_request_bytes_sum{app_id="a\"b"} 0
        dapr_http_server_request_bytes_count{app_id="a\"b"} 2
        # TYPE dapr_http_server_response_bytes histogram
        dapr_http_server_response_bytes_sum{app_id="a\"b"} 14
        dapr_http_server_response_bytes_count{app_id="a\"b"} 2
        # TYPE dapr_http_client_completed_count counter
        dapr_http_client_completed_count{app_id="a\"b",method="POST",path="orders",status="200"} 1
        # TYPE dapr_http_client_roundtrip_latency histogram
        dapr_http_client_roundtrip_latency_sum{app_id="a\"b",method="POST",path="orders",status="200"} 3
        dapr_http_client_roundtrip_latency_count{app_id="a\"b",method="POST",path="orders",status="200"} 1
        # TYPE dapr_runtime_component_loaded counter
        dapr_runtime_component_loaded{app_id="a\"b"} 1
        "#);
    }

    #[test]
    fn invented_paths_share_one_series() {
        let metrics = Metrics::new("a");
        for number in 0..MOST_PATHS + 10 {
            request(&metrics, &format!("/{number}"));
        }
        assert!(
            metrics
                .text()
                .contains("request_count{app_id=\"a\",method=\"GET\",path=\"\",status=\"200\"} 10\n")
        );
    }
}
