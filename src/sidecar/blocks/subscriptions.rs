//! Subscriptions of the app (http-api reference, sections 5.1 to 5.3): collected from the resources and from
//! the app, started at the brokers, changed while they run, stopped together. What happens with a message is
//! `delivery`'s business.

mod active;
mod receiving;
pub mod streaming;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

pub use active::{Active, Origin};
use receiving::{Begun, Receiving};
use streaming::Streams;

use super::tasks::Tasks;
use super::topics::{self, Scopes};
use crate::components::pubsub::PubSub;
use crate::resources::Subscription;
use crate::sidecar::Shared;
use crate::sidecar::app::Channel;
use crate::sidecar::store::Entry;

const SCOPE: &str = "dapr.runtime.processor.subscription";
/// How long the start waits for brokers; slower ones go on in the background.
const FIRST_ATTEMPT: Duration = Duration::from_secs(5);

/// All subscriptions of the app. They come and go with its health; closed, they stay away.
#[derive(Default)]
pub struct Subscriptions {
    current: Mutex<Current>,
    closed: CancellationToken,
    streams: Arc<Streams>,
}

/// What is subscribed to.
#[derive(Default)]
struct Current {
    /// What the app has asked for, when it was last asked.
    asked: Vec<Subscription>,
    /// Declarative ones first. Those that rest because the app is unhealthy are still there.
    all: Vec<Arc<Receiving>>,
    /// Not wanted any more, and not at their end.
    leaving: Vec<Arc<Receiving>>,
}

impl Subscriptions {
    /// Asks the app for its subscriptions if `discover`, adds the declarative ones and receives these from now on: what
    /// is received already goes on, and what is wanted no more ends, with `patience` for the messages that the app is
    /// working on. Returns when every broker was asked once; one that refuses is asked again in the background. Not to
    /// be called by two tasks at once.
    pub async fn start(
        &self,
        shared: &Arc<Shared>,
        declarative: &[Subscription],
        discover: bool,
        patience: Duration,
    ) {
        let Some(app) = &shared.app else { return };
        let discover = discover && !shared.components.all_pubsub().is_empty();
        let asked = if discover { self.closed.run_until_cancelled(app.subscriptions()).await } else { None };
        self.become_these(shared, app, declarative, asked.unwrap_or_default(), patience).await;
        if !self.closed.is_cancelled() {
            self.log_topics();
        }
    }

    /// As [`Self::start`], after the declarative ones have changed: the app isn't asked again.
    pub async fn redeclare(&self, shared: &Arc<Shared>, declarative: &[Subscription], patience: Duration) {
        let Some(app) = &shared.app else { return };
        let asked = self.current().asked.clone();
        self.become_these(shared, app, declarative, asked, patience).await;
    }

    async fn become_these(
        &self,
        shared: &Arc<Shared>,
        app: &Arc<Channel>,
        declarative: &[Subscription],
        asked: Vec<Subscription>,
        patience: Duration,
    ) {
        let before = self.current().all.clone();
        let (mut all, mut first_attempts) = (Vec::new(), Vec::new());
        for (origin, subscription) in merged(declarative, &asked) {
            let Some(entry) = usable(shared, &subscription) else { continue };
            let old = before.iter().find(|old| is_same(&old.subscription, &subscription));
            match Receiving::after(old, shared, app, &entry, origin, &subscription) {
                Ok(Begun { receiving, first_attempt }) => {
                    all.push(receiving);
                    first_attempts.extend(first_attempt);
                }
                Err(cause) => {
                    let Subscription { pubsub_name, topic, .. } = &subscription;
                    let old = old.filter(|old| old.is_running());
                    let so = if old.is_some() { "is not changed" } else { "is ignored" };
                    tracing::error!(
                        target: SCOPE,
                        "the subscription to topic {topic} of pubsub {pubsub_name} {so}: {cause}"
                    );
                    all.extend(old.cloned());
                }
            }
        }
        let is_kept = |old: &Arc<Receiving>| all.iter().any(|one| one.is_at_the_same_place(old));
        let leaving: Vec<_> = before.iter().filter(|old| !is_kept(old)).cloned().collect();
        if !self.put(Current { asked, all, leaving: leaving.clone() }) {
            return;
        }
        let first_attempts = tokio::time::timeout(FIRST_ATTEMPT, join_all(first_attempts));
        let _ = self.closed.run_until_cancelled(first_attempts).await;
        // Not before others receive what they did: a broker that keeps nothing would lose what comes in between.
        join_all(leaving.iter().map(|old| old.leave(patience))).await;
        self.current().leaving.clear();
    }

    /// Subscribes for a stream that the app holds open, whether or not it has a port.
    pub async fn stream(
        &self,
        shared: &Arc<Shared>,
        request: streaming::Request,
    ) -> Result<(streaming::Events, streaming::Answers), streaming::Refusal> {
        self.streams.begin(shared, request).await
    }

    /// Pub/sub components were replaced or taken out: streams go on with the new ones; without one they end.
    pub fn streams_follow(&self) {
        self.streams.follow();
    }

    /// What the metadata API shows, declarative ones first. Those that rest because the app is unhealthy are
    /// still there.
    pub fn list(&self) -> Vec<Active> {
        let mut list: Vec<Active> = self.current().all.iter().map(|one| one.active()).collect();
        list.extend(self.streams.list());
        list
    }

    /// Ends those that the app is called for. Messages that the app is working on have `patience` left; then they go back to the
    /// broker. Returns whether that wasn't necessary.
    pub async fn stop(&self, patience: Duration) -> bool {
        let all: Vec<_> = {
            let current = self.current();
            current.all.iter().chain(&current.leaving).cloned().collect()
        };
        join_all(all.iter().map(|one| one.stop(patience))).await.into_iter().all(|in_time| in_time)
    }

    /// Ends all of them, streams too, for good.
    pub async fn close(&self, patience: Duration) -> bool {
        self.closed.cancel();
        let (calls, streams) = tokio::join!(self.stop(patience), self.streams.close(patience));
        calls && streams
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what has begun; false when it is too late, and it ends in the background.
    fn put(&self, new: Current) -> bool {
        let mut current = self.current();
        // `close` cancels before it looks at what is there, so that nothing slips in between.
        if self.closed.is_cancelled() {
            return false;
        }
        *current = new;
        true
    }

    fn log_topics(&self) {
        let current = self.current();
        let mut topics: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for Subscription { pubsub_name, topic, .. } in current.all.iter().map(|one| &one.subscription) {
            topics.entry(pubsub_name).or_default().push(topic);
        }
        for (pubsub, topics) in topics {
            let topics = topics.join(" ");
            tracing::info!(
                target: SCOPE,
                "app is subscribed to the following topics: [[{topics}]] through pubsub={pubsub}"
            );
        }
    }
}

/// Whether two subscriptions are for one topic of one component.
fn is_same(a: &Subscription, b: &Subscription) -> bool {
    a.pubsub_name == b.pubsub_name && a.topic == b.topic
}

/// Declarative subscriptions first. One by the app replaces a declarative one for the same topic of the same
/// component; of equal ones from the same source the first counts.
fn merged(declarative: &[Subscription], asked: &[Subscription]) -> Vec<(Origin, Subscription)> {
    let kept = declarative.iter().filter(|one| !asked.iter().any(|other| is_same(other, one)));
    let kept: Vec<_> = kept.map(|one| (Origin::Declarative, one.clone())).collect();
    let asked = asked.iter().map(|one| (Origin::Programmatic, one.clone()));
    let mut merged: Vec<(Origin, Subscription)> = Vec::new();
    for (origin, one) in kept.into_iter().chain(asked) {
        if merged.iter().any(|(_, other)| is_same(other, &one)) {
            let Subscription { pubsub_name, topic, .. } = one;
            tracing::warn!(
                target: SCOPE,
                "two subscriptions to topic {topic} of pubsub {pubsub_name} found, the first one is used"
            );
        } else {
            merged.push((origin, one));
        }
    }
    merged
}

/// The component, or `None` with a log line when the subscription can't be used.
fn usable(shared: &Shared, subscription: &Subscription) -> Option<Arc<Entry<dyn PubSub>>> {
    let Subscription { pubsub_name, topic, .. } = subscription;
    let Some(entry) = shared.components.pubsub(pubsub_name) else {
        tracing::warn!(
            target: SCOPE,
            "pubsub {pubsub_name} is not found, the subscription to its topic {topic} is ignored"
        );
        return None;
    };
    if !Scopes::of(&entry.manifest).may_subscribe(&shared.app_id, topic) {
        tracing::error!(
            target: SCOPE,
            "subscription to topic '{topic}' on pubsub '{pubsub_name}' is not allowed"
        );
        return None;
    }
    Some(entry)
}

#[cfg(test)]
mod tests;
