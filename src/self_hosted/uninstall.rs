//! Removing what was installed: binaries and services, or everything (init reference, section 9).

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::init::{self, LABEL, Record, Role};
use crate::containers::{self, Engine, Kind};
use crate::env::Env;
use crate::error::system_text;
use crate::paths::InstallDir;
use crate::records::{Directory, Runtime};

/// What is to be removed.
#[derive(Debug)]
pub struct Request {
    /// From where.
    pub install: InstallDir,
    /// Everything: components, data, Redis, Zipkin, the scheduler's volume.
    pub all: bool,
    /// Whose containers.
    pub engine: Kind,
    /// The network that they are on.
    pub network: Option<String>,
}

/// What happens on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A directory is removed.
    Removing(PathBuf),
    /// There is no such directory.
    Missing(PathBuf),
    /// A container is removed.
    Container(String),
    /// There is no such container.
    NoContainer(String),
    /// A volume is removed, if there is one.
    Volume(String),
    /// The containers are left, since nobody can be asked to remove them.
    NoEngine,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removing(path) => write!(f, "Removing directory: {}", path.display()),
            Self::Missing(path) => write!(f, "WARNING: {} does not exist", path.display()),
            Self::Container(name) => write!(f, "Removing container: {name}"),
            Self::NoContainer(name) => write!(f, "WARNING: {name} container does not exist"),
            Self::Volume(name) => write!(f, "Removing volume if it exists: {name}"),
            Self::NoEngine => f.write_str(
                "WARNING: could not delete supporting containers as container runtime is not installed or running",
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
    /// Somebody else is at work there.
    #[error(transparent)]
    Busy(#[from] init::Error),
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
    /// The engine would not remove everything.
    #[error("uninstall failed \n {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" \n "))]
    Left(Vec<containers::Error>),
}

impl Error {
    /// What to try next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Running { ids } => vec![format!("stop them first: dapr stop {}", ids.join(" "))],
            Self::Busy(_) | Self::Remove { .. } => Vec::new(),
            Self::Left(_) => vec!["remove what is left, or run `dapr uninstall` again".into()],
        }
    }
}

/// Removes binaries, placement and scheduler, and with `all` everything else too; components, configuration, data,
/// Redis and Zipkin stay otherwise. Only containers with the well-known names and volumes with our label or the
/// well-known name are ever removed. Nothing is removed while embedded sidecars use what would go.
pub async fn uninstall(request: &Request, env: &Env, mut report: impl FnMut(Step)) -> Result<(), Error> {
    let install = &request.install;
    if request.all {
        refuse_while_running(install)?;
    }
    let _lock = install.root().exists().then(|| init::lock(install)).transpose()?;
    let record = Record::read(install);
    // Whether somebody set up containers here, as far as the files tell.
    let slim = install.program("placement").exists() || record.slim;
    let has_containers = !slim && (install.daprd().exists() || Record::is_there(install));
    remove("dapr bin dir", &install.bin(), &mut report)?;
    let mut left = Vec::new();
    let engine = Engine::connect(request.engine, env).await.ok();
    let mut volumes = vec![Record::default().scheduler_volume];
    match &engine {
        Some(engine) => {
            for role in roles(request.all) {
                let name = role.container(request.network.as_deref());
                match engine.container(&name).await {
                    Ok(Some(container)) => {
                        volumes.extend(container.volumes);
                        report(Step::Container(name.clone()));
                        left.extend(engine.remove(&name).await.err());
                    }
                    Ok(None) if has_containers => report(Step::NoContainer(name.clone())),
                    Ok(None) => {}
                    Err(error) => left.push(error),
                }
                // What an interrupted upgrade left.
                left.extend(engine.remove(&init::replaced(&name)).await.err());
            }
        }
        None if has_containers => report(Step::NoEngine),
        None => {}
    }
    if request.all {
        remove("dapr dir", install.root(), &mut report)?;
        // A directory of the host is the user's.
        volumes.extend(Some(record.scheduler_volume).filter(|source| init::is_volume(source)));
        if let Some(engine) = &engine {
            left.extend(remove_volumes(engine, volumes, has_containers, &mut report).await);
        }
    }
    if left.is_empty() { Ok(()) } else { Err(Error::Left(left)) }
}

/// The services whose containers go, in the stock order.
fn roles(all: bool) -> impl Iterator<Item = Role> {
    Role::LISTED.into_iter().filter(move |role| all || role.is_of_runtime())
}

/// Removes the scheduler's volumes: the one with the well-known name, and others that carry our label.
async fn remove_volumes(
    engine: &Engine,
    mut names: Vec<String>,
    expected: bool,
    report: &mut impl FnMut(Step),
) -> Vec<containers::Error> {
    let well_known = Record::default().scheduler_volume;
    names.sort_unstable();
    names.dedup();
    let mut left = Vec::new();
    for name in names {
        match engine.volume(&name).await {
            Ok(Some(labels)) if name == well_known || labels.contains_key(LABEL) => {
                report(Step::Volume(name.clone()));
                left.extend(engine.remove_volume(&name).await.err());
            }
            Ok(None) if expected && name == well_known => report(Step::Volume(name)),
            Ok(_) => {}
            Err(error) => left.push(error),
        }
    }
    left
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
