//! How the runtime on this machine is: the sidecar's program, the services in containers, the sidecars that run.
//! All are asked at the same time, and nobody who doesn't answer delays the others.

mod containers;
mod sidecars;

use std::io;
use std::path::Path;

use jiff::Timestamp;

use super::installation::Installation;
use super::installed;
use super::instances::{self, ALL_PROBES};
use crate::client;
use crate::containers::Kind;
use crate::env::Env;
use crate::os;
use crate::paths::InstallDir;

/// Where to look.
#[derive(Debug, Clone)]
pub struct Request {
    /// The install directory.
    pub install: InstallDir,
    /// The container engine, when somebody names one.
    pub engine: Option<Kind>,
    /// The containers' network, when somebody names one.
    pub network: Option<String>,
    /// Look for containers though there is no sign of any.
    pub insist: bool,
}

/// What is looked at. What isn't known is empty or 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// `daprd`, a container's name, or `daprd/<app-id>`.
    pub name: String,
    /// Whether it does its work.
    pub healthy: bool,
    /// Its version; of a container, the tag of its image.
    pub version: String,
    /// When it was made or, for a sidecar, started.
    pub created: Option<Timestamp>,
    /// The port on which clients reach it.
    pub port: u16,
    /// Its program, or the image of its container.
    pub image: String,
    /// The port of this machine where its container's metrics are; 0 when it has none.
    pub metrics_port: u16,
}

/// All services.
#[derive(Debug)]
pub struct Status {
    /// The sidecar's program, then containers, then running sidecars by name.
    pub services: Vec<Service>,
    /// Why containers could not be looked at.
    pub trouble: Option<String>,
}

impl Status {
    /// Whether everything is well.
    pub fn is_healthy(&self) -> bool {
        self.services.iter().all(|service| service.healthy)
    }
}

/// Looks at everything. The container engine is only looked for when there is a sign of containers.
pub fn status(request: &Request, env: &Env) -> io::Result<Status> {
    let installation = Installation::of(&request.install, request.engine, request.network.clone());
    let looks = request.insist || installation.may_have_containers;
    let instances = instances::known(&request.install);
    let runtime = client::runtime()?;
    let (program, (services, trouble), sidecars) = runtime.block_on(async {
        tokio::join!(
            program(&request.install),
            async { if looks { containers::look(&installation, env).await } else { Default::default() } },
            sidecars::ask(&instances, &request.install, env),
        )
    });
    // A name that is still being looked up must not hold us.
    runtime.shutdown_background();
    Ok(Status { services: [vec![program], services, sidecars].concat(), trouble })
}

/// The last lines that a service has written, as its container engine keeps them; the inner error is why they can't be
/// had. Takes a few seconds at most.
pub fn last_words(
    request: &Request,
    env: &Env,
    name: &str,
    lines: usize,
) -> io::Result<Result<String, String>> {
    let installation = Installation::of(&request.install, request.engine, request.network.clone());
    let runtime = client::runtime()?;
    let words = runtime.block_on(containers::last_words(&installation, env, name, lines));
    runtime.shutdown_background();
    Ok(words)
}

/// The program that serves the next `dapr run`.
async fn program(install: &InstallDir) -> Service {
    let daprd = install.daprd();
    let name = "daprd".to_owned();
    if !daprd.is_file() {
        let created = std::env::current_exe().ok().and_then(|program| written(&program));
        let version = env!("CARGO_PKG_VERSION").into();
        return Service {
            name,
            healthy: true,
            version,
            created,
            image: "embedded".into(),
            ..Service::default()
        };
    }
    let asked = install.clone();
    let version = tokio::task::spawn_blocking(move || installed::version_within(&asked, ALL_PROBES));
    let version = version.await.ok().flatten();
    Service {
        name,
        healthy: version.is_some() && os::is_executable(&daprd),
        version: version.unwrap_or_default(),
        created: written(&daprd),
        image: daprd.display().to_string(),
        ..Service::default()
    }
}

fn written(file: &Path) -> Option<Timestamp> {
    fs_err::metadata(file).ok()?.modified().ok()?.try_into().ok()
}
