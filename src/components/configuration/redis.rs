//! `configuration.redis`: plain keys of a Redis server (components reference, section 12). A value is
//! `value||version`; what stands behind another `||` counts for nothing, and an empty value is none. Keys are as they
//! are, without a prefix.

mod watch;

use std::sync::Arc;

use ::redis::{Value, cmd};
use async_trait::async_trait;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::{Error, Item, Items, Store, Subscription, Watcher};
use crate::components::redis::{self, Client, Defaults, Repeat, Settings};
use crate::components::running::Running;
use crate::components::{Init, InitError, Metadata};
use watch::Watch;

const KIND: &str = "configuration.redis";
const SEPARATOR: &str = "||";
/// Keys that the server looks at in one step, so that others are served in between.
const STEP: u32 = 1000;

/// Connects to the server.
pub async fn make(init: Init) -> Result<Arc<dyn Store>, InitError> {
    let settings = Settings::parse(&init.properties, Defaults::CONFIGURATION)?;
    let host = settings.host().to_owned();
    let label = init.label(KIND);
    let client = Client::connect(settings, label.clone()).await.map_err(|error| {
        InitError(format!("redis store: error connecting to redis at {host}: {}", error.cause()))
    })?;
    let stop = CancellationToken::new();
    Ok(Arc::new(Redis {
        reader: Reader { client },
        label: label.into(),
        subscriptions: TaskTracker::new(),
        _guard: stop.clone().drop_guard(),
        stop,
    }))
}

struct Redis {
    reader: Reader,
    label: Arc<str>,
    subscriptions: TaskTracker,
    stop: CancellationToken,
    /// Ends the subscriptions with the store.
    _guard: DropGuard,
}

/// Reads items.
#[derive(Clone)]
struct Reader {
    client: Client,
}

impl From<redis::Error> for Error {
    fn from(error: redis::Error) -> Self {
        Self(error.to_string())
    }
}

impl Reader {
    /// The items of these keys; of all keys when there are none.
    async fn read(&self, keys: &[String]) -> Result<Items, redis::Error> {
        if keys.is_empty() { self.items(&self.keys().await?).await } else { self.items(keys).await }
    }

    /// All keys with a plain value.
    async fn keys(&self) -> Result<Vec<String>, redis::Error> {
        let mut all = Vec::new();
        let mut cursor = b"0".to_vec();
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(&cursor).arg("COUNT").arg(STEP).arg("TYPE").arg("string");
            let answer = self.client.command(&scan, Repeat::Harmless).await?;
            let Value::Array(parts) = answer else { return Err(self.client.unexpected()) };
            let Ok([Value::BulkString(next), Value::Array(found)]) = <[Value; 2]>::try_from(parts) else {
                return Err(self.client.unexpected());
            };
            all.extend(found.into_iter().filter_map(|key| match key {
                Value::BulkString(key) => String::from_utf8(key).ok(),
                _ => None,
            }));
            if next == b"0" {
                return Ok(all);
            }
            cursor = next;
        }
    }

    /// What isn't there, or is no plain value, is left out.
    async fn items(&self, keys: &[String]) -> Result<Items, redis::Error> {
        let mut items = Items::new();
        for keys in keys.chunks(STEP as usize) {
            let values = self.client.command(cmd("MGET").arg(keys), Repeat::Harmless).await?;
            let Value::Array(values) = values else { return Err(self.client.unexpected()) };
            for (key, value) in keys.iter().zip(values) {
                if let Value::BulkString(value) = value
                    && let Some(item) = item(&value)
                {
                    items.insert(key.clone(), item);
                }
            }
        }
        Ok(items)
    }
}

fn item(text: &[u8]) -> Option<Item> {
    let text = String::from_utf8_lossy(text);
    let mut parts = text.split(SEPARATOR);
    let value = parts.next().filter(|value| !value.is_empty())?.to_owned();
    Some(Item { value, version: parts.next().unwrap_or_default().to_owned(), metadata: Metadata::new() })
}

#[async_trait]
impl Store for Redis {
    async fn get(&self, keys: &[String], _metadata: &Metadata) -> Result<Items, Error> {
        let items = self.reader.read(keys).await?;
        for key in keys.iter().filter(|key| !items.contains_key(*key)) {
            tracing::warn!(target: "dapr.contrib", component = %self.label, "redis has no value for the configuration key {key}");
        }
        Ok(items)
    }

    async fn subscribe(
        &self,
        keys: &[String],
        _metadata: &Metadata,
        watcher: Watcher,
    ) -> Result<Box<dyn Subscription>, Error> {
        if self.stop.is_cancelled() {
            return Err(redis::Error::Closed.into());
        }
        let mut watch = Watch::new(self.reader.clone(), keys.to_vec(), watcher, Arc::clone(&self.label));
        let listening = watch.begin().await?;
        let stop = self.stop.child_token();
        let until = stop.clone();
        let task = self.subscriptions.spawn(async move {
            until.run_until_cancelled(watch.run(listening)).await;
        });
        Ok(Box::new(Running { task, stop: stop.drop_guard() }))
    }

    async fn close(&self) {
        self.stop.cancel();
        self.subscriptions.close();
        self.subscriptions.wait().await;
        self.reader.client.close();
    }
}
