//! A connection of its own for commands whose answer waits at the server.

use std::time::Duration;

use ::redis::{Cmd, Value, cmd};

use super::link::Link;
use super::{Client, Error, Repeat};

/// A connection that nobody else uses. What it waits for can be called off by [`Client::wake`].
pub struct Waiting {
    link: Link,
    id: Option<i64>,
    host: std::sync::Arc<str>,
}

impl Waiting {
    /// Its number at the server, for [`Client::wake`]; `None` when the server doesn't tell this user.
    pub fn id(&self) -> Option<i64> {
        self.id
    }

    /// Runs one command, which is expected to take less than `limit`. After an error the connection is of no use.
    pub async fn command(&mut self, command: &Cmd, limit: Duration) -> Result<Value, Error> {
        match tokio::time::timeout(limit, self.link.connection.send_packed_command(command)).await {
            Ok(Ok(Value::ServerError(error))) => Err(Error::refused(&error)),
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(Error::of(&error, &self.host)),
            Err(_) => Err(Error::Unreachable { host: self.host.clone(), cause: "no answer in time".into() }),
        }
    }
}

impl Client {
    /// A connection beside the shared one.
    pub async fn waiting(&self) -> Result<Waiting, Error> {
        let (settings, limit) = (self.settings(), self.settings().dial_timeout);
        let host = settings.host.clone();
        let mut waiting = Waiting { link: Link::dial(settings, None).await?, id: None, host };
        let answer = waiting.command(cmd("CLIENT").arg("ID"), limit.unwrap_or(Duration::MAX)).await;
        waiting.id = match answer {
            Ok(Value::Int(id)) => Some(id),
            Ok(_) | Err(Error::Refused { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(waiting)
    }

    /// Has the server answer at once what a [`Waiting`] connection waits for. Closing it instead could lose what
    /// the server is giving to it at this moment.
    pub async fn wake(&self, id: i64) -> Result<(), Error> {
        self.command(cmd("CLIENT").arg("UNBLOCK").arg(id), Repeat::Harmless).await.map(drop)
    }
}
