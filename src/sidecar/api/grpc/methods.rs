//! Which methods there are, and the rules that don't depend on what they do: which of them the configuration
//! allows, which wait for components, which are logged.

use std::collections::HashMap;

use super::METHODS;
use crate::resources::Configuration;
use crate::sidecar::api::rules::Rules;

/// What the full name of a method of the service begins with.
pub const DAPR: &str = "/dapr.proto.runtime.v1.Dapr/";
/// The same for the health service.
pub const HEALTH: &str = "/grpc.health.v1.Health/";
/// The same for reflection, in both versions.
pub const REFLECTION: [&str; 2] =
    ["/grpc.reflection.v1.ServerReflection/", "/grpc.reflection.v1alpha.ServerReflection/"];
/// The same for the workers of workflows.
pub const WORKFLOWS: &str = "/TaskHubSidecarService/";

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Called {
    /// A method of the Dapr service.
    Dapr {
        /// Whether the configuration allows it.
        allowed: bool,
    },
    /// A method of the Dapr service that doesn't exist.
    Unknown,
    /// Health.
    Health,
    /// Reflection; the version is the place in [`REFLECTION`].
    Reflection(usize),
    /// The workers of workflows.
    Workflows,
    /// A service of some app.
    Other,
}

impl Called {
    /// Whether calls of the method with this path are counted: not the streams of the API, which last as long as
    /// somebody listens.
    pub fn is_counted(self, path: &str) -> bool {
        match self {
            Self::Dapr { .. } => {
                !path.strip_prefix(DAPR).is_some_and(|method| method.starts_with("Subscribe"))
            }
            Self::Health => path.ends_with("/Check"),
            Self::Other => true,
            Self::Unknown | Self::Reflection(_) | Self::Workflows => false,
        }
    }
}

/// The methods of one sidecar.
pub struct Methods {
    /// Whether each method of the Dapr service is allowed.
    dapr: HashMap<String, bool>,
}

impl Methods {
    /// The methods under the rules of `spec.api` (daprd reference, section 12).
    pub fn of(configuration: &Configuration) -> Self {
        let rules = Rules::of(configuration, "grpc");
        let is_allowed =
            |method: &str, group: &str| rules.as_ref().is_none_or(|rules| rules.allow(group, method));
        let dapr = METHODS.iter().map(|(method, group)| (camel(method), is_allowed(method, group)));
        Self { dapr: dapr.collect() }
    }

    /// What the path of a request names.
    pub fn find(&self, path: &str) -> Called {
        if let Some(method) = path.strip_prefix(DAPR) {
            return self
                .dapr
                .get(method)
                .map_or(Called::Unknown, |allowed| Called::Dapr { allowed: *allowed });
        }
        if let Some(version) = REFLECTION.iter().position(|service| path.starts_with(service)) {
            return Called::Reflection(version);
        }
        if path.starts_with(HEALTH) {
            Called::Health
        } else if path.starts_with(WORKFLOWS) {
            Called::Workflows
        } else {
            Called::Other
        }
    }
}

/// Whether a call of this method waits until components are loaded.
pub fn waits(path: &str) -> bool {
    path.strip_prefix(DAPR) != Some("Shutdown")
}

/// `get_state_alpha1` as `GetStateAlpha1`.
fn camel(method: &str) -> String {
    let words = method.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_services() {
        let spec = serde_json::json!({"api": {"denied": [{"name": "jobs", "version": "v1.0-alpha1", "protocol": "grpc"}]}});
        let methods = Methods::of(&Configuration { spec, ..Configuration::default() });
        let allows =
            |method: &str| methods.find(&format!("{DAPR}{method}")) == Called::Dapr { allowed: true };
        assert!(allows("GetState") && allows("SubscribeTopicEventsAlpha1"));
        assert!(allows("GetJob") && !allows("GetJobAlpha1"));
        let counts = |path: &str| methods.find(path).is_counted(path);
        assert!(counts("/dapr.proto.runtime.v1.Dapr/GetState") && counts("/helloworld.Greeter/SayHello"));
        assert!(!counts("/dapr.proto.runtime.v1.Dapr/SubscribeConfiguration"));
        assert!(!counts("/grpc.health.v1.Health/Watch"));
        assert_eq!(methods.find("/dapr.proto.runtime.v1.Dapr/Nothing"), Called::Unknown);
        assert_eq!(methods.find("/grpc.health.v1.Health/Check"), Called::Health);
        assert_eq!(methods.find("/grpc.reflection.v1alpha.ServerReflection/X"), Called::Reflection(1));
        assert_eq!(methods.find("/TaskHubSidecarService/Hello"), Called::Workflows);
        assert_eq!(methods.find("/helloworld.Greeter/SayHello"), Called::Other);
    }
}
