//! How far a job has got, and what follows from a run. The schedule decides when the next run is due, not the
//! clock: runs that were missed are made up for, one after the other.

use std::time::Duration;

use jiff::Timestamp;

use super::{Job, Key, Policy};

/// Least time between two tries, so that a policy without an interval doesn't keep a processor busy.
const LEAST_INTERVAL: Duration = Duration::from_millis(10);

/// What a job has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Runs that are over, well or not.
    pub count: u32,
    /// For when the last one was planned.
    pub last: Option<Timestamp>,
    /// Tries of the present run that have failed.
    pub attempts: u32,
}

/// A job in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Names this very job: one that replaces it has another number.
    pub id: i64,
    /// Under which name.
    pub key: Key,
    /// What was asked for.
    pub job: Job,
    /// How far it has got.
    pub progress: Progress,
    /// When it is to run, or to be tried again.
    pub due: Timestamp,
    /// The app that scheduled it, when that isn't the receiver.
    pub scheduled_by: Option<String>,
}

/// What becomes of a job after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// It comes again.
    Again {
        /// How far it has got.
        progress: Progress,
        /// When.
        due: Timestamp,
    },
    /// That was the last run.
    Done,
}

impl Stored {
    /// The run went well, or nobody wants it to be tried again.
    pub fn ran(&self) -> Update {
        let Ok(plan) = self.job.plan() else { return Update::Done };
        let Progress { count, last, .. } = self.progress;
        // The time that was planned: a try after a failure, or a late one, doesn't shift the schedule.
        let progress =
            Progress { count: count.saturating_add(1), last: plan.next(count, last).or(last), attempts: 0 };
        match plan.next(progress.count, progress.last) {
            Some(due) => Update::Again { progress, due },
            None => Update::Done,
        }
    }

    /// The run failed.
    pub fn failed(&self, now: Timestamp) -> Update {
        let attempts = self.progress.attempts.saturating_add(1);
        match self.job.policy {
            Policy::Constant { interval, max_retries } if max_retries.is_none_or(|most| attempts <= most) => {
                let due = now.checked_add(interval.max(LEAST_INTERVAL)).unwrap_or(Timestamp::MAX);
                Update::Again { progress: Progress { attempts, ..self.progress }, due }
            }
            _ => self.ran(),
        }
    }

    /// The run did not take place: it is still to come, not before that time.
    pub fn postponed(&self, until: Timestamp) -> Update {
        Update::Again { progress: self.progress, due: until }
    }
}
