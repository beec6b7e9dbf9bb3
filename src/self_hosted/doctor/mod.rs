//! What could keep Dapr from working on this machine, each with what to do about it. Nothing is changed.

mod disk;
mod engine;
mod names;
mod ports;
mod proxies;
mod records;
mod resources;
mod runtime;

use std::io;

use serde::Serialize;

use super::installation::Installation;
use super::installed;
use crate::client;
use crate::env::Env;
use crate::paths::InstallDir;
use crate::records::Runtime;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All is well.
    Ok,
    /// Something may not work, or is not as it should be.
    Warning,
    /// Something does not work.
    Problem,
}

/// What was looked at, and what came of it. The fields are the keys of the JSON form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How bad it is.
    pub result: Verdict,
    /// What there is.
    pub detail: String,
    /// What to do, in one sentence; nothing when all is well.
    pub advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, result: Verdict::Ok, detail: detail.into(), advice: None }
    }

    fn warning(check: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, result: Verdict::Warning, detail: detail.into(), advice: Some(advice.into()) }
    }

    fn problem(check: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { result: Verdict::Problem, ..Self::warning(check, detail, advice) }
    }
}

/// Looks at everything; takes a few seconds at most. `runtime` is the one that somebody has chosen for all runs.
pub fn examine(install: &InstallDir, runtime: Option<Runtime>, env: &Env) -> io::Result<Vec<Finding>> {
    // First of all: to look at the instances, as others do, would remove what is dead.
    let records = records::check(install);
    let installation = Installation::of(install, None, None);
    let available = if install.daprd().is_file() { Runtime::Installed } else { Runtime::Embedded };
    let asked = install.clone();
    let tokio = client::runtime()?;
    let (engines, names, version) = tokio.block_on(async {
        tokio::join!(
            engine::Engines::find(&installation, env),
            names::check(),
            tokio::task::spawn_blocking(move || installed::version(&asked)),
        )
    });
    let version = version.ok().flatten();
    let ports = tokio.block_on(ports::check(install, &installation, &engines));
    let findings = [
        engines.findings(&installation),
        runtime::program(install, version.as_deref()),
        runtime::services(install, &installation, &engines, version.as_deref()),
        ports,
        disk::check(install),
        names,
        records,
        resources::check(install, runtime.unwrap_or(available), env),
        proxies::check(env),
    ]
    .concat();
    drop(engines);
    // A name that is still being looked up must not hold us.
    tokio.shutdown_background();
    Ok(findings)
}
