//! Properties of `pubsub.redis` beyond those of the connection (components reference, section 6).
//!
//! | property | default | |
//! |---|---|---|
//! | `consumerID` | app id | consumer group, and consumer in it |
//! | `processingTimeout` | `60s` | when a message that somebody has is taken for abandoned; a bare number is milliseconds, 0 never |
//! | `redeliverInterval` | `15s` | how often such messages, and those that failed, are tried again; the same |
//! | `queueDepth` | 100 | messages that are read at once |
//! | `concurrency` | 10 | messages that are at the app at once, of all topics together |
//! | `maxLenApprox` | 0 | messages that a stream keeps, about; 0 for all |
//! | `streamTTL` | 0 | how long a stream keeps them, about; 0 for ever |

use std::time::Duration;

use crate::components::redis::milliseconds;
use crate::components::{InitError, Properties};

/// How messages get to the app.
#[derive(Debug)]
pub struct Delivery {
    /// After this time a message is anybody's; `None` when nothing is ever delivered again.
    pub redelivery: Option<Redelivery>,
    pub queue_depth: u64,
    pub concurrency: usize,
}

/// When messages come again.
#[derive(Debug, Clone, Copy)]
pub struct Redelivery {
    pub timeout: Duration,
    pub interval: Duration,
}

/// What a stream forgets when something is appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    All,
    /// `streamTTL` is set as well, if `ambiguous`.
    Length {
        at_most: u64,
        ambiguous: bool,
    },
    Age(Duration),
}

impl Retention {
    /// Whether two properties say different things.
    pub fn is_ambiguous(self) -> bool {
        matches!(self, Self::Length { ambiguous: true, .. })
    }
}

/// Reads all of them but the group's name.
pub fn parse(properties: &Properties) -> Result<(Delivery, Retention), InitError> {
    let time = |name: &str, default: u64| {
        let time = milliseconds(properties, &[name], Some(Duration::from_secs(default)))?;
        Ok::<_, InitError>(time.filter(|time| !time.is_zero()))
    };
    let (timeout, interval) = (time("processingTimeout", 60)?, time("redeliverInterval", 15)?);
    let redelivery = timeout.zip(interval).map(|(timeout, interval)| Redelivery { timeout, interval });
    let at_least_one = |name: &str, default: u64| match properties.integer(name, default)? {
        0 => Err(InitError(format!("invalid value for '{name}': must be at least 1"))),
        count => Ok(count),
    };
    let concurrency = usize::try_from(at_least_one("concurrency", 10)?).unwrap_or(usize::MAX);
    let delivery = Delivery {
        redelivery,
        queue_depth: at_least_one("queueDepth", 100)?,
        // More than anybody has, and than a semaphore can count.
        concurrency: concurrency.min(1 << 20),
    };
    let at_most = properties.integer("maxLenApprox", 0)?;
    let age = properties.duration(&["streamTTL"], Duration::ZERO)?;
    let retention = match (at_most, age) {
        (0, Duration::ZERO) => Retention::All,
        (0, age) => Retention::Age(age),
        (at_most, age) => Retention::Length { at_most, ambiguous: !age.is_zero() },
    };
    Ok((delivery, retention))
}
