//! Settings for tests: those of a `dapr init` without flags.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::{Redis, Settings, Source};
use crate::containers::Kind;
use crate::env::Env;
use crate::paths::InstallDir;
use crate::release::{DOWNLOADS, Registry, Variant};

/// The settings of a plain `dapr init` in this home.
pub fn settings(home: &Path) -> Settings {
    Settings {
        install: InstallDir::resolve(home.to_str(), &Env::of([])).unwrap(),
        source: Source::Release { version: None, downloads: DOWNLOADS.into() },
        slim: false,
        engine: Kind::Docker,
        network: None,
        registry: Registry::DockerHub,
        variant: Variant::Standard,
        redis: Redis::Container,
        scheduler_volume: "dapr_scheduler".into(),
        broadcast: None,
        bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
        services: None,
        upgrade: false,
    }
}
