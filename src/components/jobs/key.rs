//! Names of jobs. Their text is that of the stock scheduler's keys, with `||` between the parts, so that both can
//! read what the other has exported.

use std::fmt;

const SEPARATOR: &str = "||";
const APP: &str = "app";
const ACTOR: &str = "actorreminder";

/// Who runs a job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Receiver {
    /// An app.
    App {
        /// Its namespace.
        namespace: String,
        /// Its id.
        app_id: String,
    },
    /// An actor; the job is a reminder.
    Actor {
        /// Its namespace.
        namespace: String,
        /// Type of the actor.
        kind: String,
        /// Id of the actor.
        id: String,
    },
}

/// A job's name among all jobs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Who runs it.
    pub receiver: Receiver,
    /// Its name among the jobs of that receiver.
    pub name: String,
}

impl Receiver {
    /// An app.
    pub fn app(namespace: &str, app_id: &str) -> Self {
        Self::App { namespace: namespace.to_owned(), app_id: app_id.to_owned() }
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        match self {
            Self::App { namespace, .. } | Self::Actor { namespace, .. } => namespace,
        }
    }

    /// Reads `app||<namespace>||<app id>` or `actorreminder||<namespace>||<type>||<id>`; an actor's id may
    /// contain the separator.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(SEPARATOR)?;
        let (namespace, rest) = rest.split_once(SEPARATOR)?;
        match kind {
            APP => Some(Self::app(namespace, rest)),
            ACTOR => {
                let (kind, id) = rest.split_once(SEPARATOR)?;
                let [namespace, kind, id] = [namespace, kind, id].map(str::to_owned);
                Some(Self::Actor { namespace, kind, id })
            }
            _ => None,
        }
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App { namespace, app_id } => write!(f, "{APP}||{namespace}||{app_id}"),
            Self::Actor { namespace, kind, id } => write!(f, "{ACTOR}||{namespace}||{kind}||{id}"),
        }
    }
}

impl Key {
    /// Reads what [`Receiver::parse`] reads, `||` and a name.
    pub fn parse(text: &str) -> Option<Self> {
        let (receiver, name) = text.rsplit_once(SEPARATOR)?;
        Some(Self { receiver: Receiver::parse(receiver)?, name: name.to_owned() })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{SEPARATOR}{}", self.receiver, self.name)
    }
}
