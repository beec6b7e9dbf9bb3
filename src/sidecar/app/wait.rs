//! Waiting for the app's port, and asking the app for its configuration (daprd reference, 6.1 and 6.2).

use std::time::{Duration, Instant};

use super::Channel;
use axum::body::Body;
use hyper::{Request, StatusCode};

/// Limit of one attempt to connect.
const DIAL: Duration = Duration::from_millis(500);
/// Limit of the app's answer: a server that speaks no HTTP must not hold the start back for good.
const ANSWER: Duration = Duration::from_secs(10);
/// How often the log says that the wait goes on.
const REMINDER: Duration = Duration::from_secs(10);

/// Returns when the app accepts connections. Asks often at first, because most apps are up within a second
/// and everything that follows waits for this.
pub async fn until_listening(channel: &Channel) {
    let started = Instant::now();
    let mut reminders = 1;
    loop {
        if matches!(tokio::time::timeout(DIAL, channel.dial()).await, Ok(Ok(()))) {
            return;
        }
        let waited = started.elapsed();
        if waited >= REMINDER * reminders {
            reminders += 1;
            tracing::info!(target: "dapr.runtime", "waiting for application to listen on port {}", channel.target().port);
        }
        let pause = match waited.as_millis() {
            0..1_000 => 5,
            1_000..5_000 => 20,
            _ => 100,
        };
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
}

/// `GET /dapr/config`. Actors aren't hosted here, so that only one thing matters: that the app was asked,
/// because apps wait for it. Returns whether it answered. Apps that speak gRPC have no such question.
pub async fn configuration(channel: &Channel) -> bool {
    if channel.grpc().is_some() {
        return false;
    }
    let answered = tokio::time::timeout(ANSWER, ask(channel)).await;
    answered.unwrap_or_else(|_| {
        tracing::warn!(
            target: "dapr.runtime",
            "failed to load application configuration: no answer to GET /dapr/config within {} seconds",
            ANSWER.as_secs()
        );
        false
    })
}

async fn ask(channel: &Channel) -> bool {
    let request = Request::new(Body::empty());
    match channel.call(request, "/dapr/config").await {
        Ok(response) => {
            let status = response.status();
            let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap_or_default();
            let entities = serde_json::from_slice::<serde_json::Value>(&body)
                .ok()
                .and_then(|config| config.get("entities")?.as_array().map(Vec::len))
                .unwrap_or_default();
            if status.is_success() && entities > 0 {
                tracing::warn!(
                    target: "dapr.runtime",
                    "the app hosts {entities} actor types, but actors are not available in the embedded runtime yet; run with the installed runtime"
                );
            }
            status.is_success() || status == StatusCode::NOT_FOUND
        }
        Err(error) => {
            tracing::warn!(target: "dapr.runtime", "failed to load application configuration: {error}");
            false
        }
    }
}
