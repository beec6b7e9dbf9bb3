//! Making a bundle of what is installed, for machines without a network.

use std::path::{Path, PathBuf};
use std::pin::Pin;

use tokio_util::sync::CancellationToken;

use super::init::{Action, Error, Event, Record, Report, Role, all};
use super::installed;
use crate::containers::{Engine, Kind};
use crate::env::Env;
use crate::paths::InstallDir;
use crate::release::{self, Archive, Bundle, Cache, DOWNLOADS, Details, Images};

type Task<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

const BINARIES: &str = "dist";
const IMAGES: &str = "docker";

/// What a bundle was made of.
#[derive(Debug)]
pub struct Made {
    /// Version of the runtime.
    pub version: String,
    /// Programs with archives in it.
    pub programs: Vec<&'static str>,
    /// Images in it.
    pub images: Vec<String>,
}

/// Makes a bundle in a directory, which must not hold anything yet. It appears there when it is whole.
pub async fn create(
    install: &InstallDir,
    directory: &Path,
    engine: Kind,
    env: &Env,
    report: &Report,
    cancel: &CancellationToken,
) -> Result<Made, Error> {
    let daprd = install.daprd();
    let version = daprd.is_file().then(|| installed::version(install)).flatten();
    let version = version.ok_or_else(|| Error::NotInstalled(install.root().to_owned()))?;
    let directory = std::path::absolute(directory).map_err(|error| Error::file(directory, &error))?;
    if fs_err::read_dir(&directory).is_ok_and(|mut entries| entries.next().is_some()) || directory.is_file() {
        return Err(Error::Occupied(directory));
    }
    let record = Record::read(install);
    let engine = if record.slim { None } else { Some(Engine::connect(engine, env).await?) };
    let images = images(&record, &version, engine.as_ref()).await?;
    let draft = draft(&directory)?;
    report(Event::Working { text: format!("Packing runtime version {version}...") });
    let made = fill(install, &draft.0, &version, images, engine.as_ref(), report, cancel).await?;
    fs_err::rename(&draft.0, &directory).map_err(|error| Error::file(&directory, &error))?;
    Ok(made)
}

/// A directory that is removed unless it has got its final name.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs_err::remove_dir_all(&self.0);
    }
}

fn draft(directory: &Path) -> Result<Draft, Error> {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let parent = directory.parent().unwrap_or(Path::new("."));
    let draft = Draft(parent.join(format!(".{name}.{}", std::process::id())));
    for part in [BINARIES, IMAGES] {
        let part = draft.0.join(part);
        fs_err::create_dir_all(&part).map_err(|error| Error::file(part, &error))?;
    }
    Ok(draft)
}

/// The images of the containers that are here; without containers the name of the runtime's image, which has to be
/// in every description.
async fn images(
    record: &Record,
    version: &str,
    engine: Option<&Engine>,
) -> Result<Vec<(Role, String)>, Error> {
    let wanted = Images::of(&record.registry(), version, record.variant(), record.redis_stack);
    let mut images = vec![(Role::Placement, wanted.dapr)];
    if let Some(engine) = engine {
        images.clear();
        for role in [Role::Placement, Role::Redis, Role::Zipkin] {
            let container = engine.container(&role.container(record.network.as_deref())).await?;
            match container {
                Some(container) => images.push((role, container.image)),
                None if role == Role::Placement => {
                    let name = role.container(record.network.as_deref());
                    return Err(Error::NotRunning { name, detail: ": there is no such container".into() });
                }
                None => {}
            }
        }
    }
    Ok(images)
}

async fn fill(
    install: &InstallDir,
    draft: &Path,
    version: &str,
    images: Vec<(Role, String)>,
    engine: Option<&Engine>,
    report: &Report,
    cancel: &CancellationToken,
) -> Result<Made, Error> {
    let mut details = Details {
        daprd: version.to_owned(),
        dapr_binary_sub_dir: BINARIES.into(),
        docker_image_sub_dir: IMAGES.into(),
        ..Details::default()
    };
    for (role, image) in &images {
        let (name, file) = match role {
            Role::Redis => (&mut details.redis_image_name, &mut details.redis_image_file_name),
            Role::Zipkin => (&mut details.zipkin_image_name, &mut details.zipkin_image_file_name),
            Role::Placement | Role::Scheduler => {
                (&mut details.dapr_image_name, &mut details.dapr_image_file_name)
            }
        };
        (*name, *file) = (image.clone(), file_name(image));
    }
    let stop = cancel.child_token();
    let mut tasks: Vec<Task<'_>> = Vec::new();
    if let Some(engine) = engine {
        for (_, image) in &images {
            let file = draft.join(IMAGES).join(file_name(image));
            let stop = &stop;
            tasks.push(Box::pin(async move {
                let progress = |done| report(Event::Progress { item: image.clone(), done, total: None });
                tokio::select! {
                    saved = engine.save(image, &file, &progress) => saved?,
                    () = stop.cancelled() => return Err(Error::Interrupted),
                }
                report(Event::Done { item: image.clone(), action: Action::Saved });
                Ok(())
            }));
        }
    }
    let mut programs = Vec::new();
    for name in ["daprd", "placement", "scheduler"] {
        let to = draft.join(BINARIES).join(Archive::file_name(name));
        let archive = Cache::new(install.cache()).find(&Archive::new(DOWNLOADS, version, name));
        let program = install.program(name);
        if archive.is_some() || program.is_file() {
            programs.push(name);
            tasks.push(Box::pin(pack(name, archive, program, to, report)));
        }
    }
    all(&stop, tasks).await?;
    Bundle { directory: draft.to_owned(), details }.write()?;
    let images =
        if engine.is_some() { images.into_iter().map(|(_, image)| image).collect() } else { Vec::new() };
    Ok(Made { version: version.to_owned(), programs, images })
}

/// Copies a program's archive, or makes one.
async fn pack(
    name: &'static str,
    archive: Option<PathBuf>,
    program: PathBuf,
    to: PathBuf,
    report: &Report,
) -> Result<(), Error> {
    let place = to.clone();
    let packed = tokio::task::spawn_blocking(move || match archive {
        Some(archive) => fs_err::copy(archive, &to).map(drop).map_err(|error| Error::file(&to, &error)),
        None => release::pack(&program, name, &to).map_err(Error::from),
    });
    packed.await.unwrap_or_else(|_| Err(Error::file(place, &std::io::ErrorKind::Other.into())))?;
    report(Event::Done { item: Archive::file_name(name), action: Action::Packed });
    Ok(())
}

/// The file of an image: `docker.io-daprio-dapr-1.18.0.tar.gz`.
fn file_name(image: &str) -> String {
    let name: String = image
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' })
        .collect();
    format!("{name}.tar.gz")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_a_file_name_everywhere() {
        assert_eq!(file_name("127.0.0.1:5000/dapr/dapr:1.18.0"), "127.0.0.1-5000-dapr-dapr-1.18.0.tar.gz");
    }
}
