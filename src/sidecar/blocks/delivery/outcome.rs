//! What became of a message, by the app's verdict and for the policies that make its delivery robust.

use super::SCOPE;
use crate::sidecar::app::events::Verdict;
use crate::sidecar::blocks::cloudevent::Peek;
use crate::sidecar::metrics::component::Processed;
use crate::sidecar::resiliency::{self, Interrupted, Interruptible, Policy, Refusal};

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Acknowledged,
    /// Given up: by the app's wish, or because it is too late.
    Dropped,
    /// The app failed on it or asked to get it again.
    Failed(Refusal),
    /// The connection broke while the app had it: it may have failed on it, or something else ended it.
    Broken(String),
    /// It never got to the app.
    Unreachable(String),
}

/// What is counted of an event by the app's verdict.
pub fn processed(verdict: &Verdict) -> Processed {
    match verdict {
        Verdict::Success => Processed::Success,
        Verdict::Drop => Processed::Drop,
        Verdict::NoHandler(_) => Processed::Refused,
        Verdict::Retry
        | Verdict::Unknown(_)
        | Verdict::Failed(_)
        | Verdict::Broken(_)
        | Verdict::Unreachable(_) => Processed::Retry,
    }
}

impl Outcome {
    /// The app failed on it, without a status that says how.
    pub fn failed(cause: impl Into<String>) -> Self {
        Self::Failed(Refusal { code: None, cause: cause.into() })
    }

    /// Nobody waits for the app any more.
    pub fn ended() -> Self {
        Self::Unreachable("the subscription has ended".into())
    }

    /// After the policies had their say: when they repeat what fails, a broken connection was tried often enough.
    pub fn after(self, policy: Option<&Policy>) -> Self {
        match self {
            Self::Broken(cause) if policy.is_some_and(Policy::repeats) => Self::failed(cause),
            other => other,
        }
    }

    /// What becomes of a message by the app's verdict.
    pub fn of(verdict: Verdict, peek: &Peek<'_>, topic: &str) -> Self {
        let id = peek.shown_id();
        let asked = |cause: String| {
            tracing::warn!(
                target: SCOPE,
                "encountered a retriable error while publishing a subscribed message to topic {topic}, err: {cause}"
            );
            cause
        };
        let unsent = |cause: String| {
            asked(format!("error returned from app channel while sending pub/sub event to app: {cause}"))
        };
        match verdict {
            Verdict::Success => Self::Acknowledged,
            Verdict::Drop => {
                tracing::warn!(
                    target: SCOPE,
                    "DROP status returned from app while processing pub/sub event {id}"
                );
                Self::Dropped
            }
            Verdict::Retry => Self::failed(asked(format!(
                "RETRY status returned from app while processing pub/sub event {id}"
            ))),
            Verdict::Unknown(status) => Self::failed(asked(format!(
                "unknown status returned from app while processing pub/sub event {id}, status: {status}"
            ))),
            Verdict::NoHandler(cause) => {
                tracing::error!(
                    target: SCOPE,
                    "non-retriable error returned from app while processing pub/sub event {id}: {cause}"
                );
                Self::Dropped
            }
            Verdict::Failed(Refusal { code, cause }) => {
                let of = peek.topic.as_deref().unwrap_or(topic);
                let cause = format!(
                    "retriable error returned from app while processing pub/sub event {id}, topic: {of}, {cause}"
                );
                tracing::warn!(target: SCOPE, "{cause}");
                Self::Failed(Refusal { code, cause })
            }
            Verdict::Broken(cause) => Self::Broken(unsent(cause)),
            Verdict::Unreachable(cause) => Self::Unreachable(unsent(cause)),
        }
    }
}

impl resiliency::Outcome for Outcome {
    fn verdict(&self) -> resiliency::Verdict {
        match self {
            Self::Acknowledged | Self::Dropped => resiliency::Verdict::Well,
            Self::Failed(refusal) => resiliency::Verdict::Failed(refusal.code),
            Self::Broken(_) | Self::Unreachable(_) => resiliency::Verdict::Failed(None),
        }
    }

    fn cause(&self) -> String {
        match self {
            Self::Acknowledged | Self::Dropped => String::new(),
            Self::Failed(refusal) => refusal.cause.clone(),
            Self::Broken(cause) | Self::Unreachable(cause) => cause.clone(),
        }
    }
}

impl Interruptible for Outcome {
    fn interrupted(cause: Interrupted) -> Self {
        match cause {
            Interrupted::TimedOut => Self::failed(cause.to_string()),
            // The app wasn't asked: the message waits until it is again.
            Interrupted::Open | Interrupted::TooMany | Interrupted::Ended => {
                Self::Unreachable(cause.to_string())
            }
        }
    }
}
