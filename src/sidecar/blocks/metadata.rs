//! What the sidecar tells of itself (http-api reference, 1.2). The order of the fields is part of the
//! contract.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::subscriptions::Active;
use crate::components::{pubsub, secretstores, state};
use crate::resources::Component;
use crate::sidecar::options::duration_text;
use crate::sidecar::store::Components;
use crate::sidecar::{Options, RUNTIME_VERSION};

/// `GET /v1.0/metadata`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub(in crate::sidecar) id: String,
    pub(in crate::sidecar) runtime_version: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::sidecar) enabled_features: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::sidecar) components: Vec<Loaded>,
    pub(in crate::sidecar) extended: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::sidecar) subscriptions: Vec<Active>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::sidecar) http_endpoints: Vec<HttpEndpoint>,
    pub(in crate::sidecar) app_connection_properties: AppConnection,
    pub(in crate::sidecar) actor_runtime: ActorRuntime,
}

/// A service outside that has a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::sidecar) struct HttpEndpoint {
    pub(in crate::sidecar) name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::sidecar) struct Loaded {
    pub(in crate::sidecar) name: String,
    pub(in crate::sidecar) r#type: String,
    pub(in crate::sidecar) version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::sidecar) capabilities: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::sidecar) struct AppConnection {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::sidecar) port: Option<u16>,
    pub(in crate::sidecar) protocol: &'static str,
    pub(in crate::sidecar) channel_address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::sidecar) max_concurrency: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::sidecar) health: Option<AppHealth>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::sidecar) struct AppHealth {
    #[serde(rename = "healthCheckPath")]
    pub(in crate::sidecar) path: String,
    #[serde(rename = "healthProbeInterval")]
    pub(in crate::sidecar) interval: String,
    #[serde(rename = "healthProbeTimeout")]
    pub(in crate::sidecar) timeout: String,
    #[serde(rename = "healthThreshold")]
    pub(in crate::sidecar) threshold: u32,
}

/// Actors aren't hosted here, which is what a stock sidecar without a placement service says too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::sidecar) struct ActorRuntime {
    pub(in crate::sidecar) runtime_status: &'static str,
    pub(in crate::sidecar) host_ready: bool,
    pub(in crate::sidecar) placement: &'static str,
}

const VERSION: &str = "daprRuntimeVersion";
/// Capabilities of bindings.
const INPUT: &str = "INPUT_BINDING";
const OUTPUT: &str = "OUTPUT_BINDING";

/// `extended`: texts that clients set, mostly the command line.
pub struct Extended {
    texts: Mutex<BTreeMap<String, String>>,
}

impl Default for Extended {
    fn default() -> Self {
        let version = (VERSION.to_owned(), RUNTIME_VERSION.to_owned());
        Self { texts: Mutex::new(BTreeMap::from([version])) }
    }
}

impl Extended {
    fn texts(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds or replaces a text; the version that the sidecar tells of itself stays.
    pub fn set(&self, key: String, value: String) {
        if key != VERSION {
            self.texts().insert(key, value);
        }
    }
}

impl Metadata {
    /// As things are now.
    pub fn of(
        options: &Options,
        components: &Components,
        extended: &Extended,
        subscriptions: Vec<Active>,
        enabled_features: Vec<&'static str>,
        endpoints: Vec<String>,
    ) -> Self {
        Self {
            id: options.app_id.clone(),
            runtime_version: RUNTIME_VERSION,
            enabled_features,
            components: loaded(components),
            extended: extended.texts().clone(),
            subscriptions,
            http_endpoints: endpoints.into_iter().map(|name| HttpEndpoint { name }).collect(),
            app_connection_properties: AppConnection::of(options),
            actor_runtime: ActorRuntime {
                runtime_status: "DISABLED",
                host_ready: false,
                placement: "placement: disconnected",
            },
        }
    }
}

impl AppConnection {
    fn of(options: &Options) -> Self {
        Self {
            port: Some(options.app_port).filter(|port| *port != 0),
            protocol: options.app_protocol.name(),
            channel_address: options.app_channel_address.clone(),
            max_concurrency: Some(options.app_max_concurrency).filter(|most| *most > 0),
            health: options.app_health.as_ref().map(|health| AppHealth {
                path: health.path.clone(),
                interval: duration_text(health.interval),
                timeout: duration_text(health.timeout),
                threshold: health.threshold,
            }),
        }
    }
}

fn loaded(components: &Components) -> Vec<Loaded> {
    let one = |manifest: &Component, capabilities: Vec<&'static str>| Loaded {
        name: manifest.name.clone(),
        r#type: manifest.kind.clone(),
        version: manifest.version.clone(),
        capabilities,
    };
    let mut all = Vec::new();
    for entry in components.all_state() {
        let features = entry.provider.features();
        let mut names: Vec<_> = features.iter().map(|feature| feature.name()).collect();
        if features.contains(&state::Feature::Etag) && features.contains(&state::Feature::Transactional) {
            names.push("ACTOR");
        }
        all.push(one(&entry.manifest, names));
    }
    for entry in components.all_pubsub() {
        let features = entry.provider.features().iter().copied();
        all.push(one(&entry.manifest, features.map(pubsub::Feature::name).collect()));
    }
    for entry in components.all_secretstores() {
        let features = entry.provider.features().into_iter();
        all.push(one(&entry.manifest, features.map(secretstores::Feature::name).collect()));
    }
    all.extend(components.all_configuration().iter().map(|entry| one(&entry.manifest, Vec::new())));
    all.extend(components.all_lock().iter().map(|entry| one(&entry.manifest, Vec::new())));
    let outputs = components.all_output();
    for entry in components.all_input() {
        let is_both = outputs.iter().any(|output| output.manifest.name == entry.manifest.name);
        let names = if is_both { [INPUT, OUTPUT].as_slice() } else { &[INPUT] };
        all.push(one(&entry.manifest, names.to_vec()));
    }
    for entry in outputs.iter().filter(|entry| components.input(&entry.manifest.name).is_none()) {
        all.push(one(&entry.manifest, vec![OUTPUT]));
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}
