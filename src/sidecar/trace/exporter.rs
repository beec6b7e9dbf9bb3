//! Sends spans away, many at a time, beside everything else.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::span::Finished;
use super::{otlp, rpc, zipkin};

/// A span is sent at the latest after this time.
const DELAY: Duration = Duration::from_secs(1);
/// Spans that are sent together.
const TOGETHER: usize = 512;
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the last spans may take when the sidecar ends.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often it is looked for a receiver that isn't there.
const AGAIN: Duration = Duration::from_secs(1);
/// Where the default configuration sends spans, whether or not a dashboard or a Zipkin runs there.
const USUAL: &str = "http://localhost:9411/";
const SCOPE: &str = "dapr.runtime.trace";

/// Who gets spans.
#[derive(Debug)]
pub enum Target {
    /// Zipkin v2 JSON, posted to this URL.
    Zipkin(String),
    /// OTLP, over HTTP or gRPC.
    Otlp(otlp::Receiver),
    /// Our own output: a line of Zipkin's JSON for each span.
    Stdout,
}

/// Receives the spans of a sidecar and sends them to all targets.
#[derive(Debug)]
pub struct Exporter {
    app_id: String,
    targets: Vec<Target>,
    spans: Receiver<Finished>,
    /// Whether a receiver is there, for those who begin spans.
    heard: Arc<AtomicBool>,
}

impl Target {
    fn url(&self) -> &str {
        match self {
            Self::Zipkin(url) => url,
            Self::Otlp(receiver) => &receiver.url,
            Self::Stdout => "stdout",
        }
    }

    /// How long a request may take, when somebody says so.
    fn timeout(&self) -> Option<Duration> {
        match self {
            Self::Zipkin(_) | Self::Stdout => None,
            Self::Otlp(receiver) => receiver.timeout,
        }
    }

    /// Whether somebody may listen there: `false` only when the connection is refused.
    async fn is_there(&self) -> bool {
        if matches!(self, Self::Stdout) {
            return true;
        }
        let Ok(url) = self.url().parse::<hyper::Uri>() else { return true };
        let port = url.port_u16().unwrap_or(if url.scheme_str() == Some("https") { 443 } else { 80 });
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let refused = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionRefused;
        match timeout(AGAIN, tokio::net::TcpStream::connect((host, port))).await {
            Ok(Err(error)) => !refused(&error),
            _ => true,
        }
    }
}

impl Exporter {
    pub(super) fn new(
        app_id: &str,
        targets: Vec<Target>,
        spans: Receiver<Finished>,
        heard: Arc<AtomicBool>,
    ) -> Self {
        Self { app_id: app_id.to_owned(), targets, spans, heard }
    }

    /// Looks whether any receiver is there, and says so to those who begin spans.
    async fn look(&self) -> bool {
        let mut heard = false;
        for target in &self.targets {
            heard = heard || target.is_there().await;
        }
        self.heard.store(heard, Ordering::Relaxed);
        heard
    }

    /// What has been told and not sent.
    #[cfg(test)]
    pub(super) fn waiting(&mut self) -> Vec<Finished> {
        std::iter::from_fn(|| self.spans.try_recv().ok()).collect()
    }

    /// Sends spans until `stop`, and then those that are left.
    pub async fn run(mut self, stop: CancellationToken) {
        let clients = match Clients::of(&self.targets) {
            Ok(clients) => clients,
            Err(error) => {
                tracing::error!(target: SCOPE, "no spans are exported: {error}");
                return;
            }
        };
        // A receiver that is away is told of once, not every second.
        let mut complained = false;
        let mut batch = Vec::new();
        let _ = stop.run_until_cancelled(self.go_on(&clients, &mut batch, &mut complained)).await;
        while let Ok(span) = self.spans.try_recv() {
            batch.push(span);
        }
        if !batch.is_empty() {
            self.send(&clients, &batch, FAREWELL, &mut complained).await;
        }
    }

    /// Sends spans whenever somebody receives them, until there are no more.
    async fn go_on(&mut self, clients: &Clients, batch: &mut Vec<Finished>, complained: &mut bool) {
        loop {
            while !self.look().await {
                for url in self.targets.iter().map(Target::url).filter(|url| !url.starts_with(USUAL)) {
                    if !std::mem::replace(complained, true) {
                        tracing::warn!(
                            target: SCOPE,
                            "nobody receives spans at {url}: none are recorded until somebody does"
                        );
                    }
                }
                tokio::time::sleep(AGAIN).await;
            }
            let mut arrived = true;
            while arrived {
                if !self.collect(batch).await {
                    return;
                }
                arrived = self.send(clients, batch, PATIENCE, complained).await;
                batch.clear();
            }
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

    /// Whether everything arrived everywhere.
    async fn send(
        &self,
        clients: &Clients,
        batch: &[Finished],
        patience: Duration,
        complained: &mut bool,
    ) -> bool {
        let mut arrived = true;
        for target in &self.targets {
            let patience = target.timeout().map_or(patience, |timeout| timeout.min(patience));
            let trouble = match timeout(patience, clients.tell(target, &self.app_id, batch)).await {
                Ok(trouble) => trouble,
                Err(_) => Some(format!("no answer within {patience:?}")),
            };
            arrived &= trouble.is_none();
            match trouble {
                None => *complained = false,
                Some(trouble) if !*complained => {
                    *complained = true;
                    let url = target.url();
                    tracing::warn!(target: SCOPE, "spans could not be sent to {url}: {trouble}; they are lost");
                }
                Some(_) => {}
            }
        }
        arrived
    }
}

/// What makes the requests.
struct Clients {
    http: reqwest::Client,
    /// The same for gRPC, which needs HTTP/2 without being asked.
    rpc: reqwest::Client,
}

impl Clients {
    fn of(targets: &[Target]) -> reqwest::Result<Self> {
        let http = crate::net::http_client()?;
        let has_rpc =
            targets.iter().any(|target| matches!(target, Target::Otlp(receiver) if receiver.is_rpc));
        let rpc = if has_rpc {
            crate::net::http_client_builder().http2_prior_knowledge().build()?
        } else {
            http.clone()
        };
        Ok(Self { http, rpc })
    }

    /// Tells a target of spans; what is returned is why it did not take them.
    async fn tell(&self, target: &Target, app_id: &str, spans: &[Finished]) -> Option<String> {
        let sent = match target {
            Target::Stdout => return print(zipkin::lines(app_id, spans)).await,
            Target::Zipkin(url) => {
                let body = zipkin::body(app_id, spans);
                self.http.post(url).header("content-type", "application/json").body(body).send().await
            }
            Target::Otlp(receiver) => {
                let body = otlp::body(app_id, receiver, spans);
                let request = if receiver.is_rpc {
                    let request = self.rpc.post(&receiver.url).body(rpc::body(&body));
                    request.header("content-type", "application/grpc").header("te", "trailers")
                } else {
                    let request = self.http.post(&receiver.url).body(body);
                    request.header("content-type", "application/x-protobuf")
                };
                let with = |request: reqwest::RequestBuilder, (name, value): &(String, String)| {
                    request.header(name, value)
                };
                receiver.headers.iter().fold(request, with).send().await
            }
        };
        match (sent, target) {
            (Err(error), _) => Some(crate::net::cause(&error)),
            (Ok(response), Target::Otlp(receiver)) if receiver.is_rpc => rpc::trouble(response).await,
            (Ok(response), _) if response.status().is_success() => None,
            (Ok(response), _) => Some(format!("it answers with status {}", response.status().as_u16())),
        }
    }
}

/// Whoever reads our output may be slow: only this waits for them. What is returned is why it was not written.
async fn print(lines: Vec<u8>) -> Option<String> {
    let written = tokio::task::spawn_blocking(move || std::io::stdout().write_all(&lines)).await;
    written.unwrap_or_else(|error| Err(std::io::Error::other(error))).err().map(|error| error.to_string())
}
