//! Why a command failed, in words that name the server.

use std::sync::Arc;

use ::redis::{ErrorKind, RedisError, ServerError};

use crate::net;

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The component was closed.
    #[error("component is closed")]
    Closed,
    /// The server did not do it, and says why.
    #[error("{text}")]
    Refused {
        /// The word that the answer begins with, such as `WRONGTYPE`.
        code: String,
        /// The whole answer.
        text: String,
    },
    /// The connection could not be made, or ended or stayed silent before the answer came.
    #[error("redis at {host}: {cause}")]
    Unreachable {
        /// `host:port`.
        host: Arc<str>,
        /// What the system says.
        cause: String,
    },
    /// The answer has a form that the command never has.
    #[error("redis at {host}: unexpected answer")]
    Unexpected {
        /// `host:port`.
        host: Arc<str>,
    },
}

impl Error {
    /// Whether the answer begins with this word.
    pub fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == wanted)
    }

    /// What is wrong, without the server's name.
    pub fn cause(&self) -> String {
        match self {
            Self::Unreachable { cause, .. } => cause.clone(),
            Self::Closed | Self::Refused { .. } | Self::Unexpected { .. } => self.to_string(),
        }
    }

    /// Whether the same command may succeed soon.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { code, text } => {
                matches!(code.as_str(), "LOADING" | "READONLY" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN")
                    || text.contains("max number of clients")
            }
            Self::Closed | Self::Unexpected { .. } => false,
        }
    }

    /// What the server says of itself, such as that it is still loading, is about the server and not about the
    /// command: then the error names it. For those who don't try again.
    pub(super) fn given_up(self, host: &Arc<str>) -> Self {
        match self {
            Self::Refused { text, .. } if self.is_passing() => {
                Self::Unreachable { host: Arc::clone(host), cause: text }
            }
            error => error,
        }
    }

    /// What the server answered.
    pub(super) fn refused(answer: &ServerError) -> Self {
        let code = answer.code().to_owned();
        let text = match answer.details() {
            Some(details) => format!("{code} {details}"),
            None => code.clone(),
        };
        Self::Refused { code, text }
    }

    /// What the client says of the server at `host`.
    pub(super) fn of(error: &RedisError, host: &Arc<str>) -> Self {
        let refused = error.kind() == ErrorKind::AuthenticationFailed
            || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"));
        let cause = match error.code() {
            _ if refused => "the server refuses these credentials (redisUsername, redisPassword)".to_owned(),
            Some(code) => format!("{code} {}", error.detail().unwrap_or_default()),
            None if error.is_connection_refusal() => "connection refused".to_owned(),
            None if error.is_timeout() => "no answer in time".to_owned(),
            None if error.is_connection_dropped() => "the connection was lost".to_owned(),
            None => net::cause(error),
        };
        Self::Unreachable { host: Arc::clone(host), cause }
    }
}
