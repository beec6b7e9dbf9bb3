//! When a circuit breaker opens: a CEL expression over what it has counted.

use std::sync::Arc;

use cel::{Context, Program, Value};

use crate::resources::expression;

/// What a circuit breaker has counted since it was last cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// All.
    pub requests: u32,
    /// That went well.
    pub successes: u32,
    /// That failed.
    pub failures: u32,
    /// That went well since the last failure.
    pub successes_in_a_row: u32,
    /// That failed since the last success.
    pub failures_in_a_row: u32,
}

impl Counts {
    /// With the names that expressions use.
    fn named(self) -> [(&'static str, u32); 5] {
        [
            ("requests", self.requests),
            ("totalSuccesses", self.successes),
            ("totalFailures", self.failures),
            ("consecutiveSuccesses", self.successes_in_a_row),
            ("consecutiveFailures", self.failures_in_a_row),
        ]
    }
}

/// A condition.
#[derive(Debug, Clone)]
pub struct Trip(Condition);

#[derive(Debug, Clone)]
enum Condition {
    /// More failures in a row than this.
    Failures(u32),
    Expression(Arc<Program>),
}

impl Default for Trip {
    /// The stock one: `consecutiveFailures > 5`.
    fn default() -> Self {
        Self(Condition::Failures(5))
    }
}

impl Trip {
    /// Reads an expression. The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        expression::compile(text, Self::read)
    }

    fn read(text: &str) -> Result<Self, String> {
        let program = Program::compile(text).map_err(|errors| {
            let text = errors.to_string();
            text.lines().next().unwrap_or("it can't be read").to_owned()
        })?;
        let known = Counts::default().named().map(|(name, _)| name);
        if let Some(unknown) = program.references().variables().into_iter().find(|name| !known.contains(name))
        {
            return Err(format!("there is no {unknown}; there are {}", known.join(", ")));
        }
        let trip = Self(Condition::Expression(Arc::new(program)));
        trip.evaluate(Counts::default()).map(|_| trip.clone())
    }

    /// Whether it is time to open. An expression that can't be evaluated, such as one that divides by zero, says no.
    pub fn holds(&self, counts: Counts) -> bool {
        self.evaluate(counts).unwrap_or_default()
    }

    fn evaluate(&self, counts: Counts) -> Result<bool, String> {
        let program = match &self.0 {
            Condition::Failures(most) => return Ok(counts.failures_in_a_row > *most),
            Condition::Expression(program) => program,
        };
        let mut context = Context::default();
        for (name, count) in counts.named() {
            context.add_variable(name, i64::from(count)).map_err(|error| error.to_string())?;
        }
        match program.execute(&context) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => Err(format!("it has to be true or false, not {:?}", other.type_of())),
            // It may be fine as soon as something has been counted.
            Err(cel::ExecutionError::DivisionByZero(_) | cel::ExecutionError::RemainderByZero(_)) => {
                Ok(false)
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(requests: u32, failures: u32, failures_in_a_row: u32) -> Counts {
        Counts { requests, failures, failures_in_a_row, ..Counts::default() }
    }

    #[test]
    fn expressions_see_every_count() {
        let trip = Trip::parse("consecutiveFailures >= 3").unwrap();
        assert!(!trip.holds(counts(9, 9, 2)) && trip.holds(counts(3, 3, 3)));
        let trip = Trip::parse("requests > 4 && totalFailures * 100 / requests >= 60").unwrap();
        assert!(!trip.holds(counts(4, 4, 4)) && trip.holds(counts(5, 3, 0)) && !trip.holds(counts(5, 2, 0)));
        let trip = Trip::parse("totalFailures / requests > 0").unwrap();
        assert!(!trip.holds(Counts::default()) && trip.holds(counts(1, 1, 1)));
        let trip = Trip::parse("totalSuccesses == 0 && consecutiveSuccesses == 0").unwrap();
        assert!(trip.holds(counts(1, 1, 1)));
        assert!(!Trip::default().holds(counts(5, 5, 5)) && Trip::default().holds(counts(6, 6, 6)));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        let wrong = |text: &str| Trip::parse(text).unwrap_err();
        assert!(wrong("failures > 3").starts_with("there is no failures; there are requests, "));
        assert!(wrong("requests + 1").starts_with("it has to be true or false"), "{}", wrong("requests + 1"));
        for text in ["", "requests >", "requests > 'a'", "size(requests) > 1"] {
            assert!(!wrong(text).is_empty(), "{text}");
        }
    }
}
