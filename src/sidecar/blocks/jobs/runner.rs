//! Runs jobs when they are due, as long as the app can be called. What is due is claimed in the store first, so that
//! of several instances one gets each run, and several jobs run side by side.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Jobs, SCOPE};
use crate::components::jobs::{Claim, Policy, Store, Stored, Update, Watcher};
use crate::sidecar::app::Channel;
use crate::sidecar::app::jobs::Reply;
use crate::sidecar::blocks::tasks::Tasks;
use crate::sidecar::metrics::Metrics;

/// Jobs that the app works on at a time.
const SLOTS: usize = 128;
/// Jobs that are taken at once while other instances of the app run some too.
const SHARED: usize = 8;
/// How often to look for what others have scheduled, and for instances that have died.
const LOOK: Duration = Duration::from_secs(1);
/// First and longest pause while the app can't be reached.
const REST: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// Pause after the store refused something.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// What runs between one start and one stop. Dropping it ends it in the background.
pub struct Life(Tasks);

impl Life {
    /// Begins to run what is due.
    pub fn begin(jobs: Arc<Jobs>, app: Arc<Channel>, metrics: Arc<Metrics>) -> Self {
        let tasks = Tasks::default();
        let (stop, abandon) = (tasks.stop.clone(), tasks.abandon.clone());
        tasks.all.spawn(async move {
            let Some(Some(store)) = stop.run_until_cancelled(store(&jobs)).await else { return };
            let watcher = store.watch(&jobs.receiver);
            let hands = Arc::new(Hands { app, metrics, watcher, abandon });
            Runner { jobs, hands, stop, rest: None }.run().await;
        });
        Self(tasks)
    }

    /// Takes nothing more; gives back what isn't done when `patience` is over.
    pub async fn end(&self, patience: Duration) -> bool {
        self.0.end(patience).await
    }
}

/// The store, as soon as anybody has made the file: an app without jobs shouldn't have to pay for it.
async fn store(jobs: &Jobs) -> Option<Store> {
    let file = jobs.file.as_ref()?;
    let mut warned = false;
    loop {
        if jobs.store.initialized() || file.exists() {
            match jobs.store().await {
                Ok(store) => return Some(store.clone()),
                Err(error) if !warned => {
                    tracing::error!(target: SCOPE, "jobs don't run until their file can be opened: {error}");
                    warned = true;
                }
                Err(_) => {}
            }
        }
        tokio::select! {
            () = jobs.news.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// What each job that runs needs.
struct Hands {
    app: Arc<Channel>,
    metrics: Arc<Metrics>,
    watcher: Watcher,
    abandon: CancellationToken,
}

struct Runner {
    jobs: Arc<Jobs>,
    hands: Arc<Hands>,
    stop: CancellationToken,
    /// The app can't be reached: how long this pause is, and when it ends.
    rest: Option<(Duration, Instant)>,
}

impl Runner {
    async fn run(mut self) {
        let mut running: JoinSet<Result<(), String>> = JoinSet::new();
        // The first claim makes this instance known to others, whether or not something is due.
        let mut claim = true;
        while !self.stop.is_cancelled() {
            let mut wait = LOOK;
            let room = self.room(running.len());
            if room > 0 {
                match self.take(room, claim).await {
                    Ok(Taken::Jobs(jobs)) => {
                        for job in jobs {
                            running.spawn(Arc::clone(&self.hands).carry_out(job));
                        }
                        // Perhaps there is more.
                        wait = Duration::ZERO;
                    }
                    Ok(Taken::Nothing(until)) => wait = until.min(LOOK),
                    Err(error) => {
                        tracing::warn!(target: SCOPE, "cannot read what jobs are due: {error}");
                        wait = STORE_PAUSE;
                    }
                }
                claim = false;
            } else if let Some((_, end)) = self.rest.filter(|_| running.is_empty()) {
                wait = end.saturating_duration_since(Instant::now());
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                Some(done) = running.join_next() => {
                    self.learn(done.unwrap_or(Ok(())));
                    while let Some(done) = running.try_join_next() {
                        self.learn(done.unwrap_or(Ok(())));
                    }
                }
                () = self.jobs.news.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        while running.join_next().await.is_some() {}
        if let Err(error) = self.hands.watcher.leave().await {
            tracing::warn!(target: SCOPE, "jobs of this app wait until this sidecar has ended: {error}");
        }
    }

    /// How many more jobs may be taken. One that finds out whether the app is back, while it can't be reached.
    fn room(&self, running: usize) -> usize {
        match self.rest {
            None => SLOTS - running.min(SLOTS),
            Some((_, end)) => usize::from(running == 0 && end <= Instant::now()),
        }
    }

    async fn take(&self, room: usize, always: bool) -> Result<Taken, crate::components::jobs::Error> {
        let watcher = &self.hands.watcher;
        if !always {
            let Some(due) = watcher.next_due().await? else { return Ok(Taken::Nothing(LOOK)) };
            let wait = due.duration_since(Timestamp::now());
            if wait.is_positive() {
                return Ok(Taken::Nothing(wait.unsigned_abs()));
            }
        }
        let limit = Claim { alone: room, shared: room.min(SHARED) };
        Ok(Taken::Jobs(watcher.claim(Timestamp::now(), limit).await?))
    }

    /// Whether the app could be reached decides on what is taken next.
    fn learn(&mut self, reached: Result<(), String>) {
        match reached {
            Ok(()) => self.rest = None,
            Err(cause) => {
                let pause = self.rest.map_or(REST.0, |(pause, _)| (pause * 2).min(REST.1));
                if self.rest.is_none() {
                    tracing::warn!(target: SCOPE, "jobs wait until the app can be reached: {cause}");
                }
                self.rest = Some((pause, Instant::now() + pause));
            }
        }
    }
}

enum Taken {
    Jobs(Vec<Stored>),
    /// Nothing is due for so long.
    Nothing(Duration),
}

impl Hands {
    /// Runs a job and writes down what became of it. The error is why the app couldn't be reached.
    async fn carry_out(self: Arc<Self>, job: Stored) -> Result<(), String> {
        let started = Instant::now();
        let call = self.app.job(&job.key.name, &job.job.payload);
        // What is abandoned is given back when the watcher leaves.
        let Some(reply) = self.abandon.run_until_cancelled(call).await else { return Ok(()) };
        let took = started.elapsed();
        let name = &job.key.name;
        let (update, reached) = match reply {
            Reply::Done => {
                tracing::debug!(target: SCOPE, "Sent job {name} to app");
                self.metrics.job(job.key.receiver.namespace(), true, took);
                (job.ran(), Ok(()))
            }
            Reply::NoHandler(cause) => {
                tracing::error!(
                    target: SCOPE,
                    "non-retriable error returned from app while processing triggered job {name}. {cause}"
                );
                self.metrics.job(job.key.receiver.namespace(), false, took);
                (job.ran(), Ok(()))
            }
            Reply::Failed(cause) => {
                self.metrics.job(job.key.receiver.namespace(), false, took);
                let update = job.failed(Timestamp::now());
                let next = what_next(&job, update);
                tracing::error!(
                    target: SCOPE,
                    "unexpected status code returned from app while processing triggered job {name}. {cause}; {next}"
                );
                (update, Ok(()))
            }
            Reply::Unreachable(cause) => (job.postponed(job.due), Err(cause)),
        };
        self.write_down(job.id, update).await;
        reached
    }

    /// Keeps trying: until this is written the job is ours, and would not come again.
    async fn write_down(&self, id: i64, update: Update) {
        while let Err(error) = self.watcher.finish(id, update).await {
            tracing::warn!(target: SCOPE, "cannot write down that a job has run: {error}");
            let pause = tokio::time::sleep(STORE_PAUSE);
            if self.abandon.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }
}

/// What follows from a failed run, for the log.
fn what_next(job: &Stored, update: Update) -> String {
    match (update, job.job.policy) {
        (Update::Again { progress, .. }, Policy::Constant { interval, max_retries })
            if progress.attempts > 0 =>
        {
            match max_retries {
                Some(most) => format!("again in {interval:?} (retry {} of {most})", progress.attempts),
                None => format!("again in {interval:?} (retry {})", progress.attempts),
            }
        }
        _ => "this run is given up".into(),
    }
}
