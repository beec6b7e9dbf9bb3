//! What policies do, counted (observability reference, 5.3).

use std::sync::Arc;

use super::breaker::State;
use super::{Direction, Found};
use crate::resources;
use crate::sidecar::metrics::{Counter, Gauge, Metrics};

/// How often a policy was there, and how often it had to act.
#[derive(Clone)]
pub struct Acts {
    /// Operations under it.
    pub executed: Counter,
    /// Times that it did something.
    pub activated: Counter,
}

/// The counters of one target.
#[derive(Clone)]
pub struct Meter {
    /// Of the time limit.
    pub timeout: Option<Acts>,
    /// Of the retries.
    pub retry: Option<Acts>,
    /// Of the circuit breaker.
    pub breaker: Option<BreakerMeter>,
}

/// The counters of circuit breakers, by state.
#[derive(Clone)]
pub struct BreakerMeter {
    closed: (Acts, Gauge),
    half_open: (Acts, Gauge),
    open: (Acts, Gauge),
    unknown: Gauge,
}

impl BreakerMeter {
    fn of(&self, state: State) -> &(Acts, Gauge) {
        match state {
            State::Closed => &self.closed,
            State::HalfOpen => &self.half_open,
            State::Open => &self.open,
        }
    }

    /// An operation came to a breaker in this state.
    pub fn executed(&self, state: State) {
        self.of(state).0.executed.add(1);
        self.show(state);
    }

    /// A breaker went into this state.
    pub fn changed(&self, state: State) {
        self.of(state).0.activated.add(1);
        self.show(state);
    }

    fn show(&self, now: State) {
        self.unknown.set(0);
        for state in [State::Closed, State::HalfOpen, State::Open] {
            self.of(state).1.set(i64::from(state == now));
        }
    }
}

impl Meter {
    /// The counters of a target that has these policies.
    pub fn of(
        metrics: &Arc<Metrics>,
        resource: &resources::Resiliency,
        target: &str,
        direction: Direction,
        found: &Found,
    ) -> Self {
        let labels = |policy: &'static str, status: &'static str| {
            [
                ("flow_direction", direction.label()),
                ("name", resource.name.as_str()),
                ("namespace", resource.namespace.as_str()),
                ("policy", policy),
                ("status", status),
                ("target", target),
            ]
        };
        let acts = |policy: &'static str, status: &'static str| Acts {
            executed: metrics.counter("resiliency_count", &labels(policy, status)),
            activated: metrics.counter("resiliency_activations_total", &labels(policy, status)),
        };
        let gauge = |status| metrics.gauge("resiliency_cb_state", &labels("circuitbreaker", status));
        let both = |status| (acts("circuitbreaker", status), gauge(status));
        Self {
            timeout: found.timeout.is_some().then(|| acts("timeout", "")),
            retry: found.retry.is_some().then(|| acts("retry", "")),
            breaker: found.breaker.is_some().then(|| BreakerMeter {
                closed: both(State::Closed.label()),
                half_open: both(State::HalfOpen.label()),
                open: both(State::Open.label()),
                unknown: gauge("unknown"),
            }),
        }
    }
}
