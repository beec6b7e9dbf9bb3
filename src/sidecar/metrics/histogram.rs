//! How measurements are distributed, in the stock buckets (observability reference, section 4).

use std::fmt::Write as _;
use std::time::Duration;

/// Upper ends of the buckets of latencies, in milliseconds.
const LATENCIES: &[u64] = &[
    1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 30, 40, 50, 65, 80, 100, 130, 160, 200, 250, 300, 400, 500, 650,
    800, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000,
];
/// Upper ends of the buckets of sizes, in bytes.
const SIZES: &[u64] = &[
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

/// A distribution.
#[derive(Debug, Clone)]
pub struct Histogram {
    ends: &'static [u64],
    /// One count for each bucket, and one for what is beyond the last.
    counts: Vec<u64>,
    sum: f64,
}

impl Histogram {
    /// Of latencies, in milliseconds.
    pub fn latency() -> Self {
        Self::of(LATENCIES)
    }

    /// Of sizes, in bytes.
    pub fn size() -> Self {
        Self::of(SIZES)
    }

    fn of(ends: &'static [u64]) -> Self {
        Self { ends, counts: vec![0; ends.len() + 1], sum: 0.0 }
    }

    /// Adds a latency.
    pub fn took(&mut self, time: Duration) {
        self.add(time.as_secs_f64() * 1000.0);
    }

    /// Adds a size.
    #[expect(clippy::cast_precision_loss, reason = "a sum of sizes need not be exact to the byte")]
    pub fn bytes(&mut self, size: u64) {
        self.add(size as f64);
    }

    #[expect(clippy::cast_precision_loss, reason = "the ends are far below 2^52")]
    fn add(&mut self, value: f64) {
        let bucket = self.ends.partition_point(|end| *end as f64 <= value);
        self.counts[bucket] += 1;
        self.sum += value;
    }

    /// How many measurements there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The lines of a series; `labels` as they stand between the braces, without the last one.
    pub fn write(&self, text: &mut String, name: &str, labels: &str) {
        let mut below = 0;
        for (end, count) in self.ends.iter().zip(&self.counts) {
            below += count;
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{end}\"}} {below}");
        }
        let all = self.count();
        let _ = writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {all}");
        let _ = writeln!(text, "{name}_sum{{{labels}}} {}", self.sum);
        let _ = writeln!(text, "{name}_count{{{labels}}} {all}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let mut histogram = Histogram::latency();
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
        let mut sizes = Histogram::size();
        sizes.bytes(1500);
        assert_eq!((sizes.count(), sizes.counts[1]), (1, 1));
    }
}
