//! A circuit breaker: closed while all is well, open while things are bad, half open to find out.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::SCOPE;
use super::meter::BreakerMeter;
use super::outcome::Interrupted;
use crate::resources::{self, Counts};

/// What a breaker does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All pass.
    Closed,
    /// Some pass.
    HalfOpen,
    /// None passes.
    Open,
}

impl State {
    /// As logs and metrics name it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half-open",
            Self::Open => "open",
        }
    }
}

/// A circuit breaker.
pub struct Breaker {
    name: String,
    settings: resources::Breaker,
    meter: Option<BreakerMeter>,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    /// Grows with every change: what belongs to an earlier one doesn't count.
    generation: u64,
    counts: Counts,
    /// When this generation ends by itself.
    end: Option<Instant>,
}

/// A call that was let through. Dropped without [`Permit::done`] it doesn't count at all.
pub struct Permit<'a> {
    breaker: &'a Breaker,
    generation: u64,
    well: Option<bool>,
}

impl Permit<'_> {
    /// The call has ended.
    pub fn done(mut self, well: bool) {
        self.well = Some(well);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.breaker.leave(self.generation, self.well);
    }
}

impl Breaker {
    /// A closed one.
    pub fn new(name: String, settings: resources::Breaker, meter: Option<BreakerMeter>) -> Self {
        let inner = Inner { state: State::Closed, generation: 0, counts: Counts::default(), end: None };
        let breaker = Self { name, settings, meter, inner: Mutex::new(inner) };
        breaker.begin(&mut breaker.inner(), State::Closed);
        breaker
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a way through.
    pub fn enter(&self) -> Result<Permit<'_>, Interrupted> {
        let mut inner = self.inner();
        self.pass_time(&mut inner);
        match inner.state {
            State::Open => return Err(Interrupted::Open),
            State::HalfOpen if inner.counts.requests >= self.settings.max_requests => {
                return Err(Interrupted::TooMany);
            }
            State::HalfOpen | State::Closed => {}
        }
        inner.counts.requests = inner.counts.requests.saturating_add(1);
        Ok(Permit { breaker: self, generation: inner.generation, well: None })
    }

    /// What it does now.
    pub fn state(&self) -> State {
        let mut inner = self.inner();
        self.pass_time(&mut inner);
        inner.state
    }

    /// Whether a new one would do the same.
    pub fn is_idle(&self) -> bool {
        let inner = self.inner();
        inner.state == State::Closed && inner.counts.failures == 0
    }

    fn leave(&self, generation: u64, well: Option<bool>) {
        let mut inner = self.inner();
        self.pass_time(&mut inner);
        if generation != inner.generation {
            return;
        }
        let counts = &mut inner.counts;
        match well {
            None => counts.requests = counts.requests.saturating_sub(1),
            Some(true) => {
                counts.successes = counts.successes.saturating_add(1);
                counts.successes_in_a_row = counts.successes_in_a_row.saturating_add(1);
                counts.failures_in_a_row = 0;
                let enough = counts.successes_in_a_row >= self.settings.max_requests;
                if inner.state == State::HalfOpen && enough {
                    self.change(&mut inner, State::Closed);
                }
            }
            Some(false) => {
                counts.failures = counts.failures.saturating_add(1);
                counts.failures_in_a_row = counts.failures_in_a_row.saturating_add(1);
                counts.successes_in_a_row = 0;
                let counts = *counts;
                if inner.state == State::HalfOpen || self.settings.trip.holds(counts) {
                    self.change(&mut inner, State::Open);
                }
            }
        }
    }

    /// Does what time does.
    fn pass_time(&self, inner: &mut Inner) {
        if inner.end.is_some_and(|end| Instant::now() >= end) {
            match inner.state {
                State::Closed => self.begin(inner, State::Closed),
                State::Open | State::HalfOpen => self.change(inner, State::HalfOpen),
            }
        }
    }

    fn change(&self, inner: &mut Inner, to: State) {
        let from = inner.state;
        self.begin(inner, to);
        tracing::info!(
            target: SCOPE,
            "Circuit breaker \"{}\" changed state from {} to {}", self.name, from.label(), to.label()
        );
        if let Some(meter) = &self.meter {
            meter.changed(to);
        }
    }

    fn begin(&self, inner: &mut Inner, state: State) {
        let length = match state {
            State::Closed => Some(self.settings.interval).filter(|interval| !interval.is_zero()),
            State::Open => Some(self.settings.timeout),
            State::HalfOpen => None,
        };
        *inner = Inner {
            state,
            generation: inner.generation.wrapping_add(1),
            counts: Counts::default(),
            end: length.map(|length| Instant::now() + length),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::resources::Trip;

    fn breaker(trip: &str, interval: u64, max_requests: u32) -> Breaker {
        let settings = resources::Breaker {
            max_requests,
            interval: Duration::from_secs(interval),
            timeout: Duration::from_secs(10),
            trip: Trip::parse(trip).unwrap(),
        };
        Breaker::new("b-x".into(), settings, None)
    }

    fn call(breaker: &Breaker, well: bool) -> Result<(), Interrupted> {
        breaker.enter().map(|permit| permit.done(well))
    }

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_tries_and_closes() {
        let breaker = breaker("consecutiveFailures >= 2", 0, 1);
        for well in [false, true, false] {
            call(&breaker, well).unwrap();
        }
        assert_eq!(breaker.state(), State::Closed);
        call(&breaker, false).unwrap();
        assert_eq!(call(&breaker, true), Err(Interrupted::Open));
        pass(9).await;
        assert_eq!(call(&breaker, true), Err(Interrupted::Open));
        pass(1).await;
        assert_eq!(breaker.state(), State::HalfOpen);
        call(&breaker, false).unwrap();
        assert_eq!(breaker.state(), State::Open);
        pass(10).await;
        call(&breaker, true).unwrap();
        assert_eq!(breaker.state(), State::Closed);
        assert!(breaker.is_idle());
    }

    #[tokio::test(start_paused = true)]
    async fn half_open_lets_only_so_many_through_at_once() {
        let breaker = breaker("totalFailures >= 1", 0, 2);
        call(&breaker, false).unwrap();
        pass(10).await;
        let (one, two) = (breaker.enter().unwrap(), breaker.enter().unwrap());
        assert_eq!(breaker.enter().map(drop), Err(Interrupted::TooMany));
        // A caller that went away takes no place.
        drop(one);
        let three = breaker.enter().unwrap();
        two.done(true);
        assert_eq!(breaker.state(), State::HalfOpen);
        three.done(true);
        assert_eq!(breaker.state(), State::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn counts_are_cleared_while_all_is_well() {
        let breaker = breaker("totalFailures >= 2", 5, 1);
        call(&breaker, false).unwrap();
        pass(5).await;
        call(&breaker, false).unwrap();
        assert_eq!(breaker.state(), State::Closed);
        call(&breaker, false).unwrap();
        assert_eq!(breaker.state(), State::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn what_began_before_a_change_does_not_count_after_it() {
        let breaker = breaker("totalFailures >= 1", 0, 1);
        let old = breaker.enter().unwrap();
        call(&breaker, false).unwrap();
        pass(10).await;
        assert_eq!(breaker.state(), State::HalfOpen);
        old.done(true);
        assert_eq!(breaker.state(), State::HalfOpen);
    }
}
