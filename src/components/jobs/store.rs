//! The file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::table::{self, Member, Peek};
use super::{Key, Receiver, Stored, Update, schema};
use crate::components::InitError;
use crate::components::sqlite::{self, Database, Options};
use crate::records::ProcessId;

/// How long a locked file is retried.
const BUSY: Duration = Duration::from_secs(5);

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A job of this name is there.
    #[error("job already exists: '{0}'")]
    Exists(String),
    /// The file.
    #[error(transparent)]
    File(#[from] sqlite::Error),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::File(error.into())
    }
}

/// A handle to the file; clones share it.
#[derive(Clone)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens the file, creating it and its directory if they aren't there.
    pub async fn open(file: &Path) -> Result<Self, InitError> {
        if let Some(directory) = file.parent() {
            fs_err::create_dir_all(directory).map_err(InitError::new)?;
        }
        let options = Options::of_file(file, BUSY);
        Ok(Self { database: Database::open(options, |connection| schema::create(connection)).await? })
    }

    /// Puts a job in. `replace` is for one of the same name, which loses its progress.
    pub async fn put(&self, stored: Stored, replace: bool) -> Result<(), Error> {
        self.database
            .write_as_one(move |connection| {
                if table::put(connection, &stored, replace)? {
                    Ok(())
                } else {
                    Err(Error::Exists(stored.key.to_string()))
                }
            })
            .await
    }

    /// Puts many jobs in, all or none.
    pub async fn put_all(&self, all: Vec<Stored>) -> Result<(), Error> {
        self.database
            .write_as_one(move |connection| {
                for stored in &all {
                    table::put(connection, stored, true)?;
                }
                Ok(())
            })
            .await
    }

    /// A job by its name.
    pub async fn get(&self, key: &Key) -> Result<Option<Stored>, Error> {
        let (receiver, name) = (key.receiver.to_string(), key.name.clone());
        Ok(self.database.read(move |connection| table::get(connection, &receiver, &name)).await?)
    }

    /// The jobs of a receiver, by name.
    pub async fn of_receiver(&self, receiver: &Receiver) -> Result<Vec<Stored>, Error> {
        let receiver = receiver.to_string();
        Ok(self.database.read(move |connection| table::of_receiver(connection, &receiver)).await?)
    }

    /// All jobs there are.
    pub async fn all(&self) -> Result<Vec<Stored>, Error> {
        Ok(self.database.read(table::all).await?)
    }

    /// Removes a job; false when there is none.
    pub async fn delete(&self, key: &Key) -> Result<bool, Error> {
        let (receiver, name) = (key.receiver.to_string(), key.name.clone());
        self.database.write(move |connection| Ok(table::delete(connection, &receiver, &name)?)).await
    }

    /// Removes several jobs, all or none; those that were there.
    pub async fn delete_all(&self, keys: Vec<Key>) -> Result<Vec<Key>, Error> {
        self.database
            .write_as_one(move |connection| {
                let mut deleted = Vec::with_capacity(keys.len());
                for key in keys {
                    if table::delete(connection, &key.receiver.to_string(), &key.name)? {
                        deleted.push(key);
                    }
                }
                Ok(deleted)
            })
            .await
    }

    /// Removes the jobs of a receiver whose names begin so; all of them with an empty prefix.
    pub async fn delete_prefix(&self, receiver: &Receiver, prefix: &str) -> Result<usize, Error> {
        let (receiver, prefix) = (receiver.to_string(), prefix.to_owned());
        self.database.write(move |connection| Ok(table::delete_prefix(connection, &receiver, &prefix)?)).await
    }

    /// Somebody who runs the jobs of a receiver from now on.
    pub fn watch(&self, receiver: &Receiver) -> Watcher {
        let me = Member {
            token: fastrand::i64(1..),
            process: ProcessId::current(),
            receiver: receiver.to_string(),
        };
        Watcher { database: self.database.clone(), me: Arc::new(me) }
    }

    /// Waits for everything that is under way and closes the file.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

/// Somebody who runs the jobs of a receiver. It is known to others from its first claim until [`Watcher::leave`],
/// or until its process ends.
#[derive(Clone)]
pub struct Watcher {
    database: Database,
    me: Arc<Member>,
}

/// How many jobs are taken at once.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// When nobody else runs jobs of this receiver.
    pub alone: usize,
    /// When somebody does: few, so that the work is shared.
    pub shared: usize,
}

impl Watcher {
    /// When the next job is due; at once when somebody died over one.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        let me = Arc::clone(&self.me);
        let Peek { due, has_dead } =
            self.database.read(move |connection| table::peek(connection, &me)).await?;
        Ok(if has_dead { Some(Timestamp::MIN) } else { due })
    }

    /// Takes jobs that are due, the longest overdue first. They are nobody else's until [`Watcher::finish`].
    pub async fn claim(&self, now: Timestamp, limit: Claim) -> Result<Vec<Stored>, Error> {
        let me = Arc::clone(&self.me);
        let limit = (limit.alone, limit.shared);
        self.database.write_as_one(move |connection| Ok(table::claim(connection, &me, now, limit)?)).await
    }

    /// Writes down what became of a job that was claimed.
    pub async fn finish(&self, id: i64, update: Update) -> Result<(), Error> {
        let me = Arc::clone(&self.me);
        self.database.write(move |connection| Ok(table::finish(connection, &me, id, update)?)).await
    }

    /// Gives back what was claimed and not finished, and signs off.
    pub async fn leave(&self) -> Result<(), Error> {
        let token = self.me.token;
        self.database.write_as_one(move |connection| Ok(table::retire(connection, token)?)).await
    }

    /// As if it belonged to another process.
    #[cfg(test)]
    pub(super) fn pretend_to_be(&mut self, process: ProcessId) {
        self.me = Arc::new(Member { process, ..Member::clone(&self.me) });
    }
}
