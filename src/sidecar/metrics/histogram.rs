//! How measurements are distributed (observability reference, section 4). Counting takes no lock.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper ends of the stock buckets of latencies, in milliseconds.
pub const LATENCIES: &[u64] = &[
    1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50, 65, 80, 100, 130, 160, 200, 250, 300, 400, 500, 650,
    800, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000,
];
/// Upper ends of the buckets of sizes, in bytes.
pub const SIZES: &[u64] = &[
    1 << 10,
    1 << 11,
    1 << 12,
    1 << 14,
    1 << 16,
    1 << 18,
    1 << 20,
    1 << 22,
    1 << 24,
    1 << 26,
    1 << 28,
    1 << 30,
    1 << 32,
];
const NANOS: u64 = 1_000_000;

/// A distribution. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Histogram(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Upper ends of the buckets, in the unit that is shown.
    ends: Arc<[u64]>,
    /// Parts of that unit in which values are measured.
    scale: u64,
    /// One count for each bucket, and one for what is beyond the last.
    counts: Box<[AtomicU64]>,
    /// Of all values, as they are measured.
    sum: AtomicU64,
}

impl Histogram {
    /// Of latencies, with these ends in milliseconds.
    pub fn latency(ends: Arc<[u64]>) -> Self {
        Self::of(ends, NANOS)
    }

    /// Of sizes.
    pub fn size(ends: Arc<[u64]>) -> Self {
        Self::of(ends, 1)
    }

    fn of(ends: Arc<[u64]>, scale: u64) -> Self {
        let counts = (0..=ends.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Inner { ends, scale, counts, sum: AtomicU64::new(0) }))
    }

    /// Adds a latency.
    pub fn took(&self, time: Duration) {
        self.add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds a size.
    pub fn bytes(&self, size: u64) {
        self.add(size);
    }

    fn add(&self, value: u64) {
        let inner = &*self.0;
        // A value belongs to the first bucket whose end is above it.
        let bucket = inner.ends.partition_point(|end| end.saturating_mul(inner.scale) <= value);
        inner.counts[bucket].fetch_add(1, Ordering::Relaxed);
        inner.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// How many measurements there are.
    pub fn count(&self) -> u64 {
        self.0.counts.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Appends the lines of a series; `labels` as they stand between the braces, without the last one.
    #[expect(clippy::cast_precision_loss, reason = "a sum need not be exact to the last digit")]
    pub fn write(&self, text: &mut String, name: &str, labels: &str) {
        let mut below = 0;
        let comma = if labels.is_empty() { "" } else { "," };
        for (end, count) in self.0.ends.iter().zip(&self.0.counts) {
            below += count.load(Ordering::Relaxed);
            let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"{end}\"}} {below}");
        }
        // What was counted meanwhile is shown next time: the lines fit together.
        let all = below + self.0.counts.last().map_or(0, |count| count.load(Ordering::Relaxed));
        let sum = self.0.sum.load(Ordering::Relaxed) as f64 / self.0.scale as f64;
        let _ = writeln!(text, "{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {all}");
        let _ = writeln!(text, "{name}_sum{{{labels}}} {sum}");
        let _ = writeln!(text, "{name}_count{{{labels}}} {all}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let histogram = Histogram::latency(LATENCIES.into());
        for millis in [0, 1, 7, 1_000_000] {
            histogram.took(Duration::from_millis(millis));
        }
        let mut text = String::new();
        histogram.write(&mut text, "x", "a=\"b\"");
        let at = |end: &str| {
            let start = format!("x_bucket{{a=\"b\",le=\"{end}\"}} ");
            text.lines().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
        };
        assert_eq!(["1", "2", "6", "8", "100000", "+Inf"].map(at), ["1", "2", "2", "3", "3", "4"]);
        assert!(text.ends_with("x_sum{a=\"b\"} 1000008\nx_count{a=\"b\"} 4\n"), "{text}");
        let sizes = Histogram::size(SIZES.into());
        sizes.bytes(1500);
        assert_eq!((sizes.count(), sizes.0.counts[1].load(Ordering::Relaxed)), (1, 1));
    }
}
