//! The running apps: looked for once a second while somebody looks at the dashboard, and given from a snapshot.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::watch;

use super::secrets;
use crate::client::metadata::{self, Actors, AppConnection, Component, Metadata, Subscription};
use crate::env::Env;
use crate::paths::InstallDir;
use crate::records::Runtime;
use crate::self_hosted::instances::{self, Instance};

/// How long a sidecar may take to say what it has loaded.
const PROBE: Duration = Duration::from_millis(500);
/// For how long a request for a page counts as somebody who looks.
const ATTENTION: Duration = Duration::from_secs(15);
/// A snapshot older than this isn't shown any more: it is from a time when nobody looked.
const STALE: Duration = Duration::from_millis(1500);

/// One running instance of an app.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "these are the words that dapr list has for them")]
pub struct App {
    /// Identity of the app.
    pub app_id: String,
    /// Which sidecar serves it; `null` when nobody knows.
    pub runtime: Option<Runtime>,
    /// Version of the sidecar.
    pub runtime_version: String,
    /// Whether the sidecar answers.
    pub answers: bool,
    /// Whether the app's readiness probe has succeeded; `null` without a probe.
    pub ready: Option<bool>,
    /// HTTP API port.
    pub http_port: u16,
    /// gRPC API port.
    pub grpc_port: u16,
    /// Port of the sidecar's metrics; 0 when they are off or nobody knows.
    pub metrics_port: u16,
    /// Port of the app; 0 when it has none.
    pub app_port: u16,
    /// The app's command.
    pub command: String,
    /// When the sidecar was started, as RFC 3339.
    pub created: String,
    /// Process of the sidecar.
    pub daprd_pid: u32,
    /// Process of the `dapr run`; 0 when nobody knows.
    pub cli_pid: u32,
    /// Process of the app; 0 when nobody knows.
    pub app_pid: u32,
    /// Whether `dapr run` can be asked to restart it.
    pub restartable: bool,
    /// The run file, when it was started from one.
    pub run_file: String,
    /// The app's log file.
    pub app_log: String,
    /// The sidecar's log file.
    pub sidecar_log: String,
    /// Components that the sidecar has loaded.
    pub components: Vec<Component>,
    /// What the app receives.
    pub subscriptions: Vec<Subscription>,
    /// Actors that the app hosts.
    pub actors: Vec<Actors>,
    /// Features that are switched on.
    pub features: Vec<String>,
    /// How the sidecar reaches the app.
    pub connection: AppConnection,
    /// What clients have told the sidecar.
    pub extended: BTreeMap<String, String>,
    /// What the sidecar says, as it says it.
    #[serde(skip)]
    pub told: Option<Metadata>,
    /// What the command line knows; for actions.
    #[serde(skip)]
    pub instance: Instance,
}

impl App {
    fn new(instance: Instance, metadata: Option<Metadata>) -> Self {
        let told = metadata.clone().unwrap_or_default();
        Self {
            app_id: instance.app_id.clone(),
            runtime: instance.runtime,
            runtime_version: told.runtime_version,
            answers: metadata.is_some(),
            ready: instance.ready,
            http_port: instance.http_port,
            grpc_port: instance.grpc_port,
            metrics_port: if instance.metrics_enabled { instance.metrics_port } else { 0 },
            app_port: instance.app_port,
            command: secrets::command(&instance.command),
            created: instance.created.to_string(),
            daprd_pid: instance.daprd.pid,
            cli_pid: instance.cli_pid,
            app_pid: instance.app_pid,
            restartable: instance.cli.is_some() && instance.control.is_some(),
            run_file: instance.run_template_path.clone(),
            app_log: instance.app_log_path.clone(),
            sidecar_log: instance.daprd_log_path.clone(),
            components: told.components,
            subscriptions: told.subscriptions,
            actors: told.actors,
            features: told.enabled_features,
            connection: told.app_connection_properties,
            extended: harmless(told.extended),
            told: metadata,
            instance,
        }
    }
}

/// What clients have told, without what is secret.
fn harmless(extended: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut shown: BTreeMap<String, String> =
        secrets::pairs(extended.into_iter().collect()).into_iter().collect();
    if let Some(command) = shown.get_mut(metadata::APP_COMMAND) {
        *command = secrets::command(command);
    }
    shown
}

/// What was found when it was last looked.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Sorted by app id, then by age.
    pub apps: Vec<App>,
    /// When it was.
    pub taken: Option<Instant>,
}

/// The running apps of one machine.
pub struct Apps {
    install: InstallDir,
    env: Env,
    snapshot: watch::Sender<Arc<Snapshot>>,
    /// Counts changes of what is shown.
    changes: watch::Sender<u64>,
    asked: Mutex<Option<Instant>>,
    watchers: AtomicUsize,
    /// One look at a time.
    looking: tokio::sync::Mutex<()>,
}

/// Somebody who looks until this is dropped.
pub struct Watching<'a>(&'a AtomicUsize);

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Apps {
    /// Nothing is looked for yet.
    pub fn new(install: InstallDir, env: Env) -> Self {
        Self {
            install,
            env,
            snapshot: watch::Sender::new(Arc::default()),
            changes: watch::Sender::new(0),
            asked: Mutex::new(None),
            watchers: AtomicUsize::new(0),
            looking: tokio::sync::Mutex::new(()),
        }
    }

    /// Whether somebody looks.
    pub fn is_watched(&self) -> bool {
        let asked = *self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        self.watchers.load(Ordering::Relaxed) > 0 || asked.is_some_and(|asked| asked.elapsed() < ATTENTION)
    }

    /// Looks until the answer is dropped.
    pub fn watch(&self) -> Watching<'_> {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        Watching(&self.watchers)
    }

    /// Is told when something has changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// What runs now, or a moment ago.
    pub async fn now(&self) -> Arc<Snapshot> {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let snapshot = Arc::clone(&self.snapshot.borrow());
        if snapshot.taken.is_some_and(|taken| taken.elapsed() < STALE) {
            return snapshot;
        }
        self.refresh().await;
        Arc::clone(&self.snapshot.borrow())
    }

    /// What was found last, whenever that was; asking for it is not looking.
    pub fn last(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.borrow())
    }

    /// Looks at the machine. Who comes while another one looks gets that one's result.
    pub async fn refresh(&self) {
        let before = self.snapshot.borrow().taken;
        let _looking = self.looking.lock().await;
        if self.snapshot.borrow().taken != before {
            return;
        }
        let install = self.install.clone();
        let found = tokio::task::spawn_blocking(move || instances::known(&install)).await.unwrap_or_default();
        let asked = found.into_iter().map(|mut instance| async move {
            let told = metadata::get(&instance.endpoint(), &self.env, PROBE).await.ok();
            // Somebody else may answer on this port.
            let told = told.filter(|told| told.id == instance.app_id);
            if let Some(told) = &told {
                instance.learn(told.clone());
            }
            App::new(instance, told)
        });
        let mut apps = join_all(asked).await;
        apps.sort_by(|a, b| (&a.app_id, &a.created, a.daprd_pid).cmp(&(&b.app_id, &b.created, b.daprd_pid)));
        let changed = self.snapshot.borrow().apps != apps;
        self.snapshot.send_replace(Arc::new(Snapshot { apps, taken: Some(Instant::now()) }));
        if changed {
            self.changes.send_modify(|count| *count += 1);
        }
    }
}
