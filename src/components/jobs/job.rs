//! What is asked for.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use crate::components::schedule::{self, Begin, Plan, Rules};

/// A job as it was scheduled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// When it runs, as texts.
    pub rules: Rules,
    /// Where its clock began.
    pub begin: Begin,
    /// No run is later than this.
    pub expiration: Option<Timestamp>,
    /// What the receiver gets.
    pub payload: Payload,
    /// What a failed run means.
    pub policy: Policy,
}

impl Job {
    /// A job that is scheduled now, with the time of its first run; `None` when that lies beyond its lifetime.
    pub fn new(
        rules: Rules,
        payload: Payload,
        policy: Policy,
        now: Timestamp,
    ) -> Result<(Self, Option<Timestamp>), schedule::Error> {
        let plan = Plan::new(&rules, now)?;
        let first = plan.next(0, None);
        Ok((Self { rules, begin: plan.begin, expiration: plan.expiration, payload, policy }, first))
    }

    /// All its runs.
    pub fn plan(&self) -> Result<Plan, schedule::Error> {
        Plan::resume(&self.rules, self.begin, self.expiration)
    }
}

/// What a receiver gets with each run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Payload {
    /// Nothing.
    #[default]
    None,
    /// JSON, as it was given over HTTP.
    Json(Bytes),
    /// A `google.protobuf.Any`, as it was given over gRPC.
    Any {
        /// Its type URL.
        type_url: String,
        /// The message.
        value: Bytes,
    },
}

/// What is done about a run that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// It is over.
    Drop,
    /// It is tried again.
    Constant {
        /// Between two tries.
        interval: Duration,
        /// Tries after the first; `None` is without end.
        max_retries: Option<u32>,
    },
}

impl Default for Policy {
    fn default() -> Self {
        Self::Constant { interval: Duration::from_secs(1), max_retries: Some(3) }
    }
}
