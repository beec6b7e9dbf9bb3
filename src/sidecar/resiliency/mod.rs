//! How calls are made robust (daprd reference, section 15): time limits, tries, circuit breakers, by the names of apps
//! and components. Knows no transport: a [`Policy`] wraps any operation that can be started anew.
//!
//! What has no policy costs nothing: a component's policies are looked up once, when it is loaded, and what most calls
//! see of all this is that there is none.

mod apps;
mod backoff;
mod breaker;
mod many;
mod meter;
mod outcome;
mod policy;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use backoff::Backoff;
pub use many::guard_many;
pub use outcome::{Interrupted, Interruptible, Outcome, Refusal, Verdict};
pub use policy::{Policy, guard, guard_until, guard_with};

use super::metrics::Metrics;
use crate::resources::{self, Matching, Pace, Reference, Retry, Target};
use apps::App;
use breaker::Breaker;
use meter::Meter;

const SCOPE: &str = "dapr.runtime.resiliency";
/// Name of the retries of calls to other sidecars, which resources may replace.
const SERVICE: &str = "DaprBuiltInServiceRetries";
/// The same for the first questions to the app.
const INITIALIZATION: &str = "DaprBuiltInInitializationRetries";
/// A built-in policy can't be made weaker than this.
const LEAST: u32 = 3;

/// Which way a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From a component to the app.
    Inbound,
    /// From the app to a component or another app.
    Outbound,
}

impl Direction {
    /// As the metrics name it.
    fn label(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// All policies of a sidecar.
pub struct Resiliency {
    resource: resources::Resiliency,
    /// Apps that are named, and the one that stands for all others when there are default policies.
    apps: BTreeMap<String, App>,
    other_apps: Option<App>,
    service: Retry,
    initialization: Retry,
    metrics: Arc<Metrics>,
}

impl Default for Resiliency {
    fn default() -> Self {
        Self::of(resources::Resiliency::default(), Arc::default())
    }
}

/// The policies of a target, found by their names.
#[derive(Clone, Default)]
struct Found {
    timeout: Option<Duration>,
    retry: Option<Arc<Retry>>,
    breaker: Option<(String, resources::Breaker)>,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.timeout.is_none() && self.retry.is_none() && self.breaker.is_none()
    }
}

impl Resiliency {
    /// Merges resources, later ones over earlier ones, and tells of them in the log.
    pub fn load(resources: Vec<resources::Resiliency>, metrics: Arc<Metrics>) -> Self {
        let mut merged = resources::Resiliency::default();
        for resource in resources {
            tracing::info!(target: "dapr.runtime", "Loading Resiliency configuration: {}", resource.name);
            metrics.resiliency_loaded(&resource.name, &resource.namespace);
            merged.merge(resource);
        }
        for finding in merged.dangling() {
            tracing::warn!(target: SCOPE, "{finding}; the target goes without it");
        }
        Self::of(merged, metrics)
    }

    fn of(resource: resources::Resiliency, metrics: Arc<Metrics>) -> Self {
        let service = Retry {
            pace: Pace::Constant(Duration::from_secs(1)),
            most: Some(LEAST),
            matching: Matching::default(),
        };
        let service = built_in(&resource, SERVICE, service);
        let initialization = built_in(&resource, INITIALIZATION, initialization());
        let (apps, other_apps) = (BTreeMap::new(), None);
        let mut all = Self { resource, apps, other_apps, service, initialization, metrics };
        let apps = all.resource.apps.iter();
        all.apps = apps.map(|(id, target)| (id.clone(), App::of(all.named(target), target.cache))).collect();
        let others = all.defaults(&["App", ""]);
        all.other_apps = (!others.is_empty()).then(|| App::of(others, None));
        all
    }

    /// What a target names. A policy that isn't there was complained of before.
    fn named(&self, target: &Target) -> Found {
        let Target { timeout, retry, breaker, .. } = target;
        let name = |reference: &Option<Reference>| reference.as_ref().map(|reference| reference.name.clone());
        let breaker = name(breaker).and_then(|name| {
            let breaker = self.resource.breakers.get(&name)?.clone();
            Some((name, breaker))
        });
        Found {
            timeout: name(timeout).and_then(|name| self.resource.timeouts.get(&name).copied()),
            retry: name(retry).and_then(|name| self.resource.retries.get(&name).cloned()).map(Arc::new),
            breaker,
        }
    }

    /// Policies that apply by their names alone, to targets that no resource names: the first of these infixes with
    /// which there is one.
    fn defaults(&self, infixes: &[&str]) -> Found {
        let first = |what: &str, known: &dyn Fn(&str) -> bool| {
            infixes.iter().map(|infix| format!("Default{infix}{what}Policy")).find(|name| known(name))
        };
        let resource = &self.resource;
        let timeout = first("Timeout", &|name| resource.timeouts.contains_key(name));
        let retry = first("Retry", &|name| resource.retries.contains_key(name));
        let breaker = first("CircuitBreaker", &|name| resource.breakers.contains_key(name));
        Found {
            timeout: timeout.and_then(|name| resource.timeouts.get(&name).copied()),
            retry: retry.and_then(|name| resource.retries.get(&name).cloned()).map(Arc::new),
            breaker: breaker
                .and_then(|name| resource.breakers.get(&name).cloned().map(|found| (name, found))),
        }
    }

    /// The policy of calls to a method of an app; `None` when nothing but the built-in retries applies.
    pub fn app(&self, app_id: &str, method: &str) -> Option<Policy> {
        let app = self.apps.get(app_id).or(self.other_apps.as_ref())?;
        app.policy(app_id, method, self)
    }

    /// The policy of a component, found once. `kind` is what the component is: `Statestore`, `Pubsub`, `Binding`, ….
    pub fn component(&self, name: &str, kind: &str, direction: Direction) -> Option<Policy> {
        let (targets, way, words) = match direction {
            Direction::Inbound => (&self.resource.inbound, "ComponentInbound", "input"),
            Direction::Outbound => (&self.resource.outbound, "ComponentOutbound", "output"),
        };
        let is_named = self.resource.inbound.contains_key(name) || self.resource.outbound.contains_key(name);
        let found = match targets.get(name) {
            Some(target) => self.named(target),
            // A target that is named gets only what it names.
            None if is_named => return None,
            None => self.defaults(&[&format!("{kind}{way}"), way, "Component", ""]),
        };
        if found.is_empty() {
            return None;
        }
        let meter = self.meter(&format!("{}_{name}", kind.to_lowercase()), direction, &found);
        let breaker = found.breaker.map(|(policy, settings)| {
            Arc::new(Breaker::new(format!("{policy}-{name}"), settings, meter.breaker.clone()))
        });
        Some(Policy::new(format!("component[{name}] {words}"), found.timeout, found.retry, breaker, meter))
    }

    /// Where what policies do is counted.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Retries of calls to another sidecar that can't be reached, where no policy was defined.
    pub fn service_retries(&self) -> &Retry {
        &self.service
    }

    /// Retries of the first questions to the app.
    pub fn initialization_retries(&self) -> &Retry {
        &self.initialization
    }

    fn meter(&self, target: &str, direction: Direction, found: &Found) -> Meter {
        Meter::of(&self.metrics, &self.resource, target, direction, found)
    }
}

/// Retries of the first questions to the app, where no resource says anything else.
pub fn initialization() -> Retry {
    let pace = Pace::Exponential {
        initial: Duration::from_millis(500),
        multiplier: 1.5,
        jitter: 0.0,
        longest: Duration::from_secs(1),
        total: Some(Duration::from_secs(10)),
    };
    Retry { pace, most: Some(LEAST), matching: Matching::default() }
}

/// A built-in policy, or what a resource has in its place.
fn built_in(resource: &resources::Resiliency, name: &str, own: Retry) -> Retry {
    let Some(wanted) = resource.retries.get(name) else { return own };
    let mut wanted = wanted.clone();
    if wanted.most.is_some_and(|most| most < LEAST) {
        tracing::warn!(
            target: SCOPE,
            "Attempted override of {name} did not meet minimum retry count, resetting to {LEAST}."
        );
        wanted.most = Some(LEAST);
    }
    wanted
}

#[cfg(test)]
mod tests;
