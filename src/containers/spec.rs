//! What a container is made of, and its form in the engine's API.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, NetworkingConfig, PortBinding, RestartPolicy,
    RestartPolicyNameEnum,
};

/// A published TCP port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// On the host.
    pub host: u16,
    /// In the container.
    pub container: u16,
}

/// A container that is to be. It is restarted whenever it ends, also after a reboot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// Image reference.
    pub image: String,
    /// Program to run in place of the image's own.
    pub entrypoint: Option<String>,
    /// Arguments.
    pub args: Vec<String>,
    /// Ports, published on `bind`.
    pub ports: Vec<Port>,
    /// Address of the host on which ports are published.
    pub bind: IpAddr,
    /// Network and the name by which others on it find the container.
    pub network: Option<(String, String)>,
    /// Volume name or host path, and where it is mounted.
    pub volume: Option<(String, String)>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

impl Spec {
    pub(super) fn body(&self) -> ContainerCreateBody {
        let key = |port: &Port| format!("{}/tcp", port.container);
        let bindings: HashMap<String, Option<Vec<PortBinding>>> = self
            .ports
            .iter()
            .map(|port| {
                let host_ip = Some(self.bind.to_string());
                (key(port), Some(vec![PortBinding { host_ip, host_port: Some(port.host.to_string()) }]))
            })
            .collect();
        let restart = RestartPolicy { name: Some(RestartPolicyNameEnum::ALWAYS), maximum_retry_count: None };
        let networking = self.network.as_ref().map(|(network, alias)| NetworkingConfig {
            endpoints_config: Some(HashMap::from([(
                network.clone(),
                EndpointSettings { aliases: Some(vec![alias.clone()]), ..EndpointSettings::default() },
            )])),
        });
        ContainerCreateBody {
            image: Some(self.image.clone()),
            entrypoint: self.entrypoint.clone().map(|program| vec![program]),
            cmd: (!self.args.is_empty()).then(|| self.args.clone()),
            exposed_ports: Some(self.ports.iter().map(key).collect()),
            labels: Some(self.labels.clone().into_iter().collect()),
            host_config: Some(HostConfig {
                port_bindings: Some(bindings),
                restart_policy: Some(restart),
                network_mode: self.network.as_ref().map(|(network, _)| network.clone()),
                binds: self.volume.as_ref().map(|(source, target)| vec![format!("{source}:{target}")]),
                ..HostConfig::default()
            }),
            networking_config: networking,
            ..ContainerCreateBody::default()
        }
    }
}
