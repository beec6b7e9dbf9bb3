//! What becomes of messages at the handler: acknowledged, tried again in place while the app can't be reached, or set
//! aside.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::consumer::{Consumer, Receiver, SERVER_PAUSE};
use super::stream::Entry;
use crate::components::pubsub::{DeliveryError, Message, batch, guarded};

/// First and longest pause while the app can't be reached.
const APP_PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// What rounding can make of a time on its way to the server and back. Ours begin later than the server's.
pub const SLACK: Duration = Duration::from_millis(20);

impl Consumer {
    /// Hands messages to the handler, as one call, until there is a verdict about each. What there is none about when
    /// it is told to stop is given back at the end.
    pub async fn handle(self: &Arc<Self>, mut entries: Vec<Entry>) {
        let mut pause = None;
        while !self.parts.stop.is_cancelled() {
            entries = self.still_ours(entries).await;
            if entries.is_empty() {
                return;
            }
            let Some(verdicts) = self.ask(&entries).await else {
                for Entry { id, .. } in &entries {
                    self.warn(&format!(
                        "Error processing Redis message {id}: not within processingTimeout; it comes again"
                    ));
                }
                self.held.remove(entries.iter().map(|entry| &entry.id));
                return;
            };
            let (mut unreached, mut cause) = (Vec::new(), String::new());
            for (entry, verdict) in entries.into_iter().zip(verdicts) {
                match verdict {
                    Ok(()) => self.acknowledge(entry.id),
                    Err(DeliveryError::Failed(why)) => {
                        self.warn(&format!("Error processing Redis message {}: {why}", entry.id));
                        self.set_aside(entry);
                    }
                    Err(DeliveryError::Unreachable(why)) => {
                        unreached.push(entry);
                        cause = why;
                    }
                }
            }
            entries = unreached;
            let Some(first) = entries.first() else { return };
            if pause.is_none() && !self.parts.stop.is_cancelled() {
                let (id, topic) = (&first.id, &self.parts.stream.topic);
                self.warn(&format!(
                    "message {id} of topic {topic} waits until the app can be reached: {cause}"
                ));
            }
            let time = pause.unwrap_or(APP_PAUSE.0);
            pause = Some((time * 2).min(APP_PAUSE.1));
            self.pause(time).await;
        }
    }

    /// The handler's verdict about each; `None` when it takes so long that the messages count as abandoned.
    async fn ask(&self, entries: &[Entry]) -> Option<Vec<Result<(), DeliveryError>>> {
        let topic = &self.parts.stream.topic;
        let message = |entry: &Entry| Message {
            topic: topic.clone(),
            data: entry.data.clone(),
            metadata: entry.metadata.clone(),
        };
        let verdicts = async {
            match &self.parts.receiver {
                Receiver::Single(handler) => {
                    let mut verdicts = Vec::with_capacity(1);
                    for entry in entries {
                        verdicts.push(guarded(handler, message(entry)).await);
                    }
                    verdicts
                }
                Receiver::Many(handler, _) => {
                    batch::guarded(handler, entries.iter().map(message).collect()).await
                }
            }
        };
        match self.parts.delivery.redelivery {
            Some(redelivery) => tokio::time::timeout(redelivery.timeout, verdicts).await.ok(),
            None => Some(verdicts.await),
        }
    }

    /// Messages that have waited here for long may have been taken by another instance: these are left out, the others
    /// marked as ours again.
    async fn still_ours(&self, entries: Vec<Entry>) -> Vec<Entry> {
        let Some(redelivery) = self.parts.delivery.redelivery else { return entries };
        let waited_long = |entry: &Entry| entry.touched.elapsed() >= redelivery.timeout / 2;
        if !entries.iter().any(waited_long) {
            return entries;
        }
        let mut ours = Vec::with_capacity(entries.len());
        for mut entry in entries {
            if waited_long(&entry) {
                let untouched = entry.touched.elapsed().saturating_sub(SLACK);
                match self.parts.stream.is_ours(&entry.id, untouched).await {
                    Ok(false) => {
                        self.held.remove([&entry.id]);
                        continue;
                    }
                    // Not when it was asked: the server must not have heard of it later than we think.
                    Ok(true) => entry.touched = Instant::now(),
                    // Nobody can have taken it from a server that can't be reached.
                    Err(_) => {}
                }
            }
            ours.push(entry);
        }
        ours
    }

    /// Has the server told of a handled message, for as long as it takes.
    fn acknowledge(self: &Arc<Self>, id: String) {
        if !self.acknowledgements.add(id) {
            return;
        }
        let consumer = Arc::clone(self);
        self.tasks.spawn(async move {
            let Self { acknowledgements, parts, held, .. } = &*consumer;
            while acknowledgements.send(&parts.stream, held).await.is_err() {
                if !consumer.pause(SERVER_PAUSE.1).await {
                    return;
                }
            }
        });
    }
}
