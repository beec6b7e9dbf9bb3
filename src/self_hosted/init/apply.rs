//! Putting into place what was prepared. Short, and each change is noted so that it can be taken back.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::preflight::Have;
use super::stage::Staged;
use super::{Action, Error, Event, Report, Service, Settings, Undo, Work, all, services};
use crate::containers::{Engine, State};
use crate::self_hosted::defaults;

/// Containers first, then files, the sidecar last.
pub async fn apply(work: &Work<'_>, staged: Staged) -> Result<(), Error> {
    let Work { settings, plan, engine, report, cancel, undo, .. } = *work;
    let install = &settings.install;
    if let Some(engine) = engine {
        let stop = cancel.child_token();
        let tasks = plan.services.iter().zip(work.have).map(|(service, have)| {
            let image = staged.images.get(&service.spec.image);
            start(engine, service, *have, image, report, &stop, undo)
        });
        all(&stop, tasks).await?;
    }
    undo.directory(&install.components())?;
    undo.directory(&install.bin())?;
    let embedded = defaults::texts(install)?;
    for (path, text) in &plan.files {
        file(path, text, &embedded, plan.present || settings.upgrade, settings, report, undo)?;
    }
    if let Some(engine) = engine {
        let names = plan.services.iter().map(|service| service.spec.name.as_str());
        check_running(engine, names).await?;
    }
    if cancel.is_cancelled() {
        return Err(Error::Interrupted);
    }
    let mut binaries = staged.binaries;
    binaries.sort_by_key(|(name, _)| *name == "daprd");
    for (name, prepared) in binaries {
        place_binary(&prepared, &install.program(name), undo)?;
        if name == "daprd" && !settings.upgrade {
            report(Event::Placed(install.bin()));
        }
    }
    Ok(())
}

async fn start(
    engine: &Engine,
    service: &Service,
    have: Have,
    image: Option<&String>,
    report: &Report,
    stop: &CancellationToken,
    undo: &Undo,
) -> Result<(), Error> {
    if stop.is_cancelled() {
        return Err(Error::Interrupted);
    }
    let name = &service.spec.name;
    let mut spec = service.spec.clone();
    if let Some(image) = image {
        spec.image.clone_from(image);
    }
    // What an interrupted replacement left.
    let before = services::replaced(name);
    engine.remove(&before).await?;
    let action = match have {
        Have::Running => return Ok(()),
        Have::Stopped => {
            undo.started(name);
            engine.start(name).await?;
            Action::Restarted
        }
        Have::Nothing | Have::Outdated { .. } => {
            if let Have::Outdated { running } = have {
                // Its ports are needed now, and it is needed again if this fails.
                if running {
                    undo.stopped(name);
                    engine.stop(name).await?;
                }
                undo.renamed(name, &before);
                engine.rename(name, &before).await?;
            }
            if let Some((source, _)) = &spec.volume
                && services::is_volume(source)
                && engine.volume(source).await?.is_none()
            {
                undo.volume(source);
                engine.create_volume(source, &services::labels(service.role)).await?;
            }
            undo.container(name);
            engine.create(&spec).await?;
            engine.start(name).await?;
            if have == Have::Nothing { Action::Started } else { Action::Replaced }
        }
    };
    report(Event::Done { item: name.clone(), action });
    Ok(())
}

/// Fails for the first container that doesn't run, with its last words.
async fn check_running<'a>(engine: &Engine, names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    for name in names {
        let found = engine.container(name).await?;
        let exit_code = match &found {
            Some(found) if found.state == State::Running && found.restarts == 0 => continue,
            found => found.as_ref().and_then(|found| found.exit_code),
        };
        let words = engine.last_words(name, 3).await.replace('\n', " | ");
        let mut detail =
            exit_code.map(|code| format!(": it ended with exit code {code}")).unwrap_or_default();
        if !words.is_empty() {
            detail = format!("{detail}: {words}");
        }
        return Err(Error::NotRunning { name: name.to_owned(), detail });
    }
    Ok(())
}

/// Writes a default file, unless there is one that the user may have changed, which is told of unless `quiet`.
fn file(
    path: &Path,
    text: &str,
    embedded: &[(std::path::PathBuf, String)],
    quiet: bool,
    settings: &Settings,
    report: &Report,
    undo: &Undo,
) -> Result<(), Error> {
    let wrote = |path: &Path| {
        report(Event::Done { item: path.display().to_string(), action: Action::Written });
    };
    match fs_err::read_to_string(path) {
        Ok(old) if old == text => Ok(()),
        // Untouched since the embedded runtime wrote it: not the user's, and no use to this runtime.
        Ok(old) if embedded.iter().any(|(other, text)| other == path && *text == old) => {
            let name = path.file_name().unwrap_or_default();
            undo.put_aside(path, &settings.install.staging().join(name))?;
            defaults::create(path, text).map_err(|error| Error::file(path, &error))?;
            wrote(path);
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            undo.made(path);
            defaults::create(path, text).map_err(|error| Error::file(path, &error))?;
            wrote(path);
            Ok(())
        }
        Ok(_) | Err(_) => {
            if !quiet {
                report(Event::Kept(path.to_owned()));
            }
            Ok(())
        }
    }
}

/// Moves a prepared program to its place; what was there comes back if this is undone.
fn place_binary(prepared: &Path, place: &Path, undo: &Undo) -> Result<(), Error> {
    if place.exists() {
        undo.put_aside(place, &prepared.with_extension("old"))?;
    }
    undo.made(place);
    fs_err::rename(prepared, place).map_err(|error| Error::file(place, &error))
}
