//! The running sidecar, as its APIs see it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
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
use super::{Options, Shared, reload};
use crate::resources::Subscription;

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

/// What the app gets events from.
#[derive(Default)]
pub struct Sources {
    /// Subscriptions of the resource files.
    pub declared: Vec<Subscription>,
    /// Whether the app gets events now.
    running: bool,
}

/// What has changed of what the app gets events from.
#[derive(Debug, Default)]
pub struct Change {
    /// Pub/sub components.
    pub pubsub: bool,
    /// Input bindings.
    pub inputs: bool,
    /// Subscriptions of the resource files, as they are now.
    pub declared: Option<Vec<Subscription>>,
}

impl Change {
    /// Whether it says that nothing has.
    pub fn is_nothing(&self) -> bool {
        !self.pubsub && !self.inputs && self.declared.is_none()
    }
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
    /// What runs of the app's sources of events; changed by one task at a time.
    pub sources: Mutex<Sources>,
    /// True when all components are loaded; requests wait for it.
    pub loaded: watch::Sender<bool>,
    /// The way out.
    pub stop: Stop,
}

impl Core {
    /// The app can be called: it gets events from now on.
    pub async fn start_sources(&self) {
        let mut sources = self.sources.lock().await;
        // They may still run when the app was unhealthy for a moment only.
        tokio::join!(self.rest(), self.jobs.stop(self.options.graceful_shutdown));
        sources.running = true;
        self.begin(&sources).await;
        if let Some(app) = &self.shared.app {
            self.jobs.start(app, &self.metrics);
        }
    }

    /// Nothing is sent to the app any more.
    pub async fn stop_sources(&self) {
        let mut sources = self.sources.lock().await;
        sources.running = false;
        tokio::join!(self.rest(), self.jobs.stop(self.options.graceful_shutdown));
    }

    /// Resources have changed: what the app gets events from is as they say now.
    pub async fn follow(&self, change: Change) {
        if change.pubsub {
            self.subscriptions.streams_follow();
        }
        let mut sources = self.sources.lock().await;
        let redeclared = change.declared.is_some();
        if let Some(declared) = change.declared {
            sources.declared = declared;
        }
        if !sources.running {
            return;
        }
        let patience = self.options.graceful_shutdown;
        let inputs = async {
            if change.inputs {
                self.inputs.start(&self.shared, patience).await;
            }
        };
        let subscriptions = async {
            if change.pubsub {
                self.subscribe(&sources).await;
            } else if redeclared {
                self.subscriptions.redeclare(&self.shared, &sources.declared, patience).await;
            }
        };
        tokio::join!(inputs, subscriptions);
    }

    async fn begin(&self, sources: &Sources) {
        let patience = self.options.graceful_shutdown;
        tokio::join!(self.inputs.start(&self.shared, patience), self.subscribe(sources));
    }

    async fn subscribe(&self, sources: &Sources) {
        let (discover, patience) = (self.options.app_subscribe, self.options.graceful_shutdown);
        self.subscriptions.start(&self.shared, &sources.declared, discover, patience).await;
    }

    async fn rest(&self) {
        let patience = self.options.graceful_shutdown;
        tokio::join!(self.inputs.stop(patience), self.subscriptions.stop(patience));
    }

    /// What the sidecar tells of itself.
    pub fn metadata(&self) -> Metadata {
        let features = reload::is_on(&self.shared.configuration).then_some(reload::FEATURE);
        Metadata::of(
            &self.options,
            &self.shared.components,
            &self.extended,
            self.subscriptions.list(),
            features.into_iter().collect(),
            self.invoker.outside.names(),
        )
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
