//! Several operations in one call, each with a result of its own.

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::outcome::{Interruptible, Outcome, Verdict};
use super::policy::Policy;

/// As [`super::guard_with`], for many inputs at once, whose results are in their order: only those are tried again that
/// failed, and none when `last_try` is cancelled.
pub async fn guard_many<I: Clone, R: Interruptible, F: Future<Output = Vec<R>>>(
    policy: Option<&Policy>,
    last_try: Option<&CancellationToken>,
    inputs: Vec<I>,
    mut operation: impl FnMut(Vec<I>) -> F,
) -> Vec<R> {
    let Some(policy) = policy else { return operation(inputs).await };
    let results = Mutex::new(inputs.iter().map(|_| None).collect::<Vec<Option<R>>>());
    let results = || results.lock().unwrap_or_else(PoisonError::into_inner);
    let pending = || -> Vec<usize> {
        let results = results();
        let is_pending = |index: &usize| results[*index].as_ref().is_none_or(has_failed);
        (0..results.len()).filter(is_pending).collect()
    };
    let attempt = || {
        let indices = pending();
        let done = operation(indices.iter().map(|index| inputs[*index].clone()).collect());
        async {
            let mut last = Whole(Verdict::Well, String::new());
            for (index, result) in indices.into_iter().zip(done.await) {
                if has_failed(&result) {
                    last = Whole(result.verdict(), result.cause());
                }
                results()[index] = Some(result);
            }
            last
        }
    };
    if let Err(cause) = Box::pin(policy.run_until(last_try, attempt)).await {
        for index in pending() {
            results()[index] = Some(R::interrupted(cause));
        }
    }
    results().drain(..).flatten().collect()
}

fn has_failed(result: &impl Outcome) -> bool {
    matches!(result.verdict(), Verdict::Failed(_))
}

/// The last failure, which stands for the whole.
struct Whole(Verdict, String);

impl Outcome for Whole {
    fn verdict(&self) -> Verdict {
        self.0
    }

    fn cause(&self) -> String {
        self.1.clone()
    }
}
