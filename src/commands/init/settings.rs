//! What flags, environment and the note of the last init come to.

use std::net::IpAddr;
use std::path::PathBuf;

use super::Args;
use crate::commands::Globals;
use crate::containers::Kind;
use crate::env::{
    DAPR_CONTAINER_RUNTIME, DAPR_DEFAULT_IMAGE_REGISTRY, DAPR_DOWNLOAD_URL, DAPR_IMAGE_REGISTRY,
    DAPR_NETWORK, DAPR_RUNTIME_VERSION,
};
use crate::error::{EXIT_USAGE, Failure};
use crate::paths::InstallDir;
use crate::release::{DOWNLOADS, Registry, Variant};
use crate::self_hosted::init::{Record, Redis, Role, Settings, Source};

/// The settings of the flags, of the environment and, for a runtime that is installed, of the last init.
pub fn settings(args: &Args, globals: &Globals) -> Result<Settings, Failure> {
    let install = globals.install()?;
    let present = install.daprd().is_file();
    let record = if present { Record::read(&install) } else { Record::default() };
    let given = |flag: &str| globals.given.iter().any(|given| given == flag);
    let variable = |name: &str| globals.env.get(name).map(str::to_owned);
    let text = |flag: &str, value: &str, name: Option<&str>, noted: Option<String>| {
        let value = Some(value.trim().to_owned()).filter(|value| given(flag) && !value.is_empty());
        value.or_else(|| name.and_then(variable)).or(if given(flag) { None } else { noted })
    };
    let variant = text("image-variant", &args.image_variant, None, record.image_variant.clone());
    let redis_host = text("redis-host", &args.redis_host, None, record.redis_host.clone());
    let redis = match redis_host {
        Some(host) => Redis::Existing(with_port(host)),
        None if args.redis_stack || (record.redis_stack && !given("redis-stack")) => Redis::Stack,
        None => Redis::Container,
    };
    let bind = text("bind", &args.bind, None, Some(record.bind.clone())).unwrap_or_default();
    let bind: IpAddr = bind
        .parse()
        .map_err(|_| Failure::new(format!("--bind {bind}: not an IP address")).code(EXIT_USAGE))?;
    let engine = text(
        "container-runtime",
        &args.container_runtime,
        Some(DAPR_CONTAINER_RUNTIME),
        Some(record.container_runtime.clone()),
    );
    let slim = args.slim || (record.slim && !given("slim"));
    let volume =
        text("scheduler-volume", &args.scheduler_volume, None, Some(record.scheduler_volume.clone()));
    let broadcast = text(
        "scheduler-override-broadcast-host-port",
        &args.scheduler_override_broadcast_host_port,
        None,
        record.scheduler_broadcast.clone(),
    );
    let version = text("runtime-version", &args.runtime_version, Some(DAPR_RUNTIME_VERSION), None);
    Ok(Settings {
        source: source(globals, version.as_deref().unwrap_or_default(), &args.from_dir),
        slim,
        engine: engine.and_then(|name| name.parse().ok()).unwrap_or_default(),
        network: text("network", &args.network, Some(DAPR_NETWORK), record.network.clone()),
        registry: registry(&args.image_registry, &record, globals)?,
        variant: Variant::of(&variant.unwrap_or_default()).map_err(Failure::new)?,
        redis,
        scheduler_volume: volume.unwrap_or_else(|| Record::default().scheduler_volume),
        broadcast,
        bind,
        services: (present && record.slim == slim).then_some(record.services),
        upgrade: false,
        install,
    })
}

/// The settings of an upgrade: those of the init before, except for what flags say.
pub fn of_record(
    globals: &Globals,
    image_registry: &str,
    variant: &str,
    version: &str,
    from_dir: &str,
) -> Result<Settings, Failure> {
    let install = globals.install()?;
    let record = Record::read(&install);
    let registry = registry(image_registry, &record, globals)?;
    // Another version may have a scheduler; without a record nobody knows whether Redis and Zipkin were wanted.
    let mut services = vec![Role::Placement, Role::Scheduler];
    if Record::is_there(&install) {
        services.extend(record.services.iter().filter(|role| !role.is_of_runtime()));
    }
    let variant = if variant.trim().is_empty() {
        record.variant()
    } else {
        Variant::of(variant).map_err(Failure::new)?
    };
    Ok(Settings {
        source: source(globals, version.trim(), from_dir),
        slim: record.slim,
        engine: record.engine(),
        network: record.network.clone(),
        registry,
        variant,
        redis: record.redis(),
        scheduler_volume: record.scheduler_volume.clone(),
        broadcast: record.scheduler_broadcast.clone(),
        bind: record.bind(),
        services: Some(services),
        upgrade: true,
        install,
    })
}

/// Where images come from: the flag or its variable, the note, the usual place.
fn registry(flag: &str, record: &Record, globals: &Globals) -> Result<Registry, Failure> {
    let named = effective(flag, DAPR_IMAGE_REGISTRY, globals);
    if named.is_empty() && record.image_registry.is_some() {
        return Ok(record.registry());
    }
    Registry::of(&named, globals.env.get(DAPR_DEFAULT_IMAGE_REGISTRY)).map_err(Failure::new)
}

fn source(globals: &Globals, version: &str, from_dir: &str) -> Source {
    match from_dir.trim() {
        "" => Source::Release {
            version: Some(version.to_owned()).filter(|version| !matches!(version.as_str(), "" | "latest")),
            downloads: globals.env.get(DAPR_DOWNLOAD_URL).unwrap_or(DOWNLOADS).to_owned(),
        },
        directory => Source::Bundle(PathBuf::from(directory)),
    }
}

/// `host` is `host:6379`.
fn with_port(host: String) -> String {
    if host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        host
    } else {
        format!("{host}:6379")
    }
}

/// The flag, the variable, or nothing (layout reference, section 5). For flags whose default is nothing.
pub fn effective(value: &str, variable: &str, globals: &Globals) -> String {
    let given = Some(value.trim()).filter(|value| !value.is_empty());
    given.or_else(|| globals.env.get(variable)).unwrap_or_default().to_owned()
}

/// The container engine. Only two are known. `flag` is the value of `--container-runtime`; given, it wins over the
/// environment even when it says what is the default.
pub fn container_runtime(flag: &str, globals: &Globals) -> Result<Kind, Failure> {
    let given = globals.given.iter().any(|given| given == "container-runtime");
    let variable = globals.env.get(DAPR_CONTAINER_RUNTIME).filter(|_| !given);
    engine_named(variable.unwrap_or(flag).trim())
}

/// The engine of this name.
pub fn engine_named(name: &str) -> Result<Kind, Failure> {
    let unknown = || Failure::new("Invalid container runtime. Supported values are docker and podman.");
    name.parse().map_err(|()| unknown())
}

/// What the engine of an install directory is called, when no flag says it.
pub fn engine_of(flag: &str, globals: &Globals, install: &InstallDir) -> Result<Kind, Failure> {
    let chosen = container_runtime(flag, globals)?;
    let said = globals.given.iter().any(|given| given == "container-runtime")
        || globals.env.get(DAPR_CONTAINER_RUNTIME).is_some();
    Ok(if said { chosen } else { Record::read(install).engine() })
}
