//! What all requests share.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Options;
use super::notes::Notes;
use super::sources::apps::Apps;
use super::view::View;

/// How often the machine is looked at while somebody looks at the dashboard.
const GLANCE: Duration = Duration::from_secs(1);

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
    /// The end.
    pub stop: CancellationToken,
}

impl Shared {
    /// For a dashboard on this port.
    pub fn new(options: Options, port: u16) -> Self {
        Self {
            apps: Apps::new(options.install.clone(), options.env.clone()),
            port,
            session: uuid::Uuid::new_v4().simple().to_string(),
            view: View::default(),
            notes: Notes::default(),
            stop: CancellationToken::new(),
            options,
        }
    }

    /// Keeps what is cached up to date, as long as somebody looks at it.
    pub async fn watch(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(GLANCE);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while self.stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if self.apps.is_watched() {
                self.apps.refresh().await;
            }
        }
    }
}
