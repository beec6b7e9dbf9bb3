//! One subscription at its broker. Where its messages go can change while they come in: then the broker notices nothing,
//! and no message is between two subscriptions.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{Active, Origin, SCOPE, Tasks, topics};
use crate::components::Metadata;
use crate::components::pubsub::{Batch, BulkHandler, Handler, PubSub, Subscription as Running};
use crate::resources::Subscription;
use crate::sidecar::Shared;
use crate::sidecar::app::Channel;
use crate::sidecar::blocks::delivery::{Delivery, Recipient};
use crate::sidecar::blocks::tasks::Ending;
use crate::sidecar::store::Entry;

/// First and longest wait before a failed subscribe is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_mins(1));
/// Of a bulk subscription that says nothing else: messages, and milliseconds of waiting for them.
const BULK: (u32, u32) = (100, 1000);

/// A subscription that the app is called for.
pub struct Receiving {
    origin: Origin,
    /// What was wanted.
    pub subscription: Subscription,
    place: Arc<Place>,
}

/// A subscription that has begun, and what hears of the end of the first attempt when the broker was asked for it.
pub struct Begun {
    pub receiving: Arc<Receiving>,
    pub first_attempt: Option<oneshot::Receiver<()>>,
}

/// The broker's side. Neither the component nor the delivery is kept alive by it: a component that was replaced closes
/// when nobody works with it.
struct Place {
    entry: Weak<Entry<dyn PubSub>>,
    slot: Weak<Slot>,
    tasks: Tasks,
    /// Cancelled when what fails is not tried again. If it isn't at the end, then what was taken from the broker is
    /// still to be handed over.
    last_try: CancellationToken,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.last_try.cancel();
    }
}

/// Where messages go now.
struct Slot(RwLock<Arc<Delivery>>);

impl Slot {
    fn now(&self) -> Arc<Delivery> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, delivery: Delivery) {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *now, Arc::new(delivery)).supersede();
    }
}

impl Receiving {
    /// Receives for a subscription from now on, at the place of an older one for the same topic where the broker need
    /// not know of the change. The error is what is wrong with its routes.
    pub fn after(
        old: Option<&Arc<Self>>,
        shared: &Arc<Shared>,
        app: &Arc<Channel>,
        entry: &Arc<Entry<dyn PubSub>>,
        origin: Origin,
        subscription: &Subscription,
    ) -> Result<Begun, String> {
        let old = old.filter(|old| old.is_running() && old.is_with(entry));
        if let Some(old) = old
            && old.origin == origin
            && old.subscription.says_the_same(subscription)
        {
            return Ok(Begun { receiving: Arc::clone(old), first_attempt: None });
        }
        if subscription.routes.is_empty() {
            return Err(format!("{} has no route", subscription.place("")));
        }
        let delivery = |tasks: &Tasks, last_try: &CancellationToken| {
            let recipient = Recipient::App(Arc::clone(app));
            let ending = Ending { last_try: last_try.child_token(), abandon: tasks.abandon.clone() };
            Delivery::new(Arc::clone(shared), recipient, Arc::clone(entry), subscription, ending)
        };
        if let Some(old) = old
            && old.subscription.metadata == subscription.metadata
            && old.subscription.bulk == subscription.bulk
            && let Some(slot) = old.place.slot.upgrade()
        {
            slot.set(delivery(&old.place.tasks, &old.place.last_try)?);
            let (subscription, place) = (subscription.clone(), Arc::clone(&old.place));
            return Ok(Begun {
                receiving: Arc::new(Self { origin, subscription, place }),
                first_attempt: None,
            });
        }
        let (tasks, last_try) = (Tasks::default(), CancellationToken::new());
        let slot = Arc::new(Slot(RwLock::new(Arc::new(delivery(&tasks, &last_try)?))));
        let place =
            Arc::new(Place { entry: Arc::downgrade(entry), slot: Arc::downgrade(&slot), tasks, last_try });
        let topic = topics::at_broker(&entry.manifest, &shared.namespace, &subscription.topic).into_owned();
        let work = work(slot, app, subscription.bulk);
        let first_attempt =
            Some(begin(&place, Arc::clone(entry), topic, subscription.metadata.clone(), work));
        let receiving = Arc::new(Self { origin, subscription: subscription.clone(), place });
        Ok(Begun { receiving, first_attempt })
    }

    /// As the metadata API shows it.
    pub fn active(&self) -> Active {
        Active::of(&self.subscription, self.origin)
    }

    /// Whether it takes messages.
    pub fn is_running(&self) -> bool {
        !self.place.tasks.stop.is_cancelled()
    }

    /// Whether it is with this component, and not with one that had its name.
    fn is_with(&self, entry: &Arc<Entry<dyn PubSub>>) -> bool {
        Weak::ptr_eq(&self.place.entry, &Arc::downgrade(entry))
    }

    /// Whether both have the same subscription at the broker.
    pub fn is_at_the_same_place(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.place, &other.place)
    }

    /// Takes nothing more. Messages that the app is working on have `patience` left; then they go back to the broker,
    /// as those that wait for their next try do at once. Returns whether the app was done in time.
    pub async fn stop(&self, patience: Duration) -> bool {
        self.place.last_try.cancel();
        self.place.tasks.end(patience).await
    }

    /// The same where others receive from now on: what a broker that keeps nothing has handed over before gets to the
    /// app.
    pub async fn leave(&self, patience: Duration) -> bool {
        self.place.tasks.end(patience).await
    }
}

/// What a broker is to call.
pub enum Work {
    /// For each message.
    One(Handler),
    /// For several.
    Many(Batch, BulkHandler),
}

fn work(slot: Arc<Slot>, app: &Arc<Channel>, bulk: Option<(u32, u32)>) -> Work {
    let Some((most, wait)) = bulk else {
        return Work::One(Arc::new(move |message| {
            let (slot, mut message) = (Arc::clone(&slot), message);
            Box::pin(async move {
                loop {
                    match slot.now().deliver_or_return(message).await {
                        Ok(result) => return result,
                        Err(back) => message = back,
                    }
                }
            })
        }));
    };
    let or = |given, default| if given == 0 { default } else { given };
    let most = usize::try_from(or(most, BULK.0)).unwrap_or(usize::MAX);
    let batch = Batch { most, wait: Duration::from_millis(or(wait, BULK.1).into()) };
    let app = Arc::clone(app);
    Work::Many(
        batch,
        Arc::new(move |messages| {
            let (delivery, app) = (slot.now(), Arc::clone(&app));
            Box::pin(async move { delivery.deliver_all(&app, messages).await })
        }),
    )
}

/// Subscribes in the background and receives until told to stop; the receiver hears of the end of the first attempt.
fn begin(
    place: &Arc<Place>,
    entry: Arc<Entry<dyn PubSub>>,
    topic: String,
    metadata: Metadata,
    work: Work,
) -> oneshot::Receiver<()> {
    let (tried, first_attempt) = oneshot::channel();
    let (stop, last_try) = (place.tasks.stop.clone(), place.last_try.clone());
    place.tasks.all.spawn(async move {
        let subscribing = subscribe(&entry, &topic, &metadata, work, Some(tried));
        let Some(running) = stop.run_until_cancelled(subscribing).await else { return };
        drop(entry);
        stop.cancelled().await;
        if last_try.is_cancelled() {
            running.stop().await;
        } else {
            running.drain().await;
        }
    });
    first_attempt
}

/// Subscribes, again and again until the broker agrees.
pub async fn subscribe(
    entry: &Entry<dyn PubSub>,
    topic: &str,
    metadata: &Metadata,
    work: Work,
    mut tried: Option<oneshot::Sender<()>>,
) -> Box<dyn Running> {
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
