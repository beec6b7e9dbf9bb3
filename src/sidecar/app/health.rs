//! Periodic probes of the app (daprd reference, 6.4). Drives the channel's gate and tells of each change.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Channel;
use crate::sidecar::options::AppHealth;

/// Probes until cancelled. The app starts unhealthy; each change is sent to `changes`.
pub async fn probe(
    channel: Arc<Channel>,
    settings: AppHealth,
    changes: watch::Sender<bool>,
    stop: CancellationToken,
) {
    let mut failures = 0;
    let mut ticks = tokio::time::interval(settings.interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let failure = match tokio::time::timeout(settings.timeout, channel.probe(&settings.path)).await {
            Ok(Ok(status)) if status.is_success() => None,
            Ok(Ok(status)) => Some(format!("unhealthy status code: {}", status.as_u16())),
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("health check timed out".to_owned()),
        };
        match failure {
            None => {
                failures = 0;
                if !channel.is_healthy() {
                    tracing::info!(target: "dapr.apphealth", "App entered healthy status");
                    channel.set_healthy(true);
                    changes.send_replace(true);
                }
            }
            Some(reason) => {
                failures += 1;
                if failures >= settings.threshold && channel.is_healthy() {
                    tracing::warn!(target: "dapr.apphealth", "App entered un-healthy status: {reason}");
                    channel.set_healthy(false);
                    changes.send_replace(false);
                }
            }
        }
    }
}
