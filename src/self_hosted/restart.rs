//! Starting the apps of a run again, while their sidecars go on: their `dapr run` is asked to do it. One that was
//! stopped while its run went on is started with a new sidecar.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::control::{self, Action, Request};
use super::instances::Instance;
use crate::paths::InstallDir;
use crate::records::{Directory, Stopped};
use crate::suggest;

/// Why an app is not restarted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No instance has this id.
    #[error("couldn't find app id {id}")]
    NotFound {
        /// What was asked for.
        id: String,
        /// A question that names similar ids.
        question: Option<String>,
    },
    /// The run refuses or is silent.
    #[error(transparent)]
    Run(#[from] control::Error),
    /// Its sidecar was started by somebody else.
    #[error("nobody who could do it owns its sidecar (PID {0})")]
    NotOurs(u32),
}

impl Error {
    /// What to try next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { question, .. } => question.clone(),
            Self::Run(_) => None,
            Self::NotOurs(_) => Some("stop it with dapr stop, and start it with this dapr run".into()),
        }
    }
}

/// The apps that were stopped while their runs go on.
pub fn stopped(install: &InstallDir) -> Vec<Stopped> {
    Directory::of(install).stopped()
}

/// Restarts all instances of an app, also after one of them failed, and starts those that were stopped; the error is
/// the first one.
pub fn restart(id: &str, instances: &[Instance], stopped: &[Stopped]) -> Result<(), Error> {
    let ours: Vec<&Instance> = instances.iter().filter(|instance| instance.app_id == id).collect();
    let resting: Vec<&Stopped> = stopped.iter().filter(|stopped| stopped.app_id == id).collect();
    if ours.is_empty() && resting.is_empty() {
        let known = instances.iter().map(|instance| instance.app_id.as_str());
        let question = suggest::question(id, known.chain(stopped.iter().map(|one| one.app_id.as_str())));
        return Err(Error::NotFound { id: id.to_owned(), question });
    }
    // A run is asked once, however many instances of the app it has.
    let sockets: BTreeSet<&PathBuf> =
        ours.iter().filter_map(|instance| instance.cli.and(instance.control.as_ref())).collect();
    let sockets: BTreeSet<&PathBuf> =
        sockets.into_iter().chain(resting.iter().map(|one| &one.control)).collect();
    let request = Request { action: Action::Restart, app_id: id.to_owned() };
    let errors: Vec<control::Error> =
        sockets.into_iter().map(|socket| control::ask(socket, &request)).filter_map(Result::err).collect();
    if let Some(error) = errors.into_iter().next() {
        return Err(error.into());
    }
    match ours.iter().find(|instance| instance.cli.is_none() || instance.control.is_none()) {
        Some(foreign) => Err(Error::NotOurs(foreign.daprd.pid)),
        None => Ok(()),
    }
}
