//! `bindings.redis`: single keys of a Redis server. The request's metadata names the `key`.
//!
//! | operation | |
//! |---|---|
//! | `create` | writes the data; with `ttlInSeconds` the key expires |
//! | `get` | the data, empty if there is none; with `delete: true` it is removed by the same step |
//! | `delete` | removes the key, if it is there |
//! | `increment` | adds 1 to the number at the key; with `ttlInSeconds` the key expires |

use std::sync::Arc;

use ::redis::{Value, cmd};
use async_trait::async_trait;
use bytes::Bytes;

use super::{Error, Output, Request, Response};
use crate::components::redis::{self, Client, Defaults, Repeat, Script, Settings};
use crate::components::{Init, InitError, Metadata};

const KIND: &str = "bindings.redis";
const TTL: &str = "ttlInSeconds";

/// Adds 1 and, if an argument says so, lets the key expire.
const INCREMENT: &str = r"
local value = redis.call('INCR', KEYS[1])
if ARGV[1] ~= '' then
  redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return value
";

/// Connects to the server.
pub async fn make(init: Init) -> Result<Arc<dyn Output>, InitError> {
    let settings = Settings::parse(&init.properties, Defaults::CLIENT)?;
    let host = settings.host().to_owned();
    let client = Client::connect(settings, init.label(KIND)).await.map_err(|error| {
        InitError(format!("redis binding: error connecting to redis at {host}: {}", error.cause()))
    })?;
    Ok(Arc::new(Redis { client, increment: Script::new(INCREMENT) }))
}

struct Redis {
    client: Client,
    increment: Script,
}

impl From<redis::Error> for Error {
    fn from(error: redis::Error) -> Self {
        Self::new(error)
    }
}

/// Seconds until the key expires; empty for never.
fn ttl(metadata: &Metadata) -> Result<String, Error> {
    let Some(text) = metadata.get(TTL).filter(|text| !text.is_empty()) else {
        return Ok(String::new());
    };
    match text.trim().parse::<i32>() {
        Ok(seconds) if seconds > 0 => Ok(seconds.to_string()),
        // To the server it would mean: delete it at once.
        Ok(seconds) => Err(Error::new(format!("ttl value must be higher than zero: actual is {seconds}"))),
        Err(_) => Err(Error::new(format!("ttl value must be a valid integer: actual is '{text}'"))),
    }
}

#[async_trait]
impl Output for Redis {
    fn operations(&self) -> &'static [&'static str] {
        &["create", "delete", "get", "increment"]
    }

    async fn invoke(&self, request: Request) -> Result<Response, Error> {
        let Some(key) = request.metadata.get("key").filter(|key| !key.is_empty()) else {
            return Err(Error::new("redis binding: missing key in request metadata"));
        };
        let mut data = None;
        match request.operation.as_str() {
            "create" => {
                let ttl = ttl(&request.metadata)?;
                let mut set = cmd("SET");
                set.arg(key).arg(&request.data[..]);
                if !ttl.is_empty() {
                    set.arg("EX").arg(ttl);
                }
                self.client.command(&set, Repeat::Harmless).await?;
            }
            "get" => {
                let and_delete = request.metadata.get("delete").is_some_and(|value| value == "true");
                // A value that is gone with a lost answer must not look like one that never was.
                let (name, repeat) =
                    if and_delete { ("GETDEL", Repeat::Never) } else { ("GET", Repeat::Harmless) };
                match self.client.command(cmd(name).arg(key), repeat).await? {
                    Value::BulkString(value) => data = Some(value.into()),
                    Value::Nil => data = Some(Bytes::new()),
                    _ => return Err(self.client.unexpected().into()),
                }
            }
            "delete" => {
                self.client.command(cmd("DEL").arg(key), Repeat::Harmless).await?;
            }
            "increment" => {
                let ttl = ttl(&request.metadata)?;
                let call = self.increment.call(&[key.as_bytes()], &[ttl.as_bytes()]);
                self.client.script(&call, Repeat::Never).await?;
            }
            other => return Err(Error::new(format!("invalid operation type: {other}"))),
        }
        Ok(Response { data, metadata: Metadata::new() })
    }

    async fn close(&self) {
        self.client.close();
    }
}
