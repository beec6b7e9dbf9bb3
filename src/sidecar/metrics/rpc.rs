//! Calls over gRPC, by method and status.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use super::histogram::Histogram;
use super::registry::{Counter, Registry};
use super::traffic::MOST;

/// Names of statuses, by their numbers.
const STATUSES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];
const UNKNOWN: usize = 2;

/// Which side of calls is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Calls that it makes.
    Client,
    /// Calls that it answers.
    Server,
}

/// Calls over gRPC in one direction.
#[derive(Debug)]
pub struct Rpcs {
    registry: Arc<Registry>,
    side: Side,
    methods: RwLock<HashMap<Box<str>, Arc<Rpc>>>,
}

/// The series of one method.
#[derive(Debug)]
pub struct Rpc {
    registry: Arc<Registry>,
    side: Side,
    method: Box<str>,
    ends: [OnceLock<(Counter, Histogram)>; 17],
    received: Histogram,
    sent: Histogram,
}

impl Rpcs {
    /// No calls yet.
    pub fn new(registry: &Arc<Registry>, side: Side) -> Self {
        Self { registry: Arc::clone(registry), side, methods: RwLock::default() }
    }

    /// The series of a method, by its whole path.
    pub fn method(&self, path: &str) -> Arc<Rpc> {
        if let Some(known) = self.methods.read().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Arc::clone(known);
        }
        let mut methods = self.methods.write().unwrap_or_else(PoisonError::into_inner);
        let path = if methods.contains_key(path) || methods.len() < MOST { path } else { "" };
        let known = methods.entry(path.into()).or_insert_with(|| Arc::new(Rpc::new(self, path)));
        Arc::clone(known)
    }
}

impl Rpc {
    fn new(all: &Rpcs, method: &str) -> Self {
        let [received, sent, label] = match all.side {
            Side::Client => [
                "grpc_io_client_received_bytes_per_rpc",
                "grpc_io_client_sent_bytes_per_rpc",
                "grpc_client_method",
            ],
            Side::Server => [
                "grpc_io_server_received_bytes_per_rpc",
                "grpc_io_server_sent_bytes_per_rpc",
                "grpc_server_method",
            ],
        };
        let registry = Arc::clone(&all.registry);
        let size = |name| registry.size(name, &[(label, method)]);
        let (received, sent) = (size(received), size(sent));
        Self { registry, side: all.side, method: method.into(), ends: Default::default(), received, sent }
    }

    /// A call has ended with the status of this number.
    pub fn ended(&self, status: i32, took: Duration) {
        let index = index(status);
        let (count, latency) = self.ends[index].get_or_init(|| {
            let status = STATUSES[index];
            let (count, latency, labels) = match self.side {
                Side::Client => (
                    "grpc_io_client_completed_rpcs",
                    "grpc_io_client_roundtrip_latency",
                    [("grpc_client_method", &*self.method), ("grpc_client_status", status)],
                ),
                Side::Server => (
                    "grpc_io_server_completed_rpcs",
                    "grpc_io_server_server_latency",
                    [("grpc_server_method", &*self.method), ("grpc_server_status", status)],
                ),
            };
            (self.registry.counter(count, &labels), self.registry.latency(latency, &labels))
        });
        count.add(1);
        latency.took(took);
    }

    /// So many bytes came in one call.
    pub fn received(&self, bytes: u64) {
        self.received.bytes(bytes);
    }

    /// So many bytes went out in one call.
    pub fn sent(&self, bytes: u64) {
        self.sent.bytes(bytes);
    }
}

/// The name of a status.
pub(super) fn status(number: i32) -> &'static str {
    STATUSES[index(number)]
}

/// Where a status stands among the known ones.
fn index(number: i32) -> usize {
    usize::try_from(number).ok().filter(|index| *index < STATUSES.len()).unwrap_or(UNKNOWN)
}
