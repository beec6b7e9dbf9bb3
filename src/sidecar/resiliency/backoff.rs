//! The waits between tries.

use std::time::Duration;

use tokio::time::Instant;

use crate::resources::{Pace, Retry};

/// The waits of one call, until there are no more.
pub struct Backoff<'a> {
    retry: &'a Retry,
    left: Option<u32>,
    /// The next wait of a growing pace, before chance.
    next: Duration,
    began: Instant,
}

impl<'a> Backoff<'a> {
    /// The clock of a call begins.
    pub fn new(retry: &'a Retry) -> Self {
        let next = match retry.pace {
            Pace::Constant(wait) => wait,
            Pace::Exponential { initial, longest, .. } => initial.min(longest),
        };
        Self { retry, left: retry.most, next, began: Instant::now() }
    }
}

impl Iterator for Backoff<'_> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1)?;
        }
        let Pace::Exponential { multiplier, jitter, longest, total, .. } = self.retry.pace else {
            return Some(self.next);
        };
        let chance = 1.0 + jitter * (2.0 * fastrand::f64() - 1.0);
        let wait = scaled(self.next, chance, longest.mul_f64(2.0));
        self.next = scaled(self.next, multiplier, longest);
        let in_time = total.is_none_or(|total| self.began.elapsed() + wait <= total);
        in_time.then_some(wait)
    }
}

/// A wait that is never longer than `longest`, whatever the factor is.
fn scaled(wait: Duration, factor: f64, longest: Duration) -> Duration {
    Duration::try_from_secs_f64(wait.as_secs_f64() * factor).unwrap_or(longest).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::Matching;

    fn retry(pace: Pace, most: Option<u32>) -> Retry {
        Retry { pace, most, matching: Matching::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_constant_pace_ends_by_number_only() {
        let two = retry(Pace::Constant(Duration::from_secs(5)), Some(2));
        assert_eq!(Backoff::new(&two).collect::<Vec<_>>(), [Duration::from_secs(5); 2]);
        assert_eq!(Backoff::new(&retry(two.pace.clone(), Some(0))).next(), None);
        assert_eq!(Backoff::new(&retry(two.pace, None)).take(1000).count(), 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_growing_pace_has_a_longest_wait_and_an_end() {
        let steady = Pace::Exponential {
            initial: Duration::from_secs(1),
            multiplier: 2.0,
            jitter: 0.0,
            longest: Duration::from_secs(5),
            total: Some(Duration::from_secs(30)),
        };
        let retry = retry(steady, None);
        let mut seen = Vec::new();
        for wait in Backoff::new(&retry) {
            seen.push(wait.as_secs());
            tokio::time::sleep(wait).await;
        }
        assert_eq!(seen, [1, 2, 4, 5, 5, 5, 5]);
    }

    #[tokio::test(start_paused = true)]
    async fn chance_moves_a_wait_by_half_at_most() {
        let stock = retry(Pace::EXPONENTIAL, Some(1));
        for _ in 0..100 {
            let wait = Backoff::new(&stock).next().unwrap();
            assert!((250..=750).contains(&wait.as_millis()), "{wait:?}");
        }
    }
}
