//! Resources of this machine: those in files, and what running sidecars have made of them.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;

use super::instances::{self, Instance};
use crate::client;
pub use crate::client::metadata::Subscription;
use crate::client::metadata::{self, Metadata};
use crate::env::{DAPR_RUNTIME_PATH, Env, HOME};
use crate::os;
use crate::paths::InstallDir;
pub use crate::resources::Document;
use crate::resources::catalog;

/// How long a sidecar may take to say what it has loaded.
const PROBE: Duration = Duration::from_millis(500);

/// A component, from a file, from a sidecar, or from both.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its type, for example `state.redis`.
    pub kind: String,
    /// Its version.
    pub version: String,
    /// App ids that may use it; empty for all.
    pub scopes: Vec<String>,
    /// The document that declares it; `None` when only a sidecar knows it.
    pub document: Option<Document>,
    /// Apps whose sidecars have loaded it.
    pub loaded_by: Vec<String>,
    /// Apps whose sidecars were given its file and have not loaded it.
    pub missing_in: Vec<String>,
    /// What it can do, as sidecars tell.
    pub capabilities: Vec<String>,
}

/// A running sidecar, with what it says and where it looks.
#[derive(Debug, Clone, PartialEq)]
pub struct Sidecar {
    /// The instance.
    pub app_id: String,
    /// What it says; `None` when it doesn't answer.
    pub told: Option<Metadata>,
    /// Where it looks for resources, as absolute paths.
    pub paths: Vec<PathBuf>,
}

impl Sidecar {
    /// A sidecar whose answer is known. Its command line says where it looks.
    pub fn new(instance: &Instance, told: Option<Metadata>, install: &InstallDir) -> Self {
        Self { app_id: instance.app_id.clone(), told, paths: paths(instance, install) }
    }
}

/// Asks all running sidecars of this install directory, at the same time.
pub fn sidecars(install: &InstallDir, env: &Env) -> Vec<Sidecar> {
    let mut instances = instances::known(install);
    instances.retain(|instance| !is_elsewhere(instance, install));
    let Ok(runtime) = client::runtime() else { return Vec::new() };
    let told = runtime.block_on(join_all(instances.iter().map(|instance| async {
        let told = metadata::get(&instance.endpoint(), env, PROBE).await.ok();
        told.filter(|told| told.id == instance.app_id)
    })));
    instances.iter().zip(told).map(|(instance, told)| Sidecar::new(instance, told, install)).collect()
}

/// Whether a sidecar that has no record here is at home in another install directory: what it has loaded is none of
/// ours. One whose environment can't be read may be.
fn is_elsewhere(instance: &Instance, install: &InstallDir) -> bool {
    if instance.runtime.is_some() {
        return false;
    }
    let known = os::environment(instance.daprd.pid);
    let home: Vec<&(String, String)> =
        known.iter().filter(|(name, _)| name == HOME || name == DAPR_RUNTIME_PATH).collect();
    if home.is_empty() {
        return false;
    }
    let env = home.into_iter().fold(Env::of([]), |env, (name, value)| env.with(name, value));
    InstallDir::resolve(None, &env).is_ok_and(|own| own.root() != install.root())
}

/// Where a sidecar looks: the flags of its process, or the default directory.
fn paths(instance: &Instance, install: &InstallDir) -> Vec<PathBuf> {
    let arguments = os::arguments(instance.daprd.pid);
    let named = instances::flags(&arguments)
        .filter(|(name, _)| matches!(*name, "resources-path" | "components-path"))
        .flat_map(|(_, value)| value.split(','));
    let mut found: Vec<PathBuf> = named.filter(|path| !path.is_empty()).map(PathBuf::from).collect();
    if found.is_empty() {
        found.push(install.components());
    }
    let directory = os::working_directory(instance.daprd.pid);
    let absolute = |path: PathBuf| match &directory {
        Some(directory) => directory.join(path),
        None => path,
    };
    found.into_iter().map(absolute).collect()
}

/// The components of these directories and of these sidecars, by name. A directory that several name is read once.
pub fn components(documents: &[Document], sidecars: &[Sidecar]) -> Vec<Component> {
    let mut found: Vec<Component> = documents
        .iter()
        .filter(|document| document.kind == "Component")
        .map(|document| Component {
            name: document.name.clone(),
            kind: document.spec_text(&["type"]),
            version: document.spec_text(&["version"]),
            scopes: document.scopes.clone(),
            document: Some(document.clone()),
            loaded_by: Vec::new(),
            missing_in: Vec::new(),
            capabilities: Vec::new(),
        })
        .collect();
    for sidecar in sidecars {
        let Some(told) = &sidecar.told else { continue };
        for component in &mut found {
            let Some(document) = &component.document else { continue };
            let given = sidecar.paths.iter().any(|path| document.file.starts_with(path));
            let meant = component.scopes.is_empty() || component.scopes.contains(&sidecar.app_id);
            if !given || !meant {
                continue;
            }
            let loaded =
                told.components.iter().find(|one| one.name == component.name && one.kind == component.kind);
            match loaded {
                Some(loaded) => {
                    component.loaded_by.push(sidecar.app_id.clone());
                    component.capabilities.clone_from(&loaded.capabilities);
                }
                None => component.missing_in.push(sidecar.app_id.clone()),
            }
        }
        for loaded in &told.components {
            let known = |one: &&mut Component| {
                one.name == loaded.name
                    && one.kind == loaded.kind
                    && (one.document.is_none() || one.loaded_by.contains(&sidecar.app_id))
            };
            match found.iter_mut().find(known) {
                Some(one) if one.loaded_by.contains(&sidecar.app_id) => {}
                Some(one) => one.loaded_by.push(sidecar.app_id.clone()),
                None => found.push(Component {
                    name: loaded.name.clone(),
                    kind: loaded.kind.clone(),
                    version: loaded.version.clone(),
                    scopes: Vec::new(),
                    document: None,
                    loaded_by: vec![sidecar.app_id.clone()],
                    missing_in: Vec::new(),
                    capabilities: loaded.capabilities.clone(),
                }),
            }
        }
    }
    for component in &mut found {
        for apps in [&mut component.loaded_by, &mut component.missing_in] {
            apps.sort_unstable();
            apps.dedup();
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Every document that the default directory, these paths and these sidecars name.
pub fn documents(install: &InstallDir, paths: &[PathBuf], sidecars: &[Sidecar]) -> Vec<Document> {
    let mut all: Vec<PathBuf> = if paths.is_empty() { vec![install.components()] } else { paths.to_vec() };
    all.extend(sidecars.iter().flat_map(|sidecar| sidecar.paths.iter().cloned()));
    all = all.into_iter().map(|path| std::path::absolute(&path).unwrap_or(path)).collect();
    all.sort_unstable();
    all.dedup();
    catalog(&all)
}

/// The configurations beside the default directory: files whose kind is `Configuration`.
pub fn configurations(install: &InstallDir, others: &[Document]) -> Vec<Document> {
    let mut found = catalog(&[install.root()]);
    found.extend(others.iter().cloned());
    found.retain(|document| document.kind == "Configuration");
    found
}

/// Whether a configuration has traces sent: its sampling rate is more than 0.
pub fn is_traced(configuration: &Document) -> bool {
    configuration.spec_text(&["tracing", "samplingRate"]).parse::<f64>().is_ok_and(|rate| rate > 0.0)
}

/// Who gets the traces of a configuration: `zipkin`, `otel`, `stdout`, with commas between.
pub fn exporters(configuration: &Document) -> String {
    let named = |path: &[&str]| !configuration.spec_text(path).is_empty();
    let mut found = Vec::new();
    if named(&["tracing", "zipkin", "endpointAddress"]) {
        found.push("zipkin");
    }
    if named(&["tracing", "otel", "endpointAddress"]) {
        found.push("otel");
    }
    if configuration.spec(&["tracing", "stdout"]).and_then(Value::as_bool) == Some(true) {
        found.push("stdout");
    }
    found.join(",")
}

/// Whether a configuration leaves metrics on, which they are by default.
pub fn is_measured(configuration: &Document) -> bool {
    let off =
        |section: &str| configuration.spec(&[section, "enabled"]).and_then(Value::as_bool) == Some(false);
    !off("metric") && !off("metrics")
}
