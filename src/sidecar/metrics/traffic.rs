//! Calls over HTTP and gRPC, by what they ask for and how they end. Series are found by their labels without making a
//! text, and counted without a lock.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper::{Method, StatusCode};

use super::histogram::Histogram;
use super::paths;
use super::registry::{Counter, Registry};
use super::settings::Settings;

/// Names that get series of their own; what comes later is counted without a name, so that a client that invents names
/// can't fill the memory.
pub const MOST: usize = 500;
/// Methods that HTTP defines; all others are counted as one.
const METHODS: [Method; 9] = [
    Method::GET,
    Method::PUT,
    Method::POST,
    Method::HEAD,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::CONNECT,
    Method::TRACE,
];

/// The series of one method and status of a path.
#[derive(Debug)]
struct Call {
    method: Method,
    status: StatusCode,
    counts: [Option<Counter>; 2],
    latency: Histogram,
}

/// The names of the series of HTTP calls.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    /// How many.
    pub counts: [Option<&'static str>; 2],
    /// How long.
    pub latency: &'static str,
    /// How large what was sent is, by method and path.
    pub sent: Option<&'static str>,
    /// Whether paths are those of the API.
    pub is_api: bool,
}

/// Calls over HTTP in one direction.
#[derive(Debug)]
pub struct Http {
    settings: Arc<Settings>,
    registry: Arc<Registry>,
    names: Names,
    /// Stands for every method that isn't known.
    other: Method,
    paths: RwLock<HashMap<Box<str>, Path>>,
}

#[derive(Debug, Default)]
struct Path {
    calls: Vec<Call>,
    sent: Vec<(Method, Histogram)>,
}

impl Http {
    /// No calls yet.
    pub fn new(settings: &Arc<Settings>, registry: &Arc<Registry>, names: Names) -> Self {
        let (settings, registry) = (Arc::clone(settings), Arc::clone(registry));
        let other = Method::from_bytes(b"OTHER").unwrap_or(Method::TRACE);
        Self { settings, registry, names, other, paths: RwLock::default() }
    }

    /// A call has ended; `sent` are the bytes of its body, where they are counted.
    pub fn add(&self, method: &Method, path: &str, status: StatusCode, took: Duration, sent: Option<u64>) {
        let method = if METHODS.contains(method) { method } else { &self.other };
        let label = self.label(path);
        let known = |paths: &HashMap<Box<str>, Path>| {
            paths.get(&*label).is_some_and(|path| path.count(method, status, took, sent))
        };
        if !known(&self.paths.read().unwrap_or_else(PoisonError::into_inner)) {
            self.learn(method, &label, status, took, sent);
        }
    }

    /// The first call of its kind.
    fn learn(&self, method: &Method, label: &str, status: StatusCode, took: Duration, sent: Option<u64>) {
        let mut paths = self.paths.write().unwrap_or_else(PoisonError::into_inner);
        let label = if paths.contains_key(label) || paths.len() < MOST { label } else { "" };
        let path = paths.entry(label.into()).or_default();
        if !path.has(method, status) {
            let verb = if self.settings.without_verbs { "" } else { method.as_str() };
            let labels = [("method", verb), ("path", label), ("status", status.as_str())];
            let labels: Vec<_> =
                labels.into_iter().filter(|(name, _)| *name != "path" || self.has_paths()).collect();
            let count = |name: Option<&'static str>| name.map(|name| self.registry.counter(name, &labels));
            path.calls.push(Call {
                method: method.clone(),
                status,
                counts: self.names.counts.map(count),
                latency: self.registry.latency(self.names.latency, &labels),
            });
            if let Some(name) = self.names.sent
                && !path.sent.iter().any(|(known, _)| known == method)
            {
                let size = self.registry.size(name, &labels[..labels.len() - 1]);
                path.sent.push((method.clone(), size));
            }
        }
        path.count(method, status, took, sent);
    }

    fn has_paths(&self) -> bool {
        self.settings.by_path || !self.settings.templates.is_empty()
    }

    /// What a path is counted as.
    fn label<'a>(&'a self, path: &'a str) -> Cow<'a, str> {
        if !self.settings.templates.is_empty()
            && let Some(template) = paths::template(&self.settings.templates, path)
        {
            return Cow::Borrowed(template);
        }
        match (self.settings.by_path, self.names.is_api) {
            (false, _) => Cow::Borrowed(""),
            (true, true) => paths::api(path),
            (true, false) => Cow::Borrowed(path),
        }
    }
}

impl Path {
    fn has(&self, method: &Method, status: StatusCode) -> bool {
        self.calls.iter().any(|call| call.method == *method && call.status == status)
    }

    /// Counts a call, if it isn't the first of its kind.
    fn count(&self, method: &Method, status: StatusCode, took: Duration, sent: Option<u64>) -> bool {
        let Some(call) = self.calls.iter().find(|call| call.method == *method && call.status == status)
        else {
            return false;
        };
        for count in call.counts.iter().flatten() {
            count.add(1);
        }
        call.latency.took(took);
        let size = self.sent.iter().find(|(known, _)| known == method).zip(sent);
        if let Some(((_, size), bytes)) = size {
            size.bytes(bytes);
        }
        true
    }
}
