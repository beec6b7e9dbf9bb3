//! Properties of `pubsub.sqlite`.
//!
//! | property | default | |
//! |---|---|---|
//! | `connectionString` (`url`) | required | path or `file:` URI, as for `state.sqlite` |
//! | `consumerID` | app id | consumer group |
//! | `retention` | `168h` | messages older than this are dropped, handled or not |
//! | `consumedRetention` | `24h` | messages that every group has handled are dropped after this |
//! | `maxConsumed` | 10000 | handled messages kept per topic; a group that comes later starts with them |
//! | `redeliverInterval` | `15s` | when a message that failed comes again |
//! | `retryIntervals` | `100ms,500ms,2s` | tries in place before that; the topic waits meanwhile |
//! | `unreachableInterval`, `unreachableMaxInterval` | `50ms`, `1s` | first and longest pause while the app can't be reached |
//! | `busyTimeout` | `5s` | how long a locked database is retried |
//! | `disableWAL` | false | |

use std::time::Duration;

use super::retention::Limits;
use crate::components::properties::parse_duration;
use crate::components::sqlite::Options;
use crate::components::{InitError, Properties};

/// When a message is tried again.
#[derive(Debug)]
pub struct Delivery {
    pub retries: Vec<Duration>,
    pub redeliver_interval: Duration,
    pub unreachable_first: Duration,
    pub unreachable_longest: Duration,
}

/// All properties but the group's name.
pub struct Settings {
    pub options: Options,
    pub limits: Limits,
    pub delivery: Delivery,
}

const HOUR: Duration = Duration::from_hours(1);

impl Settings {
    pub fn parse(properties: &Properties) -> Result<Self, InitError> {
        let connection_string = properties.any(&["connectionString", "url"]).unwrap_or_default();
        let busy_timeout = properties.duration(&["busyTimeout"], Duration::from_secs(5))?;
        let options = Options::parse(connection_string, busy_timeout, properties.flag("disableWAL"))?;
        if options.is_memory() {
            return Err(InitError::new(
                "an in-memory database can't be shared by sidecars; use a file, or the type pubsub.in-memory",
            ));
        }
        let limits = Limits {
            age: properties.duration(&["retention"], HOUR * 168)?,
            consumed_age: properties.duration(&["consumedRetention"], HOUR * 24)?,
            max_consumed: properties.integer("maxConsumed", 10_000)?,
        };
        let delivery = Delivery {
            retries: retries(properties.any(&["retryIntervals"]).unwrap_or("100ms,500ms,2s"))?,
            redeliver_interval: properties.duration(&["redeliverInterval"], Duration::from_secs(15))?,
            unreachable_first: properties.duration(&["unreachableInterval"], Duration::from_millis(50))?,
            unreachable_longest: properties.duration(&["unreachableMaxInterval"], Duration::from_secs(1))?,
        };
        Ok(Self { options, limits, delivery })
    }
}

fn retries(text: &str) -> Result<Vec<Duration>, InitError> {
    let wrong = || InitError(format!("invalid value for 'retryIntervals': {text:?} (try 100ms,1s)"));
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty() && *part != "none");
    parts.map(|part| parse_duration(part).ok_or_else(wrong)).collect()
}
