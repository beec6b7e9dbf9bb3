//! How far each app of a run has come, for those that wait for it.

use tokio::sync::watch;

use crate::runfile::Condition;

/// What an app has reached; nothing is taken back when it goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Its process was started, and its sidecar is up.
    pub started: bool,
    /// Its readiness probe has succeeded, or else its sidecar has found it healthy.
    pub healthy: bool,
    /// It has ended for good: well, or with this reason.
    pub ended: Option<Result<(), String>>,
}

/// What somebody who waits for an app learns.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Reached,
    Never(String),
    NotYet,
}

fn judge(progress: &Progress, condition: Condition) -> Verdict {
    let reached = match condition {
        Condition::Started => progress.started,
        Condition::Healthy => progress.healthy,
        Condition::Completed => matches!(progress.ended, Some(Ok(()))),
    };
    match (&progress.ended, reached) {
        (_, true) => Verdict::Reached,
        (Some(Err(reason)), false) => Verdict::Never(reason.clone()),
        (Some(Ok(())), false) => Verdict::Never("it ended before that".into()),
        (None, false) => Verdict::NotYet,
    }
}

/// The progress of all apps of a run.
pub struct States {
    apps: Vec<watch::Sender<Progress>>,
}

impl States {
    /// Nothing has begun.
    pub fn new(apps: usize) -> Self {
        Self { apps: (0..apps).map(|_| watch::Sender::new(Progress::default())).collect() }
    }

    /// Notes progress.
    pub fn set(&self, app: usize, change: impl FnOnce(&mut Progress)) {
        if let Some(state) = self.apps.get(app) {
            state.send_modify(change);
        }
    }

    /// Waits for an app to reach a state; the error says why it never will.
    pub async fn wait(&self, app: usize, condition: Condition) -> Result<(), String> {
        let Some(state) = self.apps.get(app) else { return Ok(()) };
        let mut state = state.subscribe();
        loop {
            match judge(&state.borrow_and_update(), condition) {
                Verdict::Reached => return Ok(()),
                Verdict::Never(reason) => return Err(reason),
                Verdict::NotYet => {}
            }
            if state.changed().await.is_err() {
                return Err("the run ended".into());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_with_the_state_or_with_the_reason_why_not() {
        let states = States::new(2);
        states.set(0, |progress| progress.started = true);
        assert_eq!(states.wait(0, Condition::Started).await, Ok(()));
        let healthy = states.wait(0, Condition::Healthy);
        states.set(0, |progress| progress.ended = Some(Err("exit status 3".into())));
        assert_eq!(healthy.await, Err("exit status 3".into()));
        assert_eq!(states.wait(0, Condition::Started).await, Ok(()), "it was started once");
        states.set(1, |progress| progress.ended = Some(Ok(())));
        assert_eq!(states.wait(1, Condition::Completed).await, Ok(()));
        assert_eq!(states.wait(1, Condition::Healthy).await, Err("it ended before that".into()));
    }
}
