//! What is told, in one form for all protocols.

use std::collections::BTreeMap;

use serde::Serialize;

/// What a span is the record of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Work inside a process.
    #[default]
    Internal,
    /// An answer that was given.
    Server,
    /// A call that was made.
    Client,
    /// A message that was sent.
    Producer,
    /// A message that was received.
    Consumer,
}

impl Kind {
    /// All, in the order of the numbers by which OTLP and the database know them, less one.
    pub const ALL: [Self; 5] = [Self::Internal, Self::Server, Self::Client, Self::Producer, Self::Consumer];

    /// The number in the database.
    pub fn number(self) -> i64 {
        Self::ALL
            .iter()
            .position(|kind| *kind == self)
            .and_then(|at| i64::try_from(at).ok())
            .unwrap_or_default()
    }

    /// The kind of a number.
    pub fn of(number: i64) -> Self {
        usize::try_from(number).ok().and_then(|at| Self::ALL.get(at)).copied().unwrap_or_default()
    }
}

/// A piece of work within a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Span {
    /// 32 hexadecimal digits.
    pub trace: String,
    /// 16 hexadecimal digits.
    pub id: String,
    /// Id of the span that it is a part of; empty for the first one.
    pub parent: String,
    /// Who did it: the app id.
    pub app: String,
    /// What it was.
    pub name: String,
    /// In which role.
    pub kind: Kind,
    /// Microseconds since 1970.
    pub start: i64,
    /// Microseconds.
    pub duration: i64,
    /// What went wrong; empty when nothing did.
    pub error: String,
    /// Everything else.
    pub tags: BTreeMap<String, String>,
}

/// A log record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Log {
    /// Microseconds since 1970.
    pub time: i64,
    /// Who wrote it.
    pub app: String,
    /// `error`, `warning`, `info`, `debug`, or nothing.
    pub level: String,
    /// What it says.
    pub text: String,
    /// The trace that it belongs to; may be empty.
    pub trace: String,
}

/// A measured value.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Point {
    /// Microseconds since 1970.
    pub time: i64,
    /// Who measured it.
    pub app: String,
    /// Name of the metric.
    pub name: String,
    /// Its labels, as JSON with sorted keys.
    pub labels: String,
    /// The value.
    pub value: f64,
}

/// What one request told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// Spans.
    pub spans: Vec<Span>,
    /// Log records.
    pub logs: Vec<Log>,
    /// Measured values.
    pub points: Vec<Point>,
}

impl Batch {
    /// Whether it tells nothing.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty() && self.logs.is_empty() && self.points.is_empty()
    }
}
