//! The policies of an app. Each of its methods has a circuit breaker of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::breaker::Breaker;
use super::meter::Meter;
use super::policy::Policy;
use super::{Direction, Found, Resiliency};

/// Circuit breakers that are kept for an app when it says nothing of it.
const BREAKERS: usize = 5000;

/// What applies to an app, or to every app that isn't named.
pub struct App {
    found: Found,
    /// By app and method.
    breakers: Mutex<HashMap<(String, String), Arc<Breaker>>>,
    /// By app.
    meters: Mutex<HashMap<String, Meter>>,
    most: usize,
}

impl App {
    pub fn of(found: Found, most: Option<usize>) -> Self {
        Self { found, breakers: Mutex::default(), meters: Mutex::default(), most: most.unwrap_or(BREAKERS) }
    }

    /// The policy of a method; `None` when the app is named without any policy that exists.
    pub fn policy(&self, app_id: &str, method: &str, all: &Resiliency) -> Option<Policy> {
        if self.found.is_empty() {
            return None;
        }
        let meter = self.meter(app_id, all);
        let breaker = self.breaker(app_id, method, &meter);
        let name = format!("endpoint[{app_id}, {app_id}:{method}]");
        Some(Policy::new(name, self.found.timeout, self.found.retry.clone(), breaker, meter))
    }

    /// How many breakers there are.
    #[cfg(test)]
    pub fn breakers(&self) -> usize {
        self.breakers.lock().unwrap().len()
    }

    fn meter(&self, app_id: &str, all: &Resiliency) -> Meter {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(meter) = meters.get(app_id) {
            return meter.clone();
        }
        let meter = all.meter(&format!("app_{app_id}"), Direction::Outbound, &self.found);
        // Ids come from callers, who may invent them.
        if meters.len() < self.most {
            meters.insert(app_id.to_owned(), meter.clone());
        }
        meter
    }

    fn breaker(&self, app_id: &str, method: &str, meter: &Meter) -> Option<Arc<Breaker>> {
        let (policy, settings) = self.found.breaker.as_ref()?;
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (app_id.to_owned(), method.to_owned());
        if let Some(breaker) = breakers.get(&key) {
            return Some(Arc::clone(breaker));
        }
        if breakers.len() >= self.most {
            // Those that have nothing to tell are made anew when they are needed.
            breakers.retain(|_, breaker| !breaker.is_idle());
            if breakers.len() >= self.most {
                let any = breakers.keys().next().cloned();
                any.map(|key| breakers.remove(&key));
            }
        }
        let name = format!("{policy}-{app_id}");
        let breaker = Arc::new(Breaker::new(name, settings.clone(), meter.breaker.clone()));
        breakers.insert(key, Arc::clone(&breaker));
        Some(breaker)
    }
}
