//! One connection to the server, and whether it is still good.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, ErrorKind, PushInfo, PushKind};

use super::Error;
use super::settings::Settings;

/// Commands that may wait for being written; beyond that their callers wait.
const QUEUE: usize = 1024;

/// A connection. Clones share it; it is closed with the last one.
#[derive(Clone)]
pub struct Link {
    pub connection: MultiplexedConnection,
    broken: Arc<AtomicBool>,
}

impl Link {
    /// Connects, signs in and selects the database. `limit` is that of every command; `None` for connections whose
    /// commands wait.
    pub async fn dial(settings: &Settings, limit: Option<Duration>) -> Result<Self, Error> {
        Self::dial_with(settings, limit, drop).await
    }

    /// The same; `told` gets what the server says without being asked, and the loss of the connection.
    pub async fn dial_with(
        settings: &Settings,
        limit: Option<Duration>,
        told: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let broken = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&broken);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(settings.dial_timeout)
            .set_response_timeout(limit)
            .set_pipeline_buffer_size(QUEUE)
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    flag.store(true, Ordering::Release);
                }
                told(push);
                Ok::<(), std::convert::Infallible>(())
            });
        match settings.client.get_multiplexed_async_connection_with_config(&config).await {
            Ok(connection) => Ok(Self { connection, broken }),
            Err(error) if error.kind() == ErrorKind::RESP3NotSupported => Err(Error::Unreachable {
                host: Arc::clone(&settings.host),
                cause: "the server is older than Redis 6".into(),
            }),
            Err(error) => Err(Error::of(&error, &settings.host)),
        }
    }

    /// Whether the next command needs another connection.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Notes that an answer did not come.
    pub fn set_broken(&self) {
        self.broken.store(true, Ordering::Release);
    }
}
