//! Everything that takes time and can fail: downloads, unpacking, images. Nothing of it is in its place yet.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use super::preflight::Have;
use super::{Action, Error, Event, Report, Source, Work, all};
use crate::containers::{Engine, Kind, registry};
use crate::paths::InstallDir;
use crate::release::{self, Archive, Bundle, Cache, Pending};

/// What is ready to be put into place.
#[derive(Debug, Default)]
pub struct Staged {
    /// Programs: name and prepared file.
    pub binaries: Binaries,
    /// Images that were to be used, and the ones that are.
    pub images: BTreeMap<String, String>,
}

/// Prepared programs: name and file.
pub type Binaries = Vec<(&'static str, PathBuf)>;

type Task<'a> = Pin<Box<dyn Future<Output = Result<Piece, Error>> + Send + 'a>>;

enum Piece {
    Binary(&'static str, PathBuf),
    Image(String, String),
}

/// An archive that is here, or a server that has it.
enum Opened {
    Here { archive: PathBuf, cached: bool },
    There(Box<Pending>),
}

/// Prepares what is missing: programs and images side by side.
pub async fn stage(work: &Work<'_>) -> Result<Staged, Error> {
    let Work { settings, plan, report, cancel, undo, .. } = *work;
    let install = &settings.install;
    let missing: Vec<&'static str> = plan
        .programs
        .iter()
        .copied()
        .filter(|name| {
            let replaced = !plan.present && (*name == "daprd" || settings.upgrade);
            replaced || !install.program(name).is_file()
        })
        .collect();
    let downloads = match &settings.source {
        Source::Release { downloads, .. } => downloads.as_str(),
        Source::Bundle(_) => "",
    };
    let stop = cancel.child_token();
    let _watch = undo.watch(&install.cache());
    undo.tree(&install.staging())?;
    let opened = open(install, plan.bundle.as_ref(), &plan.version, downloads, &missing, &stop).await?;
    let mut tasks: Vec<Task<'_>> = Vec::new();
    for (name, opened) in opened {
        tasks.push(Box::pin(binary(install, name, opened, report, &stop)));
    }
    let mut wanted: Vec<&str> = Vec::new();
    for (service, have) in plan.services.iter().zip(work.have) {
        if matches!(have, Have::Nothing | Have::Outdated { .. })
            && !wanted.contains(&service.spec.image.as_str())
        {
            wanted.push(&service.spec.image);
        }
    }
    if let Some(engine) = work.engine {
        for image in wanted {
            tasks.push(Box::pin(provide(engine, image, plan, report, &stop)));
        }
    }
    let mut staged = Staged::default();
    for piece in all(&stop, tasks).await? {
        match piece {
            Piece::Binary(name, file) => staged.binaries.push((name, file)),
            Piece::Image(wanted, used) => drop(staged.images.insert(wanted, used)),
        }
    }
    Ok(staged)
}

/// Finds the archives, or asks their servers for them. Nothing is written.
async fn open(
    install: &InstallDir,
    bundle: Option<&Bundle>,
    version: &str,
    downloads: &str,
    names: &[&'static str],
    stop: &CancellationToken,
) -> Result<Vec<(&'static str, Opened)>, Error> {
    let cache = Cache::new(install.cache());
    let client = if bundle.is_none() && !names.is_empty() {
        let client = crate::net::http_client();
        Some(client.map_err(|error| {
            Error::Release(release::Error::Connection {
                url: downloads.to_owned(),
                reason: error.to_string(),
            })
        })?)
    } else {
        None
    };
    let tasks = names.iter().map(|&name| {
        let (cache, client) = (&cache, client.as_ref());
        async move {
            if let Some(bundle) = bundle {
                return Ok((name, Opened::Here { archive: bundle.archive(name), cached: false }));
            }
            let archive = Archive::new(downloads, version, name);
            if let Some(archive) = cache.find(&archive) {
                return Ok((name, Opened::Here { archive, cached: true }));
            }
            let Some(client) = client else { return Err(Error::Interrupted) };
            tokio::select! {
                opened = cache.open(client, &archive) => match opened {
                    Ok(pending) => Ok((name, Opened::There(Box::new(pending)))),
                    Err(error) => Err(Error::Download { name: name.into(), error }),
                },
                () = stop.cancelled() => Err(Error::Interrupted),
            }
        }
    });
    let mut opened = all(stop, tasks).await?;
    opened.sort_by_key(|(name, _)| names.iter().position(|other| other == name));
    Ok(opened)
}

async fn binary(
    install: &InstallDir,
    name: &'static str,
    opened: Opened,
    report: &Report,
    stop: &CancellationToken,
) -> Result<Piece, Error> {
    let item = Archive::file_name(name);
    let failed = |error| Error::Download { name: name.into(), error };
    let archive = match opened {
        Opened::Here { archive, cached } => {
            if cached {
                report(Event::Done { item, action: Action::Cached });
            }
            archive
        }
        Opened::There(pending) => {
            let progress = |progress: release::Progress| {
                report(Event::Progress { item: item.clone(), done: progress.done, total: progress.total });
            };
            let (archive, verified) = tokio::select! {
                finished = pending.finish(&progress) => finished.map_err(failed)?,
                () = stop.cancelled() => return Err(Error::Interrupted),
            };
            report(Event::Done { item, action: Action::Downloaded { verified } });
            archive
        }
    };
    let file = install.staging().join(name);
    let to = file.clone();
    let unpacked = tokio::task::spawn_blocking(move || release::unpack(&archive, name, &to)).await;
    match unpacked {
        Ok(result) => result?,
        Err(_) => return Err(Error::file(file, &std::io::ErrorKind::Other.into())),
    }
    Ok(Piece::Binary(name, file))
}

async fn provide(
    engine: &Engine,
    image: &str,
    plan: &Plan,
    report: &Report,
    stop: &CancellationToken,
) -> Result<Piece, Error> {
    let Some(file) = plan.bundle.as_ref().and_then(|bundle| image_file(bundle, image)) else {
        let fallback = plan.images.dapr_fallback.as_deref().filter(|_| image == plan.images.dapr);
        return Ok(Piece::Image(image.into(), pull_image(engine, image, fallback, report, stop).await?));
    };
    if let Some(used) = loaded(engine, image).await? {
        return Ok(Piece::Image(image.into(), used));
    }
    let used = load(engine, image, &file, stop).await?;
    report(Event::Done { item: image.into(), action: Action::Loaded });
    Ok(Piece::Image(image.into(), used))
}

fn image_file(bundle: &Bundle, image: &str) -> Option<PathBuf> {
    let images = [Some(bundle.dapr_image()), bundle.redis_image(), bundle.zipkin_image()];
    images.into_iter().flatten().find(|(name, _)| name == image).map(|(_, file)| file)
}

/// The name under which the engine has an image of a bundle, if it has it. Podman knows a loaded image whose name
/// has no registry as one of its own.
async fn loaded(engine: &Engine, image: &str) -> Result<Option<String>, Error> {
    if engine.has_image(image).await? {
        return Ok(Some(image.to_owned()));
    }
    if engine.kind() != Kind::Podman || registry(image) != "docker.io" {
        return Ok(None);
    }
    let own = format!("localhost/{}", image.strip_prefix("docker.io/").unwrap_or(image));
    Ok(engine.has_image(&own).await?.then_some(own))
}

async fn load(engine: &Engine, image: &str, file: &Path, stop: &CancellationToken) -> Result<String, Error> {
    tokio::select! {
        loaded = engine.load(file) => loaded?,
        () = stop.cancelled() => return Err(Error::Interrupted),
    }
    if let Some(used) = loaded(engine, image).await? {
        return Ok(used);
    }
    Err(Error::Release(release::Error::Details(format!("there is no image {image} in {}", file.display()))))
}

/// Has the engine pull an image that it lacks, or the other one when that fails. Returns the one that is there.
async fn pull_image(
    engine: &Engine,
    image: &str,
    fallback: Option<&str>,
    report: &Report,
    stop: &CancellationToken,
) -> Result<String, Error> {
    if engine.has_image(image).await? {
        return Ok(image.to_owned());
    }
    let pull = async |image: &str| {
        let progress = |layer: crate::containers::Layer| {
            let item = format!("{image} {}", layer.id);
            report(Event::Progress { item, done: layer.done, total: Some(layer.total) });
        };
        tokio::select! {
            pulled = engine.pull(image, &progress) => pulled.map_err(Error::from),
            () = stop.cancelled() => Err(Error::Interrupted),
        }
    };
    let used = match (pull(image).await, fallback) {
        (Ok(()), _) => image,
        (Err(Error::Interrupted), _) => return Err(Error::Interrupted),
        (Err(_), Some(fallback)) => {
            report(Event::FallBack);
            if !engine.has_image(fallback).await? {
                pull(fallback).await?;
            }
            fallback
        }
        (Err(error), None) => return Err(error),
    };
    report(Event::Done { item: used.to_owned(), action: Action::Pulled });
    Ok(used.to_owned())
}
