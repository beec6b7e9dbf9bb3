//! Messages that come again: those that failed here, and those that somebody has taken and abandoned.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::consumer::Consumer;
use super::handling::SLACK;
use super::settings::Redelivery;
use super::stream::after;
use crate::components::redis::Error;

impl Consumer {
    /// Looks for such messages now and then, the first time at once, until stopped.
    pub async fn redeliver(self: &Arc<Self>) {
        let Some(redelivery) = self.parts.delivery.redelivery else { return };
        let mut ticks = tokio::time::interval(redelivery.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while self.parts.stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let failed = self.redeliver_failed().await;
            let all = match failed {
                Ok(()) => self.redeliver_abandoned(redelivery).await,
                Err(error) => Err(error),
            };
            match all {
                // That the server can't be reached is told by the one that reads.
                Ok(()) | Err(Error::Unreachable { .. } | Error::Closed) => {}
                // The one that reads makes the group.
                Err(error) if error.is("NOGROUP") => {}
                Err(error) => {
                    self.warn(&format!(
                        "cannot redeliver messages of topic {}: {error}",
                        self.parts.stream.topic
                    ));
                }
            }
        }
    }

    async fn redeliver_failed(self: &Arc<Self>) -> Result<(), Error> {
        let failed = || self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        // What fails meanwhile waits for the next time.
        let mut rest = std::mem::take(&mut *failed());
        while !rest.is_empty() && !self.parts.stop.is_cancelled() {
            let size = rest.len().min(self.batch());
            let wanted: Vec<(String, Duration)> = rest[..size]
                .iter()
                .map(|(id, touched)| (id.clone(), touched.elapsed().saturating_sub(SLACK)))
                .collect();
            match self.parts.stream.claim(&wanted).await {
                Ok(entries) => {
                    rest.drain(..size);
                    // The others have gone to another instance, or are no more.
                    self.held.remove(wanted.iter().map(|(id, _)| id));
                    self.dispatch(entries).await;
                }
                Err(error) => {
                    failed().extend(rest);
                    return Err(error);
                }
            }
        }
        failed().extend(rest);
        Ok(())
    }

    async fn redeliver_abandoned(self: &Arc<Self>, redelivery: Redelivery) -> Result<(), Error> {
        let mut from = "-".to_owned();
        while !self.parts.stop.is_cancelled() {
            let page = self.parts.stream.pending(&from, self.parts.delivery.queue_depth).await?;
            let abandoned = page
                .iter()
                .filter(|pending| pending.idle >= redelivery.timeout && !self.held.contains(&pending.id));
            let wanted: Vec<(String, Duration)> =
                abandoned.map(|pending| (pending.id.clone(), redelivery.timeout)).collect();
            if !wanted.is_empty() {
                let entries = self.parts.stream.claim(&wanted).await?;
                self.dispatch(entries).await;
            }
            match page.last() {
                Some(last) if page.len() >= self.batch() => from = after(&last.id),
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    fn batch(&self) -> usize {
        usize::try_from(self.parts.delivery.queue_depth).unwrap_or(usize::MAX)
    }
}
