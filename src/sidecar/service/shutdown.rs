//! The way down (daprd reference, section 8).

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Error;
use crate::sidecar::api::serve::Servers;
use crate::sidecar::core::Core;
use crate::sidecar::loading;
use crate::sidecar::options::duration_text;

const RUNTIME: &str = "dapr.runtime";
/// What components have at least, so that what was written gets to the disk. Whoever starts a sidecar gives it this and
/// the time for giving back beyond the grace time, before it is killed.
const CLOSING: Duration = Duration::from_secs(1);

/// Ends everything in order. `running` is whether the start was complete: only then is there an app that a
/// shutdown may be held back for. `probes` is cancelled when nobody asks for the app's health any more.
pub async fn shutdown(
    core: &Core,
    servers: &Servers,
    app: &watch::Sender<bool>,
    probes: &CancellationToken,
    running: bool,
) -> Result<(), Error> {
    if let Some(time) = core.options.block_shutdown.filter(|time| running && !time.is_zero()) {
        block(core, time, app).await;
    }
    probes.cancel();
    tracing::info!(target: RUNTIME, "Dapr is shutting down");
    for address in &core.addresses.http {
        tracing::info!(target: "dapr.runtime.http", "Closing HTTP server {address}…");
    }
    // Whoever still waits for components gets an answer.
    core.loaded.send_replace(true);
    let grace = core.options.graceful_shutdown;
    let deadline = Instant::now() + grace;
    let left = || deadline.saturating_duration_since(Instant::now());
    // Before the servers, so that the app can still use the sidecar for the message that it works on.
    let finished = close_sources(core, left()).await;
    let in_time = servers.stop(left()).await && finished;
    let close = async { tokio::join!(loading::close(&core.shared), core.jobs.close_store()) };
    let closed = tokio::time::timeout(left().max(CLOSING), close).await.is_ok();
    tracing::info!(target: RUNTIME, "Dapr runtime stopped");
    if in_time && closed { Ok(()) } else { Err(Error::TooSlow(duration_text(grace))) }
}

/// Ends what calls the app; returns whether the app was done with everything within that time.
async fn close_sources(core: &Core, patience: Duration) -> bool {
    let (inputs, events, changes, jobs) = tokio::join!(
        core.inputs.close(patience),
        core.subscriptions.close(patience),
        core.watching.close(patience),
        core.jobs.close(patience)
    );
    inputs && events && changes && jobs
}

/// Holds the end back while the app is healthy, so that it can finish its work: it gets no new events, and everything
/// else goes on.
async fn block(core: &Core, time: Duration, app: &watch::Sender<bool>) {
    let text = duration_text(time);
    tracing::info!(
        target: RUNTIME,
        "Blocking graceful shutdown for {text} or until app reports unhealthy..."
    );
    let mut healthy = app.subscribe();
    // What the app works on has all this time, and the grace time that follows.
    let quiet = async {
        tokio::join!(core.inputs.close(Duration::MAX), core.subscriptions.close(Duration::MAX));
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = quiet => {}
        () = tokio::time::sleep(time) => {
            tracing::info!(target: RUNTIME, "Block shutdown period expired, entering shutdown...");
        }
        _ = healthy.wait_for(|healthy| !healthy) => {
            tracing::info!(target: RUNTIME, "App reported unhealthy, entering shutdown...");
        }
        () = core.stop.forced.cancelled() => {}
    }
}
