//! `/`: what there is, at a glance.

use serde::Serialize;

use super::Ask;
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::apps::App;

/// The page's data.
#[derive(Debug, Serialize)]
pub struct Overview {
    apps: Vec<App>,
    /// Apps whose sidecar doesn't answer.
    silent: usize,
    /// Loaded components, each counted once.
    components: usize,
    subscriptions: usize,
}

/// What there is now.
pub async fn data(ask: Ask) -> Result<Overview, Problem> {
    let apps = ask.shared.apps.now().await.apps.clone();
    let mut components: Vec<_> = apps
        .iter()
        .flat_map(|app| &app.components)
        .map(|component| (&component.name, &component.kind))
        .collect();
    components.sort_unstable();
    components.dedup();
    Ok(Overview {
        silent: apps.iter().filter(|app| !app.answers).count(),
        components: components.len(),
        subscriptions: apps.iter().map(|app| app.subscriptions.len()).sum(),
        apps,
    })
}
