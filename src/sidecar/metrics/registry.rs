//! All series. They are looked up once by those who count, and counted without a lock.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::histogram::{Histogram, SIZES};
use super::settings::Settings;

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
type Labels = String;
/// Series by their labels.
type Family<T> = BTreeMap<Labels, T>;

#[derive(Debug, Default)]
struct Families {
    counters: BTreeMap<&'static str, Family<Counter>>,
    gauges: BTreeMap<&'static str, Family<Gauge>>,
    histograms: BTreeMap<&'static str, Family<Histogram>>,
}

/// All series of a sidecar. Only those that were recorded are shown.
#[derive(Debug)]
pub struct Registry {
    app_id: String,
    settings: Arc<Settings>,
    sizes: Arc<[u64]>,
    families: Mutex<Families>,
}

impl Registry {
    /// An empty one.
    pub fn new(app_id: &str, settings: Arc<Settings>) -> Self {
        Self { app_id: app_id.to_owned(), settings, sizes: SIZES.into(), families: Mutex::default() }
    }

    fn families(&self) -> MutexGuard<'_, Families> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counter with this name (without `dapr_`) and these labels.
    pub fn counter(&self, name: &'static str, labels: &[(&str, &str)]) -> Counter {
        let labels = self.labels(name, labels);
        self.families().counters.entry(name).or_default().entry(labels).or_default().clone()
    }

    /// The gauge with this name and these labels.
    pub fn gauge(&self, name: &'static str, labels: &[(&str, &str)]) -> Gauge {
        let labels = self.labels(name, labels);
        self.families().gauges.entry(name).or_default().entry(labels).or_default().clone()
    }

    /// The latencies with this name and these labels.
    pub fn latency(&self, name: &'static str, labels: &[(&str, &str)]) -> Histogram {
        self.histogram(name, labels, || Histogram::latency(Arc::clone(&self.settings.latencies)))
    }

    /// The sizes with this name and these labels.
    pub fn size(&self, name: &'static str, labels: &[(&str, &str)]) -> Histogram {
        self.histogram(name, labels, || Histogram::size(Arc::clone(&self.sizes)))
    }

    fn histogram(
        &self,
        name: &'static str,
        labels: &[(&str, &str)],
        make: impl FnOnce() -> Histogram,
    ) -> Histogram {
        let labels = self.labels(name, labels);
        self.families().histograms.entry(name).or_default().entry(labels).or_insert_with(make).clone()
    }

    /// The text of labels, sorted; the app's id is one of them.
    fn labels(&self, metric: &str, labels: &[(&str, &str)]) -> Labels {
        let mut all: Vec<(&str, &str)> = labels.to_vec();
        all.push(("app_id", &self.app_id));
        all.sort_unstable();
        let mut text = String::new();
        for (label, value) in all {
            let comma = if text.is_empty() { "" } else { "," };
            let value = self.settings.rewritten(metric, label, value);
            let _ = write!(text, "{comma}{label}=\"{}\"", escaped(&value));
        }
        text
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
        for (name, family) in &families.histograms {
            let mut recorded = family.iter().filter(|(_, histogram)| histogram.count() > 0).peekable();
            if recorded.peek().is_some() {
                let _ = writeln!(text, "# TYPE dapr_{name} histogram");
            }
            for (labels, histogram) in recorded {
                histogram.write(text, &format!("dapr_{name}"), labels);
            }
        }
    }
}

fn lines<'a, T: Display>(
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

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
