//! Components from files to running providers (daprd reference, sections 9.4, 10.1 and 11).

pub mod endpoints;
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
use crate::sidecar::store::{Made, Retired};

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
    let loader = Loader { registry, shared, env, metrics };
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

/// Whether a component needs a secret store that isn't there.
pub fn has_to_wait(component: &Component, shared: &Shared) -> bool {
    values::missing_store(component, &shared.components).is_some()
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

/// Makes components.
pub struct Loader<'a> {
    /// What there is.
    pub registry: &'a Registry,
    /// Where they go.
    pub shared: &'a Shared,
    /// What they may take values from.
    pub env: &'a Env,
    /// Where it is counted.
    pub metrics: &'a Metrics,
}

/// Why a component was not made.
enum Failure {
    /// Nobody serves the type.
    Unknown(String),
    /// The provider said no.
    Init(String),
}

impl Loader<'_> {
    async fn one(&self, component: Component) -> Result<(), Error> {
        match self.load(&component).await {
            Ok(_) => Ok(()),
            Err(error) if component.ignore_errors => {
                tracing::error!(target: PROCESSOR, "Ignoring error processing component: {error}");
                Ok(())
            }
            Err(error) => {
                let text = "Error processing component, daprd will exit gracefully";
                tracing::warn!(target: PROCESSOR, "{text}: {error}");
                Err(error)
            }
        }
    }

    /// Makes a component and puts it into use in the place of what had its name, which is returned. After a failure
    /// that one goes on.
    pub async fn load(&self, component: &Component) -> Result<Vec<Retired>, Error> {
        if is_denied(component, &self.shared.configuration.denied_components) {
            tracing::warn!(
                target: PROCESSOR,
                "component {} is not loaded: the configuration denies its type", component.log_name()
            );
            return Ok(self.shared.components.remove(&component.name));
        }
        self.metrics.component_loaded();
        let name = component.log_name();
        let failure = match self.make(component).await {
            Ok(made) => {
                let retired = self.shared.components.install(component, made);
                self.metrics.component_init(&component.kind);
                tracing::info!(target: PROCESSOR, "Component loaded: {name}");
                return Ok(retired);
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
            self.suggest(component);
        }
        Err(Error { name: component.name.clone(), text, file: component.file.clone() })
    }

    fn suggest(&self, component: &Component) {
        tracing::info!(
            target: PROCESSOR,
            "the embedded runtime has no {}; it has: {}. Other types need the installed runtime: dapr init, then dapr run --runtime installed",
            component.type_and_version(),
            self.registry.types().join(", ")
        );
    }

    async fn make(&self, component: &Component) -> Result<Made, Failure> {
        let (kind, version) = (component.kind.as_str(), component.version.as_str());
        let unknown =
            |what: &str| Failure::Unknown(format!("couldn't find {what} {}", component.type_and_version()));
        let mut ready = Made::default();
        match component.category() {
            "state" => {
                let make = self.registry.state(kind, version).ok_or_else(|| unknown("state store"))?;
                ready.state = Some(self.run(component, make).await?);
            }
            "pubsub" => {
                let make = self.registry.pubsub(kind, version).ok_or_else(|| unknown("message bus"))?;
                ready.pubsub = Some(self.run(component, make).await?);
            }
            "secretstores" => {
                let make = self.registry.secretstore(kind, version).ok_or_else(|| unknown("secret store"))?;
                ready.secretstores = Some(self.run(component, make).await?);
            }
            "bindings" => self.binding(component, &mut ready).await?,
            "configuration" => {
                let make = self.registry.configuration(kind, version);
                let make = make.ok_or_else(|| unknown("configuration store"))?;
                ready.configuration = Some(self.run(component, make).await?);
            }
            "lock" => {
                let make = self.registry.lock(kind, version).ok_or_else(|| unknown("lock store"))?;
                ready.lock = Some(self.run(component, make).await?);
            }
            "crypto" => return Err(unknown("crypto provider")),
            "conversation" => return Err(unknown("conversation")),
            "middleware.http" => return Err(unknown("HTTP middleware")),
            // Name resolution is set in the configuration; the stock runtime skips these files too.
            "nameresolution" => {}
            _ => return Err(Failure::Unknown(format!("incorrect type {kind}"))),
        }
        Ok(ready)
    }

    /// Makes a binding in each direction that its type has and its metadata `direction` allows: `input`, `output`, or
    /// both with a comma between.
    async fn binding(&self, component: &Component, ready: &mut Made) -> Result<(), Failure> {
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
            ready.input = Some(self.run(component, make).await?);
        }
        if let Some(make) = output {
            ready.output = Some(self.run(component, make).await?);
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
