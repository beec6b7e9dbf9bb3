//! `bindings.cron`: calls the app at the times of a schedule (components reference, section 7).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::{Error, Event, Handler, Input, Reading};
use crate::components::schedule::{Schedule, Seconds};
use crate::components::{Init, InitError, Metadata};

/// The clock is looked at this often at least: timers stand still while the machine sleeps, and the clock may be set.
const GLANCE: SignedDuration = SignedDuration::from_secs(30);

/// Reads property `schedule`.
pub fn make(init: &Init) -> Result<Arc<dyn Input>, InitError> {
    let text = init.properties.any(&["schedule"]).ok_or_else(|| InitError::new("schedule not set"))?;
    let schedule = Schedule::parse(text, Seconds::Optional)
        .map_err(|error| InitError(format!("invalid schedule format '{text}': {error}")))?;
    Ok(Arc::new(Cron { schedule }))
}

struct Cron {
    schedule: Schedule,
}

#[async_trait]
impl Input for Cron {
    async fn read(&self, handler: Handler) -> Result<Box<dyn Reading>, Error> {
        let (stop, calls) = (CancellationToken::new(), TaskTracker::new());
        let work = run(self.schedule.clone(), handler, calls.clone());
        // The clock is one of the tasks that a stop waits for, so that none of its calls comes after.
        let clock = stop.clone();
        calls.spawn(async move { clock.run_until_cancelled(work).await });
        Ok(Box::new(Running { stop: stop.drop_guard(), calls }))
    }
}

struct Running {
    stop: DropGuard,
    calls: TaskTracker,
}

#[async_trait]
impl Reading for Running {
    async fn stop(self: Box<Self>) {
        drop(self.stop);
        self.calls.close();
        self.calls.wait().await;
    }
}

/// Calls the handler at each time, whether the call before has ended or not; times that are missed are left out.
async fn run(schedule: Schedule, handler: Handler, calls: TaskTracker) {
    let mut last = Timestamp::now();
    // From the time that was meant, so that `@every` does not drift, unless that is long over.
    while let Some(next) = schedule
        .next(last)
        .filter(|next| *next > Timestamp::now())
        .or_else(|| schedule.next(Timestamp::now()))
    {
        until(next).await;
        last = next;
        // The handler tells of what goes wrong.
        calls.spawn(handler(event(Timestamp::now())));
    }
}

async fn until(time: Timestamp) {
    loop {
        let left = time.duration_since(Timestamp::now());
        if !left.is_positive() {
            return;
        }
        tokio::time::sleep(Duration::try_from(left.min(GLANCE)).unwrap_or_default()).await;
    }
}

fn event(now: Timestamp) -> Event {
    // The form in which Go prints a time.
    let now = now.strftime("%Y-%m-%d %H:%M:%S%.f +0000 UTC").to_string();
    let metadata = [("timeZone", "Local".to_owned()), ("readTimeUTC", now)];
    let metadata = metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Metadata>();
    Event { data: Bytes::new(), metadata }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_told_as_go_does() {
        let now = Timestamp::new(1_795_490_702, 954_248_300).unwrap();
        assert_eq!(event(now).metadata["readTimeUTC"], "2026-11-24 03:25:02.9542483 +0000 UTC");
        let whole = Timestamp::new(1_795_490_702, 0).unwrap();
        assert_eq!(event(whole).metadata["readTimeUTC"], "2026-11-24 03:25:02 +0000 UTC");
    }
}
