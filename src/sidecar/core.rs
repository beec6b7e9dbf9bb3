//! The running sidecar, as its APIs see it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::blocks::bindings::Inputs;
use super::blocks::configuration::Watching;
use super::blocks::invoke::Invoker;
use super::blocks::jobs::Jobs;
use super::blocks::metadata::{Extended, Metadata};
use super::blocks::subscriptions::Subscriptions;
use super::handle::Addresses;
use super::health::Health;
use super::metrics::Metrics;
use super::{Options, Shared};

/// How a sidecar is told to end.
#[derive(Default)]
pub struct Stop {
    /// In order, with the time that running requests need.
    pub graceful: CancellationToken,
    /// Set together with `graceful`: another life follows.
    pub restart: CancellationToken,
    /// At once; the process ends with a failure.
    pub forced: CancellationToken,
}

/// What all APIs of one sidecar share.
pub struct Core {
    /// What building blocks share.
    pub shared: Arc<Shared>,
    /// The command line.
    pub options: Options,
    /// Where it listens.
    pub addresses: Addresses,
    /// Who is ready.
    pub health: Health,
    /// `extended` of the metadata API.
    pub extended: Extended,
    /// Calls to apps.
    pub invoker: Invoker,
    /// Events that the app receives.
    pub subscriptions: Subscriptions,
    /// Input bindings that call the app.
    pub inputs: Inputs,
    /// Configuration that is watched.
    pub watching: Watching,
    /// What the app has scheduled.
    pub jobs: Arc<Jobs>,
    /// What was counted.
    pub metrics: Arc<Metrics>,
    /// True when all components are loaded; requests wait for it.
    pub loaded: watch::Sender<bool>,
    /// The way out.
    pub stop: Stop,
}

impl Core {
    /// What the sidecar tells of itself.
    pub fn metadata(&self) -> Metadata {
        Metadata::of(&self.options, &self.shared.components, &self.extended, self.subscriptions.list())
    }

    /// Ends the sidecar because a client asked for it: in order, or soon after the answer when `force` is set.
    pub fn end(&self, force: bool) {
        tracing::info!(target: "dapr.runtime", "Shutdown requested via API");
        if force {
            let forced = self.stop.forced.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                forced.cancel();
            });
        } else {
            // A graceful end waits for this very answer.
            self.stop.graceful.cancel();
        }
    }

    /// Returns when components are loaded.
    pub async fn until_loaded(&self) {
        if !*self.loaded.borrow() {
            let _ = self.loaded.subscribe().wait_for(|loaded| *loaded).await;
        }
    }
}
