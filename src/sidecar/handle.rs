//! What the outside holds of a running sidecar.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use super::api::http::server::Api;
use super::core::Core;

/// Where a sidecar listens, as bound: never port 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// HTTP API; empty with Unix sockets.
    pub http: Vec<SocketAddr>,
    /// gRPC API; empty with Unix sockets.
    pub grpc: Vec<SocketAddr>,
    /// Calls between sidecars.
    pub internal: Vec<SocketAddr>,
    /// Prometheus.
    pub metrics: Vec<SocketAddr>,
    /// Health and metadata only.
    pub public: Vec<SocketAddr>,
    /// Socket files of the HTTP and gRPC APIs.
    pub sockets: Vec<PathBuf>,
}

impl Addresses {
    /// Port of a list of addresses; 0 when it is empty.
    pub fn port(addresses: &[SocketAddr]) -> u16 {
        addresses.first().map_or(0, SocketAddr::port)
    }
}

/// A cheap handle on a sidecar.
#[derive(Clone)]
pub struct Handle {
    pub(super) core: Arc<Core>,
}

impl Handle {
    /// Where it listens.
    pub fn addresses(&self) -> &Addresses {
        &self.core.addresses
    }

    /// Its HTTP API without a socket: requests from within the process pass all that others pass.
    pub fn http(&self) -> Arc<Api> {
        Api::new(&self.core)
    }

    /// Asks it to end gracefully; returns at once.
    pub fn shutdown(&self) {
        self.core.stop.graceful.cancel();
    }

    /// Asks it to end gracefully, to be built anew: its instance record stays.
    pub fn restart(&self) {
        self.core.stop.restart.cancel();
        self.core.stop.graceful.cancel();
    }

    /// Returns when `healthz` is ready, which needs the app; `false` when the sidecar is ending instead.
    pub async fn ready(&self) -> bool {
        let mut ready = self.core.health.watch();
        tokio::select! {
            result = ready.wait_for(|ready| *ready) => result.is_ok(),
            () = self.core.stop.graceful.cancelled() => false,
        }
    }
}
