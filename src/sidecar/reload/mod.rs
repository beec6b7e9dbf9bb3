//! Hot reload (daprd reference, section 13): resources that are added, changed and deleted while the sidecar runs.
//! Components and subscriptions are taken in one by one; for the other kinds it begins anew.
//!
//! What can't be read or made leaves everything as it is: a sidecar that works is worth more than a file that doesn't.

mod files;
mod seen;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::files::Changes;
pub use self::seen::Seen;
use super::core::{Change, Core};
use super::loading::{self, Loader};
use super::store::Retired;
use crate::components::registry::{self, Registry};
use crate::resources::{Audience, Component, Configuration, Subscription};

/// Its name among the features of the configuration.
pub const FEATURE: &str = "HotReload";
/// Of log lines.
pub const SCOPE: &str = "dapr.runtime.hotreload";
/// So long may calls that have begun go on with a component that was replaced.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whether a sidecar with this configuration follows changes.
pub fn is_on(configuration: &Configuration) -> bool {
    configuration.feature(FEATURE, true)
}

/// Follows the changes of the resources directories until told to stop. `seen` is what the sidecar began with.
pub async fn run(core: Arc<Core>, audience: Audience, seen: Seen, stop: CancellationToken) {
    let directories = core.options.resources_paths.clone();
    let watched = directories.clone();
    let Ok(mut changes) = tokio::task::spawn_blocking(move || Changes::of(&watched)).await else { return };
    let waiting = seen.components.values().filter(|component| loading::has_to_wait(component, &core.shared));
    let waiting = waiting.map(|component| component.name.clone()).collect();
    let mut reload = Reload { core, audience, directories, registry: registry::builtin(), seen, waiting };
    let follow = async {
        loop {
            // Also at the beginning: something may have changed before the directories were watched.
            reload.once().await;
            changes.next().await;
        }
    };
    stop.run_until_cancelled(follow).await;
}

struct Reload {
    core: Arc<Core>,
    audience: Audience,
    directories: Vec<PathBuf>,
    registry: Registry,
    seen: Seen,
    /// Components whose secret store isn't there.
    waiting: BTreeSet<String>,
}

impl Reload {
    /// Looks at the files and follows what has changed.
    async fn once(&mut self) {
        let (directories, audience, seen) =
            (self.directories.clone(), self.audience.clone(), std::mem::take(&mut self.seen));
        let looked = tokio::task::spawn_blocking(move || {
            let now = seen.look(&directories, &audience);
            (seen, now)
        });
        let Ok((before, now)) = looked.await else { return };
        self.seen = match now {
            Ok(now) => now,
            Err(error) => {
                if before.complains_first(&error) {
                    tracing::error!(target: SCOPE, "resources are not reloaded: {error}");
                }
                before.with_complaint(error)
            }
        };
        if self.begin_anew(&before) {
            return;
        }
        let declared = self.subscriptions(&before);
        self.components(&before, declared).await;
    }

    /// The subscriptions as they are now, if they have changed.
    fn subscriptions(&self, before: &Seen) -> Option<Vec<Subscription>> {
        let (before, now) = (&before.subscriptions, &self.seen.subscriptions);
        let is_in = |one: &Subscription, all: &[Subscription]| {
            all.iter().any(|other| one.name == other.name && one.says_the_same(other))
        };
        let had = |name: &str| before.iter().any(|old| old.name == name);
        let new = now.iter().filter(|one| !is_in(one, before));
        for Subscription { name, .. } in new.clone() {
            if had(name) {
                tracing::info!(target: SCOPE, "Closing existing Subscription to reload: {name}");
            }
            tracing::info!(target: SCOPE, "Adding Subscription for processing: {name}");
            tracing::info!(target: SCOPE, "Subscription updated: {name}");
        }
        let gone = before.iter().filter(|old| !now.iter().any(|one| one.name == old.name));
        for Subscription { name, .. } in gone {
            tracing::info!(target: SCOPE, "Subscription removed: {name}");
        }
        let differs = new.count() > 0 || before.iter().any(|old| !is_in(old, now));
        differs.then(|| now.clone())
    }

    /// Whether something has changed that needs a new life, which has been asked for then.
    fn begin_anew(&self, before: &Seen) -> bool {
        let Some((event, kind, name)) = before.fixed_difference(&self.seen) else { return false };
        if kind == "Configuration" {
            let files = &self.core.options.config_files;
            if let Err(error) = Configuration::load(files, &self.core.shared.env) {
                tracing::error!(target: SCOPE, "the configuration is not reloaded: {error}");
                return false;
            }
        }
        tracing::info!(target: SCOPE, "Received {kind} {event} event: {name} - triggering SIGHUP reload");
        self.core.stop.restart.cancel();
        self.core.stop.graceful.cancel();
        true
    }

    async fn components(&mut self, before: &Seen, declared: Option<Vec<Subscription>>) {
        let now = &self.seen.components;
        let running = |name: &str| self.core.shared.components.manifest(name);
        let is_new = |component: &&Component| {
            // What was tried and failed is not tried again; and after a failure the old text may come back.
            let tried = before.components.get(&component.name).is_some_and(|old| is_same(old, component));
            !tried && !running(&component.name).is_some_and(|old| is_same(&old, component))
        };
        let gone: Vec<String> =
            before.components.keys().filter(|name| !now.contains_key(*name)).cloned().collect();
        let mut new: Vec<Component> = now.values().filter(is_new).cloned().collect();
        let mut retired = Vec::new();
        for name in &gone {
            self.waiting.remove(name);
            retired.extend(self.core.shared.components.remove(name));
        }
        // Others may take their secrets from them.
        new.sort_by_key(|component| component.category() != "secretstores");
        for component in &new {
            self.waiting.remove(&component.name);
            if before.components.contains_key(&component.name) {
                tracing::info!(target: SCOPE, "Component updated: {}", component.log_name());
            } else {
                tracing::info!(target: SCOPE, "Adding Component for processing: {}", component.log_name());
            }
            if loading::has_to_wait(component, &self.core.shared) {
                let store = component.secret_store.as_deref().unwrap_or_default();
                tracing::warn!(
                    target: SCOPE,
                    "Component {} references a secret store that isn't loaded: {store}", component.name
                );
                self.waiting.insert(component.name.clone());
            } else {
                retired.extend(self.load(component).await);
            }
        }
        let ready: Vec<Component> =
            self.waiting.iter().filter_map(|name| self.seen.components.get(name)).cloned().collect();
        for component in ready.iter().filter(|component| !loading::has_to_wait(component, &self.core.shared))
        {
            self.waiting.remove(&component.name);
            retired.extend(self.load(component).await);
        }
        let change = {
            let mut touched = retired.iter().map(Retired::manifest).chain(&new).chain(&ready);
            let is_input = |component: &Component| {
                let Component { kind, version, .. } = component;
                component.category() == "bindings" && self.registry.input(kind, version).is_some()
            };
            Change {
                pubsub: touched.clone().any(|component| component.category() == "pubsub"),
                inputs: touched.any(is_input),
                declared,
            }
        };
        if !change.is_nothing() {
            self.core.follow(change).await;
        }
        let stores = retired.iter().map(Retired::manifest).chain(&ready).chain(&new);
        let stores: BTreeSet<&str> = stores
            .filter(|component| component.category() == "configuration")
            .map(|component| component.name.as_str())
            .collect();
        for store in stores {
            self.core.watching.follow(&self.core.shared, store).await;
        }
        for old in retired {
            if self.seen.components.contains_key(&old.manifest().name) {
                let name = old.manifest().log_name();
                tracing::info!(target: SCOPE, "Closing existing Component to reload: {name}");
            }
            // Beside everything else: a call may take its time.
            tokio::spawn(close(old));
        }
    }

    /// Takes a component into use; what it replaces is returned. The old one goes on when that fails.
    async fn load(&self, component: &Component) -> Vec<Retired> {
        let core = &self.core;
        let loader = Loader {
            registry: &self.registry,
            shared: &core.shared,
            env: &core.shared.env,
            metrics: &core.metrics,
        };
        loader.load(component).await.unwrap_or_else(|error| {
            tracing::error!(target: SCOPE, "a component is not reloaded, what ran before goes on: {error}");
            Vec::new()
        })
    }
}

/// Whether two manifests mean the same; the file doesn't matter.
fn is_same(one: &Component, other: &Component) -> bool {
    *one == Component { file: one.file.clone(), ..other.clone() }
}

async fn close(old: Retired) {
    let name = old.manifest().log_name();
    if !old.close(PATIENCE).await {
        tracing::warn!(target: SCOPE, "component {name} was closed while calls were still running");
    }
}
