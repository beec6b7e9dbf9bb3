//! The file of the embedded runtime. While it isn't there it has no jobs; only an import makes it.

use std::path::PathBuf;

use super::records::{COUNTERS, JOBS, runs_here};
use super::{Error, Imported, Records, Selection};
use crate::components::jobs::{Key, Store, Stored};

/// The file.
pub struct File {
    path: PathBuf,
}

impl File {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn failed(&self, cause: impl std::fmt::Display) -> Error {
        Error::Store { file: self.path.display().to_string(), cause: cause.to_string() }
    }

    async fn store(&self) -> Result<Store, Error> {
        Store::open(&self.path).await.map_err(|error| self.failed(error))
    }

    /// The store, unless nobody has scheduled anything yet.
    async fn existing(&self) -> Result<Option<Store>, Error> {
        if self.path.exists() { self.store().await.map(Some) } else { Ok(None) }
    }

    pub async fn all(&self) -> Result<Vec<Stored>, Error> {
        match self.existing().await? {
            Some(store) => store.all().await.map_err(|error| self.failed(error)),
            None => Ok(Vec::new()),
        }
    }

    pub async fn get(&self, key: &Key) -> Result<Option<Stored>, Error> {
        match self.existing().await? {
            Some(store) => store.get(key).await.map_err(|error| self.failed(error)),
            None => Ok(None),
        }
    }

    pub async fn delete(&self, key: &Key) -> Result<bool, Error> {
        match self.existing().await? {
            Some(store) => store.delete(key).await.map_err(|error| self.failed(error)),
            None => Ok(false),
        }
    }

    /// The keys of what was deleted, as in etcd.
    pub async fn delete_all(&self, selection: &Selection) -> Result<Vec<String>, Error> {
        let Some(store) = self.existing().await? else { return Ok(Vec::new()) };
        let all = store.all().await.map_err(|error| self.failed(error))?;
        let keys = all.into_iter().map(|stored| stored.key).filter(|key| selection.has(key)).collect();
        let deleted = store.delete_all(keys).await.map_err(|error| self.failed(error))?;
        Ok(deleted.iter().map(|key| format!("{JOBS}{key}")).collect())
    }

    pub async fn import(&self, records: &Records) -> Result<Imported, Error> {
        let all = records.stored()?;
        let idle = all.iter().filter(|stored| !runs_here(&stored.key.receiver)).count();
        let counters =
            all.iter().filter(|one| records.counters.contains_key(&format!("{COUNTERS}{}", one.key)));
        let items = all.len() + counters.count();
        // A job that has done all its runs is as good as gone.
        let left: Vec<Stored> = all.into_iter().filter(has_runs_left).collect();
        self.store().await?.put_all(left).await.map_err(|error| self.failed(error))?;
        Ok(Imported { items, idle })
    }
}

fn has_runs_left(stored: &Stored) -> bool {
    let plan = stored.job.plan();
    plan.is_ok_and(|plan| plan.next(stored.progress.count, stored.progress.last).is_some())
}
