//! Sends spans away, many at a time, beside everything else.

use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::span::Finished;
use super::{otlp, zipkin};

/// A span is sent at the latest after this time.
const DELAY: Duration = Duration::from_secs(1);
/// Spans that are sent together.
const TOGETHER: usize = 512;
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last spans may take when the sidecar ends.
const FAREWELL: Duration = Duration::from_secs(2);
const SCOPE: &str = "dapr.runtime.trace";

/// Who gets spans.
#[derive(Debug)]
pub enum Target {
    /// Zipkin v2 JSON, posted to this URL.
    Zipkin(String),
    /// OTLP over HTTP.
    Otlp(otlp::Receiver),
}

/// Receives the spans of a sidecar and sends them to all targets.
#[derive(Debug)]
pub struct Exporter {
    app_id: String,
    targets: Vec<Target>,
    spans: Receiver<Finished>,
}

impl Exporter {
    pub(super) fn new(app_id: &str, targets: Vec<Target>, spans: Receiver<Finished>) -> Self {
        Self { app_id: app_id.to_owned(), targets, spans }
    }

    /// What has been told and not sent.
    #[cfg(test)]
    pub(super) fn waiting(&mut self) -> Vec<Finished> {
        std::iter::from_fn(|| self.spans.try_recv().ok()).collect()
    }

    /// Sends spans until `stop`, and then those that are left.
    pub async fn run(mut self, stop: CancellationToken) {
        let client = match crate::net::http_client() {
            Ok(client) => client,
            Err(error) => {
                tracing::error!(target: SCOPE, "no spans are exported: {error}");
                return;
            }
        };
        // A receiver that is away is told of once, not every second.
        let mut complained = false;
        let mut batch = Vec::new();
        while stop.run_until_cancelled(self.collect(&mut batch)).await == Some(true) {
            self.send(&client, &batch, PATIENCE, &mut complained).await;
            batch.clear();
        }
        while let Ok(span) = self.spans.try_recv() {
            batch.push(span);
        }
        if !batch.is_empty() {
            self.send(&client, &batch, FAREWELL, &mut complained).await;
        }
    }

    /// Collects the next spans: as many as there are within the delay. `false` when there will be none any more. What
    /// has been collected stays when this is given up.
    async fn collect(&mut self, batch: &mut Vec<Finished>) -> bool {
        match self.spans.recv().await {
            Some(first) => batch.push(first),
            None => return false,
        }
        let end = Instant::now() + DELAY;
        while batch.len() < TOGETHER {
            match timeout_at(end, self.spans.recv()).await {
                Ok(Some(span)) => batch.push(span),
                Ok(None) | Err(_) => break,
            }
        }
        true
    }

    async fn send(
        &self,
        client: &reqwest::Client,
        batch: &[Finished],
        patience: Duration,
        complained: &mut bool,
    ) {
        for target in &self.targets {
            let (url, request, patience) = match target {
                Target::Zipkin(url) => {
                    let body = zipkin::body(&self.app_id, batch);
                    (url, client.post(url).header("content-type", "application/json").body(body), patience)
                }
                Target::Otlp(receiver) => {
                    let body = otlp::body(&self.app_id, receiver, batch);
                    let request = client.post(&receiver.url).header("content-type", "application/x-protobuf");
                    let request = receiver
                        .headers
                        .iter()
                        .fold(request, |request, (name, value)| request.header(name, value));
                    let patience = receiver.timeout.map_or(patience, |timeout| timeout.min(patience));
                    (&receiver.url, request.body(body), patience)
                }
            };
            let trouble = match timeout(patience, request.send()).await {
                Ok(Ok(response)) if response.status().is_success() => None,
                Ok(Ok(response)) => Some(format!("it answers with status {}", response.status().as_u16())),
                Ok(Err(error)) => Some(crate::net::cause(&error)),
                Err(_) => Some(format!("no answer within {} s", patience.as_secs())),
            };
            match trouble {
                None => *complained = false,
                Some(trouble) if !*complained => {
                    *complained = true;
                    tracing::warn!(target: SCOPE, "spans could not be sent to {url}: {trouble}; they are lost");
                }
                Some(_) => {}
            }
        }
    }
}
