//! What is counted, in Prometheus text form (observability reference, sections 4 and 5). Only series that
//! were recorded are shown.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::{Method, StatusCode};

/// Paths that get a series of their own; what comes later is counted without a path, so that a client
/// that invents paths can't fill the memory.
const MOST_PATHS: usize = 500;

#[derive(Default)]
struct Counters {
    /// By normalised path; a path has few methods and statuses.
    requests: HashMap<String, Vec<(Method, StatusCode, u64)>>,
    loaded: u64,
    /// By type.
    init: BTreeMap<String, u64>,
    /// By type, reason and name.
    init_failed: BTreeMap<(String, &'static str, String), u64>,
    /// By callee.
    invoke_sent: BTreeMap<String, u64>,
    /// By caller.
    invoke_received: BTreeMap<String, u64>,
}

/// The counters of one sidecar.
#[derive(Default)]
pub struct Metrics {
    app_id: String,
    counters: Mutex<Counters>,
}

impl Metrics {
    /// All zero.
    pub fn new(app_id: &str) -> Self {
        Self { app_id: app_id.to_owned(), counters: Mutex::default() }
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A finished call of the HTTP API.
    pub fn request(&self, method: &Method, path: &str, status: StatusCode) {
        let path = normalised(path);
        let mut counters = self.counters();
        if !counters.requests.contains_key(path) {
            let path = if counters.requests.len() < MOST_PATHS { path } else { "" };
            counters.requests.entry(path.to_owned()).or_default();
        }
        let known = counters.requests.contains_key(path);
        let Some(series) = counters.requests.get_mut(if known { path } else { "" }) else {
            return;
        };
        match series.iter_mut().find(|(m, s, _)| m == method && *s == status) {
            Some((_, _, count)) => *count += 1,
            None => series.push((method.clone(), status, 1)),
        }
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

    /// A call went to another sidecar.
    pub fn invoke_sent(&self, callee: &str) {
        increment(&mut self.counters().invoke_sent, callee);
    }

    /// A call came from another sidecar.
    pub fn invoke_received(&self, caller: &str) {
        increment(&mut self.counters().invoke_received, caller);
    }

    /// All series.
    pub fn text(&self) -> String {
        let counters = self.counters();
        let mut page = Page { text: String::new(), app_id: &self.app_id };
        page.head("http_server_request_count", !counters.requests.is_empty());
        for (path, series) in &counters.requests {
            for (method, status, count) in series {
                let labels = [("method", method.as_str()), ("path", path), ("status", status.as_str())];
                page.line("http_server_request_count", &labels, *count);
            }
        }
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
        let _ = write!(self.text, "dapr_{name}{{app_id=\"{}\"", escaped(self.app_id));
        for (label, value) in labels {
            let _ = write!(self.text, ",{label}=\"{}\"", escaped(value));
        }
        let _ = writeln!(self.text, "}} {count}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_recorded_is_shown() {
        let metrics = Metrics::new("a\"b");
        assert_eq!(metrics.text(), "");
        metrics.component_loaded();
        metrics.request(&Method::GET, "/v1.0/state/s/key", StatusCode::OK);
        metrics.request(&Method::GET, "/v1.0/state/s/other", StatusCode::OK);
        let expected = "# TYPE dapr_http_server_request_count counter\n\
            dapr_http_server_request_count{app_id=\"a\\\"b\",method=\"GET\",path=\"/v1.0/state/s\",status=\"200\"} 2\n\
            # TYPE dapr_runtime_component_loaded counter\n\
            dapr_runtime_component_loaded{app_id=\"a\\\"b\"} 1\n";
        assert_eq!(metrics.text(), expected);
    }

    #[test]
    fn invented_paths_share_one_series() {
        let metrics = Metrics::new("a");
        for number in 0..MOST_PATHS + 10 {
            metrics.request(&Method::GET, &format!("/{number}"), StatusCode::OK);
        }
        assert!(metrics.text().contains("path=\"\",status=\"200\"} 10\n"));
    }
}
