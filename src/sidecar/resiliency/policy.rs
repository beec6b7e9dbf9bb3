//! A policy at work: tries around a circuit breaker around a time limit around the operation.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::SCOPE;
use super::backoff::Backoff;
use super::breaker::Breaker;
use super::meter::Meter;
use super::outcome::{Interrupted, Interruptible, Outcome, Verdict};
use crate::resources::Retry;
use crate::sidecar::options::duration_text;

/// What applies to the operations of one target.
pub struct Policy {
    /// As the log names it.
    name: String,
    timeout: Option<Duration>,
    retry: Option<Arc<Retry>>,
    breaker: Option<Arc<Breaker>>,
    meter: Meter,
}

impl Policy {
    pub(super) fn new(
        name: String,
        timeout: Option<Duration>,
        retry: Option<Arc<Retry>>,
        breaker: Option<Arc<Breaker>>,
        meter: Meter,
    ) -> Self {
        Self { name, timeout, retry, breaker, meter }
    }

    /// Whether an operation may be started more than once.
    pub fn repeats(&self) -> bool {
        self.retry.as_ref().is_some_and(|retry| retry.most != Some(0))
    }

    /// The time limit of a try.
    #[cfg(test)]
    pub(super) fn limit(&self) -> Option<Duration> {
        self.timeout
    }

    /// The same for an operation that can't be started again.
    #[must_use]
    pub fn once(self) -> Self {
        Self { retry: None, ..self }
    }

    /// Runs an operation, again and again if need be.
    pub async fn run<O: Outcome, F: Future<Output = O>>(
        &self,
        operation: impl FnMut() -> F,
    ) -> Result<O, Interrupted> {
        self.run_until(None, operation).await
    }

    /// The same; what waits for its next try when this is cancelled gives up.
    pub async fn run_until<O: Outcome, F: Future<Output = O>>(
        &self,
        last_try: Option<&CancellationToken>,
        mut operation: impl FnMut() -> F,
    ) -> Result<O, Interrupted> {
        self.count();
        let mut waits = self.retry.as_deref().map(Backoff::new);
        let mut tries = 0_u32;
        loop {
            tries = tries.saturating_add(1);
            let (result, verdict) = self.attempt(&mut operation).await;
            let again = match verdict {
                Verdict::Well => {
                    if tries > 1 {
                        let name = &self.name;
                        tracing::info!(
                            target: SCOPE,
                            "Recovered processing operation {name} after {tries} attempts"
                        );
                    }
                    return result;
                }
                Verdict::Permanent => return result,
                Verdict::Failed(code) => code
                    .is_none_or(|code| self.retry.as_ref().is_some_and(|retry| retry.matching.admits(code))),
            };
            let Some(wait) = waits.as_mut().filter(|_| again).and_then(Iterator::next) else {
                return result;
            };
            if let Some(retry) = &self.meter.retry {
                retry.activated.add(1);
            }
            tracing::warn!(
                target: SCOPE,
                "Error processing operation {}. Retrying in {}…", self.name, duration_text(wait)
            );
            tracing::debug!(
                target: SCOPE,
                "Error for operation {} was: {}", self.name,
                result.as_ref().map_or_else(ToString::to_string, Outcome::cause)
            );
            let sleep = tokio::time::sleep(wait);
            match last_try {
                None => sleep.await,
                Some(last_try) => last_try.run_until_cancelled(sleep).await.ok_or(Interrupted::Ended)?,
            }
        }
    }

    async fn attempt<O: Outcome, F: Future<Output = O>>(
        &self,
        operation: &mut impl FnMut() -> F,
    ) -> (Result<O, Interrupted>, Verdict) {
        let permit = match &self.breaker {
            None => None,
            Some(breaker) => match breaker.enter() {
                Ok(permit) => Some(permit),
                // Trying again would only keep it from healing.
                Err(cause) => return (Err(cause), Verdict::Permanent),
            },
        };
        let result = match self.timeout {
            None => Ok(operation().await),
            Some(limit) => {
                let result = tokio::time::timeout(limit, operation()).await;
                result.map_err(|_| {
                    if let Some(timeout) = &self.meter.timeout {
                        timeout.activated.add(1);
                    }
                    Interrupted::TimedOut
                })
            }
        };
        let verdict = result.as_ref().map_or(Verdict::Failed(None), Outcome::verdict);
        if let Some(permit) = permit {
            permit.done(verdict == Verdict::Well);
        }
        (result, verdict)
    }

    fn count(&self) {
        for acts in [&self.meter.timeout, &self.meter.retry].into_iter().flatten() {
            acts.executed.add(1);
        }
        if let (Some(breaker), Some(meter)) = (&self.breaker, &self.meter.breaker) {
            meter.executed(breaker.state());
        }
    }
}

/// Runs an operation under a policy, if there is one.
pub async fn guard<O: Interruptible, F: Future<Output = O>>(
    policy: Option<&Policy>,
    mut operation: impl FnMut() -> F,
) -> O {
    match policy {
        None => operation().await,
        // In a box, so that what has no policy doesn't carry the room for one.
        Some(policy) => Box::pin(policy.run(operation)).await.unwrap_or_else(O::interrupted),
    }
}

/// As [`guard`], for an operation that isn't tried again when `last_try` is cancelled.
pub async fn guard_until<O: Interruptible, F: Future<Output = O>>(
    policy: Option<&Policy>,
    last_try: &CancellationToken,
    mut operation: impl FnMut() -> F,
) -> O {
    let Some(policy) = policy else { return operation().await };
    let run = Box::pin(policy.run_until(Some(last_try), operation));
    run.await.unwrap_or_else(O::interrupted)
}

/// As [`guard`], for an operation that consumes its input: without a policy the input isn't copied.
pub async fn guard_with<I: Clone, O: Interruptible, F: Future<Output = O>>(
    policy: Option<&Policy>,
    input: I,
    mut operation: impl FnMut(I) -> F,
) -> O {
    match policy {
        None => operation(input).await,
        Some(policy) => {
            let run = Box::pin(policy.run(|| operation(input.clone())));
            run.await.unwrap_or_else(O::interrupted)
        }
    }
}
