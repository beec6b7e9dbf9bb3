//! The ports of one run, reserved together and held until the sidecar takes them over.

use std::os::fd::OwnedFd;

use crate::error::Failure;
use crate::net::Reserved;
use crate::os;

use super::Settings;

/// Reserved ports; those that were given are checked, the others picked.
pub struct Ports {
    /// HTTP API.
    pub http: Reserved,
    /// gRPC API.
    pub grpc: Reserved,
    /// Prometheus.
    pub metrics: Reserved,
    /// Between sidecars.
    pub internal: Reserved,
    /// Profiling, when it is on.
    pub profile: Option<Reserved>,
}

/// The numbers that stay known when the sockets are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// HTTP API.
    pub http: u16,
    /// gRPC API.
    pub grpc: u16,
    /// Prometheus.
    pub metrics: u16,
    /// Between sidecars.
    pub internal: u16,
    /// Profiling; `None` when it is off.
    pub profile: Option<u16>,
}

impl Ports {
    /// Reserves them in the order of the reference; the first one that can't be had is named.
    pub fn reserve(settings: &Settings) -> Result<Self, Failure> {
        let http = one("HTTPPort", settings.http_port)?;
        let grpc = one("GRPCPort", settings.grpc_port)?;
        let metrics = one("MetricsPort", settings.metrics_port)?;
        let internal = one("InternalGRPCPort", settings.internal_port)?;
        let profile = settings.profiling.then(|| one("ProfilePort", settings.profile_port)).transpose()?;
        Ok(Self { http, grpc, metrics, internal, profile })
    }

    /// The numbers.
    pub fn numbers(&self) -> Numbers {
        Numbers {
            http: self.http.port(),
            grpc: self.grpc.port(),
            metrics: self.metrics.port(),
            internal: self.internal.port(),
            profile: self.profile.as_ref().map(Reserved::port),
        }
    }

    /// The open sockets for the embedded sidecar, by the names that it knows. `api` is false when the API is
    /// to listen somewhere else than on the loopback interface.
    pub fn hand_over(self, api: bool) -> Vec<(String, OwnedFd)> {
        let mut sockets = vec![("internal", self.internal), ("metrics", self.metrics)];
        if api {
            sockets.extend([("http", self.http), ("grpc", self.grpc)]);
        }
        sockets
            .into_iter()
            .map(|(name, port)| (name.to_owned(), os::listener_file(port.into_listener())))
            .collect()
    }
}

fn one(name: &str, port: i64) -> Result<Reserved, Failure> {
    if port <= 0 {
        return Reserved::any()
            .map_err(|error| Failure::new(format!("cannot get a free port for {name}: {error}")));
    }
    let taken = || Failure::new(format!("invalid configuration for {name}. Port {port} is not available"));
    let number = u16::try_from(port).map_err(|_| taken().hint("a port is a number from 1 to 65535"))?;
    Reserved::exactly(number).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            taken().hint(format!("another program listens on port {port}: stop it, choose another port, or leave the flag out to get a free one"))
        }
        _ => taken().hint(error),
    })
}
