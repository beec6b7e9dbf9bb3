//! Containers and volumes: finding, creating, starting, stopping, removing.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use bollard::models::{
    ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary, VolumeCreateRequest,
};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, ListContainersOptions, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveVolumeOptionsBuilder, RenameContainerOptionsBuilder, StopContainerOptionsBuilder,
};
use futures_util::StreamExt;
use jiff::Timestamp;

use super::engine::{Engine, Error, is_missing};
use super::{Port, Spec};

/// Seconds that a container gets to end by itself.
const GRACE: i32 = 10;

/// What a container is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It ended and is being started again.
    Restarting,
    /// It doesn't run: it never did, was stopped, or is paused.
    Stopped,
}

/// A container that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its name, without the slash that the API puts in front.
    pub name: String,
    /// Reference of the image that it was made from.
    pub image: String,
    /// What it is doing.
    pub state: State,
    /// Exit code of its last end, when it has ended.
    pub exit_code: Option<i64>,
    /// How often it was started again after it had ended.
    pub restarts: u64,
    /// When it was made.
    pub created: Timestamp,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Published TCP ports.
    pub ports: Vec<Port>,
    /// Address of the host on which they are published; that of the first one, when they differ.
    pub bind: Option<IpAddr>,
    /// Its address on the first network that it is on.
    pub address: Option<IpAddr>,
    /// Names of the volumes that it mounts.
    pub volumes: Vec<String>,
}

impl Engine {
    /// The container of exactly this name.
    pub async fn container(&self, name: &str) -> Result<Option<Container>, Error> {
        match self.api.inspect_container(name, None).await {
            Ok(found) => {
                let found = container(found);
                // A prefix of an id finds a container, too.
                Ok((found.name == name).then_some(found))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(Error::refused(format!("container {name}"), &error)),
        }
    }

    /// The running container that publishes a port of the host.
    pub async fn publisher(&self, port: u16) -> Result<Option<String>, Error> {
        let running = self.api.list_containers(None::<ListContainersOptions>).await;
        let running = running.map_err(|error| Error::refused("the list of containers", &error))?;
        let publishes = |container: &ContainerSummary| {
            container.ports.iter().flatten().any(|published| published.public_port == Some(port))
        };
        let found =
            running.into_iter().find(publishes).and_then(|container| container.names?.into_iter().next());
        Ok(found.map(|name| name.trim_start_matches('/').to_owned()))
    }

    /// Makes a container; it doesn't run yet.
    pub async fn create(&self, spec: &Spec) -> Result<(), Error> {
        let options = CreateContainerOptionsBuilder::default().name(&spec.name).build();
        let made = self.api.create_container(Some(options), spec.body()).await;
        made.map(drop)
            .map_err(|error| Error::refused(format!("cannot create container {}", spec.name), &error))
    }

    /// Starts a container; one that runs goes on.
    pub async fn start(&self, name: &str) -> Result<(), Error> {
        let started = self.api.start_container(name, None).await;
        started.map_err(|error| Error::refused(format!("cannot start container {name}"), &error))
    }

    /// Stops a container, with time to end by itself.
    pub async fn stop(&self, name: &str) -> Result<(), Error> {
        let options = StopContainerOptionsBuilder::default().t(GRACE).build();
        let stopped = self.api.stop_container(name, Some(options)).await;
        stopped.map_err(|error| Error::refused(format!("cannot stop container {name}"), &error))
    }

    /// Removes a container, whatever it does, with the volumes that have no name; one that isn't there is no error.
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        match self.api.remove_container(name, Some(options)).await {
            Err(error) if !is_missing(&error) => {
                Err(Error::refused(format!("could not remove {name} container"), &error))
            }
            _ => Ok(()),
        }
    }

    /// Gives a container another name.
    pub async fn rename(&self, name: &str, to: &str) -> Result<(), Error> {
        let options = RenameContainerOptionsBuilder::default().name(to).build();
        let renamed = self.api.rename_container(name, options).await;
        renamed.map_err(|error| Error::refused(format!("cannot rename container {name} to {to}"), &error))
    }

    /// The last lines that a container wrote, joined; empty when they can't be had.
    pub async fn last_words(&self, name: &str, lines: usize) -> String {
        let options =
            LogsOptionsBuilder::default().stdout(true).stderr(true).tail(&lines.to_string()).build();
        let mut pieces = std::pin::pin!(self.api.logs(name, Some(options)));
        let mut text = Vec::new();
        while let Some(Ok(piece)) = pieces.next().await {
            text.extend_from_slice(&piece.into_bytes());
        }
        String::from_utf8_lossy(&text).trim_end().to_owned()
    }

    /// The labels of a volume; `None` when there is no such volume.
    pub async fn volume(&self, name: &str) -> Result<Option<BTreeMap<String, String>>, Error> {
        match self.api.inspect_volume(name).await {
            Ok(found) => Ok(Some(found.labels.into_iter().collect())),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(Error::refused(format!("volume {name}"), &error)),
        }
    }

    /// Makes a volume.
    pub async fn create_volume(&self, name: &str, labels: &BTreeMap<String, String>) -> Result<(), Error> {
        let request = VolumeCreateRequest {
            name: Some(name.to_owned()),
            labels: Some(labels.clone().into_iter().collect()),
            ..VolumeCreateRequest::default()
        };
        let made = self.api.create_volume(request).await;
        made.map(drop).map_err(|error| Error::refused(format!("cannot create volume {name}"), &error))
    }

    /// Removes a volume with its data; one that isn't there is no error.
    pub async fn remove_volume(&self, name: &str) -> Result<(), Error> {
        let options = RemoveVolumeOptionsBuilder::default().force(true).build();
        match self.api.remove_volume(name, Some(options)).await {
            Err(error) if !is_missing(&error) => {
                Err(Error::refused(format!("could not remove {name} volume"), &error))
            }
            _ => Ok(()),
        }
    }

    /// Whether there is a network of this name.
    pub async fn has_network(&self, name: &str) -> Result<bool, Error> {
        match self.api.inspect_network(name, None).await {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(Error::refused(format!("network {name}"), &error)),
        }
    }
}

fn container(found: ContainerInspectResponse) -> Container {
    let state = found.state.unwrap_or_default();
    let config = found.config.unwrap_or_default();
    let network = found.network_settings.unwrap_or_default();
    let bindings = found.host_config.and_then(|host| host.port_bindings).unwrap_or_default();
    let mut published: Vec<(Port, IpAddr)> = bindings
        .into_iter()
        .filter_map(|(key, bindings)| {
            let container = key.strip_suffix("/tcp")?.parse().ok()?;
            let bindings = bindings?;
            let binding = bindings.first()?;
            let host = binding.host_port.as_deref()?.parse().ok()?;
            // Without an address a port is published on all.
            let bind = binding.host_ip.as_deref().and_then(|address| address.parse().ok());
            Some((Port { host, container }, bind.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
        })
        .collect();
    published.sort_unstable_by_key(|(port, _)| port.container);
    let bind = published.first().map(|(_, bind)| *bind);
    let ports = published.into_iter().map(|(port, _)| port).collect();
    let networks = network.networks.unwrap_or_default();
    let mut addresses = networks.values().filter_map(|network| network.ip_address.as_deref()?.parse().ok());
    let mounts = found.mounts.unwrap_or_default().into_iter();
    let ended = state.finished_at.as_deref().is_some_and(|time| !time.starts_with("0001"));
    Container {
        name: found.name.unwrap_or_default().trim_start_matches('/').to_owned(),
        image: config.image.unwrap_or_default(),
        state: match state.status {
            Some(ContainerStateStatusEnum::RUNNING) => State::Running,
            Some(ContainerStateStatusEnum::RESTARTING) => State::Restarting,
            _ => State::Stopped,
        },
        restarts: found.restart_count.and_then(|count| count.try_into().ok()).unwrap_or_default(),
        exit_code: state.exit_code.filter(|_| ended),
        created: found.created.and_then(|time| time.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH),
        labels: config.labels.unwrap_or_default().into_iter().collect(),
        ports,
        bind,
        address: addresses.next(),
        volumes: mounts.filter_map(|mount| mount.name.filter(|name| !name.is_empty())).collect(),
    }
}
