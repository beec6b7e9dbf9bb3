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

/// `GET /events`: an event `changed` whenever something is different, with what it is.
pub async fn changes(
    State(shared): State<Arc<Shared>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let seen = shared.apps.changes();
    let changed = stream::unfold((shared, seen), |(shared, mut seen)| async move {
        let _watching = shared.apps.watch();
        let stop = shared.stop.clone();
        stop.run_until_cancelled(seen.changed()).await?.ok()?;
        stop.run_until_cancelled(tokio::time::sleep(PACE)).await?;
        let event = Event::default().event("changed").data("apps");
        Some((Ok(event), (Arc::clone(&shared), seen)))
    });
    Sse::new(changed).keep_alive(KeepAlive::default())
}
