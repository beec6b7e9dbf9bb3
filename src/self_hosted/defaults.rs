//! What `dapr init --embedded` and the first embedded run write: default components and a configuration that
//! need nothing but files. Existing files are never touched.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::system_text;
use crate::paths::InstallDir;

/// First words of every default; a file that begins with them is one of ours, though perhaps edited.
pub const MARK: &str = "# Default of the embedded Dapr runtime";

const STATESTORE: &str = include_str!("../../templates/resources/statestore.yaml");
const PUBSUB: &str = include_str!("../../templates/resources/pubsub.yaml");
const CONFIG: &str = include_str!("../../templates/resources/config.yaml");

/// Why the defaults can't be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {}", path.display(), system_text(error))]
pub struct Error {
    /// The file or directory.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

/// One of the default files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// There was a file already, which stays as it is.
    pub kept: bool,
}

/// Makes the directories of an install directory and writes the default files that aren't there. Each file
/// appears whole or not at all.
pub fn write_defaults(install: &InstallDir) -> Result<Vec<Written>, Error> {
    let defaults = texts(install)?;
    let (components, data) = (install.components(), install.data());
    let logs = install.root().join("logs");
    for directory in [&components, &data, &logs, &install.run()] {
        fs_err::create_dir_all(directory).map_err(|error| Error { path: directory.clone(), error })?;
    }
    let mut written = Vec::new();
    for (path, text) in defaults {
        let kept = !create(&path, &text).map_err(|error| Error { path: path.clone(), error })?;
        written.push(Written { path, kept });
    }
    Ok(written)
}

/// The default files with their content, as they are written for this install directory.
pub fn texts(install: &InstallDir) -> Result<[(PathBuf, String); 3], Error> {
    let data = install.data();
    let data = std::path::absolute(&data).map_err(|error| Error { path: data, error })?;
    let components = install.components();
    Ok([
        (components.join("statestore.yaml"), with_file(STATESTORE, &data.join("state.sqlite"))),
        (components.join("pubsub.yaml"), with_file(PUBSUB, &data.join("pubsub.sqlite"))),
        (install.config(), CONFIG.to_owned()),
    ])
}

/// The template with the path of its data file, quoted: a JSON string is a YAML string too.
fn with_file(template: &str, file: &Path) -> String {
    let quoted = serde_json::Value::from(file.display().to_string()).to_string();
    template.replace("@CONNECTION_STRING@", &quoted)
}

/// Creates a file with this text unless there is one; returns whether it did.
pub fn create(path: &Path, text: &str) -> io::Result<bool> {
    if fs_err::symlink_metadata(path).is_ok() {
        return Ok(false);
    }
    let temporary = path.with_extension(format!("yaml.{}", std::process::id()));
    fs_err::write(&temporary, text)?;
    // A link fails when somebody else was faster, where a rename would replace that file.
    let result = match fs_err::hard_link(&temporary, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        // Some file systems have no links.
        Err(_) => fs_err::rename(&temporary, path).map(|()| true),
    };
    let _ = fs_err::remove_file(&temporary);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::resources::{Audience, load};

    fn install(parent: &Path) -> InstallDir {
        InstallDir::resolve(parent.to_str(), &Env::of([])).unwrap()
    }

    #[test]
    fn the_defaults_are_loadable_components_with_absolute_paths() {
        let home = tempfile::tempdir().unwrap();
        let parent = home.path().join("with \"odd\" name: #1");
        let install = install(&parent);
        let written = write_defaults(&install).unwrap();
        assert!(written.iter().all(|file| !file.kept), "{written:?}");
        let loaded = load(&[install.components()], &Audience::default()).unwrap();
        let mut components: Vec<_> = loaded
            .components
            .iter()
            .map(|component| (component.kind.as_str(), component.value("connectionString").unwrap()))
            .collect();
        components.sort_unstable();
        let data = install.data();
        let path = |name: &str| data.join(name).display().to_string();
        assert_eq!(
            components,
            [
                ("pubsub.sqlite", path("pubsub.sqlite").as_str()),
                ("state.sqlite", path("state.sqlite").as_str())
            ]
        );
        for file in written {
            assert!(fs_err::read_to_string(&file.path).unwrap().starts_with(MARK), "{file:?}");
        }
    }

    #[test]
    fn what_is_there_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let install = install(home.path());
        fs_err::create_dir_all(install.components()).unwrap();
        fs_err::write(install.components().join("pubsub.yaml"), "mine").unwrap();
        let kept: Vec<bool> = write_defaults(&install).unwrap().iter().map(|file| file.kept).collect();
        assert_eq!(kept, [false, true, false]);
        assert_eq!(fs_err::read_to_string(install.components().join("pubsub.yaml")).unwrap(), "mine");
        assert!(write_defaults(&install).unwrap().iter().all(|file| file.kept));
        let names: Vec<_> = fs_err::read_dir(install.components()).unwrap().flatten().collect();
        assert_eq!(names.len(), 2, "a temporary file is left: {names:?}");
    }

    #[test]
    fn an_error_names_the_place() {
        let home = tempfile::tempdir().unwrap();
        fs_err::write(home.path().join(".dapr"), "").unwrap();
        let error = write_defaults(&install(home.path())).unwrap_err().to_string();
        assert!(error.ends_with(".dapr/components: not a directory"), "{error}");
    }
}
