//! Appending to the log. Messages that arrive while the writer is busy are appended together, and their topics
//! are woken once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::wake::Bell;
use super::{log, now_ms};
use crate::components::pubsub::{Error, Message};
use crate::components::sqlite::{self, Database, Job};

/// Messages on their way into the log.
pub struct Publisher {
    bell: Arc<Bell>,
    pending: Mutex<Vec<Pending>>,
}

struct Pending {
    topic: String,
    data: Bytes,
    metadata: String,
    reply: oneshot::Sender<Result<(), sqlite::Error>>,
}

type Answer = oneshot::Receiver<Result<(), sqlite::Error>>;

impl Publisher {
    pub fn new(bell: Arc<Bell>) -> Arc<Self> {
        Arc::new(Self { bell, pending: Mutex::default() })
    }

    fn pending(&self) -> MutexGuard<'_, Vec<Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when the message is committed.
    pub async fn publish(self: &Arc<Self>, database: &Database, message: Message) -> Result<(), Error> {
        let (pending, answer) = Pending::new(message)?;
        self.add([pending], database);
        result(answer).await
    }

    /// Appends all of them in one commit; returns when it is done.
    pub async fn publish_all(
        self: &Arc<Self>,
        database: &Database,
        messages: Vec<Message>,
    ) -> Vec<Result<(), Error>> {
        let mut all = Vec::with_capacity(messages.len());
        let mut answers = Vec::with_capacity(messages.len());
        for message in messages {
            answers.push(Pending::new(message).map(|(pending, answer)| {
                all.push(pending);
                answer
            }));
        }
        self.add(all, database);
        let mut results = Vec::with_capacity(answers.len());
        for answer in answers {
            results.push(match answer {
                Ok(answer) => result(answer).await,
                Err(error) => Err(error),
            });
        }
        results
    }

    /// What is added at once is committed at once: the job takes everything that is pending when its turn comes.
    fn add(self: &Arc<Self>, messages: impl IntoIterator<Item = Pending>, database: &Database) {
        let is_first = {
            let mut pending = self.pending();
            let before = pending.len();
            pending.extend(messages);
            before == 0 && !pending.is_empty()
        };
        if is_first {
            database.submit_now(Box::new(Append {
                publisher: Arc::clone(self),
                ran: false,
                taken: Vec::new(),
                wake: Vec::new(),
            }));
        }
    }
}

impl Pending {
    fn new(message: Message) -> Result<(Self, Answer), Error> {
        let Message { topic, data, metadata } = message;
        let metadata = serde_json::to_string(&metadata).map_err(|error| Error(error.to_string()))?;
        let (reply, answer) = oneshot::channel();
        Ok((Self { topic, data, metadata, reply }, answer))
    }
}

async fn result(answer: Answer) -> Result<(), Error> {
    answer.await.unwrap_or(Err(sqlite::Error::Closed)).map_err(|error| Error(error.to_string()))
}

/// The writer's side: one for all messages that were pending.
struct Append {
    publisher: Arc<Publisher>,
    ran: bool,
    taken: Vec<(Pending, Result<(), sqlite::Error>)>,
    wake: Vec<(String, Vec<u16>)>,
}

impl Job for Append {
    fn run(&mut self, connection: &Connection) -> bool {
        self.ran = true;
        let now = now_ms();
        let mut topics = BTreeSet::new();
        for message in std::mem::take(&mut *self.publisher.pending()) {
            let Pending { topic, data, metadata, .. } = &message;
            let result = log::append(connection, topic, data, metadata, now);
            if result.is_ok() && !topics.contains(topic) {
                topics.insert(topic.clone());
            }
            self.taken.push((message, result.map_err(sqlite::Error::from)));
        }
        for topic in topics {
            // Read in the transaction that appends: whoever registers later finds the messages by itself.
            let ports = log::ports(connection, &topic).unwrap_or_default();
            self.wake.push((topic, ports));
        }
        true
    }

    fn callers(&self) -> usize {
        self.taken.len()
    }

    fn finish(mut self: Box<Self>, committed: Result<(), sqlite::Error>) {
        if let Err(error) = committed {
            if !self.ran {
                self.ran = true;
                let pending = std::mem::take(&mut *self.publisher.pending());
                self.taken.extend(pending.into_iter().map(|message| (message, Ok(()))));
            }
            for (message, _) in std::mem::take(&mut self.taken) {
                let _ = message.reply.send(Err(error.clone()));
            }
            return;
        }
        for (topic, ports) in std::mem::take(&mut self.wake) {
            self.publisher.bell.ring(&topic, ports);
        }
        for (message, result) in std::mem::take(&mut self.taken) {
            let _ = message.reply.send(result);
        }
    }
}

impl Drop for Append {
    fn drop(&mut self) {
        if !self.ran {
            // The database was closed before its turn came: nobody else would answer these.
            self.publisher.pending().clear();
        }
    }
}
