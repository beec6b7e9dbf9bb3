//! Series that somebody holds: they are looked up once and counted without a lock.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A count that goes up. A clone counts the same.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// The count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A value that was never set.
const UNSET: i64 = i64::MIN;

/// A value that goes up and down. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Gauge(Arc<AtomicI64>);

impl Default for Gauge {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(UNSET)))
    }
}

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The value; `None` before the first one.
    pub fn get(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|value| *value != UNSET)
    }
}

/// Labels, as they stand between the braces.
pub type Labels = String;

/// Series by their labels.
type Family<T> = BTreeMap<Labels, T>;

#[derive(Debug, Default)]
struct Families {
    counters: BTreeMap<&'static str, Family<Counter>>,
    gauges: BTreeMap<&'static str, Family<Gauge>>,
}

/// All series that are held.
#[derive(Debug, Default)]
pub struct Registry(Mutex<Families>);

impl Registry {
    fn families(&self) -> MutexGuard<'_, Families> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counter with this name and these labels.
    pub fn counter(&self, name: &'static str, labels: Labels) -> Counter {
        self.families().counters.entry(name).or_default().entry(labels).or_default().clone()
    }

    /// The gauge with this name and these labels.
    pub fn gauge(&self, name: &'static str, labels: Labels) -> Gauge {
        self.families().gauges.entry(name).or_default().entry(labels).or_default().clone()
    }

    /// Appends all that were recorded.
    pub fn write(&self, text: &mut String) {
        let families = self.families();
        for (name, family) in &families.counters {
            let values = family.iter().map(|(labels, counter)| (labels, counter.get()));
            lines(text, name, "counter", values.filter(|(_, count)| *count > 0));
        }
        for (name, family) in &families.gauges {
            let values = family.iter().filter_map(|(labels, gauge)| Some((labels, gauge.get()?)));
            lines(text, name, "gauge", values);
        }
    }
}

fn lines<'a, T: std::fmt::Display>(
    text: &mut String,
    name: &str,
    kind: &str,
    values: impl Iterator<Item = (&'a Labels, T)>,
) {
    for (number, (labels, value)) in values.enumerate() {
        if number == 0 {
            let _ = writeln!(text, "# TYPE dapr_{name} {kind}");
        }
        let _ = writeln!(text, "dapr_{name}{{{labels}}} {value}");
    }
}
