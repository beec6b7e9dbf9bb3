//! `lock.redis`: a lock is a key that holds its owner and expires (components reference, section 13).

use std::sync::Arc;
use std::time::Duration;

use ::redis::{Value, cmd};
use async_trait::async_trait;

use super::{Error, Store, Unlocked};
use crate::components::redis::{self, Client, Defaults, Repeat, Script, Settings};
use crate::components::{Init, InitError};

const KIND: &str = "lock.redis";

/// Deletes the key if it holds this owner. 0: done, 1: there is none, 2: it is of somebody else.
const UNLOCK: &str = r"
local owner = redis.call('GET', KEYS[1])
if not owner then
  return 1
end
if owner ~= ARGV[1] then
  return 2
end
redis.call('DEL', KEYS[1])
return 0
";

/// Connects to the server, which must not have replicas: a lock that only one of them knows is none.
pub async fn make(init: Init) -> Result<Arc<dyn Store>, InitError> {
    let settings = Settings::parse(&init.properties, Defaults::STORE)?;
    let host = settings.host().to_owned();
    let failed = |error: redis::Error| {
        InitError(format!("error connecting to Redis: redis at {host}: {}", error.cause()))
    };
    let client = Client::connect(settings, init.label(KIND)).await.map_err(failed)?;
    if client.replicas().await.map_err(failed)? > 0 {
        return Err(InitError::new("replication is not supported"));
    }
    Ok(Arc::new(Redis { client, unlock: Script::new(UNLOCK) }))
}

struct Redis {
    client: Client,
    unlock: Script,
}

impl From<redis::Error> for Error {
    fn from(error: redis::Error) -> Self {
        Self(error.to_string())
    }
}

/// What is perhaps done is not repeated: a lock that was taken by a lost answer would look like somebody else's, one
/// that was given back like one that nobody had.
#[async_trait]
impl Store for Redis {
    async fn try_lock(&self, resource: &str, owner: &str, expiry: Duration) -> Result<bool, Error> {
        let milliseconds = u64::try_from(expiry.as_millis()).unwrap_or(u64::MAX);
        let mut set = cmd("SET");
        set.arg(resource).arg(owner).arg("NX").arg("PX").arg(milliseconds.max(1));
        match self.client.command(&set, Repeat::Never).await? {
            Value::Okay => Ok(true),
            Value::Nil => Ok(false),
            _ => Err(self.client.unexpected().into()),
        }
    }

    async fn unlock(&self, resource: &str, owner: &str) -> Result<Unlocked, Error> {
        let call = self.unlock.call(&[resource.as_bytes()], &[owner.as_bytes()]);
        match self.client.script(&call, Repeat::Never).await? {
            Value::Int(0) => Ok(Unlocked::Success),
            Value::Int(1) => Ok(Unlocked::Missing),
            Value::Int(2) => Ok(Unlocked::OfOther),
            _ => Err(self.client.unexpected().into()),
        }
    }

    async fn close(&self) {
        self.client.close();
    }
}
