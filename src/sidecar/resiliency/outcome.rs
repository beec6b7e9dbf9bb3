//! What policies see of the result of an operation.

use crate::components::{bindings, configuration, lock, pubsub, secretstores, state};
use crate::resources::Code;

/// How an operation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Well, or in a way that isn't the target's fault.
    Well,
    /// It failed, perhaps with a status.
    Failed(Option<Code>),
    /// It failed in a way that no repetition will change.
    Permanent,
}

/// A result that a policy can judge.
pub trait Outcome {
    /// How it went.
    fn verdict(&self) -> Verdict;

    /// Why it failed, for the log.
    fn cause(&self) -> String;
}

/// A result that can say that a policy ended the operation.
pub trait Interruptible: Outcome {
    /// The result of an operation that was not let through or not waited for.
    fn interrupted(cause: Interrupted) -> Self;
}

/// Why a policy gives no result of the operation. The texts are the stock ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Interrupted {
    /// It took too long.
    #[error("context deadline exceeded")]
    TimedOut,
    /// The circuit breaker is open.
    #[error("circuit breaker is open")]
    Open,
    /// The circuit breaker is half open, and as many as it lets through are under way.
    #[error("too many requests")]
    TooMany,
    /// It would have been tried again, but whoever wanted it has ended.
    #[error("the subscription has ended")]
    Ended,
}

/// Why the app did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Refusal {
    /// The status of its answer, if there was one.
    pub code: Option<Code>,
    /// In words.
    pub cause: String,
}

impl From<Interrupted> for Refusal {
    fn from(cause: Interrupted) -> Self {
        Self { code: None, cause: cause.to_string() }
    }
}

impl<T> Outcome for Result<T, Refusal> {
    fn verdict(&self) -> Verdict {
        self.as_ref().err().map_or(Verdict::Well, |refusal| Verdict::Failed(refusal.code))
    }

    fn cause(&self) -> String {
        self.as_ref().err().map(ToString::to_string).unwrap_or_default()
    }
}

impl<T> Interruptible for Result<T, Refusal> {
    fn interrupted(cause: Interrupted) -> Self {
        Err(cause.into())
    }
}

/// Results of components: every error may be gone next time.
macro_rules! of_component {
    ($($error:ty: $new:path),*) => {$(
        impl<T> Outcome for Result<T, $error> {
            fn verdict(&self) -> Verdict {
                if self.is_ok() { Verdict::Well } else { Verdict::Failed(None) }
            }

            fn cause(&self) -> String {
                self.as_ref().err().map(ToString::to_string).unwrap_or_default()
            }
        }

        impl<T> Interruptible for Result<T, $error> {
            fn interrupted(cause: Interrupted) -> Self {
                Err($new(cause.to_string()))
            }
        }
    )*};
}

of_component!(
    bindings::Error: bindings::Error::new,
    configuration::Error: configuration::Error,
    lock::Error: lock::Error,
    pubsub::Error: pubsub::Error,
    secretstores::Error: secretstores::Error
);

impl<T> Outcome for Result<T, state::Error> {
    /// An etag that doesn't fit says nothing about the store, and won't fit next time.
    fn verdict(&self) -> Verdict {
        match self {
            Ok(_) | Err(state::Error::EtagMismatch(_) | state::Error::EtagInvalid(_)) => Verdict::Well,
            Err(state::Error::Other(_)) => Verdict::Failed(None),
        }
    }

    fn cause(&self) -> String {
        self.as_ref().err().map(ToString::to_string).unwrap_or_default()
    }
}

impl<T> Interruptible for Result<T, state::Error> {
    fn interrupted(cause: Interrupted) -> Self {
        Err(state::Error::Other(cause.to_string()))
    }
}
