//! How each change is taken back, newest first.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::Error;
use crate::containers::Engine;
use crate::paths::InstallDir;

/// A change that can be taken back.
#[derive(Debug)]
enum Change {
    /// This container was made.
    Container(String),
    /// This container was started.
    Started(String),
    /// This container was stopped.
    Stopped(String),
    /// The first container has the second name now.
    Renamed(String, String),
    /// This volume was made.
    Volume(String),
    /// This file or directory was made.
    Path(PathBuf),
    /// This directory was made, with everything in it.
    Tree(PathBuf),
    /// The first file was put aside as the second one.
    Aside(PathBuf, PathBuf),
}

/// The changes up to now.
#[derive(Debug)]
pub struct Undo {
    engine: Option<Engine>,
    changes: Mutex<Vec<Change>>,
}

/// Nobody else sets up or removes a runtime in the same place while this exists.
#[derive(Debug)]
pub struct Lock {
    _directory: std::fs::File,
}

impl Undo {
    /// Nothing has changed yet.
    pub fn new(engine: Option<Engine>) -> Self {
        Self { engine, changes: Mutex::default() }
    }

    fn push(&self, change: Change) {
        self.changes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(change);
    }

    /// Makes `.dapr` if it isn't there and locks it. What a killed init left in it is removed.
    pub fn lock(&self, install: &InstallDir) -> Result<Lock, Error> {
        self.directory(install.root())?;
        let lock = lock(install)?;
        let staging = install.staging();
        if staging.exists() {
            fs_err::remove_dir_all(&staging).map_err(|error| Error::file(&staging, &error))?;
        }
        Ok(lock)
    }

    /// Makes a directory and all above it; those that are new are taken back.
    pub fn directory(&self, path: &Path) -> Result<(), Error> {
        let missing: Vec<&Path> = path.ancestors().take_while(|path| !path.exists()).collect();
        for path in missing.into_iter().rev() {
            match fs_err::create_dir(path) {
                Ok(()) => self.made(path),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::file(path, &error)),
            }
        }
        Ok(())
    }

    /// Makes a directory for what is only needed meanwhile; it goes in any case.
    pub fn tree(&self, path: &Path) -> Result<(), Error> {
        self.push(Change::Tree(path.to_owned()));
        fs_err::create_dir_all(path).map_err(|error| Error::file(path, &error))
    }

    /// This file is new, or will be.
    pub fn made(&self, path: &Path) {
        self.push(Change::Path(path.to_owned()));
    }

    /// Everything below a directory that isn't there yet is taken back.
    pub fn watch(&self, directory: &Path) -> Watch<'_> {
        Watch { undo: self, directory: directory.to_owned(), known: below(directory) }
    }

    /// Puts a file aside, into a [`Undo::tree`]; it comes back, or is gone with that in the end.
    pub fn put_aside(&self, path: &Path, aside: &Path) -> Result<(), Error> {
        fs_err::rename(path, aside).map_err(|error| Error::file(path, &error))?;
        self.push(Change::Aside(path.to_owned(), aside.to_owned()));
        Ok(())
    }

    /// This container will be made.
    pub fn container(&self, name: &str) {
        self.push(Change::Container(name.to_owned()));
    }

    /// This container will be started.
    pub fn started(&self, name: &str) {
        self.push(Change::Started(name.to_owned()));
    }

    /// This container will be stopped.
    pub fn stopped(&self, name: &str) {
        self.push(Change::Stopped(name.to_owned()));
    }

    /// This container will have another name.
    pub fn renamed(&self, name: &str, to: &str) {
        self.push(Change::Renamed(name.to_owned(), to.to_owned()));
    }

    /// This volume will be made.
    pub fn volume(&self, name: &str) {
        self.push(Change::Volume(name.to_owned()));
    }

    /// All is well: nothing is taken back, and what was only kept for that goes.
    pub async fn keep(self) {
        for change in self.changes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            match (change, &self.engine) {
                (Change::Tree(path), _) => drop(fs_err::remove_dir_all(path)),
                (Change::Renamed(_, before), Some(engine)) => drop(engine.remove(&before).await),
                _ => {}
            }
        }
    }

    /// Takes everything back. What can't be is left: the failure that led here is what is reported.
    pub async fn run(self) {
        let changes = self.changes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        for change in changes.into_iter().rev() {
            match (change, &self.engine) {
                (Change::Path(path), _) => {
                    // A directory that isn't empty holds what isn't ours.
                    let _ = fs_err::remove_file(&path).or_else(|_| fs_err::remove_dir(&path));
                }
                (Change::Tree(path), _) => {
                    let _ = fs_err::remove_dir_all(path);
                }
                (Change::Aside(path, aside), _) => {
                    let _ = fs_err::rename(aside, path);
                }
                (Change::Container(name), Some(engine)) => drop(engine.remove(&name).await),
                (Change::Started(name), Some(engine)) => drop(engine.stop(&name).await),
                (Change::Stopped(name), Some(engine)) => drop(engine.start(&name).await),
                (Change::Renamed(name, to), Some(engine)) => drop(engine.rename(&to, &name).await),
                (Change::Volume(name), Some(engine)) => drop(engine.remove_volume(&name).await),
                (_, None) => {}
            }
        }
    }
}

/// Notes what is new below a directory when it is dropped.
#[derive(Debug)]
pub struct Watch<'a> {
    undo: &'a Undo,
    directory: PathBuf,
    known: BTreeSet<PathBuf>,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        for path in below(&self.directory) {
            if !self.known.contains(&path) {
                self.undo.made(&path);
            }
        }
    }
}

/// A directory and everything below it, each after the directory that it is in.
fn below(directory: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(path) = waiting.pop() {
        if let Ok(entries) = fs_err::read_dir(&path) {
            waiting.extend(entries.flatten().map(|entry| entry.path()));
        }
        if path.exists() {
            found.insert(path);
        }
    }
    found
}

/// Locks an existing `.dapr`.
pub fn lock(install: &InstallDir) -> Result<Lock, Error> {
    let root = install.root();
    let directory = std::fs::File::open(root).map_err(|error| Error::file(root, &error))?;
    // An error of another kind means that the file system knows no locks.
    match directory.try_lock() {
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Busy(root.to_owned())),
        _ => Ok(Lock { _directory: directory }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    #[tokio::test]
    async fn only_what_is_new_is_taken_back() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs_err::create_dir(path("a")).unwrap();
        fs_err::write(path("a/old"), "old").unwrap();
        let undo = Undo::new(None);
        undo.directory(&path("a/b/c")).unwrap();
        let watch = undo.watch(&path("a"));
        fs_err::write(path("a/b/c/new"), "").unwrap();
        drop(watch);
        undo.put_aside(&path("a/old"), &path("a/.old")).unwrap();
        undo.made(&path("a/old"));
        fs_err::write(path("a/old"), "new").unwrap();
        undo.run().await;
        let names: Vec<PathBuf> = below(home.path()).into_iter().collect();
        assert_eq!(names, [home.path().to_owned(), path("a"), path("a/old")]);
        assert_eq!(fs_err::read_to_string(path("a/old")).unwrap(), "old");
    }

    #[test]
    fn two_at_once_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let install = InstallDir::resolve(home.path().to_str(), &Env::of([])).unwrap();
        let undo = Undo::new(None);
        let first = undo.lock(&install).unwrap();
        assert!(matches!(Undo::new(None).lock(&install), Err(Error::Busy(_))));
        drop(first);
        Undo::new(None).lock(&install).unwrap();
    }
}
