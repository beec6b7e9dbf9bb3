//! Every file and directory below `.dapr`, and how its place is found.

use std::path::{Path, PathBuf};

use crate::env::{DAPR_RUNTIME_PATH, Env};

/// Why the install directory could not be found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither `--runtime-path`, nor `DAPR_RUNTIME_PATH`, nor a home directory.
    #[error("cannot determine the home directory; set --runtime-path or DAPR_RUNTIME_PATH")]
    NoHome,
}

/// The `.dapr` directory. Order of precedence (layout reference, section 1): `--runtime-path`, then
/// `DAPR_RUNTIME_PATH`, then the home directory; `.dapr` is always appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstallDir {
    root: PathBuf,
}

impl InstallDir {
    /// Finds the directory; nothing is created, nothing needs to exist.
    pub fn resolve(flag: Option<&str>, env: &Env) -> Result<Self, Error> {
        let given =
            flag.map(str::trim).filter(|path| !path.is_empty()).or_else(|| env.get(DAPR_RUNTIME_PATH));
        let parent = match given {
            Some(path) => PathBuf::from(path),
            None => env.get("HOME").map(PathBuf::from).or_else(dirs::home_dir).ok_or(Error::NoHome)?,
        };
        Ok(Self { root: parent.join(".dapr") })
    }

    /// `.dapr` itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory that contains `.dapr`: the value for `--runtime-path`.
    pub fn runtime_path(&self) -> &Path {
        self.root.parent().unwrap_or(&self.root)
    }

    /// Installed binaries.
    pub fn bin(&self) -> PathBuf {
        self.root.join("bin")
    }

    /// The installed sidecar, whether or not it exists.
    pub fn daprd(&self) -> PathBuf {
        self.program("daprd")
    }

    /// An installed program by its name: `daprd`, `placement`, `scheduler`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin().join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// Default resources directory.
    pub fn components(&self) -> PathBuf {
        self.root.join("components")
    }

    /// Default Configuration file.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.yaml")
    }

    /// SQLite files of the embedded runtime's default components.
    pub fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    /// The jobs of all apps that the embedded runtime serves.
    pub fn jobs(&self) -> PathBuf {
        self.data().join("jobs.sqlite")
    }

    /// App and sidecar logs of one app's single runs.
    pub fn logs(&self, app_id: &str) -> PathBuf {
        self.logs_of_all().join(file_name(app_id))
    }

    /// The log directories of all apps.
    pub fn logs_of_all(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Downloaded archives of the runtime.
    pub fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// How `dapr init` set this up.
    pub fn init_record(&self) -> PathBuf {
        self.root.join("init.json")
    }

    /// Where `dapr init` prepares binaries before it puts them into place.
    pub fn staging(&self) -> PathBuf {
        self.root.join(".staging")
    }

    /// Instance records, one file per running instance.
    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }
}

/// An app id as part of a path. An id may hold any character; none of them must lead out of the directory.
pub fn file_name(app_id: &str) -> String {
    let safe = app_id.replace(['/', '\\', '\0'], "_");
    if matches!(safe.as_str(), "" | "." | "..") { format!("_{safe}") } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_wins_over_the_variable_over_the_home() {
        let env = Env::of([(DAPR_RUNTIME_PATH, "/from-env"), ("HOME", "/home/me")]);
        let root = |flag, env: &Env| InstallDir::resolve(flag, env).unwrap().root().to_owned();
        assert_eq!(root(Some("/from-flag"), &env), Path::new("/from-flag/.dapr"));
        assert_eq!(root(Some("  "), &env), Path::new("/from-env/.dapr"));
        assert_eq!(root(None, &Env::of([("HOME", "/home/me")])), Path::new("/home/me/.dapr"));
    }

    #[test]
    fn no_app_id_leads_out_of_its_directory() {
        assert_eq!(file_name("orders-api"), "orders-api");
        assert_eq!(file_name("../a/b"), ".._a_b");
        assert_eq!(file_name(".."), "_..");
    }
}
