//! The connection to an engine.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};

use super::locate::{self, Address};
use super::podman::Service;
use crate::env::Env;
use crate::net::cause;

/// How long an engine may take to say that it is there.
const HELLO: Duration = Duration::from_secs(3);
/// Seconds that a request may take until its answer begins: loading a large image takes its time.
const PATIENCE: u64 = 3600;

/// The container engines that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Docker, or anything that speaks its API at its address.
    #[default]
    Docker,
    /// Podman.
    Podman,
}

impl Kind {
    /// Its name, which is also that of its command.
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "docker" => Ok(Self::Docker),
            "podman" => Ok(Self::Podman),
            _ => Err(()),
        }
    }
}

/// What went wrong with an engine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answers. The text is the stock one.
    #[error("could not connect to {kind}. {kind} may not be installed or running")]
    Unreachable {
        /// Which engine was asked for.
        kind: Kind,
        /// Each address with the reason why it doesn't work.
        tried: Vec<String>,
    },
    /// The engine refused, or the connection broke.
    #[error("{subject}: {reason}")]
    Refused {
        /// What was wanted: the container, image or volume by name.
        subject: String,
        /// In the engine's words.
        reason: String,
    },
    /// A file of images can't be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
}

impl Error {
    pub(super) fn refused(subject: impl fmt::Display, error: &bollard::errors::Error) -> Self {
        Self::Refused { subject: subject.to_string(), reason: words(error) }
    }
}

/// The engine's own words, without what the client library puts around them.
pub(super) fn words(error: &bollard::errors::Error) -> String {
    use bollard::errors::Error as E;
    let mut text = match error {
        E::DockerResponseServerError { message, .. } => message.clone(),
        E::DockerStreamError { error } => error.clone(),
        E::SocketNotFoundError(_) => "there is no such socket".into(),
        other => cause(other),
    };
    text.truncate(text.trim_end().len());
    text
}

/// Whether the engine says that there is no such thing.
pub(super) fn is_missing(error: &bollard::errors::Error) -> bool {
    matches!(error, bollard::errors::Error::DockerResponseServerError { status_code: 404, .. })
}

/// An engine that has answered. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    kind: Kind,
    address: Address,
    version: String,
    pub(super) api: Docker,
    /// The API service that was started for this connection; it ends with the last clone.
    service: Option<Arc<Service>>,
}

impl Engine {
    /// Finds the engine of this kind and makes sure that it answers. Takes a few seconds at most.
    pub async fn connect(kind: Kind, env: &Env) -> Result<Self, Error> {
        let mut tried = Vec::new();
        for address in locate::addresses(kind, env) {
            match open(kind, &address, None).await {
                Ok(engine) => return Ok(engine),
                Err(reason) => tried.push(format!("{address}: {reason}")),
            }
            if address.is_asked_for() {
                return Err(Error::Unreachable { kind, tried });
            }
        }
        if kind == Kind::Podman {
            // Its command needs no service, so neither may we: one is run for as long as it is needed.
            match Service::start().await {
                Ok(service) => {
                    let address = service.address();
                    match open(kind, &address, Some(Arc::new(service))).await {
                        Ok(engine) => return Ok(engine),
                        Err(reason) => tried.push(format!("podman system service: {reason}")),
                    }
                }
                Err(reason) => tried.push(format!("podman system service: {reason}")),
            }
        }
        Err(Error::Unreachable { kind, tried })
    }

    /// Which engine this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it was found.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Whether it only answers since its API service was started for this connection.
    pub fn is_started_for_us(&self) -> bool {
        self.service.is_some()
    }

    /// Its version, as it says.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The host on which published ports can be reached.
    pub fn host(&self) -> &str {
        self.address.host().unwrap_or("127.0.0.1")
    }

    /// Whether published ports are ports of this machine.
    pub fn is_local(&self) -> bool {
        self.address.host().is_none_or(|host| matches!(host, "localhost" | "127.0.0.1" | "::1"))
    }
}

async fn open(kind: Kind, address: &Address, service: Option<Arc<Service>>) -> Result<Engine, String> {
    let client = match address {
        Address::Socket { path, .. } => {
            Docker::connect_with_unix(&path.display().to_string(), PATIENCE, API_DEFAULT_VERSION)
        }
        Address::Tcp { host, tls: None, .. } => {
            Docker::connect_with_http(host, PATIENCE, API_DEFAULT_VERSION)
        }
        Address::Tcp { host, tls: Some(tls), .. } => Docker::connect_with_ssl(
            host,
            &tls.join("key.pem"),
            &tls.join("cert.pem"),
            &tls.join("ca.pem"),
            PATIENCE,
            API_DEFAULT_VERSION,
        ),
        Address::Unsupported { .. } => return Err("only unix:// and tcp:// can be used".into()),
    };
    let client = client.map_err(|error| words(&error))?;
    let hello = async {
        let client = client.negotiate_version().await?;
        let version = client.version().await?;
        Ok::<_, bollard::errors::Error>((client, version.version.unwrap_or_default()))
    };
    match tokio::time::timeout(HELLO, hello).await {
        Ok(Ok((api, version))) => Ok(Engine { kind, address: address.clone(), version, api, service }),
        Ok(Err(error)) => Err(words(&error)),
        Err(_) => Err(format!("no answer within {} s", HELLO.as_secs())),
    }
}
