//! Jobs that are to run later: those of the embedded runtime in its file, whether or not a sidecar runs, and those of
//! the stock scheduler.

use std::fmt::Display;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::dashboard::Options;
use crate::records::Runtime;
use crate::scheduler::{Error, Place, Stored};

/// How long the stock scheduler may take: nobody waits longer for a page.
const LIMIT: Duration = Duration::from_secs(3);

/// The jobs of both runtimes.
#[derive(Default)]
pub struct Found {
    /// With the runtime that they belong to.
    pub jobs: Vec<(Runtime, Stored)>,
    /// Why some are missing.
    pub troubles: Vec<String>,
}

/// Where the jobs of a runtime are kept.
pub fn place(options: &Options, runtime: Runtime) -> Result<Place, Error> {
    match runtime {
        Runtime::Embedded => Ok(Place::embedded(options.install.jobs())),
        Runtime::Installed => Place::scheduler(&options.etcd),
    }
}

/// All jobs there are. The stock scheduler is missed only where the stock runtime is installed.
pub async fn all(options: &Options) -> Found {
    let read = async |runtime| within(async { place(options, runtime)?.list().await }).await;
    let (embedded, installed) = tokio::join!(read(Runtime::Embedded), read(Runtime::Installed));
    let mut found = Found::default();
    for (runtime, outcome) in [(Runtime::Embedded, embedded), (Runtime::Installed, installed)] {
        match outcome {
            Ok(jobs) => found.jobs.extend(jobs.into_iter().map(|job| (runtime, job))),
            Err(Failure::Of(Error::Unreachable { .. })) if !options.install.daprd().exists() => {}
            Err(failure) => found.troubles.push(failure.to_string()),
        }
    }
    found
}

/// Why jobs can't be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// They have answered.
    #[error(transparent)]
    Of(#[from] Error),
    /// They haven't.
    #[error("the scheduler has not answered within {} s", LIMIT.as_secs())]
    Late,
}

/// Waits for an answer as long as somebody waits for a page.
pub async fn within<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
    match tokio::time::timeout(LIMIT, work).await {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(Failure::Late),
    }
}

/// When the file of the embedded runtime and its log were last written, and how long they were; what it says changes
/// whenever a job does.
pub fn written(file: &Path) -> [Option<(SystemTime, u64)>; 2] {
    let stamp = |suffix: &dyn Display| {
        let metadata = fs_err::metadata(format!("{}{suffix}", file.display())).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    [stamp(&""), stamp(&"-wal")]
}
