//! Schedules: what `schedule`, `dueTime`, `ttl` and `repeats` of a job mean (HTTP API reference, section 10.1),
//! and the schedule of `bindings.cron` (components reference, section 7). Only texts and points in time; it
//! knows neither jobs nor clocks.

mod cron;
mod fields;
mod plan;
mod point;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::properties::parse_duration;
use cron::Cron;
pub use fields::Seconds;
pub use plan::{Begin, Plan, Rules};
pub use point::point_in_time;

/// Why a schedule can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

impl Error {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// A repeating schedule.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// `@every <Go duration>`: that long after the time before.
    Every(Duration),
    /// Fields of a calendar in a time zone.
    Cron(Box<Cron>),
}

impl Schedule {
    /// Reads a schedule: cron fields, `@yearly` and the like, or `@every <Go duration>`, after an optional
    /// `TZ=<zone>` or `CRON_TZ=<zone>`. Without one it is the zone of this machine.
    pub fn parse(text: &str, seconds: Seconds) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(Error::new("empty spec string"));
        }
        let (zone, text) = zone(text)?;
        if let Some(duration) = text.strip_prefix("@every ") {
            return match parse_duration(duration) {
                Some(every) if !every.is_zero() => Ok(Self::Every(every)),
                Some(_) => Err(Error(format!("failed to parse duration {text}: it must be above zero"))),
                None => Err(Error(format!(
                    "failed to parse duration {text}: invalid duration {duration:?} (try 10s or 1h30m)"
                ))),
            };
        }
        let fields = match text {
            "@yearly" | "@annually" => "0 0 0 1 1 *",
            "@monthly" => "0 0 0 1 * *",
            "@weekly" => "0 0 0 * * 0",
            "@daily" | "@midnight" => "0 0 0 * * *",
            "@hourly" => "0 0 * * * *",
            _ if text.starts_with('@') => return Err(Error(format!("unrecognized descriptor: {text}"))),
            _ => return Ok(Self::Cron(Box::new(Cron { fields: fields::parse(text, seconds)?, zone }))),
        };
        let fields = fields::parse(fields, Seconds::Required)?;
        Ok(Self::Cron(Box::new(Cron { fields, zone })))
    }

    /// The next time after that one; `None` when there is none within five years.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(every) => after.checked_add(*every).ok(),
            Self::Cron(cron) => cron.next(after),
        }
    }
}

/// The zone of a schedule and what follows it.
fn zone(text: &str) -> Result<(TimeZone, &str), Error> {
    let Some(rest) = text.strip_prefix("TZ=").or_else(|| text.strip_prefix("CRON_TZ=")) else {
        return Ok((TimeZone::system(), text));
    };
    let (name, rest) = rest
        .split_once(' ')
        .ok_or_else(|| Error(format!("expected a schedule after the time zone: {text}")))?;
    let zone = match name {
        "" | "UTC" => TimeZone::UTC,
        "Local" => TimeZone::system(),
        _ => TimeZone::get(name)
            .map_err(|_| Error(format!("provided bad location {name}: unknown time zone {name}")))?,
    };
    Ok((zone, rest.trim()))
}
