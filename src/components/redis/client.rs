//! The connection that all commands of a component share: made when it is needed, replaced when it is lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use ::redis::{Cmd, Pipeline, Value};
use tokio_util::sync::CancellationToken;

use super::link::Link;
use super::script::Call;
use super::{Error, Settings};

/// What to do with a command of which it isn't known whether it was done, because the connection was lost before
/// the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Again: twice is as good as once.
    Harmless,
    /// An error. One that surely was not done is tried again nevertheless.
    Never,
}

/// A handle to a server; clones share the connection.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    settings: Settings,
    /// The component, for log lines.
    label: String,
    link: Mutex<Option<Link>>,
    /// Held by the one that makes a connection; when and why that failed last.
    dialing: tokio::sync::Mutex<Option<(Instant, Error)>>,
    /// Whether the loss of the connection has been told and its return has not.
    lost: AtomicBool,
    closed: CancellationToken,
}

enum Request<'a> {
    One(&'a Cmd),
    Several(&'a Pipeline),
}

enum Answer {
    One(Value),
    Several(Vec<Value>),
}

/// Why a try failed, and whether the server may have done what it was asked to do.
struct Failure {
    error: Error,
    perhaps_done: bool,
}

impl Client {
    /// Connects and asks the server whether it is there. `label` is the component in log lines.
    pub async fn connect(settings: Settings, label: String) -> Result<Self, Error> {
        let client = Self(Arc::new(Inner {
            settings,
            label,
            link: Mutex::default(),
            dialing: tokio::sync::Mutex::default(),
            // What can't be reached at first is the caller's to tell.
            lost: AtomicBool::new(true),
            closed: CancellationToken::new(),
        }));
        client.command(&::redis::cmd("PING"), Repeat::Harmless).await?;
        Ok(client)
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// `host:port`.
    pub fn host(&self) -> &str {
        &self.0.settings.host
    }

    /// Number of the database.
    pub fn db(&self) -> i64 {
        self.0.settings.db
    }

    /// Runs one command.
    pub async fn command(&self, command: &Cmd, repeat: Repeat) -> Result<Value, Error> {
        match self.run(Request::One(command), repeat).await? {
            Answer::One(value) => Ok(value),
            Answer::Several(_) => Err(self.unexpected()),
        }
    }

    /// Sends several commands at once; each has an outcome of its own, in order. The outer error is that of all.
    pub async fn commands(
        &self,
        commands: &Pipeline,
        repeat: Repeat,
    ) -> Result<Vec<Result<Value, Error>>, Error> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        match self.run(Request::Several(commands), repeat).await? {
            Answer::Several(values) if values.len() == commands.len() => {
                let host = &self.0.settings.host;
                Ok(values
                    .into_iter()
                    .map(|value| outcome(value).map_err(|error| error.given_up(host)))
                    .collect())
            }
            Answer::Several(_) | Answer::One(_) => Err(self.unexpected()),
        }
    }

    /// Runs a script.
    pub async fn script(&self, call: &Call<'_>, repeat: Repeat) -> Result<Value, Error> {
        match self.command(&call.by_digest(), repeat).await {
            Err(error) if error.is("NOSCRIPT") => self.command(&call.by_source(), repeat).await,
            result => result,
        }
    }

    /// Runs several scripts at once; each has an outcome of its own, in order.
    pub async fn scripts(
        &self,
        calls: &[Call<'_>],
        repeat: Repeat,
    ) -> Result<Vec<Result<Value, Error>>, Error> {
        let mut pipeline = Pipeline::with_capacity(calls.len());
        for call in calls {
            pipeline.add_command(call.by_digest());
        }
        let mut results = self.commands(&pipeline, repeat).await?;
        for (call, result) in calls.iter().zip(&mut results) {
            if result.as_ref().is_err_and(|error| error.is("NOSCRIPT")) {
                *result = self.command(&call.by_source(), repeat).await;
            }
        }
        Ok(results)
    }

    /// How many replicas are connected now; none for a server that doesn't tell this user.
    pub async fn replicas(&self) -> Result<u32, Error> {
        let text = match self.command(::redis::cmd("INFO").arg("replication"), Repeat::Harmless).await {
            Ok(Value::BulkString(text)) => String::from_utf8_lossy(&text).into_owned(),
            Ok(Value::VerbatimString { text, .. }) => text,
            Ok(_) => return Err(self.unexpected()),
            Err(error) if error.is("NOPERM") => return Ok(0),
            Err(error) => return Err(error),
        };
        let count = text.lines().find_map(|line| line.strip_prefix("connected_slaves:"));
        Ok(count.and_then(|count| count.trim().parse().ok()).unwrap_or(0))
    }

    /// An answer that the command never has.
    pub fn unexpected(&self) -> Error {
        Error::Unexpected { host: Arc::clone(&self.0.settings.host) }
    }

    /// Ends the connection when the commands under way are done. All others fail after this.
    pub fn close(&self) {
        self.0.closed.cancel();
        *self.link() = None;
    }

    async fn run(&self, request: Request<'_>, repeat: Repeat) -> Result<Answer, Error> {
        let retries = &self.0.settings.retries;
        let mut tries = 0;
        loop {
            let Failure { error, perhaps_done } = match self.attempt(&request).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let again = error.is_passing() && !(perhaps_done && repeat == Repeat::Never);
            if !again || tries == retries.count {
                return Err(error.given_up(&self.0.settings.host));
            }
            let pause = tokio::time::sleep(retries.pause(tries));
            self.0.closed.run_until_cancelled(pause).await.ok_or(Error::Closed)?;
            tries += 1;
        }
    }

    async fn attempt(&self, request: &Request<'_>) -> Result<Answer, Failure> {
        let not_done = |error| Failure { error, perhaps_done: false };
        let mut link = self.linked().await.map_err(not_done)?;
        let answer = match request {
            Request::One(command) => link.connection.send_packed_command(command).await.map(Answer::One),
            Request::Several(commands) => {
                let answers = link.connection.send_packed_commands(commands, 0, commands.len()).await;
                answers.map(Answer::Several)
            }
        };
        match answer {
            Ok(Answer::One(value)) => outcome(value).map(Answer::One).map_err(not_done),
            Ok(Answer::Several(values)) => match common_refusal(&values) {
                Some(error) => Err(not_done(error)),
                None => Ok(Answer::Several(values)),
            },
            Err(error) => {
                let error = Error::of(&error, &self.0.settings.host);
                link.set_broken();
                self.tell_loss(&error);
                Err(Failure { error, perhaps_done: true })
            }
        }
    }

    fn link(&self) -> std::sync::MutexGuard<'_, Option<Link>> {
        self.0.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usable(&self) -> Option<Link> {
        self.link().as_ref().filter(|link| !link.is_broken()).cloned()
    }

    /// The shared connection, made anew if need be. Of many callers one makes it, and its failure is that of all
    /// who waited for it.
    async fn linked(&self) -> Result<Link, Error> {
        if let Some(link) = self.usable() {
            return Ok(link);
        }
        let inner = &self.0;
        if inner.closed.is_cancelled() {
            return Err(Error::Closed);
        }
        let waiting_since = Instant::now();
        let mut last_failure = inner.dialing.lock().await;
        if let Some(link) = self.usable() {
            return Ok(link);
        }
        if let Some((when, error)) = &*last_failure
            && *when >= waiting_since
        {
            return Err(error.clone());
        }
        let dial = Link::dial(&inner.settings, inner.settings.read_timeout);
        match inner.closed.run_until_cancelled(dial).await.unwrap_or(Err(Error::Closed)) {
            Ok(link) => {
                *last_failure = None;
                *self.link() = Some(link.clone());
                if inner.lost.swap(false, Ordering::AcqRel) {
                    tracing::info!(target: "dapr.contrib", component = %inner.label, "connected to redis at {}", self.host());
                }
                Ok(link)
            }
            Err(error) => {
                self.tell_loss(&error);
                *last_failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Says once that the server is gone.
    fn tell_loss(&self, error: &Error) {
        if !self.0.lost.swap(true, Ordering::AcqRel) {
            tracing::warn!(target: "dapr.contrib", component = %self.0.label, "{error}; connecting again when needed");
        }
    }
}

fn outcome(value: Value) -> Result<Value, Error> {
    match value {
        Value::ServerError(error) => Err(Error::refused(&error)),
        value => Ok(value),
    }
}

/// What the server says to all commands alike and will not say much longer, such as that it is still loading.
fn common_refusal(answers: &[Value]) -> Option<Error> {
    let mut common = None;
    for answer in answers {
        let Value::ServerError(error) = answer else { return None };
        let error = Error::refused(error);
        if !error.is_passing() {
            return None;
        }
        common = Some(error);
    }
    common
}
