//! `state.sqlite`, also `state.sqlite3`: data in a SQLite file with the stock layout, so that a stock sidecar
//! can use the same file (components reference, section 2).

mod table;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Delete, Error, Feature, Item, Keys, Operation, Set, Store, TTL_IN_SECONDS, parse_integer};
use crate::components::sqlite::{self, Database, Options};
use crate::components::{Init, InitError, Metadata, Properties};
use table::Table;

const KIND: &str = "state.sqlite";

/// Opens the database and creates the tables that it lacks.
pub async fn make(init: Init) -> Result<Arc<dyn Store>, InitError> {
    let settings = Settings::parse(&init.properties)?;
    let table = Arc::new(settings.table);
    let database = {
        let (table, label) = (Arc::clone(&table), init.label(KIND));
        Database::open(settings.options, move |connection| table.create(connection, &label)).await?
    };
    let background = CancellationToken::new();
    if !settings.cleanup_interval.is_zero() {
        let cleanup = Cleanup {
            database: database.clone(),
            table: Arc::clone(&table),
            interval: settings.cleanup_interval,
            label: init.label(KIND),
        };
        let stop = background.clone();
        tokio::spawn(async move { stop.run_until_cancelled(cleanup.run()).await });
    }
    Ok(Arc::new(Sqlite {
        database,
        table,
        timeout: settings.timeout,
        background: background.clone(),
        _guard: background.drop_guard(),
    }))
}

struct Settings {
    options: Options,
    table: Table,
    timeout: Duration,
    cleanup_interval: Duration,
}

impl Settings {
    fn parse(properties: &Properties) -> Result<Self, InitError> {
        let connection_string = properties.any(&["connectionString", "url"]).unwrap_or_default();
        if connection_string.is_empty() {
            return Err(InitError::new("missing connection string"));
        }
        let name = |property: &str, default: &str| {
            let name = properties.any(&[property]).unwrap_or(default);
            if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                Ok(name.to_owned())
            } else {
                Err(InitError(format!("invalid identifier: {name}")))
            }
        };
        let table = Table::new(&name("tableName", "state")?, name("metadataTableName", "metadata")?);
        let timeout = properties.duration(&["timeout", "timeoutInSeconds"], Duration::from_secs(20))?;
        if timeout < Duration::from_secs(1) {
            return Err(InitError::new("invalid value for 'timeout': must be greater than 1s"));
        }
        let busy_timeout = properties.duration(&["busyTimeout"], Duration::from_secs(2))?;
        let cleanup_interval =
            properties.duration(&["cleanupInterval", "cleanupIntervalInSeconds"], Duration::ZERO)?;
        let options = Options::parse(connection_string, busy_timeout, properties.flag("disableWAL"))?;
        Ok(Self { options, table, timeout, cleanup_interval })
    }
}

struct Sqlite {
    database: Database,
    table: Arc<Table>,
    timeout: Duration,
    background: CancellationToken,
    /// Ends the background work with the store.
    _guard: DropGuard,
}

/// Removes expired rows now and then.
struct Cleanup {
    database: Database,
    table: Arc<Table>,
    interval: Duration,
    label: String,
}

impl Cleanup {
    async fn run(self) {
        let mut ticks = tokio::time::interval(self.interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let table = Arc::clone(&self.table);
            let removed = self.database.write(move |connection| table.remove_expired(connection)).await;
            if let Err(error) = removed {
                tracing::warn!(target: "dapr.contrib", component = %self.label, "Error removing expired data: {error}");
            }
        }
    }
}

impl From<sqlite::Error> for Error {
    fn from(error: sqlite::Error) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// A checked operation.
enum Step {
    Set { request: Set, ttl: Option<i64> },
    Delete(Delete),
}

impl Step {
    fn set(request: Set) -> Result<Self, Error> {
        if request.key.is_empty() {
            return Err(Error::Other("missing key in set option".into()));
        }
        let ttl = ttl(&request.metadata).map_err(|why| Error::Other(format!("error parsing TTL: {why}")))?;
        Ok(Self::Set { request, ttl })
    }

    fn delete(request: Delete) -> Result<Self, Error> {
        if request.key.is_empty() {
            return Err(Error::Other("missing key in delete operation".into()));
        }
        Ok(Self::Delete(request))
    }

    fn run(&self, table: &Table, connection: &rusqlite::Connection) -> Result<(), Error> {
        match self {
            Self::Set { request, ttl } => table.set(connection, request, *ttl),
            Self::Delete(request) => table.delete(connection, request),
        }
    }
}

/// Seconds to live; `None` for ever.
fn ttl(metadata: &Metadata) -> Result<Option<i64>, String> {
    let Some(text) = metadata.get(TTL_IN_SECONDS).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let wrong = |why: &str| format!("incorrect value for metadata '{TTL_IN_SECONDS}': {why}");
    let seconds = parse_integer("ParseInt", text).map_err(|why| wrong(&why))?;
    if seconds < -1 || i32::try_from(seconds).is_err() {
        return Err(wrong("must be -1 or greater"));
    }
    Ok(Some(seconds).filter(|seconds| *seconds > 0))
}

impl Sqlite {
    async fn limited<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::time::timeout(self.timeout, work)
            .await
            .unwrap_or_else(|_| Err(Error::Other("context deadline exceeded".into())))
    }

    /// A single statement needs no savepoint: SQLite undoes a failing one by itself.
    async fn run(&self, step: Step) -> Result<(), Error> {
        let table = Arc::clone(&self.table);
        self.limited(self.database.write(move |connection| step.run(&table, connection))).await
    }
}

#[async_trait]
impl Store for Sqlite {
    fn features(&self) -> &'static [Feature] {
        &[Feature::Etag, Feature::Transactional, Feature::Ttl, Feature::KeysLike]
    }

    async fn get(&self, key: &str, _metadata: &Metadata) -> Result<Option<Item>, Error> {
        if key.is_empty() {
            return Err(Error::Other("missing key in get operation".into()));
        }
        let (table, key) = (Arc::clone(&self.table), key.to_owned());
        Ok(self.database.read(move |connection| table.get(connection, &key)).await?)
    }

    async fn set(&self, request: Set) -> Result<(), Error> {
        self.run(Step::set(request)?).await
    }

    async fn delete(&self, request: Delete) -> Result<(), Error> {
        self.run(Step::delete(request)?).await
    }

    async fn transact(&self, operations: Vec<Operation>, _metadata: &Metadata) -> Result<(), Error> {
        let steps: Vec<Step> = operations
            .into_iter()
            .map(|operation| match operation {
                Operation::Set(set) => Step::set(set),
                Operation::Delete(delete) => Step::delete(delete),
            })
            .collect::<Result<_, _>>()?;
        let table = Arc::clone(&self.table);
        let all = self
            .database
            .write_as_one(move |connection| steps.iter().try_for_each(|step| step.run(&table, connection)));
        self.limited(all).await
    }

    async fn bulk_get(&self, keys: &[String], _metadata: &Metadata) -> Vec<Result<Option<Item>, Error>> {
        let (table, wanted) = (Arc::clone(&self.table), keys.to_vec());
        let items = self.database.read(move |connection| {
            // One transaction, so that all values are of the same moment; the writer's has begun already.
            let snapshot = connection.is_autocommit().then(|| connection.unchecked_transaction());
            let _snapshot = snapshot.transpose()?;
            wanted.iter().map(|key| table.get(connection, key)).collect::<rusqlite::Result<Vec<_>>>()
        });
        match items.await {
            Ok(items) => items.into_iter().map(Ok).collect(),
            Err(error) => keys.iter().map(|_| Err(error.clone().into())).collect(),
        }
    }

    async fn bulk_set(&self, requests: Vec<Set>) -> Vec<Result<(), Error>> {
        let count = requests.len();
        let table = Arc::clone(&self.table);
        let all = self.database.write(move |connection| {
            let each = |request| Step::set(request).and_then(|step| step.run(&table, connection));
            Ok::<_, Error>(requests.into_iter().map(each).collect())
        });
        match self.limited(all).await {
            Ok(results) => results,
            Err(error) => vec![Err(error); count],
        }
    }

    /// In the order of the keys.
    async fn keys(&self, prefix: &str, after: &str, limit: usize) -> Result<Keys, Error> {
        let table = Arc::clone(&self.table);
        let (prefix, after) = (prefix.to_owned(), after.to_owned());
        // One more shows whether there are more.
        let most = limit.saturating_add(1);
        let read = self.database.read(move |connection| table.keys(connection, &prefix, &after, most));
        let mut keys = read.await?;
        let is_more = keys.len() > limit;
        keys.truncate(limit);
        Ok(Keys { next: keys.last().filter(|_| is_more).cloned(), keys })
    }

    async fn close(&self) {
        self.background.cancel();
        self.database.close().await;
    }
}
