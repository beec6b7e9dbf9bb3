//! The services around the sidecars, as containers (init reference, section 7).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Redis, Settings};
use crate::containers::{Port, Spec};
use crate::release::{Images, Rules, Variant};

/// Label of everything that an engine keeps for us; its value is the service's name.
pub const LABEL: &str = "io.dapr.cli.service";
/// Label with the version of the program that made it.
const VERSION_LABEL: &str = "io.dapr.cli.version";

/// The name of a container while another one is put in its place.
pub fn replaced(name: &str) -> String {
    format!("{name}.replaced")
}

/// Whether a mount's source is a volume's name, not a path on the host.
pub fn is_volume(source: &str) -> bool {
    !source.contains(['/', '\\']) && !source.starts_with(['.', '~'])
}

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Where actors are.
    Placement,
    /// Jobs and reminders.
    Scheduler,
    /// State and events of the default components.
    Redis,
    /// Traces.
    Zipkin,
}

impl Role {
    /// All of them, in the order in which they are told of.
    pub const ALL: [Self; 4] = [Self::Placement, Self::Redis, Self::Zipkin, Self::Scheduler];

    /// All of them, in the order in which they are listed and removed.
    pub const LISTED: [Self; 4] = [Self::Placement, Self::Scheduler, Self::Redis, Self::Zipkin];

    /// Whether it is part of the runtime: the runtime's image, in the runtime's version.
    pub fn is_of_runtime(self) -> bool {
        matches!(self, Self::Placement | Self::Scheduler)
    }

    /// Its name, also as the value of its label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Placement => "placement",
            Self::Scheduler => "scheduler",
            Self::Redis => "redis",
            Self::Zipkin => "zipkin",
        }
    }

    /// Its container on a network, or on none.
    pub fn container(self, network: Option<&str>) -> String {
        match network {
            Some(network) => format!("{}_{network}", self.alias()),
            None => self.alias(),
        }
    }

    /// The name by which others on its network find it.
    pub fn alias(self) -> String {
        format!("dapr_{}", self.name())
    }

    /// The port that tells whether it is well, in the container: HTTP, except for Redis.
    pub fn health_port(self) -> u16 {
        match self {
            Self::Placement | Self::Scheduler => 8080,
            Self::Redis => 6379,
            Self::Zipkin => 9411,
        }
    }

    /// The port that clients use, in the container.
    pub fn port(self) -> u16 {
        match self {
            Self::Placement => 50005,
            Self::Scheduler => 50006,
            Self::Redis => 6379,
            Self::Zipkin => 9411,
        }
    }

    /// The ports that are published when it is on no network.
    pub fn ports(self) -> Vec<Port> {
        let ports: &[(u16, u16)] = match self {
            Self::Placement => &[(50005, 50005), (58080, 8080), (59090, 9090)],
            Self::Scheduler => &[(50006, 50006), (2379, 2379), (58081, 8080), (59091, 9090)],
            Self::Redis => &[(6379, 6379)],
            Self::Zipkin => &[(9411, 9411)],
        };
        ports.iter().map(|&(host, container)| Port { host, container }).collect()
    }
}

/// A service and its container.
#[derive(Debug, Clone)]
pub struct Service {
    /// Which one.
    pub role: Role,
    /// What its container is made of.
    pub spec: Spec,
}

/// The services that these settings ask for.
pub fn roles(settings: &Settings, rules: Rules) -> Vec<Role> {
    if settings.slim {
        return Vec::new();
    }
    let wanted = |role: &Role| match role {
        Role::Scheduler => rules.scheduler,
        Role::Redis => !matches!(settings.redis, Redis::Existing(_)),
        Role::Placement | Role::Zipkin => true,
    };
    let among = |role: &Role| settings.services.as_ref().is_none_or(|services| services.contains(role));
    Role::ALL.into_iter().filter(wanted).filter(among).collect()
}

/// The labels of what belongs to a service.
pub fn labels(role: Role) -> BTreeMap<String, String> {
    [(LABEL, role.name()), (VERSION_LABEL, env!("CARGO_PKG_VERSION"))]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// A service's container.
pub fn service(role: Role, settings: &Settings, rules: Rules, images: &Images) -> Service {
    let network = settings.network.as_deref();
    let image = match role {
        Role::Placement | Role::Scheduler => &images.dapr,
        Role::Redis => &images.redis,
        Role::Zipkin => &images.zipkin,
    };
    let entrypoint = role.is_of_runtime().then(|| format!("./{}", role.name()));
    let (args, volume) =
        if role == Role::Scheduler { scheduler(settings, rules) } else { (Vec::new(), None) };
    let spec = Spec {
        name: role.container(network),
        image: image.clone(),
        entrypoint,
        args,
        ports: if network.is_some() { Vec::new() } else { role.ports() },
        bind: settings.bind,
        network: network.map(|network| (network.to_owned(), role.alias())),
        volume,
        labels: labels(role),
    };
    Service { role, spec }
}

/// Arguments and volume of the scheduler.
fn scheduler(settings: &Settings, rules: Rules) -> (Vec<String>, Option<(String, String)>) {
    let base = match settings.variant {
        Variant::Standard => "/var/lock",
        Variant::Mariner => "/var/tmp",
    };
    let mut args = vec![format!("--etcd-data-dir={base}/dapr/scheduler")];
    if rules.broadcast {
        let address = settings.broadcast.as_deref().unwrap_or("localhost:50006");
        args.push(format!("--override-broadcast-host-port={address}"));
    }
    if rules.etcd_clients {
        args.push("--etcd-client-listen-address=0.0.0.0".into());
    }
    (args, Some((settings.scheduler_volume.clone(), base.into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::self_hosted::init::testing::settings;

    fn scheduler(settings: &Settings, version: &str) -> Spec {
        let images = Images::of(&settings.registry, version, settings.variant, false);
        service(Role::Scheduler, settings, Rules::of(version).unwrap(), &images).spec
    }

    #[test]
    fn the_scheduler_is_started_as_its_version_needs() {
        let home = tempfile::tempdir().unwrap();
        let mut settings = settings(home.path());
        let spec = scheduler(&settings, "1.18.0");
        assert_eq!(spec.entrypoint.as_deref(), Some("./scheduler"));
        assert_eq!(
            spec.args,
            [
                "--etcd-data-dir=/var/lock/dapr/scheduler",
                "--override-broadcast-host-port=localhost:50006",
                "--etcd-client-listen-address=0.0.0.0"
            ]
        );
        assert_eq!(spec.volume, Some(("dapr_scheduler".into(), "/var/lock".into())));
        assert_eq!(scheduler(&settings, "1.14.0").args, ["--etcd-data-dir=/var/lock/dapr/scheduler"]);
        settings.variant = Variant::Mariner;
        settings.broadcast = Some("10.0.0.1:50006".into());
        let spec = scheduler(&settings, "1.16.0");
        assert_eq!(
            spec.args,
            ["--etcd-data-dir=/var/tmp/dapr/scheduler", "--override-broadcast-host-port=10.0.0.1:50006"]
        );
    }

    #[test]
    fn a_network_takes_the_place_of_published_ports() {
        let home = tempfile::tempdir().unwrap();
        let mut settings = settings(home.path());
        assert_eq!(scheduler(&settings, "1.18.0").ports.len(), 4);
        settings.network = Some("net".into());
        let spec = scheduler(&settings, "1.18.0");
        assert_eq!((spec.name.as_str(), spec.ports.len()), ("dapr_scheduler_net", 0));
        assert_eq!(spec.network, Some(("net".into(), "dapr_scheduler".into())));
    }

    #[test]
    fn old_versions_have_no_scheduler() {
        let home = tempfile::tempdir().unwrap();
        let mut settings = settings(home.path());
        let roles = |settings: &Settings, version| roles(settings, Rules::of(version).unwrap());
        assert_eq!(roles(&settings, "1.13.0"), [Role::Placement, Role::Redis, Role::Zipkin]);
        settings.redis = Redis::Existing("localhost:6379".into());
        assert_eq!(roles(&settings, "1.18.0"), [Role::Placement, Role::Zipkin, Role::Scheduler]);
        settings.slim = true;
        assert_eq!(roles(&settings, "1.18.0"), []);
    }
}
