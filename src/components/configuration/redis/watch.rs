//! A running subscription: is told by the server which keys have changed, reads them, tells the watcher. When the
//! connection was lost, it compares what is there now with what was there before, so that nothing is missed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ::redis::{Value, cmd};

use super::{Item, Items, Reader, Watcher};
use crate::components::redis::{Error, Listening, Repeat};

/// The server's setting of which changes it tells, and what it has to have in it: changes of keys, by commands for all
/// types and for plain values, by expiry and by eviction.
const SETTING: &str = "notify-keyspace-events";
const WANTED: &str = "Kg$xe";
/// What `A` in the setting stands for, of the above.
const ALL: &str = "g$xe";
/// First and longest pause while the server can't be reached.
const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

pub struct Watch {
    reader: Reader,
    /// None for all.
    keys: Vec<String>,
    watcher: Watcher,
    label: Arc<str>,
    /// What has been told, or was there at the beginning.
    known: Items,
}

impl Watch {
    pub fn new(reader: Reader, keys: Vec<String>, watcher: Watcher, label: Arc<str>) -> Self {
        Self { reader, keys, watcher, label, known: Items::new() }
    }

    /// Subscribes and notes what is there. Whatever changes from now on will be told.
    pub async fn begin(&mut self) -> Result<Listening, Error> {
        let listening = self.listen().await?;
        self.known = self.reader.read(&self.keys).await?;
        Ok(listening)
    }

    /// Tells of changes until it is dropped.
    pub async fn run(mut self, mut listening: Listening) {
        loop {
            let error = self.follow(&mut listening).await;
            self.warn(&format!("changes of the configuration are told later: {error}"));
            let mut pause = PAUSE.0;
            listening = loop {
                tokio::time::sleep(pause).await;
                match self.catch_up().await {
                    Ok(listening) => break listening,
                    Err(Error::Closed) => return,
                    Err(_) => pause = (pause * 2).min(PAUSE.1),
                }
            };
        }
    }

    fn warn(&self, text: &str) {
        tracing::warn!(target: "dapr.contrib", component = %self.label, "{text}");
    }

    fn prefix(&self) -> String {
        format!("__keyspace@{}__:", self.reader.client.db())
    }

    async fn listen(&self) -> Result<Listening, Error> {
        self.have_changes_told().await?;
        let mut listening = self.reader.client.listening().await?;
        let prefix = self.prefix();
        if self.keys.is_empty() {
            listening.subscribe_pattern(&format!("{prefix}*")).await?;
        } else {
            let channels: Vec<String> = self.keys.iter().map(|key| format!("{prefix}{key}")).collect();
            listening.subscribe(&channels).await?;
        }
        Ok(listening)
    }

    /// Adds to the server's setting what it lacks; what others have put there stays. A server that doesn't let us may
    /// have been set so by somebody else.
    async fn have_changes_told(&self) -> Result<(), Error> {
        let client = &self.reader.client;
        let answer = client.command(cmd("CONFIG").arg("GET").arg(SETTING), Repeat::Harmless).await;
        let current = match answer {
            Ok(Value::Map(pairs)) => pairs.into_iter().next().map(|(_, value)| value),
            Ok(Value::Array(pair)) => pair.into_iter().nth(1),
            Err(error @ (Error::Unreachable { .. } | Error::Closed)) => return Err(error),
            Ok(_) | Err(_) => None,
        };
        let current = match current {
            Some(Value::BulkString(flags)) => String::from_utf8_lossy(&flags).into_owned(),
            _ => String::new(),
        };
        let has = |flag| current.contains(flag) || (current.contains('A') && ALL.contains(flag));
        let lacks: String = WANTED.chars().filter(|flag| !has(*flag)).collect();
        if lacks.is_empty() {
            return Ok(());
        }
        let mut set = cmd("CONFIG");
        set.arg("SET").arg(SETTING).arg(format!("{current}{lacks}"));
        match client.command(&set, Repeat::Harmless).await {
            Err(error @ (Error::Unreachable { .. } | Error::Closed)) => Err(error),
            Err(error) => {
                self.warn(&format!(
                    "changes are told only if {SETTING} of redis has {WANTED}, which can't be set from here: {error}"
                ));
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    /// Tells what the server tells; returns why that has ended.
    async fn follow(&mut self, listening: &mut Listening) -> Error {
        let prefix = self.prefix();
        loop {
            let channels = match listening.channels().await {
                Ok(channels) => channels,
                Err(error) => return error,
            };
            let keys: BTreeSet<String> = channels
                .iter()
                .filter_map(|channel| channel.strip_prefix(&prefix))
                .map(str::to_owned)
                .collect();
            let keys: Vec<String> = keys.into_iter().collect();
            let items = match self.reader.items(&keys).await {
                Ok(items) => items,
                Err(error) => return error,
            };
            let mut changes = Items::new();
            for key in keys {
                match items.get(&key) {
                    Some(item) => {
                        self.known.insert(key.clone(), item.clone());
                        changes.insert(key, item.clone());
                    }
                    // What never had a value is no business of the watcher.
                    None if self.known.remove(&key).is_some() => {
                        changes.insert(key, Item::default());
                    }
                    None => {}
                }
            }
            self.tell(changes).await;
        }
    }

    /// Subscribes again and tells what has changed meanwhile.
    async fn catch_up(&mut self) -> Result<Listening, Error> {
        let listening = self.listen().await?;
        let now = self.reader.read(&self.keys).await?;
        let mut changes = Items::new();
        for key in self.known.keys().filter(|key| !now.contains_key(*key)) {
            changes.insert(key.clone(), Item::default());
        }
        for (key, item) in now.iter().filter(|(key, item)| self.known.get(*key) != Some(item)) {
            changes.insert(key.clone(), item.clone());
        }
        self.known = now;
        self.warn("following changes of the configuration again");
        self.tell(changes).await;
        Ok(listening)
    }

    async fn tell(&self, changes: Items) {
        if !changes.is_empty() {
            (self.watcher)(changes).await;
        }
    }
}
