//! Removing what was installed: the binaries, or the whole `.dapr` directory.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::system_text;
use crate::paths::InstallDir;
use crate::records::{Directory, Runtime};

/// What happens on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A directory is removed.
    Removing(PathBuf),
    /// There is no such directory.
    Missing(PathBuf),
    /// The runtime was installed with containers, which are not touched.
    ContainersLeft,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removing(path) => write!(f, "Removing directory: {}", path.display()),
            Self::Missing(path) => write!(f, "WARNING: {} does not exist", path.display()),
            Self::ContainersLeft => f.write_str(
                "WARNING: containers named dapr_*, if there are any, are left: removing them is not available yet in this build",
            ),
        }
    }
}

/// Why something is left.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Apps use the files that would go.
    #[error("these apps still run with the embedded runtime: {}", ids.join(", "))]
    Running {
        /// Their ids.
        ids: Vec<String>,
    },
    /// A directory can't be removed.
    #[error("uninstall failed \n could not delete {what} {}: {}", path.display(), system_text(error))]
    Remove {
        /// What the directory is.
        what: &'static str,
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl Error {
    /// What to try next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Running { ids } => vec![format!("stop them first: dapr stop {}", ids.join(" "))],
            Self::Remove { .. } => Vec::new(),
        }
    }
}

/// Removes the binaries, and with `all` everything else too; components, configuration and data stay
/// otherwise. Nothing is removed while embedded sidecars use what would go.
pub fn uninstall(install: &InstallDir, all: bool, mut report: impl FnMut(Step)) -> Result<(), Error> {
    if all {
        refuse_while_running(install)?;
    }
    let bin = install.bin();
    // A slim installation has these services as programs instead of containers.
    let has_containers = install.daprd().exists() && !bin.join("placement").exists();
    remove("dapr bin dir", &bin, &mut report)?;
    if has_containers {
        report(Step::ContainersLeft);
    }
    if all {
        remove("dapr dir", install.root(), &mut report)?;
    }
    Ok(())
}

fn refuse_while_running(install: &InstallDir) -> Result<(), Error> {
    let running = Directory::of(install).live().into_iter();
    let mut ids: Vec<String> =
        running.filter(|record| record.runtime == Runtime::Embedded).map(|record| record.app_id).collect();
    ids.sort();
    ids.dedup();
    if ids.is_empty() { Ok(()) } else { Err(Error::Running { ids }) }
}

fn remove(what: &'static str, path: &Path, report: &mut impl FnMut(Step)) -> Result<(), Error> {
    if !path.exists() {
        report(Step::Missing(path.to_owned()));
        return Ok(());
    }
    report(Step::Removing(path.to_owned()));
    fs_err::remove_dir_all(path).map_err(|error| Error::Remove { what, path: path.to_owned(), error })
}
