//! The logs of apps that were run here, and of their sidecars: those that run now, and the last run of the others.
//! Lines of several logs are merged by the time at which they were written.

mod follow;
mod merge;
mod part;
mod read;
mod times;

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::instances::Instance;
use super::last_run::LastRun;
use crate::error::system_text;
use crate::paths::InstallDir;
use crate::process::logfile;
use crate::records::ProcessId;
use crate::suggest;

pub use follow::{follow, show};

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
    /// Who writes it; nothing when the run has ended.
    pub run: Option<Run>,
}

/// The processes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The sidecar.
    pub daprd: ProcessId,
    /// The app.
    pub app: Option<ProcessId>,
    /// The `dapr run` that writes down what both say.
    pub cli: Option<ProcessId>,
}

/// A line of a log, or a piece of one that is long or not ended yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The log, by its place in the list.
    pub source: usize,
    /// When the line was written, in milliseconds since 1970; to a tenth of a second. `None` when it is not known.
    pub time: Option<u64>,
    /// A line begins here.
    pub begins: bool,
    /// What it says, without the newline.
    pub text: &'a [u8],
    /// The line ends here.
    pub ends: bool,
}

/// Takes pieces; nothing means that no more are there for now. A break ends it all.
pub type Emit<'a> = &'a mut dyn FnMut(Option<Piece<'_>>) -> ControlFlow<()>;

/// Which lines are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Written since then.
    pub since: Option<SystemTime>,
    /// So many at the end, of all logs together.
    pub tail: Option<u64>,
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
    /// It runs, but what it says goes elsewhere.
    #[error("no logs of app id {id}: this output is not kept in a file")]
    NotKept {
        /// What was asked for.
        id: String,
    },
    /// Its last run is known, but somebody has removed the files.
    #[error("no logs of app id {id}: {} is not there any more", path.display())]
    Gone {
        /// What was asked for.
        id: String,
        /// The log.
        path: PathBuf,
    },
    /// Nothing was asked for by name, and nothing runs.
    #[error("no app is running")]
    NothingRuns,
    /// The same, and nothing of what runs has a log.
    #[error("no running app keeps its output in a file")]
    NothingKept,
    /// A file can't be read.
    #[error("cannot read {}: {}", path.display(), system_text(error))]
    Read {
        /// The log.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl Error {
    fn read(path: &Path, error: io::Error) -> Self {
        Self::Read { path: path.to_owned(), error }
    }
}

/// Finds the logs of these apps, or of all that run. `running` is what is known of those.
pub fn sources(
    install: &InstallDir,
    running: &[Instance],
    ids: &[String],
    kinds: &[Kind],
) -> Result<Vec<Source>, Error> {
    let mut sources: Vec<Source> = Vec::new();
    if ids.is_empty() {
        if running.is_empty() {
            return Err(Error::NothingRuns);
        }
        for instance in running {
            add(&mut sources, of_instance(instance, kinds));
        }
        return if sources.is_empty() { Err(Error::NothingKept) } else { Ok(sources) };
    }
    for id in ids {
        let mut instances = running.iter().filter(|instance| instance.app_id == *id).peekable();
        let found: Vec<Source> = if instances.peek().is_some() {
            instances.flat_map(|instance| of_instance(instance, kinds)).collect()
        } else {
            of_last_run(install, running, id, kinds)?
        };
        if found.is_empty() {
            return Err(Error::NotKept { id: id.clone() });
        }
        add(&mut sources, found);
    }
    Ok(sources)
}

/// Adds those that aren't there yet.
fn add(sources: &mut Vec<Source>, more: Vec<Source>) {
    for source in more {
        if !sources.iter().any(|other| other.path == source.path) {
            sources.push(source);
        }
    }
}

fn of_instance(instance: &Instance, kinds: &[Kind]) -> Vec<Source> {
    let run = Run { daprd: instance.daprd, app: instance.app, cli: instance.cli };
    let path = |kind| match kind {
        Kind::App => &instance.app_log_path,
        Kind::Sidecar => &instance.daprd_log_path,
    };
    let kept = kinds.iter().filter(|kind| !path(**kind).is_empty());
    kept.map(|kind| Source {
        app_id: instance.app_id.clone(),
        kind: *kind,
        path: PathBuf::from(path(*kind)),
        run: Some(run),
    })
    .collect()
}

fn of_last_run(
    install: &InstallDir,
    running: &[Instance],
    id: &str,
    kinds: &[Kind],
) -> Result<Vec<Source>, Error> {
    let Some(last) = LastRun::of(install, id) else {
        let known = LastRun::all(install);
        let names =
            known.iter().map(|run| &run.app_id).chain(running.iter().map(|instance| &instance.app_id));
        let question = suggest::question(id, names.map(String::as_str));
        return Err(Error::Unknown { id: id.to_owned(), question });
    };
    let path = |kind: &Kind| match kind {
        Kind::App => last.app_log_path.clone(),
        Kind::Sidecar => last.daprd_log_path.clone(),
    };
    let paths: Vec<(Kind, PathBuf)> = kinds.iter().filter_map(|kind| Some((*kind, path(kind)?))).collect();
    let is_there = |path: &Path| [0, 1].iter().any(|number| logfile::part(path, *number).exists());
    let (there, gone): (Vec<_>, Vec<_>) = paths.into_iter().partition(|(_, path)| is_there(path));
    match gone.into_iter().next() {
        Some((_, path)) if there.is_empty() => Err(Error::Gone { id: id.to_owned(), path }),
        _ => Ok(there
            .into_iter()
            .map(|(kind, path)| Source { app_id: id.to_owned(), kind, path, run: None })
            .collect()),
    }
}

#[cfg(test)]
mod tests;
