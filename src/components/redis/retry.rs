//! How often a failed command is tried again, and after which pauses.

use std::time::Duration;

/// Pauses between tries: they grow from `shortest`, vary at random, and never exceed `longest`. A `shortest`
/// beyond `longest` means that all are `longest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Tries after the first one.
    pub count: u32,
    pub shortest: Duration,
    pub longest: Duration,
}

impl Retries {
    /// The pause before a retry; the first one has number 0.
    pub fn pause(&self, number: u32) -> Duration {
        if self.shortest.is_zero() {
            return Duration::ZERO;
        }
        let step = self.shortest.saturating_mul(1 << number.min(16));
        self.shortest.saturating_add(step.mul_f64(fastrand::f64())).min(self.longest)
    }
}
