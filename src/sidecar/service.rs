//! The life of a sidecar: [`Service::build`] binds the ports, [`Service::run`] loads, serves and ends it.

mod build;
mod shutdown;
mod start;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::api::serve::Servers;
use super::core::Core;
use super::handle::Handle;
use super::trace::Exporter;
use super::{listen, loading};
use crate::records::Directory;

pub use build::greet;

/// Why a sidecar could not start or not end well: the text that follows `Fatal error from runtime: `.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No port could be bound.
    #[error(transparent)]
    Listen(#[from] listen::Error),
    /// A `--config` file.
    #[error("error loading configuration: {0}")]
    Configuration(crate::resources::Error),
    /// A receiver of traces that can't be used.
    #[error("{0}")]
    Tracing(String),
    /// A resources directory that isn't there.
    #[error("failed to create watcher: failed to add target {0}: no such file or directory")]
    NoResources(String),
    /// Resource files.
    #[error("failed to load components: {0}")]
    Resources(crate::resources::Error),
    /// A service outside that can't be called.
    #[error(transparent)]
    Endpoint(#[from] loading::endpoints::Error),
    /// A component that can't be done without.
    #[error(transparent)]
    Component(#[from] loading::Error),
    /// TLS to the app can't be had.
    #[error("failed to set up TLS to the app: {0}")]
    Tls(String),
    /// Requests or deliveries were still running when their time was over.
    #[error("graceful shutdown took longer than {0}")]
    TooSlow(String),
}

/// How a sidecar ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// In order.
    Gracefully,
    /// At once, because a client demanded it.
    Forced,
    /// In order, to be built anew in the same process; the instance record is still there.
    Restarting,
}

/// A sidecar whose ports are bound.
pub struct Service {
    core: Arc<Core>,
    sockets: build::Sockets,
    records: Option<Directory>,
    /// What sends spans away, when somebody wants them.
    exporter: Option<Exporter>,
    started: Instant,
}

impl Service {
    /// A handle that works before, while and after it runs.
    pub fn handle(&self) -> Handle {
        Handle { core: Arc::clone(&self.core) }
    }

    /// Runs until the token is cancelled, a client asks for the end, or something goes wrong that it can't do
    /// without. Everything that was started is stopped when this returns.
    pub async fn run(mut self, stop: CancellationToken) -> Result<Ended, Error> {
        let core = Arc::clone(&self.core);
        let servers = Servers::default();
        let app = watch::Sender::new(true);
        self.sockets.serve(&core, &servers);
        self.announce();
        let (background, probes) = (CancellationToken::new(), CancellationToken::new());
        let exported = CancellationToken::new();
        let exporting = self.exporter.take().map(|exporter| tokio::spawn(exporter.run(exported.clone())));
        let cancelled = {
            let graceful = core.stop.graceful.clone();
            tokio::spawn(async move {
                stop.cancelled().await;
                graceful.cancel();
            })
        };
        let started = tokio::select! {
            started = start::start(&core, &self.sockets.texts, self.started, &app, [&background, &probes]) => {
                started.map(|()| true)
            }
            () = core.stop.graceful.cancelled() => Ok(false),
            () = core.stop.forced.cancelled() => Ok(false),
        };
        if started.is_ok() {
            tokio::select! {
                () = core.stop.graceful.cancelled() => {}
                () = core.stop.forced.cancelled() => {}
            }
        }
        // Whoever waits for it to become ready learns that it won't.
        core.stop.graceful.cancel();
        cancelled.abort();
        background.cancel();
        let ended = if core.stop.forced.is_cancelled() {
            Ok(Ended::Forced)
        } else {
            let running = matches!(started, Ok(true));
            tokio::select! {
                ended = shutdown::shutdown(&core, &servers, &app, &probes, running) => ended.map(|()| Ended::Gracefully),
                () = core.stop.forced.cancelled() => Ok(Ended::Forced),
            }
        };
        exported.cancel();
        if let Some(exporting) = exporting {
            let _ = exporting.await;
        }
        let restarting = core.stop.restart.is_cancelled() && started.is_ok();
        match ended {
            // The record may hold what only the command line knows.
            Ok(Ended::Gracefully) if restarting => return Ok(Ended::Restarting),
            _ => self.forget(),
        }
        started.and(ended)
    }
}

/// Asks a sidecar on this machine whether its outbound APIs can be used; the error is the reason.
pub async fn outbound_ready(port: u16) -> Result<(), String> {
    let target = super::app::Target { host: "localhost".into(), port };
    let channel = super::app::Channel::new(target, 0, None);
    let limit = std::time::Duration::from_millis(500);
    match tokio::time::timeout(limit, channel.probe("/v1.0/healthz/outbound")).await {
        Ok(Ok(hyper::StatusCode::NO_CONTENT)) => Ok(()),
        Ok(Ok(status)) => Err(format!("status code {}", status.as_u16())),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer within 500ms".into()),
    }
}
