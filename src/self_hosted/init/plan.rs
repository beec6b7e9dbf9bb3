//! What an installation consists of: decided before anything changes.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::{Error, Event, Redis, Report, Role, Service, Settings, Source, files, services};
use crate::containers;
use crate::release::{self, Bundle, Images, Registry, Rules};
use crate::self_hosted::installed;

/// What the installation consists of, once the version is known.
#[derive(Debug)]
pub struct Plan {
    /// Version of the runtime.
    pub version: String,
    /// A working sidecar of this version is installed.
    pub present: bool,
    /// The bundle that it comes from.
    pub bundle: Option<Bundle>,
    /// Names of images.
    pub images: Images,
    /// Programs in `.dapr/bin`.
    pub programs: Vec<&'static str>,
    /// Containers.
    pub services: Vec<Service>,
    /// The default files with their content.
    pub files: Vec<(PathBuf, String)>,
}

/// Finds out the version and what belongs to it.
pub async fn plan(settings: &Settings, report: &Report, cancel: &CancellationToken) -> Result<Plan, Error> {
    let bundle = match &settings.source {
        Source::Bundle(directory) => Some(Bundle::open(directory)?),
        Source::Release { .. } => None,
    };
    if bundle.is_none() && !settings.slim && !matches!(settings.registry, Registry::Custom(_)) {
        report(Event::ImagesFrom(settings.registry.clone()));
    }
    let (version, present) = version(settings, bundle.as_ref(), cancel).await?;
    let rules = Rules::of(&version)?;
    report(Event::Version { version: version.clone(), present });
    let mut images =
        Images::of(&settings.registry, &version, settings.variant, settings.redis == Redis::Stack);
    let mut wanted = services::roles(settings, rules);
    if let Some(bundle) = &bundle {
        images.dapr = bundle.dapr_image().0;
        images.dapr_fallback = None;
        match bundle.redis_image() {
            Some((name, _)) => images.redis = name,
            None => wanted.retain(|role| *role != Role::Redis),
        }
        match bundle.zipkin_image() {
            Some((name, _)) => images.zipkin = name,
            None => wanted.retain(|role| *role != Role::Zipkin),
        }
    }
    let mut programs = vec!["daprd"];
    if settings.slim {
        programs.push("placement");
        programs.extend(rules.scheduler.then_some("scheduler"));
    }
    let files = files::files(settings, &wanted);
    let services = wanted.into_iter().map(|role| services::service(role, settings, rules, &images)).collect();
    Ok(Plan { version, present, bundle, images, programs, services, files })
}

/// The version to install, and whether it is installed already.
async fn version(
    settings: &Settings,
    bundle: Option<&Bundle>,
    cancel: &CancellationToken,
) -> Result<(String, bool), Error> {
    let daprd = settings.install.daprd();
    // One that doesn't even tell its version is broken, and replaced.
    let installed = daprd.is_file().then(|| installed::version(&settings.install)).flatten();
    let wanted = match (&settings.source, bundle) {
        (_, Some(bundle)) => Some(bundle.details.daprd.clone()),
        (Source::Release { version, .. }, None) => {
            version.as_deref().map(release::normalized).map(str::to_owned)
        }
        (Source::Bundle(_), None) => None,
    };
    if settings.upgrade {
        let wanted = match wanted {
            Some(wanted) => wanted,
            None => latest(settings, cancel).await?,
        };
        let present = installed.as_ref() == Some(&wanted);
        return Ok((wanted, present));
    }
    match (wanted, installed) {
        (Some(wanted), Some(installed)) if wanted != installed => {
            Err(Error::Installed { daprd, installed, wanted })
        }
        (_, Some(installed)) => Ok((installed, true)),
        (Some(wanted), None) => Ok((wanted, false)),
        (None, None) => Ok((latest(settings, cancel).await?, false)),
    }
}

/// The newest version that the registry has.
async fn latest(settings: &Settings, cancel: &CancellationToken) -> Result<String, Error> {
    let repository = settings.registry.repository();
    let login = containers::credential(settings.registry.host()).map(|credential| match credential {
        containers::Credential::Password(name, password) => (Some(name), password),
        containers::Credential::Token(token) => (None, token),
    });
    tokio::select! {
        latest = release::latest(&repository, login) => Ok(latest?),
        () = cancel.cancelled() => Err(Error::Interrupted),
    }
}
