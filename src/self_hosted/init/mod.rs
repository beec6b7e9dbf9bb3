//! Setting up the stock runtime on this machine: binaries, containers, default files (init reference).
//!
//! Everything that can fail without changing anything is done first (`preflight`, `stage`); then what was prepared
//! is put into place (`apply`), each change noted beside how it is taken back (`undo`). The sidecar's binary comes
//! last: where it is, the rest is. A second init finds what is missing and puts only that into place.

mod apply;
mod error;
mod event;
mod files;
mod plan;
mod preflight;
mod record;
mod services;
mod stage;
mod tasks;
#[cfg(test)]
mod testing;
mod undo;

use std::net::IpAddr;
use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use self::plan::Plan;
use self::preflight::Have;
use crate::containers::{Engine, Kind};
use crate::env::Env;
use crate::paths::InstallDir;
use crate::release::{self, Registry, Variant};

pub use error::Error;
pub use event::{Action, Event, Report};
pub use record::Record;
pub use services::{LABEL, Role, Service, is_volume, replaced};
pub use tasks::all;
pub use undo::{Undo, lock};

/// What `dapr init` is asked to set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it goes.
    pub install: InstallDir,
    /// Where it comes from.
    pub source: Source,
    /// No containers: placement and scheduler as programs.
    pub slim: bool,
    /// Which container engine.
    pub engine: Kind,
    /// Container network to put the services on, in place of published ports.
    pub network: Option<String>,
    /// Where images come from.
    pub registry: Registry,
    /// Which image of the runtime.
    pub variant: Variant,
    /// Which Redis.
    pub redis: Redis,
    /// Volume or host path for the scheduler's data.
    pub scheduler_volume: String,
    /// Address that the scheduler tells its clients.
    pub broadcast: Option<String>,
    /// Address of the host on which ports are published.
    pub bind: IpAddr,
    /// Only these services; `None`: all that belong to the version and the other settings.
    pub services: Option<Vec<Role>>,
    /// Another version that is installed is replaced, with its containers; data stays.
    pub upgrade: bool,
}

/// Where the runtime comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A release from the network.
    Release {
        /// Its version; the newest one, or the installed one, otherwise.
        version: Option<String>,
        /// Where the archives are.
        downloads: String,
    },
    /// A directory.
    Bundle(PathBuf),
}

/// The Redis that the default components use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redis {
    /// A container.
    Container,
    /// A container with Redis Stack.
    Stack,
    /// One that runs already, as `host:port`.
    Existing(String),
}

/// What was set up.
#[derive(Debug)]
pub struct Installed {
    /// Version of the runtime.
    pub version: String,
    /// The services as programs, besides `daprd`.
    pub programs: Vec<&'static str>,
    /// The services as containers, by the containers' names.
    pub containers: Vec<String>,
    /// Their engine.
    pub engine: Kind,
}

/// Sets up what is asked for and missing. On an error, or when `cancel` is triggered, everything is as it was.
pub async fn init(
    settings: &Settings,
    env: &Env,
    report: &Report,
    cancel: &CancellationToken,
) -> Result<Installed, Error> {
    if settings.upgrade && !settings.install.daprd().is_file() {
        return Err(Error::NotInstalled(settings.install.root().to_owned()));
    }
    let engine = if settings.slim { None } else { Some(Engine::connect(settings.engine, env).await?) };
    let plan = plan::plan(settings, report, cancel).await?;
    let have = preflight::check(settings, &plan, engine.as_ref()).await?;
    let undo = Undo::new(engine.clone());
    let lock = match undo.lock(&settings.install) {
        Ok(lock) => lock,
        Err(error) => {
            undo.run().await;
            return Err(error);
        }
    };
    let roles = plan.services.iter().map(|service| service.role).collect();
    let record = Record::of(settings, roles);
    let result = async {
        let verb = if plan.bundle.is_some() { "Extracting" } else { "Downloading" };
        let task = if settings.upgrade { "replacing services" } else { "setting up components" };
        report(Event::Working { text: format!("{verb} binaries and {task}...") });
        let work =
            Work { settings, plan: &plan, have: &have, engine: engine.as_ref(), report, cancel, undo: &undo };
        let staged = stage::stage(&work).await?;
        apply::apply(&work, staged).await?;
        note(&record, settings, &undo)
    }
    .await;
    match result {
        Ok(()) => {
            undo.keep().await;
            release::Cache::new(settings.install.cache()).keep_only(&plan.version);
        }
        Err(error) => {
            undo.run().await;
            return Err(if cancel.is_cancelled() { Error::Interrupted } else { error });
        }
    }
    drop(lock);
    Ok(Installed {
        programs: plan.programs.iter().copied().filter(|name| *name != "daprd").collect(),
        containers: plan.services.iter().map(|service| service.spec.name.clone()).collect(),
        version: plan.version,
        engine: settings.engine,
    })
}

/// What all steps get.
struct Work<'a> {
    settings: &'a Settings,
    plan: &'a Plan,
    /// What there is of each service of the plan.
    have: &'a [Have],
    engine: Option<&'a Engine>,
    report: &'a Report,
    cancel: &'a CancellationToken,
    undo: &'a Undo,
}

fn note(record: &Record, settings: &Settings, undo: &Undo) -> Result<(), Error> {
    if !Record::is_there(&settings.install) {
        undo.made(&settings.install.init_record());
    }
    record.write(&settings.install).map(drop)
}
