//! How the runtime was set up, for those who come later: `upgrade`, `uninstall`, `status`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{Error, Redis, Role, Settings};
use crate::containers::Kind;
use crate::paths::InstallDir;
use crate::release::{Registry, Variant};

/// The content of `.dapr/init.json`. Unknown keys are ignored and missing ones have the defaults of the flags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Record {
    /// `docker` or `podman`.
    pub container_runtime: String,
    /// Set up without containers.
    pub slim: bool,
    /// Network of the containers.
    pub network: Option<String>,
    /// `--image-registry`, or `GHCR`.
    pub image_registry: Option<String>,
    /// `mariner`.
    pub image_variant: Option<String>,
    /// Redis Stack in place of Redis.
    pub redis_stack: bool,
    /// A Redis that was there before.
    pub redis_host: Option<String>,
    /// Volume or path of the scheduler's data.
    pub scheduler_volume: String,
    /// Address that the scheduler tells its clients.
    pub scheduler_broadcast: Option<String>,
    /// Address on which ports are published.
    pub bind: String,
    /// The services that have containers.
    pub services: Vec<Role>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            container_runtime: "docker".into(),
            slim: false,
            network: None,
            image_registry: None,
            image_variant: None,
            redis_stack: false,
            redis_host: None,
            scheduler_volume: DEFAULT_VOLUME.into(),
            scheduler_broadcast: None,
            bind: DEFAULT_BIND.into(),
            services: Role::ALL.to_vec(),
        }
    }
}

/// Default of `--scheduler-volume`.
const DEFAULT_VOLUME: &str = "dapr_scheduler";
/// Default of `--bind`.
const DEFAULT_BIND: &str = "127.0.0.1";
const GHCR: &str = "GHCR";

impl Record {
    /// What is noted of these settings, which led to these services.
    pub fn of(settings: &Settings, services: Vec<Role>) -> Self {
        Self {
            container_runtime: settings.engine.name().into(),
            slim: settings.slim,
            network: settings.network.clone(),
            image_registry: match &settings.registry {
                Registry::DockerHub => None,
                Registry::Ghcr => Some(GHCR.into()),
                Registry::Custom(registry) => Some(registry.clone()),
            },
            image_variant: (settings.variant == Variant::Mariner).then(|| "mariner".into()),
            redis_stack: settings.redis == Redis::Stack,
            redis_host: match &settings.redis {
                Redis::Existing(host) => Some(host.clone()),
                Redis::Container | Redis::Stack => None,
            },
            scheduler_volume: settings.scheduler_volume.clone(),
            scheduler_broadcast: settings.broadcast.clone(),
            bind: settings.bind.to_string(),
            services,
        }
    }

    /// The note in an install directory. Without one, as the stock command line leaves it, everything is taken for
    /// the default; a slim installation is known by its programs.
    pub fn read(install: &InstallDir) -> Self {
        let text = fs_err::read_to_string(install.init_record()).unwrap_or_default();
        let slim = install.program("placement").is_file();
        serde_json::from_str(&text).unwrap_or_else(|_| Self { slim, ..Self::default() })
    }

    /// Whether there is a note.
    pub fn is_there(install: &InstallDir) -> bool {
        install.init_record().exists()
    }

    /// Writes the note, whole or not at all; returns whether it changed.
    pub fn write(&self, install: &InstallDir) -> Result<bool, Error> {
        let path = install.init_record();
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        if fs_err::read_to_string(&path).is_ok_and(|old| old == text) {
            return Ok(false);
        }
        let fresh = path.with_extension("json.new");
        fs_err::write(&fresh, text)
            .and_then(|()| fs_err::rename(&fresh, &path))
            .map_err(|error| Error::file(&path, &error))?;
        Ok(true)
    }

    /// The engine.
    pub fn engine(&self) -> Kind {
        self.container_runtime.parse().unwrap_or_default()
    }

    /// Where images come from.
    pub fn registry(&self) -> Registry {
        match self.image_registry.as_deref() {
            None => Registry::DockerHub,
            Some(GHCR) => Registry::Ghcr,
            Some(registry) => Registry::Custom(registry.to_owned()),
        }
    }

    /// Which image.
    pub fn variant(&self) -> Variant {
        self.image_variant.as_deref().map_or(Ok(Variant::Standard), Variant::of).unwrap_or_default()
    }

    /// Which Redis.
    pub fn redis(&self) -> Redis {
        match (&self.redis_host, self.redis_stack) {
            (Some(host), _) => Redis::Existing(host.clone()),
            (None, true) => Redis::Stack,
            (None, false) => Redis::Container,
        }
    }

    /// Where ports are published.
    pub fn bind(&self) -> IpAddr {
        self.bind.parse().unwrap_or(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::self_hosted::init::testing::settings;

    #[test]
    fn what_is_noted_can_be_read() {
        let home = tempfile::tempdir().unwrap();
        let mut settings = settings(home.path());
        settings.network = Some("net".into());
        settings.registry = Registry::Custom("box:5000".into());
        settings.variant = Variant::Mariner;
        settings.redis = Redis::Existing("box:6379".into());
        let record = Record::of(&settings, Role::ALL.to_vec());
        fs_err::create_dir_all(settings.install.root()).unwrap();
        assert!(record.write(&settings.install).unwrap());
        assert!(!record.write(&settings.install).unwrap());
        let read = Record::read(&settings.install);
        assert_eq!(read, record);
        assert_eq!(
            (read.registry(), read.variant(), read.redis()),
            (settings.registry, settings.variant, settings.redis)
        );
    }

    #[test]
    fn without_a_note_the_defaults_hold() {
        let home = tempfile::tempdir().unwrap();
        let settings = settings(home.path());
        assert_eq!(Record::read(&settings.install), Record::of(&settings, Role::ALL.to_vec()));
    }
}
