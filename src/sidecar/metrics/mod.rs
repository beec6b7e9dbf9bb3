//! What is counted, in Prometheus text form (observability reference, sections 4 and 5). Only series that were
//! recorded are shown. Counting must cost next to nothing: those who count hold their series.

pub mod component;
mod histogram;
mod paths;
mod registry;
mod rpc;
mod settings;
mod traffic;

use std::collections::HashMap;
use std::fmt::{Display, Write as _};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hyper::{Method, StatusCode};

pub use histogram::Histogram;
use registry::Registry;
pub use registry::{Counter, Gauge};
pub use rpc::Rpc;
use rpc::{Rpcs, Side};
pub use settings::Settings;
use traffic::{Http, MOST, Names};

use crate::os;

const SERVER: Names = Names {
    counts: [Some("http_server_request_count"), Some("http_server_response_count")],
    latency: "http_server_latency",
    sent: None,
    is_api: true,
};
const CLIENT: Names = Names {
    counts: [Some("http_client_completed_count"), None],
    latency: "http_client_roundtrip_latency",
    sent: Some("http_client_sent_bytes"),
    is_api: false,
};

/// The counters of one sidecar.
#[derive(Debug)]
pub struct Metrics {
    settings: Arc<Settings>,
    registry: Arc<Registry>,
    server: Http,
    client: Http,
    request_bytes: Histogram,
    response_bytes: Histogram,
    received_bytes: Histogram,
    /// Calls of an app that speaks gRPC.
    pub rpc_client: Rpcs,
    /// Calls that come over gRPC.
    pub rpc_server: Rpcs,
    invocations: Named<(&'static str, String, u16), (Counter, Option<Histogram>)>,
    jobs: Named<(String, bool), (Counter, Histogram)>,
    error_codes: Named<String, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new("")
    }
}

/// Series by a few names, of which there can be too many.
#[derive(Debug)]
struct Named<K, V>(Mutex<HashMap<K, V>>);

impl<K, V> Default for Named<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Named<K, V> {
    /// The series of these names; `None` when there are too many.
    fn get(&self, names: K, make: impl FnOnce(&K) -> V) -> Option<V> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(&names) {
            return Some(known.clone());
        }
        if all.len() >= MOST {
            return None;
        }
        let new = make(&names);
        all.insert(names, new.clone());
        Some(new)
    }
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
    /// Nothing was counted yet.
    pub fn new(app_id: &str) -> Self {
        Self::with(app_id, Settings::default())
    }

    /// The same with these settings.
    pub fn with(app_id: &str, settings: Settings) -> Self {
        let settings = Arc::new(settings);
        let registry = Arc::new(Registry::new(app_id, Arc::clone(&settings)));
        // The stock sidecar has this one with all paths only.
        let [requests, responses] = SERVER.counts;
        let server = Names { counts: [requests, responses.filter(|_| settings.by_path)], ..SERVER };
        Self {
            server: Http::new(&settings, &registry, server),
            client: Http::new(&settings, &registry, CLIENT),
            request_bytes: registry.size("http_server_request_bytes", &[]),
            response_bytes: registry.size("http_server_response_bytes", &[]),
            received_bytes: registry.size("http_client_received_bytes", &[]),
            rpc_client: Rpcs::new(&registry, Side::Client),
            rpc_server: Rpcs::new(&registry, Side::Server),
            invocations: Named::default(),
            jobs: Named::default(),
            error_codes: Named::default(),
            settings,
            registry,
        }
    }

    /// Whether anything is counted at all.
    pub fn is_on(&self) -> bool {
        self.settings.enabled
    }

    /// What the log says of it at the beginning.
    pub fn greeting(&self) -> &[String] {
        &self.settings.greeting
    }

    /// The counter with this name (without `dapr_`) and these labels. Asking for it is not cheap, counting is.
    pub fn counter(&self, name: &'static str, labels: &[(&str, &str)]) -> Counter {
        self.registry.counter(name, labels)
    }

    /// The gauge with this name and these labels.
    pub fn gauge(&self, name: &'static str, labels: &[(&str, &str)]) -> Gauge {
        self.registry.gauge(name, labels)
    }

    /// The latencies with this name and these labels.
    pub fn latency(&self, name: &'static str, labels: &[(&str, &str)]) -> Histogram {
        self.registry.latency(name, labels)
    }

    /// A call of the HTTP API was answered.
    pub fn request(&self, request: &Request<'_>) {
        if !self.is_on() {
            return;
        }
        let Request { method, path, status, took, received, sent } = request;
        self.server.add(method, path, *status, *took, None);
        self.request_bytes.bytes(*received);
        if let Some(sent) = sent {
            self.response_bytes.bytes(*sent);
        }
    }

    /// The app answered a call, or gave no answer at all. Sizes are those of the bodies, where they are known.
    pub fn app_call(
        &self,
        method: &Method,
        path: &str,
        status: StatusCode,
        took: Duration,
        [sent, received]: [Option<u64>; 2],
    ) {
        if !self.is_on() {
            return;
        }
        self.client.add(method, path.split('?').next().unwrap_or(path), status, took, sent);
        if let Some(received) = received {
            self.received_bytes.bytes(received);
        }
    }

    /// A probe of the app's health over HTTP was answered.
    pub fn probe(&self, status: StatusCode, took: Duration) {
        let labels = [("status", status.as_str())];
        self.counter("http_healthprobes_completed_count", &labels).add(1);
        self.latency("http_healthprobes_roundtrip_latency", &labels).took(took);
    }

    /// The same over gRPC.
    pub fn rpc_probe(&self, status: i32, took: Duration) {
        let labels = [("grpc_client_status", rpc::status(status))];
        self.counter("grpc_io_healthprobes_completed_count", &labels).add(1);
        self.latency("grpc_io_healthprobes_roundtrip_latency", &labels).took(took);
    }

    /// A component was found in a file.
    pub fn component_loaded(&self) {
        self.counter("runtime_component_loaded", &[]).add(1);
    }

    /// A component of this type works.
    pub fn component_init(&self, kind: &str) {
        self.counter("runtime_component_init_total", &[("component", kind)]).add(1);
    }

    /// A component could not be made; `reason` is `creation` or `init`.
    pub fn component_failed(&self, kind: &str, reason: &'static str, name: &str) {
        let labels = [("component", kind), ("componentName", name), ("reason", reason)];
        self.counter("runtime_component_init_fail_total", &labels).add(1);
    }

    /// A resiliency resource was read.
    pub fn resiliency_loaded(&self, name: &str, namespace: &str) {
        self.counter("resiliency_loaded", &[("name", name), ("namespace", namespace)]).add(1);
    }

    fn invocation(&self, name: &'static str, label: &'static str, app_id: &str, more: &[(&str, &str)]) {
        if !self.is_on() {
            return;
        }
        let series = self.invocations.get((name, app_id.to_owned(), 0), |_| {
            let labels: Vec<_> = [(label, app_id)].into_iter().chain(more.iter().copied()).collect();
            (self.counter(name, &labels), None)
        });
        if let Some((count, _)) = series {
            count.add(1);
        }
    }

    /// A call went to another sidecar.
    pub fn invoke_sent(&self, callee: &str) {
        let name = "runtime_service_invocation_req_sent_total";
        self.invocation(name, "dst_app_id", callee, &[("type", "unary")]);
    }

    /// A call came from another sidecar.
    pub fn invoke_received(&self, caller: &str) {
        self.invocation("runtime_service_invocation_req_recv_total", "src_app_id", caller, &[]);
    }

    /// The app has answered a call of another sidecar, with this status of HTTP or gRPC.
    pub fn invoke_answered(&self, caller: &str, status: u16) {
        if !self.is_on() {
            return;
        }
        let name = "runtime_service_invocation_res_sent_total";
        let series = self.invocations.get((name, caller.to_owned(), status), |_| {
            let labels = [("dst_app_id", caller), ("status", &*status.to_string())];
            (self.counter(name, &labels), None)
        });
        if let Some((count, _)) = series {
            count.add(1);
        }
    }

    /// Another sidecar has answered a call, with this status of HTTP or gRPC.
    pub fn invoke_done(&self, callee: &str, status: u16, took: Duration) {
        if !self.is_on() {
            return;
        }
        let name = "runtime_service_invocation_res_recv_total";
        let series = self.invocations.get((name, callee.to_owned(), status), |_| {
            let labels = [("src_app_id", callee), ("status", &*status.to_string()), ("type", "unary")];
            let latency = self.latency("runtime_service_invocation_res_recv_latency_ms", &labels[..2]);
            (self.counter(name, &labels), Some(latency))
        });
        if let Some((count, latency)) = series {
            count.add(1);
            latency.inspect(|latency| latency.took(took));
        }
    }

    /// The access control has let a call through or not.
    pub fn access(&self, namespace: &str, allowed: bool) {
        let name = if allowed {
            "runtime_acl_global_policy_action_allowed_total"
        } else {
            "runtime_acl_global_policy_action_blocked_total"
        };
        self.counter(name, &[("namespace", namespace), ("trustDomain", "public")]).add(1);
    }

    /// The app has run a job, or has not managed to.
    pub fn job(&self, namespace: &str, success: bool, took: Duration) {
        let series = self.jobs.get((namespace.to_owned(), success), |_| {
            let name = if success { "component_job_success_count" } else { "component_job_failure_count" };
            let success = component::truth(success);
            let labels = [("namespace", namespace), ("operation", "job_trigger_op"), ("success", success)];
            (self.counter(name, &labels[..2]), self.latency("component_job_latencies", &labels))
        });
        if let Some((count, latency)) = series {
            count.add(1);
            latency.took(took);
        }
    }

    /// The API has answered with an error, when these are counted.
    pub fn error_code(&self, code: &str) {
        if !self.settings.error_codes {
            return;
        }
        let series = self.error_codes.get(code.to_owned(), |_| {
            self.counter("error_code_total", &[("category", category(code)), ("error_code", code)])
        });
        if let Some(count) = series {
            count.add(1);
        }
    }

    /// All series.
    pub fn text(&self) -> String {
        let mut text = String::new();
        if self.is_on() {
            self.registry.write(&mut text);
        }
        text
    }

    /// The same, and what the process uses.
    pub fn page(&self) -> String {
        let mut text = self.text();
        if let Some(usage) = os::own_usage().filter(|_| self.is_on()) {
            process(&mut text, usage);
        }
        text
    }
}

/// Series that every program with Prometheus' own libraries has.
fn process(text: &mut String, usage: os::Usage) {
    let mut line = |name: &str, kind: &str, value: &dyn Display| {
        let _ = writeln!(text, "# TYPE process_{name} {kind}\nprocess_{name} {value}");
    };
    line("cpu_seconds_total", "counter", &usage.cpu.as_secs_f64());
    line("resident_memory_bytes", "gauge", &usage.resident);
    line("virtual_memory_bytes", "gauge", &usage.addressed);
    line("open_fds", "gauge", &usage.files);
    line("max_fds", "gauge", &usage.most_files);
    let started = usage.started.and_then(|started| started.duration_since(SystemTime::UNIX_EPOCH).ok());
    if let Some(started) = started {
        line("start_time_seconds", "gauge", &started.as_secs_f64());
    }
}

/// Which part of the API an error code belongs to.
fn category(code: &str) -> &'static str {
    const PARTS: [(&str, &str); 13] = [
        ("HEALTH", "health"),
        ("ACTOR", "actor"),
        ("WORKFLOW", "workflow"),
        ("INSTANCE_ID", "workflow"),
        ("STATE", "state"),
        ("CONFIGURATION", "configuration"),
        ("CRYPTO", "crypto"),
        ("SECRET", "secret"),
        ("PUBSUB", "pubsub"),
        ("CONVERSATION", "conversation"),
        ("DIRECT_INVOKE", "service-invocation"),
        ("BINDING", "bindings"),
        ("SCHEDULER", "job"),
    ];
    let lock = ["LOCK", "TRY_LOCK", "UNLOCK"].iter().any(|word| code.contains(word));
    let part = PARTS.iter().find(|(word, _)| code.contains(word)).map(|(_, part)| *part);
    part.unwrap_or(if lock { "lock" } else { "common" })
}

#[cfg(test)]
mod tests;
