//! Periodic probes of the app (daprd reference, 6.4). Drives the channel's gate and tells of each change.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Channel;
use super::grpc::Grpc;
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
        let failure = match tokio::time::timeout(settings.timeout, ask(&channel, &settings.path)).await {
            Ok(answer) => answer.err(),
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

/// Asks the app in its protocol. The error is the reason why it isn't healthy.
async fn ask(channel: &Channel, path: &str) -> Result<(), String> {
    if let Some(grpc) = Grpc::of(channel) {
        return Box::pin(grpc.health()).await;
    }
    match channel.probe(path).await {
        Ok(status) if status.is_success() => Ok(()),
        Ok(status) => Err(format!("unhealthy status code: {}", status.as_u16())),
        Err(error) => Err(error.to_string()),
    }
}
