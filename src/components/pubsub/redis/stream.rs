//! A stream and a group of it: the commands, and what their answers look like.

use std::time::{Duration, Instant};

use ::redis::{Cmd, Pipeline, Value, cmd};
use bytes::Bytes;

use crate::components::Metadata;
use crate::components::redis::{Client, Error, Repeat};

/// A topic's stream and the group that reads it. The group has one consumer, of its own name.
pub struct Stream {
    pub client: Client,
    pub topic: String,
    pub group: String,
}

/// A message that this process has taken.
pub struct Entry {
    pub id: String,
    pub data: Bytes,
    pub metadata: Metadata,
    /// When the server last noted that somebody has it.
    pub touched: Instant,
}

/// A message that somebody has taken and not acknowledged.
pub struct Pending {
    pub id: String,
    /// How long ago that was.
    pub idle: Duration,
}

impl Stream {
    pub fn new(client: Client, topic: &str, group: &str) -> Self {
        Self { client, topic: topic.to_owned(), group: group.to_owned() }
    }

    fn command(&self, name: &str) -> Cmd {
        let mut command = cmd(name);
        command.arg(&self.topic).arg(&self.group);
        command
    }

    /// Makes stream and group if they aren't there. A new group begins with what the stream has.
    pub async fn create_group(&self) -> Result<(), Error> {
        let mut create = cmd("XGROUP");
        create.arg("CREATE").arg(&self.topic).arg(&self.group).arg("0").arg("MKSTREAM");
        match self.client.command(&create, Repeat::Harmless).await {
            Err(error) if error.is("BUSYGROUP") => Ok(()),
            result => result.map(drop),
        }
    }

    /// Takes what is new; the answer waits until there is something, or until the time is over.
    pub fn read(&self, count: u64, wait: Duration) -> Cmd {
        let mut read = cmd("XREADGROUP");
        read.arg("GROUP").arg(&self.group).arg(&self.group).arg("COUNT").arg(count);
        read.arg("BLOCK").arg(milliseconds(wait)).arg("STREAMS").arg(&self.topic).arg(">");
        read
    }

    /// What [`Self::read`] has brought.
    pub fn taken(&self, answer: Value) -> Result<Vec<Entry>, Error> {
        let entries = match answer {
            Value::Nil => return Ok(Vec::new()),
            Value::Map(streams) => streams.into_iter().next().map(|(_, entries)| entries),
            // The older protocol has pairs in an array.
            Value::Array(streams) => match streams.into_iter().next() {
                Some(Value::Array(pair)) => pair.into_iter().nth(1),
                _ => None,
            },
            _ => None,
        };
        self.entries(entries.unwrap_or_default())
    }

    fn entries(&self, answer: Value) -> Result<Vec<Entry>, Error> {
        let Value::Array(entries) = answer else { return Err(self.client.unexpected()) };
        // One that is gone from the stream has no fields.
        Ok(entries.into_iter().filter_map(entry).collect())
    }

    /// These have been handled.
    pub async fn acknowledge(&self, ids: &[String]) -> Result<(), Error> {
        self.client.command(self.command("XACK").arg(ids), Repeat::Harmless).await.map(drop)
    }

    /// Messages that somebody has, beginning with this identifier.
    pub async fn pending(&self, from: &str, count: u64) -> Result<Vec<Pending>, Error> {
        let mut list = self.command("XPENDING");
        list.arg(from).arg("+").arg(count);
        let Value::Array(all) = self.client.command(&list, Repeat::Harmless).await? else {
            return Err(self.client.unexpected());
        };
        let parse = |one| {
            let Value::Array(fields) = one else { return None };
            let mut fields = fields.into_iter();
            let id = text(fields.next()?)?;
            match fields.nth(1)? {
                Value::Int(idle) => {
                    Some(Pending { id, idle: Duration::from_millis(u64::try_from(idle).unwrap_or(0)) })
                }
                _ => None,
            }
        };
        Ok(all.into_iter().filter_map(parse).collect())
    }

    /// Takes messages that nobody has touched for that time, each with its own time. Those that are gone from the
    /// stream are acknowledged away.
    pub async fn claim(&self, wanted: &[(String, Duration)]) -> Result<Vec<Entry>, Error> {
        let mut pipeline = Pipeline::with_capacity(wanted.len());
        for (id, idle) in wanted {
            let mut claim = self.command("XCLAIM");
            claim.arg(&self.group).arg(milliseconds(*idle)).arg(id);
            pipeline.add_command(claim);
        }
        let mut taken = Vec::new();
        let mut missing = Vec::new();
        let answers = self.client.commands(&pipeline, Repeat::Never).await?;
        for ((id, _), answer) in wanted.iter().zip(answers) {
            let found = self.entries(answer?)?;
            if found.is_empty() {
                missing.push(id.clone());
            }
            taken.extend(found);
        }
        self.forget_deleted(&missing).await?;
        Ok(taken)
    }

    async fn forget_deleted(&self, ids: &[String]) -> Result<(), Error> {
        let mut pipeline = Pipeline::with_capacity(ids.len());
        for id in ids {
            let mut look = cmd("XRANGE");
            look.arg(&self.topic).arg(id).arg(id);
            pipeline.add_command(look);
        }
        let answers = self.client.commands(&pipeline, Repeat::Harmless).await?;
        let is_gone =
            |answer: &Result<Value, Error>| matches!(answer, Ok(Value::Array(found)) if found.is_empty());
        let gone = ids.iter().zip(&answers).filter(|(_, answer)| is_gone(answer));
        let gone: Vec<String> = gone.map(|(id, _)| id.clone()).collect();
        if gone.is_empty() { Ok(()) } else { self.acknowledge(&gone).await }
    }

    /// Whether nobody else has taken a message during that time; if so, it counts as touched now.
    pub async fn is_ours(&self, id: &str, untouched: Duration) -> Result<bool, Error> {
        let mut claim = self.command("XCLAIM");
        claim.arg(&self.group).arg(milliseconds(untouched)).arg(id).arg("JUSTID");
        match self.client.command(&claim, Repeat::Never).await? {
            Value::Array(ids) => Ok(!ids.is_empty()),
            _ => Err(self.client.unexpected()),
        }
    }

    /// Gives messages back: they count as untouched for that time, so that others take them at once.
    pub async fn give_back(&self, ids: &[String], untouched: Duration) -> Result<(), Error> {
        let mut claim = self.command("XCLAIM");
        claim.arg(&self.group).arg(0).arg(ids).arg("IDLE").arg(milliseconds(untouched)).arg("JUSTID");
        self.client.command(&claim, Repeat::Harmless).await.map(drop)
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

fn entry(value: Value) -> Option<Entry> {
    let Value::Array(parts) = value else { return None };
    let mut parts = parts.into_iter();
    let id = text(parts.next()?)?;
    let Value::Array(fields) = parts.next()? else { return None };
    let mut entry = Entry { id, data: Bytes::new(), metadata: Metadata::new(), touched: Instant::now() };
    let mut fields = fields.into_iter();
    while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
        let (Value::BulkString(name), Value::BulkString(value)) = (name, value) else { continue };
        match &name[..] {
            b"data" => entry.data = value.into(),
            b"metadata" => entry.metadata = serde_json::from_slice(&value).unwrap_or_default(),
            _ => {}
        }
    }
    Some(entry)
}

/// The identifier right after this one.
pub fn after(id: &str) -> String {
    let next = id.rsplit_once('-').and_then(|(time, number)| Some((time, number.parse::<u64>().ok()?)));
    match next {
        Some((time, number)) => format!("{time}-{}", number.saturating_add(1)),
        None => id.to_owned(),
    }
}
