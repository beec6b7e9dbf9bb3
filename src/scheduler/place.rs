//! Where jobs are kept.

use std::path::PathBuf;

use super::embedded::File;
use super::{Error, Imported, Records, Selection, etcd};
use crate::components::jobs::{Key, Stored};

/// One of the two.
pub enum Place {
    /// The file of the embedded runtime.
    Embedded(File),
    /// The stock scheduler.
    Scheduler(etcd::Client),
}

impl Place {
    /// The file of the embedded runtime; it need not be there.
    pub fn embedded(file: PathBuf) -> Self {
        Self::Embedded(File::new(file))
    }

    /// The stock scheduler whose etcd listens at `host:port`; nothing is connected yet.
    pub fn scheduler(address: &str) -> Result<Self, Error> {
        etcd::Client::new(address).map(Self::Scheduler)
    }

    /// All jobs.
    pub async fn list(&self) -> Result<Vec<Stored>, Error> {
        match self {
            Self::Embedded(file) => file.all().await,
            Self::Scheduler(client) => client.export().await?.stored(),
        }
    }

    /// One job.
    pub async fn get(&self, key: &Key) -> Result<Option<Stored>, Error> {
        match self {
            Self::Embedded(file) => file.get(key).await,
            Self::Scheduler(client) => client.get(key).await,
        }
    }

    /// Deletes a job and its counter; false when there is none.
    pub async fn delete(&self, key: &Key) -> Result<bool, Error> {
        match self {
            Self::Embedded(file) => file.delete(key).await,
            Self::Scheduler(client) => client.delete(key).await,
        }
    }

    /// Deletes the jobs that are meant, and their counters; the keys of the jobs, as in etcd.
    pub async fn delete_all(&self, selection: &Selection) -> Result<Vec<String>, Error> {
        match self {
            Self::Embedded(file) => file.delete_all(selection).await,
            Self::Scheduler(client) => client.delete_all(selection).await,
        }
    }

    /// Everything that is there.
    pub async fn export(&self) -> Result<Records, Error> {
        match self {
            Self::Embedded(file) => Ok(Records::of(&file.all().await?)),
            Self::Scheduler(client) => client.export().await,
        }
    }

    /// Puts everything in; what is there under the same keys is replaced.
    pub async fn import(&self, records: &Records) -> Result<Imported, Error> {
        match self {
            Self::Embedded(file) => file.import(records).await,
            Self::Scheduler(client) => client.import(records).await,
        }
    }
}
