//! Delivery of several messages at once (http-api reference, section 5.6). What becomes of each is as for single
//! ones.

use std::time::Instant;

use bytes::Bytes;

use super::outcome::{Outcome, processed};
use super::{BREAK_PAUSE, Delivery, MOST_BREAKS, content_type};
use crate::components::pubsub::{DeliveryError, Message};
use crate::sidecar::app::Channel;
use crate::sidecar::app::bulk_events::{BulkEvent, Content, Entry, new_id};
use crate::sidecar::blocks::cloudevent::Peek;
use crate::sidecar::resiliency::guard_many;

/// A message that can be handed to the app.
struct Ready<'a> {
    /// Its place among the messages.
    at: usize,
    message: &'a Message,
    topic: &'a str,
    path: &'a str,
    event: &'a Bytes,
    peek: Peek<'a>,
}

impl Delivery {
    /// Delivers messages; the results are in their order, and as [`Delivery::deliver`] has them.
    pub async fn deliver_all(&self, app: &Channel, messages: Vec<Message>) -> Vec<Result<(), DeliveryError>> {
        let mut outcomes: Vec<Option<Outcome>> = messages.iter().map(|_| None).collect();
        self.ending.abandon.run_until_cancelled(self.hand_over(app, &messages, &mut outcomes)).await;
        let mut results = Vec::with_capacity(messages.len());
        for (message, outcome) in messages.into_iter().zip(outcomes) {
            results.push(self.settle(message, outcome.unwrap_or_else(Outcome::ended)).await);
        }
        results
    }

    /// Finds out what becomes of each message.
    async fn hand_over(&self, app: &Channel, messages: &[Message], outcomes: &mut [Option<Outcome>]) {
        let topics: Vec<String> = messages.iter().map(|message| self.topic(message)).collect();
        let event = |(message, topic): (_, &String)| self.event(message, topic);
        let events: Vec<Bytes> = messages.iter().zip(&topics).map(event).collect();
        let mut ready = Vec::new();
        for (at, ((message, topic), event)) in messages.iter().zip(&topics).zip(&events).enumerate() {
            match self.route(event, topic) {
                Ok((peek, path)) => ready.push(Ready { at, message, topic, path, event, peek }),
                Err(outcome) => outcomes[at] = Some(outcome),
            }
        }
        // One event may be what ends the app: after a break they go alone, so that the others get through.
        let (mut left, mut at_once) = ((0..ready.len()).collect::<Vec<_>>(), usize::MAX);
        while !left.is_empty() {
            let mut broken = Vec::new();
            let mut chunks = left.chunks(at_once.min(left.len()));
            for chunk in chunks.by_ref() {
                let mut away = None;
                for (index, outcome) in chunk.iter().zip(self.guarded(app, &ready, chunk.to_vec()).await) {
                    let Ready { at, message, .. } = &ready[*index];
                    let outcome = match outcome {
                        Outcome::Broken(_) if self.breaks.add(message) < MOST_BREAKS => {
                            broken.push(*index);
                            continue;
                        }
                        Outcome::Broken(cause) => Outcome::failed(cause),
                        Outcome::Unreachable(cause) => {
                            away = Some(cause.clone());
                            Outcome::Unreachable(cause)
                        }
                        other => {
                            self.breaks.forget(message);
                            other
                        }
                    };
                    outcomes[*at] = Some(outcome);
                }
                if let Some(cause) = away {
                    for index in chunks.by_ref().flatten().chain(&broken) {
                        outcomes[ready[*index].at] = Some(Outcome::Unreachable(cause.clone()));
                    }
                    return;
                }
            }
            left = broken;
            at_once = 1;
            if !left.is_empty() && !self.may_try_again(BREAK_PAUSE).await {
                return;
            }
        }
    }

    /// As [`Self::ask_all`], as often as the policies of the component say.
    async fn guarded(&self, app: &Channel, ready: &[Ready<'_>], indices: Vec<usize>) -> Vec<Outcome> {
        let policy = self.entry.inbound.as_ref();
        let outcomes = guard_many(policy, Some(&self.ending.last_try), indices, |indices| {
            self.ask_all(app, ready, indices)
        })
        .await;
        outcomes.into_iter().map(|outcome| outcome.after(policy)).collect()
    }

    /// Hands messages to the app, in one request for each place where they go.
    async fn ask_all(&self, app: &Channel, ready: &[Ready<'_>], indices: Vec<usize>) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = indices.iter().map(|_| None).collect();
        let mut places: Vec<((&str, &str), Vec<usize>)> = Vec::new();
        for (slot, index) in indices.iter().enumerate() {
            let place = (ready[*index].path, ready[*index].topic);
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, slots)) => slots.push(slot),
                None => places.push((place, vec![slot])),
            }
        }
        for ((path, topic), slots) in places {
            let (mut entries, mut spans, mut trace) = (Vec::new(), Vec::new(), None);
            for slot in &slots {
                let Ready { message, event, peek, .. } = &ready[indices[*slot]];
                let content = if self.raw {
                    Content::Raw(&message.data, content_type(message))
                } else {
                    Content::Event(event)
                };
                entries.push(Entry { id: new_id(), content, metadata: &message.metadata });
                let (span, own) = self.span(topic, message, peek);
                spans.push(span);
                trace.get_or_insert(own);
            }
            let trace = trace.unwrap_or_default();
            let pubsub = &self.entry.manifest.name;
            let began = Instant::now();
            let verdicts = app.bulk_event(BulkEvent { pubsub, topic, path, entries, trace }).await;
            if let Some(series) = self.entry.meter.topic(topic) {
                series.received_many(began, &verdicts.iter().map(processed));
            }
            for ((slot, verdict), span) in slots.into_iter().zip(verdicts).zip(spans) {
                let outcome = Outcome::of(verdict, &ready[indices[slot]].peek, topic);
                if let Some(mut span) = span {
                    match &outcome {
                        Outcome::Acknowledged | Outcome::Dropped => {}
                        Outcome::Failed(refusal) => span.fail(&refusal.cause),
                        Outcome::Broken(cause) | Outcome::Unreachable(cause) => span.fail(cause),
                    }
                }
                outcomes[slot] = Some(outcome);
            }
        }
        // The app gives a verdict on every event.
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| Outcome::failed("no verdict"))).collect()
    }
}

#[cfg(test)]
mod tests;
