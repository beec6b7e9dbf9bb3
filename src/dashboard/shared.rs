//! What all requests share.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Options;
use super::notes::Notes;
use super::problem::Problem;
use super::sources::apps::Apps;
use super::sources::jobs;
use super::sources::metrics::Metrics;
use super::telemetry::{Bounds, Receiving, Store};
use super::view::View;

/// How often the machine is looked at while somebody looks at the dashboard.
const GLANCE: Duration = Duration::from_secs(1);

/// The metrics of sidecars are read at every so many glances.
const READING: u64 = 5;

/// What all requests share.
pub struct Shared {
    /// What the dashboard was told.
    pub options: Options,
    /// The port that it listens on.
    pub port: u16,
    /// What a request that changes something has to know: only our own pages tell it.
    pub session: String,
    /// Templates.
    pub view: View,
    /// What is to be said on the next page.
    pub notes: Notes,
    /// The running apps.
    pub apps: Apps,
    /// What sidecars count.
    pub metrics: Metrics,
    /// What apps and sidecars have told; the error is why nothing is kept.
    telemetry: Result<Arc<Store>, String>,
    /// On which ports they are heard.
    pub receiving: Vec<Receiving>,
    /// Counts readings of metrics.
    pub read: watch::Sender<u64>,
    /// Counts changes of the jobs of the embedded runtime.
    pub scheduled: watch::Sender<u64>,
    /// The end.
    pub stop: CancellationToken,
}

impl Shared {
    /// For a dashboard on this port.
    pub fn new(options: Options, port: u16, receiving: Vec<Receiving>) -> Self {
        let file = options.install.data().join("telemetry.sqlite");
        let opened = fs_err::create_dir_all(options.install.data()).map_err(|error| error.to_string());
        let telemetry =
            opened.and_then(|()| Store::open(&file, Bounds::default()).map_err(|error| error.to_string()));
        Self {
            telemetry: telemetry.map(Arc::new),
            metrics: Metrics::default(),
            receiving,
            apps: Apps::new(options.install.clone(), options.env.clone()),
            port,
            session: uuid::Uuid::new_v4().simple().to_string(),
            view: View::default(),
            notes: Notes::default(),
            read: watch::Sender::new(0),
            scheduled: watch::Sender::new(0),
            stop: CancellationToken::new(),
            options,
        }
    }

    /// What apps and sidecars have told.
    pub fn telemetry(&self) -> Result<Arc<Store>, Problem> {
        self.telemetry.clone().map_err(Problem::failed)
    }

    /// Keeps what is cached up to date, as long as somebody looks at it.
    pub async fn watch(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(GLANCE);
        let mut glances = 0_u64;
        let mut written = jobs::written(&self.options.install.jobs());
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while self.stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if !self.apps.is_watched() {
                continue;
            }
            self.apps.refresh().await;
            let now = jobs::written(&self.options.install.jobs());
            if std::mem::replace(&mut written, now) != now {
                self.scheduled.send_modify(|count| *count += 1);
            }
            glances += 1;
            // The second reading of a new app comes at the next glance, so that there is something to see.
            if glances % READING == 1 || !self.metrics.is_settled() {
                self.metrics.read(&self.apps.last().apps).await;
                self.read.send_modify(|count| *count += 1);
            }
        }
    }
}
