//! A connection of its own that is told what others publish.

use std::sync::Arc;
use std::time::Duration;

use ::redis::{PushInfo, PushKind, Value, cmd};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::link::Link;
use super::settings::Settings;
use super::{Client, Error};

/// How long nothing is heard before the server is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(10);

/// A connection that nobody else uses, subscribed to channels.
pub struct Listening {
    link: Link,
    pushes: UnboundedReceiver<PushInfo>,
    host: Arc<str>,
}

impl Listening {
    async fn dial(settings: &Settings) -> Result<Self, Error> {
        let (sender, pushes) = unbounded_channel();
        let told = move |push: PushInfo| {
            // Nobody listens any more.
            let _ = sender.send(push);
        };
        let link = Link::dial_with(settings, settings.read_timeout, told).await?;
        Ok(Self { link, pushes, host: Arc::clone(&settings.host) })
    }

    /// Subscribes to these channels.
    pub async fn subscribe(&mut self, channels: &[String]) -> Result<(), Error> {
        let subscribed = self.link.connection.subscribe(channels).await;
        subscribed.map_err(|error| Error::of(&error, &self.host))
    }

    /// Subscribes to all channels that match.
    pub async fn subscribe_pattern(&mut self, pattern: &str) -> Result<(), Error> {
        let subscribed = self.link.connection.psubscribe(pattern).await;
        subscribed.map_err(|error| Error::of(&error, &self.host))
    }

    /// Channels on which something has been published, in order; waits for the first. An error is the end of the
    /// connection.
    pub async fn channels(&mut self) -> Result<Vec<String>, Error> {
        loop {
            let first = match tokio::time::timeout(SILENCE, self.pushes.recv()).await {
                Ok(Some(push)) => push,
                Ok(None) => return Err(self.lost()),
                Err(_) => {
                    let answer = self.link.connection.send_packed_command(&cmd("PING")).await;
                    answer.map_err(|error| Error::of(&error, &self.host))?;
                    continue;
                }
            };
            let mut channels = Vec::new();
            let mut next = Some(first);
            while let Some(push) = next {
                match push.kind {
                    PushKind::Disconnection => return Err(self.lost()),
                    PushKind::Message => channels.extend(channel(push.data, 0)),
                    PushKind::PMessage => channels.extend(channel(push.data, 1)),
                    _ => {}
                }
                next = self.pushes.try_recv().ok();
            }
            if !channels.is_empty() {
                return Ok(channels);
            }
        }
    }

    fn lost(&self) -> Error {
        Error::Unreachable { host: Arc::clone(&self.host), cause: "the connection was lost".into() }
    }
}

fn channel(data: Vec<Value>, place: usize) -> Option<String> {
    match data.into_iter().nth(place)? {
        Value::BulkString(name) => String::from_utf8(name).ok(),
        Value::SimpleString(name) => Some(name),
        _ => None,
    }
}

impl Client {
    /// A connection beside the shared one.
    pub async fn listening(&self) -> Result<Listening, Error> {
        Listening::dial(self.settings()).await
    }
}
