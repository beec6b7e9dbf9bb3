//! Server-sent events: which part of what a page shows has changed. The page then asks for itself again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::{Stream, stream};

use super::shared::Shared;

/// How often a page is told at most.
const PACE: Duration = Duration::from_millis(250);

/// `GET /events`: an event `changed` whenever something is different, with what it is: `apps`, `telemetry`,
/// `metrics` or `jobs`.
pub async fn changes(
    State(shared): State<Arc<Shared>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let apps = shared.apps.changes();
    let telemetry = shared.telemetry().ok().map(|store| store.changes());
    let (read, jobs) = (shared.read.subscribe(), shared.scheduled.subscribe());
    let changed = stream::unfold(
        (shared, apps, telemetry, read, jobs),
        |(shared, mut apps, mut telemetry, mut read, mut jobs)| async move {
            let stop = shared.stop.clone();
            let watching = shared.apps.watch();
            let told = async {
                match &mut telemetry {
                    Some(telemetry) => telemetry.changed().await,
                    None => std::future::pending().await,
                }
            };
            let what = stop
                .run_until_cancelled(async {
                    tokio::select! {
                        changed = apps.changed() => changed.map(|()| "apps"),
                        changed = read.changed() => changed.map(|()| "metrics"),
                        changed = jobs.changed() => changed.map(|()| "jobs"),
                        changed = told => changed.map(|()| "telemetry"),
                    }
                })
                .await?
                .ok()?;
            stop.run_until_cancelled(tokio::time::sleep(PACE)).await?;
            drop(watching);
            Some((Ok(Event::default().event("changed").data(what)), (shared, apps, telemetry, read, jobs)))
        },
    );
    Sse::new(changed).keep_alive(KeepAlive::default())
}
