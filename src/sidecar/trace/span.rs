//! One span: what was done, for whom, how long it took.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::{Duration, Instant, SystemTime};

use hyper::StatusCode;
use hyper::header::HeaderMap;
use tokio::sync::mpsc::Sender;

/// Which side of a call a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The caller.
    Client,
    /// The one that is called.
    Server,
    /// Who publishes something that others take later.
    Producer,
}

/// What exporters get of a span that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// 16 bytes as 32 digits.
    pub trace: String,
    /// The span's own id, 16 digits.
    pub id: String,
    /// The parent's id; empty for the first span of a trace.
    pub parent: String,
    /// What was done.
    pub name: String,
    /// Which side.
    pub kind: Kind,
    /// When it began.
    pub started: SystemTime,
    /// How long it took.
    pub took: Duration,
    /// What else is known, in the order in which it was learned.
    pub attributes: Vec<(Cow<'static, str>, String)>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// A span that goes on. It ends when it is dropped, and is told to the exporters if it is sampled.
#[derive(Debug)]
pub struct Span {
    traceparent: String,
    began: Instant,
    /// Nothing for a span that isn't sampled.
    told: Option<(Finished, Sender<Finished>)>,
}

impl Span {
    /// A span whose `traceparent` is this one, below the parent with that id.
    pub(super) fn begin(
        traceparent: String,
        parent: &str,
        kind: Kind,
        name: impl FnOnce() -> String,
        exporter: Option<Sender<Finished>>,
    ) -> Self {
        let told = exporter.map(|exporter| {
            let finished = Finished {
                trace: traceparent[3..35].to_owned(),
                id: traceparent[36..52].to_owned(),
                parent: parent.to_owned(),
                name: name(),
                kind,
                started: SystemTime::now(),
                took: Duration::ZERO,
                attributes: Vec::new(),
                error: None,
            };
            (finished, exporter)
        });
        Self { traceparent, began: Instant::now(), told }
    }

    /// The `traceparent` that names this span.
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// Whether anybody will hear of it: if not, attributes need not be made.
    pub fn is_told(&self) -> bool {
        self.told.is_some()
    }

    /// Adds what is known.
    pub fn set(&mut self, name: &'static str, value: impl Display) {
        if let Some((finished, _)) = &mut self.told {
            finished.attributes.push((name.into(), value.to_string()));
        }
    }

    /// Adds the caller's headers whose names begin with `dapr-`, but not its token.
    pub fn headers(&mut self, headers: &HeaderMap) {
        let Some((finished, _)) = &mut self.told else { return };
        for (name, value) in headers {
            let name = name.as_str();
            if name.starts_with("dapr-")
                && name != "dapr-api-token"
                && let Ok(value) = value.to_str()
            {
                finished.attributes.push((name.to_owned().into(), value.to_owned()));
            }
        }
    }

    /// Names it otherwise: only now it is known what it is.
    pub fn rename(&mut self, name: impl Display) {
        if let Some((finished, _)) = &mut self.told {
            finished.name = name.to_string();
        }
    }

    /// It failed.
    pub fn fail(&mut self, reason: impl Display) {
        if let Some((finished, _)) = &mut self.told {
            finished.error = Some(reason.to_string());
        }
    }

    /// It ended with an HTTP status.
    pub fn status(&mut self, status: StatusCode) {
        self.set("dapr.status_code", status.as_u16());
        if status.is_client_error() || status.is_server_error() {
            self.fail(format_args!(
                "Code({}): {}",
                status.as_u16(),
                status.canonical_reason().unwrap_or_default()
            ));
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some((mut finished, exporter)) = self.told.take() {
            finished.took = self.began.elapsed();
            // A span that finds no room is lost: tracing must not slow down what it watches.
            let _ = exporter.try_send(finished);
        }
    }
}
