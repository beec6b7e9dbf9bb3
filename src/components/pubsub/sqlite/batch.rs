//! Messages of a group handed over several at a time. Those that fail are tried again in place, then set aside, as
//! single ones are; those that were handled with them are acknowledged at once.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::consumer::{Acknowledgements, Consumer};
use super::log::{Claimed, Share};
use crate::components::pubsub::{Batch, BulkHandler, DeliveryError, Message, batch};

/// A message that waits for its verdict.
struct Entry {
    seq: i64,
    /// Whether it was set aside before: then one try is all it gets.
    again: bool,
    message: Message,
}

impl Consumer {
    /// Waits a while for more messages.
    pub async fn fill(&self, mut messages: Vec<Claimed>, batch: Batch) -> Vec<Claimed> {
        let deadline = Instant::now() + batch.wait;
        while messages.len() < batch.most && !self.stop.is_cancelled() {
            let woken = timeout_at(deadline, self.wake.notified());
            if !matches!(self.stop.run_until_cancelled(woken).await, Some(Ok(()))) {
                break;
            }
            let left = batch.most - messages.len();
            // An error is met again by whoever claims next.
            let more = self.claim(Share { alone: left, among_others: left }).await;
            messages.extend(more.unwrap_or_default());
        }
        messages
    }

    /// Hands messages over until each is handled or set aside. What is left when it is told to stop is given back
    /// when signing off.
    pub async fn deliver_batch(
        &self,
        messages: Vec<Claimed>,
        handler: &BulkHandler,
        acknowledgements: &Arc<Acknowledgements>,
    ) {
        let topic = &self.me.topic;
        let entry = |claimed: Claimed| Entry {
            seq: claimed.seq,
            again: claimed.attempts > 0,
            message: claimed.into_message(topic),
        };
        let mut left: Vec<Entry> = messages.into_iter().map(entry).collect();
        let mut retries = self.delivery.retries.iter();
        let mut unreachable_pause = None;
        while !left.is_empty() && !self.stop.is_cancelled() {
            let messages = left.iter().map(|entry| entry.message.clone()).collect();
            let results = batch::guarded(handler, messages).await;
            let (mut failed, mut away) = (Vec::new(), None);
            for (entry, result) in std::mem::take(&mut left).into_iter().zip(results) {
                match result {
                    Ok(()) => acknowledgements.add(entry.seq, &self.database),
                    Err(DeliveryError::Unreachable(why)) => {
                        away.get_or_insert(why);
                        left.push(entry);
                    }
                    Err(DeliveryError::Failed(why)) => failed.push((entry, why)),
                }
            }
            let pause = if let Some(why) = away {
                if unreachable_pause.is_none() {
                    let count = left.len();
                    self.warn(&format!(
                        "{count} messages of topic {topic} wait until the app can be reached: {why}"
                    ));
                }
                // Nothing counts as a failed try meanwhile.
                left.extend(failed.into_iter().map(|(entry, _)| entry));
                left.sort_unstable_by_key(|entry| entry.seq);
                let pause = unreachable_pause.unwrap_or(self.delivery.unreachable_first);
                unreachable_pause = Some((pause * 2).min(self.delivery.unreachable_longest));
                pause
            } else {
                unreachable_pause = None;
                let pause = retries.next().copied();
                for (entry, why) in failed {
                    let Entry { seq, again, .. } = entry;
                    if let Some(pause) = pause.filter(|_| !again) {
                        self.warn(&format!(
                            "message {seq} of topic {topic} failed, again in {pause:?}: {why}"
                        ));
                        left.push(entry);
                    } else {
                        let interval = self.delivery.redeliver_interval;
                        self.warn(&format!(
                            "message {seq} of topic {topic} comes again in {interval:?}: {why}"
                        ));
                        self.set_aside(seq).await;
                    }
                }
                pause.unwrap_or_default()
            };
            if left.is_empty() || !self.pause(pause).await {
                return;
            }
        }
    }
}
