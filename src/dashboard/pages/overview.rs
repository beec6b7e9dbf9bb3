//! `/`: what there is, at a glance.

use serde::Serialize;

use super::Ask;
use super::graph::{self, Graph};
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::apps::App;
use crate::dashboard::telemetry::{query, store};

/// How far back the graph looks.
const MINUTES: i64 = 15;

/// The page's data.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    apps: Vec<App>,
    /// Apps whose sidecar doesn't answer.
    silent: usize,
    /// Loaded components, each counted once.
    components: usize,
    subscriptions: usize,
    /// Traces that are kept.
    traces: i64,
    graph: Graph,
    /// How far back the graph looks.
    minutes: i64,
}

/// What there is now.
pub async fn data(ask: Ask) -> Result<Overview, Problem> {
    let apps = ask.shared.apps.now().await.apps.clone();
    let (seen, traces) = match ask.shared.telemetry() {
        Ok(store) => {
            let since = store::now() - MINUTES * 60_000_000;
            let read = store
                .read(move |connection| Ok((query::edges(connection, since)?, query::totals(connection)?.0)));
            read.await.map_err(Problem::failed)?
        }
        Err(_) => (Vec::new(), 0),
    };
    let mut components: Vec<_> = apps
        .iter()
        .flat_map(|app| &app.components)
        .map(|component| (&component.name, &component.kind))
        .collect();
    components.sort_unstable();
    components.dedup();
    Ok(Overview {
        traces,
        graph: graph::draw(&apps, &seen),
        minutes: MINUTES,
        silent: apps.iter().filter(|app| !app.answers).count(),
        components: components.len(),
        subscriptions: apps.iter().map(|app| app.subscriptions.len()).sum(),
        apps,
    })
}
