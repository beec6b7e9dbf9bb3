//! Subscriptions of the app (http-api reference, sections 5.1 to 5.3): collected from the resources and from
//! the app, started at the brokers, stopped together. What happens with a message is `delivery`'s business.

mod active;
pub mod streaming;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

pub use active::{Active, Origin};
use streaming::Streams;

use super::delivery::{Delivery, Recipient};
use super::tasks::Tasks;
use super::topics::{self, Scopes};
use crate::components::Metadata;
use crate::components::pubsub::{Batch, BulkHandler, Handler, PubSub, Subscription as Running};
use crate::resources::Subscription;
use crate::sidecar::Shared;
use crate::sidecar::app::Channel;
use crate::sidecar::store::Entry;

const SCOPE: &str = "dapr.runtime.processor.subscription";
/// First and longest wait before a failed subscribe is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));
/// Of a bulk subscription that says nothing else: messages, and milliseconds of waiting for them.
const BULK: (u32, u32) = (100, 1000);
/// How long the start waits for brokers; slower ones go on in the background.
const FIRST_ATTEMPT: Duration = Duration::from_secs(5);

/// All subscriptions of the app. They come and go with its health; closed, they stay away.
#[derive(Default)]
pub struct Subscriptions {
    current: Mutex<Option<Arc<Life>>>,
    closed: CancellationToken,
    streams: Arc<Streams>,
}

/// The subscriptions between one start and one stop. Dropping it ends them in the background.
#[derive(Default)]
struct Life {
    active: Vec<Active>,
    tasks: Tasks,
}

impl Subscriptions {
    /// Asks the app for its subscriptions if `discover`, adds the declarative ones and starts to receive. Returns
    /// when every broker was asked once; one that refuses is asked again in the background. Not to be called
    /// while others run: see [`Self::stop`].
    pub async fn start(&self, shared: &Arc<Shared>, declarative: &[Subscription], discover: bool) {
        let Some(app) = &shared.app else { return };
        let discover = discover && !shared.components.all_pubsub().is_empty();
        let asked = if discover { self.closed.run_until_cancelled(app.subscriptions()).await } else { None };
        let mut life = Life::default();
        let mut first_attempts = Vec::new();
        for (origin, subscription) in merged(declarative, asked.unwrap_or_default()) {
            let Some(entry) = usable(shared, &subscription) else { continue };
            if let Some(tried) = life.receive(shared, app, entry, &subscription) {
                first_attempts.push(tried);
                life.active.push(Active::of(&subscription, origin));
            }
        }
        if let Some(life) = self.put(life) {
            let first_attempts = tokio::time::timeout(FIRST_ATTEMPT, join_all(first_attempts));
            let _ = self.closed.run_until_cancelled(first_attempts).await;
            life.log_topics();
        }
    }

    /// Subscribes for a stream that the app holds open, whether or not it has a port.
    pub async fn stream(
        &self,
        shared: &Arc<Shared>,
        request: streaming::Request,
    ) -> Result<(streaming::Events, streaming::Answers), streaming::Refusal> {
        self.streams.begin(shared, request).await
    }

    /// What the metadata API shows, declarative ones first. Those that rest because the app is unhealthy are
    /// still there.
    pub fn list(&self) -> Vec<Active> {
        let mut list = self.current().as_ref().map(|life| life.active.clone()).unwrap_or_default();
        list.extend(self.streams.list());
        list
    }

    /// Ends those that the app is called for. Messages that the app is working on have `patience` left; then they go back to the
    /// broker. Returns whether that wasn't necessary.
    pub async fn stop(&self, patience: Duration) -> bool {
        let life = self.current().clone();
        match life {
            Some(life) => life.tasks.end(patience).await,
            None => true,
        }
    }

    /// Ends all of them, streams too, for good.
    pub async fn close(&self, patience: Duration) -> bool {
        self.closed.cancel();
        let (calls, streams) = tokio::join!(self.stop(patience), self.streams.close(patience));
        calls && streams
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Life>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a life that has begun, unless it is too late.
    fn put(&self, life: Life) -> Option<Arc<Life>> {
        let mut current = self.current();
        // `close` cancels before it looks at what is there, so that nothing slips in between.
        if self.closed.is_cancelled() {
            return None;
        }
        current.insert(Arc::new(life)).clone().into()
    }
}

impl Life {
    /// Subscribes in the background; the receiver hears of the end of the first attempt. `None`, with a line in
    /// the log, when its rules can't be read.
    fn receive(
        &self,
        shared: &Arc<Shared>,
        app: &Arc<Channel>,
        entry: Arc<Entry<dyn PubSub>>,
        subscription: &Subscription,
    ) -> Option<oneshot::Receiver<()>> {
        let topic = topics::at_broker(&entry.manifest, &shared.namespace, &subscription.topic).into_owned();
        let abandon = self.tasks.abandon.clone();
        let (shared, recipient) = (Arc::clone(shared), Recipient::App(Arc::clone(app)));
        let delivery = match Delivery::new(shared, recipient, Arc::clone(&entry), subscription, abandon) {
            Ok(delivery) => delivery,
            Err(cause) => {
                let Subscription { pubsub_name, topic, .. } = subscription;
                tracing::error!(
                    target: SCOPE,
                    "the subscription to topic {topic} of pubsub {pubsub_name} is ignored: {cause}"
                );
                return None;
            }
        };
        let work = match subscription.bulk {
            None => Work::One(delivery.handler()),
            Some((most, wait)) => {
                let or = |given, default| if given == 0 { default } else { given };
                let most = usize::try_from(or(most, BULK.0)).unwrap_or(usize::MAX);
                let batch = Batch { most, wait: Duration::from_millis(or(wait, BULK.1).into()) };
                Work::Many(batch, delivery.bulk_handler(Arc::clone(app)))
            }
        };
        let metadata = subscription.metadata.clone();
        let (tried, first_attempt) = oneshot::channel();
        let stop = self.tasks.stop.clone();
        self.tasks.all.spawn(async move {
            let subscribing = subscribe(&entry, &topic, &metadata, work, tried);
            if let Some(running) = stop.run_until_cancelled(subscribing).await {
                stop.cancelled().await;
                running.stop().await;
            }
        });
        Some(first_attempt)
    }

    fn log_topics(&self) {
        let mut topics: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for active in &self.active {
            topics.entry(active.pubsub()).or_default().push(active.topic());
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

/// What a broker is to call.
enum Work {
    One(Handler),
    Many(Batch, BulkHandler),
}

/// Subscribes, again and again until the broker agrees.
async fn subscribe(
    entry: &Entry<dyn PubSub>,
    topic: &str,
    metadata: &Metadata,
    work: Work,
    tried: oneshot::Sender<()>,
) -> Box<dyn Running> {
    let mut tried = Some(tried);
    let mut wait = BACKOFF.0;
    loop {
        let result = match &work {
            Work::One(handler) => entry.provider.subscribe(topic, metadata, Arc::clone(handler)).await,
            Work::Many(batch, handler) => {
                entry.provider.bulk_subscribe(topic, metadata, *batch, Arc::clone(handler)).await
            }
        };
        // Nobody may be waiting for it any more.
        tried.take().map(|tried| tried.send(()));
        match result {
            Ok(running) => return running,
            Err(error) => tracing::error!(
                target: SCOPE,
                "failed to subscribe to topic {topic} of pubsub {}, trying again in {wait:?}: {error}",
                entry.manifest.name
            ),
        }
        tokio::time::sleep(wait).await;
        wait = wait.mul_f64(1.5).min(BACKOFF.1);
    }
}

/// Declarative subscriptions first. One by the app replaces a declarative one for the same topic of the same
/// component; of equal ones from the same source the first counts.
fn merged(declarative: &[Subscription], asked: Vec<Subscription>) -> Vec<(Origin, Subscription)> {
    let is_same = |a: &Subscription, b: &Subscription| a.pubsub_name == b.pubsub_name && a.topic == b.topic;
    let kept = declarative.iter().filter(|one| !asked.iter().any(|other| is_same(other, one)));
    let kept: Vec<_> = kept.map(|one| (Origin::Declarative, one.clone())).collect();
    let asked = asked.into_iter().map(|one| (Origin::Programmatic, one));
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
    let Subscription { pubsub_name, topic, routes, .. } = subscription;
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
    if routes.is_empty() {
        tracing::error!(
            target: SCOPE,
            "the subscription to topic {topic} of pubsub {pubsub_name} has no route and is ignored"
        );
        return None;
    }
    Some(entry)
}

#[cfg(test)]
mod tests;
