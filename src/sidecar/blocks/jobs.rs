//! The jobs of this app (http-api reference, section 10): scheduled, told, deleted, and run when they are due.

mod name;
mod runner;
mod trigger;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{Notify, OnceCell};
use tokio_util::sync::CancellationToken;

use crate::components::InitError;
use crate::components::jobs::{self as store, Job, Key, Payload, Policy, Progress, Receiver, Store, Stored};
use crate::components::schedule::Rules;
use crate::paths::InstallDir;
use crate::sidecar::app::Channel;
use crate::sidecar::error::ApiError;
use crate::sidecar::metrics::Metrics;
use runner::Life;

/// Whose log lines are about runs of jobs.
const SCOPE: &str = "dapr.runtime.scheduler";
/// Namespace of an app that has none.
const NAMESPACE: &str = "default";

/// A job to be scheduled.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Its name among the jobs of the app.
    pub name: String,
    /// When it runs.
    pub rules: Rules,
    /// What the app gets.
    pub payload: Payload,
    /// What a failed run means; `None` is the default.
    pub policy: Option<Policy>,
    /// Whether it replaces one of the same name.
    pub overwrite: bool,
}

/// The jobs of this app.
pub struct Jobs {
    receiver: Receiver,
    /// `None` when no directory of the user is known.
    file: Option<PathBuf>,
    /// Opened when it is first needed: most apps have no jobs.
    store: OnceCell<Store>,
    /// There may be something new to do.
    news: Notify,
    current: Mutex<Option<Arc<Life>>>,
    closed: CancellationToken,
}

impl Jobs {
    /// The jobs of an app; nothing is opened yet.
    pub fn new(app_id: &str, namespace: &str, install: Option<&InstallDir>) -> Self {
        let namespace = if namespace.is_empty() { NAMESPACE } else { namespace };
        Self {
            receiver: Receiver::app(namespace, app_id),
            file: install.map(InstallDir::jobs),
            store: OnceCell::new(),
            news: Notify::new(),
            current: Mutex::default(),
            closed: CancellationToken::new(),
        }
    }

    /// Where they are kept.
    pub fn file(&self) -> Option<&PathBuf> {
        self.file.as_ref()
    }

    /// Schedules a job. One whose first run lies beyond its lifetime is gone at once.
    pub async fn schedule(&self, request: Request) -> Result<(), ApiError> {
        let Request { name, rules, payload, policy, overwrite } = request;
        let failed = |status, cause: String| {
            tracing::error!(target: "dapr.api", "Error scheduling job {name} due to: {cause}");
            self.error(
                status,
                "DAPR_SCHEDULER_SCHEDULE_JOB",
                format!("failed to schedule job due to: {cause}"),
            )
        };
        let invalid = |cause: String| {
            failed(StatusCode::INTERNAL_SERVER_ERROR, format!("rpc error: code = Unknown desc = {cause}"))
        };
        self.check_name(&name)?;
        if rules.schedule.is_none() && rules.due_time.is_none() {
            let reason = "DAPR_SCHEDULER_SCHEDULE_EMPTY";
            return Err(self.error(StatusCode::BAD_REQUEST, reason, "Schedule is empty".into()));
        }
        name::check(&name).map_err(invalid)?;
        let (job, first) = Job::new(rules, payload, policy.unwrap_or_default(), Timestamp::now())
            .map_err(|error| invalid(format!("job failed validation: {error}")))?;
        let store = self.store().await.map_err(|error| invalid(error.to_string()))?;
        let key = self.key(&name);
        let Some(due) = first else {
            if overwrite {
                store.delete(&key).await.map_err(|error| invalid(error.to_string()))?;
            }
            return Ok(());
        };
        let stored = Stored { id: 0, key, job, progress: Progress::default(), due, scheduled_by: None };
        store.put(stored, overwrite).await.map_err(|error| match error {
            store::Error::Exists(_) => {
                failed(StatusCode::CONFLICT, format!("rpc error: code = AlreadyExists desc = {error}"))
            }
            store::Error::File(error) => invalid(error.to_string()),
        })?;
        self.news.notify_one();
        Ok(())
    }

    /// A job by its name.
    pub async fn get(&self, name: &str) -> Result<Stored, ApiError> {
        self.check_name(name)?;
        let failed = |cause: String| {
            tracing::error!(target: "dapr.api", "Error getting job {name} due to: {cause}");
            self.failed("DAPR_SCHEDULER_GET_JOB", format!("failed to get job due to: {cause}"))
        };
        let found = match self.store().await {
            Ok(store) => store.get(&self.key(name)).await.map_err(|error| failed(unknown(error)))?,
            Err(error) => return Err(failed(unknown(error))),
        };
        found.ok_or_else(|| failed(format!("rpc error: code = NotFound desc = job not found: {name}")))
    }

    /// All jobs of the app, by name.
    pub async fn list(&self) -> Result<Vec<Stored>, ApiError> {
        let failed = |cause: String| {
            tracing::error!(target: "dapr.api", "Error listing jobs due to: {cause}");
            self.failed("DAPR_SCHEDULER_LIST_JOBS", format!("failed to list jobs due to: {cause}"))
        };
        let store = self.store().await.map_err(|error| failed(unknown(error)))?;
        store.of_receiver(&self.receiver).await.map_err(|error| failed(unknown(error)))
    }

    /// Deletes a job, if there is one.
    pub async fn delete(&self, name: &str) -> Result<(), ApiError> {
        self.check_name(name)?;
        let result = match self.store().await {
            Ok(store) => store.delete(&self.key(name)).await.map_err(unknown),
            Err(error) => Err(unknown(error)),
        };
        result.map(drop).map_err(|cause| {
            tracing::error!(target: "dapr.api", "Error deleting job: {name} due to: {cause}");
            self.not_deleted(&cause)
        })
    }

    /// Deletes all jobs whose names begin so; an empty prefix is all of them.
    pub async fn delete_by_prefix(&self, prefix: &str) -> Result<(), ApiError> {
        let result = match self.store().await {
            Ok(store) => store.delete_prefix(&self.receiver, prefix).await.map_err(unknown),
            Err(error) => Err(unknown(error)),
        };
        result.map(drop).map_err(|cause| {
            tracing::error!(target: "dapr.api", "Error deleting jobs by prefix due to: {cause}");
            self.not_deleted(&cause)
        })
    }

    /// The error for a name in the body of a request whose path names the job.
    pub fn named_twice(&self) -> ApiError {
        let (reason, message) = ("DAPR_SCHEDULER_JOB_NAME", "Set the job name in the url only");
        let about = json!({"appID": self.about()["appID"]});
        ApiError::new(StatusCode::BAD_REQUEST, reason, message).info(reason, Some(&about))
    }

    /// The error for a request that has no job.
    pub fn missing(&self) -> ApiError {
        self.error(StatusCode::BAD_REQUEST, "DAPR_SCHEDULER_EMPTY", "Job is empty".into())
    }

    /// Runs what is due, until [`Jobs::stop`]: from the moment on when the app can be called.
    pub fn start(self: &Arc<Self>, app: &Arc<Channel>, metrics: &Arc<Metrics>) {
        let mut current = self.current();
        // `close` cancels before it looks at what is there, so that nothing slips in between.
        if !self.closed.is_cancelled() {
            let life = Life::begin(Arc::clone(self), Arc::clone(app), Arc::clone(metrics));
            *current = Some(Arc::new(life));
        }
    }

    /// Ends that. Jobs that the app is working on have `patience` left; then they are free for another instance.
    /// Returns whether that wasn't necessary.
    pub async fn stop(&self, patience: Duration) -> bool {
        let life = self.current().take();
        match life {
            Some(life) => life.end(patience).await,
            None => true,
        }
    }

    /// As [`Self::stop`], for good; the API still works.
    pub async fn close(&self, patience: Duration) -> bool {
        self.closed.cancel();
        self.stop(patience).await
    }

    /// Closes the file: the API fails after this.
    pub async fn close_store(&self) {
        if let Some(store) = self.store.get() {
            store.close().await;
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Life>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn store(&self) -> Result<&Store, InitError> {
        let no_directory = || {
            InitError::new("jobs have no place: the home directory is unknown; set HOME or DAPR_RUNTIME_PATH")
        };
        let file = self.file.as_ref().ok_or_else(no_directory)?;
        self.store.get_or_try_init(|| Store::open(file)).await
    }

    fn key(&self, name: &str) -> Key {
        Key { receiver: self.receiver.clone(), name: name.to_owned() }
    }

    fn check_name(&self, name: &str) -> Result<(), ApiError> {
        if name.is_empty() {
            let reason = "DAPR_SCHEDULER_JOB_NAME_EMPTY";
            return Err(self.error(StatusCode::BAD_REQUEST, reason, "Name is empty".into()));
        }
        Ok(())
    }

    fn not_deleted(&self, cause: &str) -> ApiError {
        self.failed("DAPR_SCHEDULER_DELETE_JOB", format!("failed to delete job due to: {cause}"))
    }

    fn failed(&self, reason: &'static str, message: String) -> ApiError {
        self.error(StatusCode::INTERNAL_SERVER_ERROR, reason, message)
    }

    fn error(&self, status: StatusCode, reason: &'static str, message: String) -> ApiError {
        ApiError::new(status, reason, message).info(reason, Some(&self.about()))
    }

    fn about(&self) -> Value {
        match &self.receiver {
            Receiver::App { namespace, app_id } => json!({"appID": app_id, "namespace": namespace}),
            Receiver::Actor { .. } => Value::Null,
        }
    }
}

/// As the stock sidecar words what its scheduler says.
fn unknown(error: impl std::fmt::Display) -> String {
    format!("rpc error: code = Unknown desc = {error}")
}

#[cfg(test)]
mod tests;
