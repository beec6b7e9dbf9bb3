//! `state.redis`: one hash per key with the stock layout, so that stock sidecars can use the same data (components
//! reference, section 4).
//!
//! | field | |
//! |---|---|
//! | `data` | the value's bytes |
//! | `version` | the etag: 1, and one more with every write |
//! | `first-write` | `0`, when it was written with first-write concurrency |
//!
//! The etag rules are those of the stock store: an etag for a key that isn't there is fine, and with last-write
//! concurrency it counts for nothing. A transaction is one script, so that all of it is done or nothing.

mod change;
mod replicas;

use std::sync::Arc;

use ::redis::{Cmd, Pipeline, Value};
use async_trait::async_trait;
use bytes::Bytes;

use super::{Delete, Error, Feature, Item, Keys, Operation, Set, Store, TTL_IN_SECONDS, parse_integer};
use crate::components::redis::{self, Client, Defaults, Repeat, Settings};
use crate::components::{Init, InitError, Metadata};
use change::{Change, Scripts};
use replicas::Replicas;

const KIND: &str = "state.redis";
/// Keys that the server looks at in one step of a listing.
const SCANNED: usize = 1000;
/// Steps until a listing rests, however few keys were found.
const SCANS: usize = 100;

/// Connects to the server.
pub async fn make(init: Init) -> Result<Arc<dyn Store>, InitError> {
    let settings = Settings::parse(&init.properties, Defaults::STORE)?;
    let default_ttl = match init.properties.any(&[TTL_IN_SECONDS]) {
        None => None,
        Some(text) => Some(parse_ttl(text).map_err(|why| InitError(format!("redis store: {why}")))?),
    };
    let host = settings.host().to_owned();
    let failed = |error: redis::Error| {
        InitError(format!("redis store: error connecting to redis at {host}: {}", error.cause()))
    };
    let client = Client::connect(settings.clone(), init.label(KIND)).await.map_err(failed)?;
    let replicas = Replicas::of(&client, settings, init.label(KIND)).await.map_err(failed)?;
    Ok(Arc::new(Redis { client, replicas, default_ttl, scripts: Scripts::new() }))
}

struct Redis {
    client: Client,
    /// Where writes go that replicas have to confirm; `None` for a server without replicas.
    replicas: Option<Replicas>,
    default_ttl: Option<i64>,
    scripts: Scripts,
}

impl From<redis::Error> for Error {
    fn from(error: redis::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// Seconds to live: as an argument of `EXPIRE` when positive, for ever otherwise.
fn parse_ttl(text: &str) -> Result<i64, String> {
    let failed = |why| format!("failed to parse ttl from metadata: {why}");
    let seconds = parse_integer("ParseInt", text).map_err(failed)?;
    // What the server would refuse, but after the value was written.
    if seconds > i64::MAX / 2000 {
        return Err(failed(format!("strconv.ParseInt: parsing {text:?}: value out of range")));
    }
    Ok(seconds)
}

impl Redis {
    fn set_change(&self, request: Set, in_transaction: bool) -> Result<Change, Error> {
        let ttl = match request.metadata.get(TTL_IN_SECONDS).filter(|text| !text.is_empty()) {
            Some(text) => Some(parse_ttl(text).map_err(Error::Other)?),
            None => self.default_ttl,
        };
        Change::set(request, ttl, in_transaction)
    }

    /// What a change's script answers.
    fn verdict(&self, change: &Change, answer: &Value) -> Result<(), Error> {
        match answer {
            Value::Int(0) => Ok(()),
            Value::Int(_) => Err(change.refusal()),
            _ => Err(self.client.unexpected().into()),
        }
    }

    /// The item that `HGETALL` has found; `None` when there is none.
    fn item(&self, answer: Value) -> Result<Option<Item>, Error> {
        let (mut data, mut version, mut any) = (None, None, false);
        let mut field = |name: Value, value: Value| {
            any = true;
            match (name, value) {
                (Value::BulkString(name), Value::BulkString(value)) if name == b"data" => data = Some(value),
                (Value::BulkString(name), Value::BulkString(value)) if name == b"version" => {
                    version = String::from_utf8(value).ok();
                }
                _ => {}
            }
        };
        match answer {
            Value::Map(fields) => fields.into_iter().for_each(|(name, value)| field(name, value)),
            Value::Array(values) => {
                let mut values = values.into_iter();
                while let (Some(name), Some(value)) = (values.next(), values.next()) {
                    field(name, value);
                }
            }
            Value::Nil => {}
            _ => return Err(self.client.unexpected().into()),
        }
        match (data, version) {
            (Some(data), Some(version)) => {
                let metadata = Metadata::new();
                Ok(Some(Item { value: Bytes::from(data), etag: Some(version), metadata }))
            }
            _ if !any => Ok(None),
            _ => Err(Error::Other("required hash field 'data' or 'version' was not found".into())),
        }
    }

    /// A value that was not written by a state store: a plain string, without an etag.
    async fn plain(&self, key: &str) -> Result<Option<Item>, Error> {
        match self.client.command(&key_command("GET", key), Repeat::Harmless).await? {
            Value::Nil => Ok(None),
            Value::BulkString(value) => {
                Ok(Some(Item { value: Bytes::from(value), etag: None, metadata: Metadata::new() }))
            }
            _ => Err(self.client.unexpected().into()),
        }
    }

    async fn found(&self, key: &str, answer: Result<Value, redis::Error>) -> Result<Option<Item>, Error> {
        match answer {
            Ok(answer) => self.item(answer),
            Err(error) if error.is("WRONGTYPE") => self.plain(key).await,
            Err(error) => Err(error.into()),
        }
    }
}

/// A text as a pattern that only it matches.
fn literally(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '?' | '[' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

fn key_command(name: &str, key: &str) -> Cmd {
    let mut command = Cmd::with_capacity(2, name.len() + key.len() + 24);
    command.arg(name).arg(key);
    command
}

#[async_trait]
impl Store for Redis {
    fn features(&self) -> &'static [Feature] {
        &[Feature::Etag, Feature::Transactional, Feature::Ttl, Feature::KeysLike]
    }

    async fn get(&self, key: &str, _metadata: &Metadata) -> Result<Option<Item>, Error> {
        let answer = self.client.command(&key_command("HGETALL", key), Repeat::Harmless).await;
        self.found(key, answer).await
    }

    async fn set(&self, request: Set) -> Result<(), Error> {
        let strong = request.strong;
        let change = self.set_change(request, false)?;
        let call = self.scripts.change(&change);
        let answer = match &self.replicas {
            Some(replicas) if strong => replicas.script(&call, change.repeat()).await?,
            _ => self.client.script(&call, change.repeat()).await?,
        };
        self.verdict(&change, &answer)
    }

    async fn delete(&self, request: Delete) -> Result<(), Error> {
        let change = Change::delete(request);
        if change.is_plain_delete() {
            self.client.command(&key_command("DEL", change.key()), Repeat::Harmless).await?;
            return Ok(());
        }
        let answer = self.client.script(&self.scripts.change(&change), change.repeat()).await?;
        self.verdict(&change, &answer)
    }

    async fn transact(&self, operations: Vec<Operation>, _metadata: &Metadata) -> Result<(), Error> {
        let changes: Vec<Change> = operations
            .into_iter()
            .map(|operation| match operation {
                Operation::Set(set) => self.set_change(set, true),
                Operation::Delete(delete) => Ok(Change::delete(delete)),
            })
            .collect::<Result<_, _>>()?;
        if changes.is_empty() {
            return Ok(());
        }
        let harmless = changes.iter().all(|change| change.repeat() == Repeat::Harmless);
        let repeat = if harmless { Repeat::Harmless } else { Repeat::Never };
        let answer = self.client.script(&self.scripts.changes(&changes), repeat).await?;
        // The number of the change that was refused, counted from 1.
        let refused = match answer {
            Value::Int(0) => return Ok(()),
            Value::Int(number) => usize::try_from(number - 1).ok().and_then(|index| changes.get(index)),
            _ => None,
        };
        Err(refused.map_or_else(|| self.client.unexpected().into(), Change::refusal))
    }

    async fn bulk_get(&self, keys: &[String], _metadata: &Metadata) -> Vec<Result<Option<Item>, Error>> {
        let mut pipeline = Pipeline::with_capacity(keys.len());
        for key in keys {
            pipeline.add_command(key_command("HGETALL", key));
        }
        match self.client.commands(&pipeline, Repeat::Harmless).await {
            Ok(answers) => {
                let mut items = Vec::with_capacity(keys.len());
                for (key, answer) in keys.iter().zip(answers) {
                    items.push(self.found(key, answer).await);
                }
                items
            }
            Err(error) => keys.iter().map(|_| Err(error.clone().into())).collect(),
        }
    }

    async fn bulk_set(&self, requests: Vec<Set>) -> Vec<Result<(), Error>> {
        let strong = requests.iter().any(|request| request.strong);
        let changes: Vec<Result<Change, Error>> =
            requests.into_iter().map(|request| self.set_change(request, false)).collect();
        let good: Vec<&Change> = changes.iter().flatten().collect();
        let harmless = good.iter().all(|change| change.repeat() == Repeat::Harmless);
        let repeat = if harmless { Repeat::Harmless } else { Repeat::Never };
        let calls: Vec<_> = good.iter().map(|change| self.scripts.change(change)).collect();
        let answers = match &self.replicas {
            Some(replicas) if strong => replicas.scripts(&calls, repeat).await,
            _ => self.client.scripts(&calls, repeat).await,
        };
        let mut answers = match answers {
            Ok(answers) => answers.into_iter(),
            Err(error) => {
                return changes
                    .into_iter()
                    .map(|change| change.and_then(|_| Err(error.clone().into())))
                    .collect();
            }
        };
        changes
            .iter()
            .map(|change| match change {
                Ok(change) => {
                    let answer = answers.next().unwrap_or_else(|| Err(self.client.unexpected()))?;
                    self.verdict(change, &answer)
                }
                Err(error) => Err(error.clone()),
            })
            .collect()
    }

    /// In the order in which the server comes across them; some may be told twice.
    async fn keys(&self, prefix: &str, after: &str, limit: usize) -> Result<Keys, Error> {
        let pattern = format!("{}*", literally(prefix));
        let mut cursor = if after.is_empty() { "0".to_owned() } else { after.to_owned() };
        let mut keys: Vec<String> = Vec::new();
        for _ in 0..SCANS {
            let mut scan = ::redis::cmd("SCAN");
            scan.arg(&cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(SCANNED);
            let answer = self.client.command(&scan, Repeat::Harmless).await?;
            let (next, found): (String, Vec<Vec<u8>>) =
                ::redis::from_redis_value(answer).map_err(|_| self.client.unexpected())?;
            // A key that is no text is not of a state store.
            keys.extend(found.into_iter().filter_map(|key| String::from_utf8(key).ok()));
            cursor = next;
            if cursor == "0" || keys.len() >= limit {
                break;
            }
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(Keys { keys, next: Some(cursor).filter(|cursor| cursor != "0") })
    }

    async fn close(&self) {
        self.client.close();
        if let Some(replicas) = &self.replicas {
            replicas.close();
        }
    }
}
