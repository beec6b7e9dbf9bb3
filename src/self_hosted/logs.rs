//! The logs of apps that were run here, and of their sidecars: those that run now, and the last run of the others.
//! Lines of several logs are merged by the time at which they were written.

mod follow;
mod read;

use std::path::PathBuf;
use std::time::SystemTime;

use super::last_run::LastRun;
use crate::paths::InstallDir;
use crate::records::{Directory, ProcessId};
use crate::suggest;

pub use follow::follow;

/// Whose output a log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The app's.
    App,
    /// The sidecar's.
    Sidecar,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::App => "app",
            Self::Sidecar => "daprd",
        })
    }
}

/// One log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The app.
    pub app_id: String,
    /// Whose output it is.
    pub kind: Kind,
    /// The file; rotated parts lie beside it.
    pub path: PathBuf,
    /// The sidecar of the run, while it runs.
    pub alive: Option<ProcessId>,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The log, by its place in the list.
    pub source: usize,
    /// When it was written, in milliseconds since 1970; to a tenth of a second. 0 when it is not known.
    pub time: u64,
    /// What it says, without the newline.
    pub text: Vec<u8>,
}

/// Which lines are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Written since then.
    pub since: Option<SystemTime>,
    /// So many at the end.
    pub tail: Option<usize>,
}

/// Why there are no logs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The app never ran here.
    #[error("no logs of app id {id}: it runs nowhere, and its last run is not known")]
    Unknown {
        /// What was asked for.
        id: String,
        /// A question that names similar ids.
        question: Option<String>,
    },
    /// Nothing was asked for by name, and nothing runs.
    #[error("no app is running")]
    NothingRuns,
}

/// Finds the logs of these apps, or of all that run.
pub fn sources(install: &InstallDir, ids: &[String], kinds: &[Kind]) -> Result<Vec<Source>, Error> {
    // Only runs of ours have logs, and all of them have records.
    let running = Directory::of(install).live();
    let mut sources = Vec::new();
    let mut add = |app_id: &str, kind: Kind, path: Option<PathBuf>, alive: Option<ProcessId>| {
        if let Some(path) = path.filter(|_| kinds.contains(&kind)) {
            sources.push(Source { app_id: app_id.to_owned(), kind, path, alive });
        }
    };
    for record in running.iter().filter(|record| ids.is_empty() || ids.contains(&record.app_id)) {
        let alive = Some(record.daprd);
        add(&record.app_id, Kind::App, record.app_log_path.clone(), alive);
        add(&record.app_id, Kind::Sidecar, record.daprd_log_path.clone(), alive);
    }
    if ids.is_empty() && running.is_empty() {
        return Err(Error::NothingRuns);
    }
    for id in ids.iter().filter(|id| !running.iter().any(|record| record.app_id == **id)) {
        let Some(last) = LastRun::of(install, id) else {
            let known = LastRun::all(install);
            let names =
                known.iter().map(|run| &run.app_id).chain(running.iter().map(|record| &record.app_id));
            let question = suggest::question(id, names.map(String::as_str));
            return Err(Error::Unknown { id: id.clone(), question });
        };
        add(id, Kind::App, last.app_log_path, None);
        add(id, Kind::Sidecar, last.daprd_log_path, None);
    }
    Ok(sources)
}

/// Takes lines; nothing means that no more are there for now. `false` ends it all.
pub type Emit<'a> = &'a mut dyn FnMut(Option<Line>) -> bool;

/// Gives the wanted lines of all logs in the order of their times; each log keeps its own order. Returns where
/// each log was left, for [`follow`].
pub fn show(sources: &[Source], wanted: Wanted, emit: Emit<'_>) -> Vec<read::Reader> {
    let mut readers: Vec<read::Reader> =
        sources.iter().map(|source| read::Reader::open(&source.path, wanted)).collect();
    let mut lines: Vec<Option<(u64, Vec<u8>)>> = readers.iter_mut().map(read::Reader::next_line).collect();
    // Each log gives as many as are wanted in all; of those the last ones are.
    let mut kept = std::collections::VecDeque::new();
    loop {
        let first = lines.iter().enumerate().filter_map(|(at, line)| Some((line.as_ref()?.0, at))).min();
        let Some((_, at)) = first else { break };
        let Some((time, text)) = std::mem::replace(&mut lines[at], readers[at].next_line()) else { break };
        let line = Line { source: at, time, text };
        match wanted.tail {
            None => {
                if !emit(Some(line)) {
                    return readers;
                }
            }
            Some(most) => {
                kept.push_back(line);
                if kept.len() > most {
                    kept.pop_front();
                }
            }
        }
    }
    for line in kept {
        if !emit(Some(line)) {
            return readers;
        }
    }
    emit(None);
    readers
}

#[cfg(test)]
mod tests;
