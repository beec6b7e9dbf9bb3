//! Components from files to running providers (daprd reference, sections 9.4, 10.1 and 11).

mod values;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::components::properties::parse_duration;
use crate::components::registry::{Make, Registry};
use crate::components::{Init, InitError};
use crate::env::Env;
use crate::resources::Component;
use crate::sidecar::Shared;
use crate::sidecar::metrics::Metrics;

const PROCESSOR: &str = "dapr.runtime.processor";
const INIT_TIMEOUT: Duration = Duration::from_secs(5);

/// A component that the sidecar can't do without: `process component <name> error: …`, and where it is from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("process component {name} error: {text} (defined in {})", file.display())]
pub struct Error {
    name: String,
    text: String,
    file: PathBuf,
}

/// Makes every component, secret stores first, then in the order of the files. The first failure that isn't
/// to be ignored ends it.
pub async fn all(
    components: Vec<Component>,
    registry: &Registry,
    shared: &Shared,
    env: &Env,
    metrics: &Metrics,
) -> Result<(), Error> {
    let (stores, others): (Vec<_>, Vec<_>) =
        components.into_iter().partition(|component| component.category() == "secretstores");
    // A store may take secrets from another one: what waits is looked at again as long as something moves.
    let mut waiting: VecDeque<Component> = stores.into_iter().chain(others).collect();
    let mut loader = Loader { registry, shared, env, metrics };
    loop {
        let mut moved = false;
        for _ in 0..waiting.len() {
            let Some(component) = waiting.pop_front() else { break };
            if values::missing_store(&component, &shared.components).is_some() {
                waiting.push_back(component);
            } else {
                loader.one(component).await?;
                moved = true;
            }
        }
        if !moved || waiting.is_empty() {
            break;
        }
    }
    for component in waiting {
        let store = component.secret_store.as_deref().unwrap_or_default();
        tracing::warn!(
            target: PROCESSOR,
            "Component {} references a secret store that isn't loaded: {store}", component.name
        );
    }
    Ok(())
}

/// Whether the configuration forbids a type: `state.foo`, or one version of it as `state.foo/v1`.
fn is_denied(component: &Component, denied: &[String]) -> bool {
    denied.iter().any(|entry| match entry.split_once('/') {
        Some((kind, version)) => {
            kind.eq_ignore_ascii_case(&component.kind) && version.eq_ignore_ascii_case(&component.version)
        }
        None => entry.eq_ignore_ascii_case(&component.kind),
    })
}

struct Loader<'a> {
    registry: &'a Registry,
    shared: &'a Shared,
    env: &'a Env,
    metrics: &'a Metrics,
}

/// Why a component was not made.
enum Failure {
    /// Nobody serves the type.
    Unknown(String),
    /// The provider said no.
    Init(String),
}

impl Loader<'_> {
    async fn one(&mut self, component: Component) -> Result<(), Error> {
        if is_denied(&component, &self.shared.configuration.denied_components) {
            tracing::warn!(
                target: PROCESSOR,
                "component {} is not loaded: the configuration denies its type", component.log_name()
            );
            return Ok(());
        }
        self.metrics.component_loaded();
        let name = component.log_name();
        let failure = match self.make(&component).await {
            Ok(()) => {
                self.metrics.component_init(&component.kind);
                tracing::info!(target: PROCESSOR, "Component loaded: {name}");
                return Ok(());
            }
            Err(failure) => failure,
        };
        let text = format!("[INIT_COMPONENT_FAILURE]: initialization error occurred for {name}: ");
        let (text, reason) = match failure {
            Failure::Init(reason) => (text + &reason, "init"),
            Failure::Unknown(what) => {
                let cause = format!("[CREATE_COMPONENT_FAILURE]: initialization error occurred for {name}: ");
                (text + &cause + &what, "creation")
            }
        };
        self.metrics.component_failed(&component.kind, reason, &component.name);
        tracing::error!(target: PROCESSOR, "Failed to init component {name}: {text}");
        if reason == "creation" {
            self.suggest(&component);
        }
        let error = Error { name: component.name.clone(), text, file: component.file.clone() };
        if component.ignore_errors {
            tracing::error!(target: PROCESSOR, "Ignoring error processing component: {error}");
            return Ok(());
        }
        tracing::warn!(target: PROCESSOR, "Error processing component, daprd will exit gracefully: {error}");
        Err(error)
    }

    fn suggest(&self, component: &Component) {
        tracing::info!(
            target: PROCESSOR,
            "the embedded runtime has no {}; it has: {}. Other types need the installed runtime: dapr init, then dapr run --runtime installed",
            component.type_and_version(),
            self.registry.types().join(", ")
        );
    }

    async fn make(&mut self, component: &Component) -> Result<(), Failure> {
        let (kind, version) = (component.kind.as_str(), component.version.as_str());
        let unknown =
            |what: &str| Failure::Unknown(format!("couldn't find {what} {}", component.type_and_version()));
        let components = &self.shared.components;
        match component.category() {
            "state" => {
                let make = self.registry.state(kind, version).ok_or_else(|| unknown("state store"))?;
                let store = self.run(component, make).await?;
                components.insert_state(component.clone(), store);
            }
            "pubsub" => {
                let make = self.registry.pubsub(kind, version).ok_or_else(|| unknown("message bus"))?;
                let broker = self.run(component, make).await?;
                components.insert_pubsub(component.clone(), broker);
            }
            "secretstores" => {
                let make = self.registry.secretstore(kind, version).ok_or_else(|| unknown("secret store"))?;
                let store = self.run(component, make).await?;
                components.insert_secretstore(component.clone(), store);
            }
            "bindings" => self.binding(component).await?,
            "configuration" => {
                let make = self.registry.configuration(kind, version);
                let store = self.run(component, make.ok_or_else(|| unknown("configuration store"))?).await?;
                components.insert_configuration(component.clone(), store);
            }
            "lock" => {
                let make = self.registry.lock(kind, version).ok_or_else(|| unknown("lock store"))?;
                let store = self.run(component, make).await?;
                components.insert_lock(component.clone(), store);
            }
            "crypto" => return Err(unknown("crypto provider")),
            "conversation" => return Err(unknown("conversation")),
            "middleware.http" => return Err(unknown("HTTP middleware")),
            // Name resolution is set in the configuration; the stock runtime skips these files too.
            "nameresolution" => {}
            _ => return Err(Failure::Unknown(format!("incorrect type {kind}"))),
        }
        Ok(())
    }

    /// Makes a binding in each direction that its type has and its metadata `direction` allows: `input`, `output`, or
    /// both with a comma between.
    async fn binding(&mut self, component: &Component) -> Result<(), Failure> {
        let (kind, version) = (component.kind.as_str(), component.version.as_str());
        let direction = component.value("direction").unwrap_or_default();
        let wanted = |name: &str| {
            direction.trim().is_empty()
                || direction.split(',').any(|one| one.trim().eq_ignore_ascii_case(name))
        };
        let input = self.registry.input(kind, version).filter(|_| wanted("input"));
        let output = self.registry.output(kind, version).filter(|_| wanted("output"));
        if input.is_none() && output.is_none() {
            let what = if wanted("output") { "output binding" } else { "input binding" };
            return Err(Failure::Unknown(format!("couldn't find {what} {}", component.type_and_version())));
        }
        if let Some(make) = input {
            let binding = self.run(component, make).await?;
            self.shared.components.insert_input(component.clone(), binding);
        }
        if let Some(make) = output {
            let binding = self.run(component, make).await?;
            self.shared.components.insert_output(component.clone(), binding);
        }
        Ok(())
    }

    async fn run<T: ?Sized>(&self, component: &Component, make: Make<T>) -> Result<Arc<T>, Failure> {
        let properties = values::resolve(component, self.shared, self.env).await.map_err(Failure::Init)?;
        let init = Init {
            name: component.name.clone(),
            properties,
            app_id: self.shared.app_id.clone(),
            env: self.env.clone(),
        };
        let limit = match component.init_timeout.as_str() {
            "" => INIT_TIMEOUT,
            text => parse_duration(text).unwrap_or(INIT_TIMEOUT),
        };
        match tokio::time::timeout(limit, make(init)).await {
            Ok(Ok(provider)) => Ok(provider),
            Ok(Err(InitError(text))) => Err(Failure::Init(text)),
            Err(_) => {
                let after = super::options::duration_text(limit);
                let name = component.log_name();
                Err(Failure::Init(format!("init timeout for component {name} exceeded after {after}")))
            }
        }
    }
}

/// Closes every component that has something to close.
pub async fn close(shared: &Shared) {
    let farewell = |component: &Component| {
        tracing::info!(target: PROCESSOR, "Shutting down component {}", component.log_name());
    };
    // The contracts have `close` in common, but no trait.
    macro_rules! close {
        ($($all:ident),*) => {$(
            for entry in shared.components.$all() {
                farewell(&entry.manifest);
                entry.provider.close().await;
            }
        )*};
    }
    close!(all_pubsub, all_state, all_input);
    for entry in shared.components.all_output() {
        // One that is an input binding as well has been told of.
        if shared.components.input(&entry.manifest.name).is_none() {
            farewell(&entry.manifest);
        }
        entry.provider.close().await;
    }
    close!(all_configuration, all_lock);
    for entry in shared.components.all_secretstores() {
        farewell(&entry.manifest);
    }
}

#[cfg(test)]
mod tests;
