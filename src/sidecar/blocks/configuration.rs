//! Configuration (http-api reference, section 8): reading items, and watching them for the app or for a client that
//! keeps a stream open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hyper::StatusCode;
use tokio_util::sync::CancellationToken;

use crate::components::Metadata;
use crate::components::configuration::{Item, Items, Store, Subscription, Watcher};
use crate::sidecar::Shared;
use crate::sidecar::error::ApiError;
use crate::sidecar::resiliency::guard;
use crate::sidecar::store::Entry;

const SCOPE: &str = "dapr.runtime.processor.configuration";
/// Pauses before a change is sent again to an app that did not take it.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_millis(750), Duration::from_secs(1)];

/// The items of these keys, of all keys when there are none; what isn't there is left out.
pub async fn get(
    shared: &Shared,
    store: &str,
    keys: &[String],
    metadata: &Metadata,
) -> Result<Items, ApiError> {
    let entry = find(shared, store)?;
    let began = Instant::now();
    let items = guard(entry.outbound.as_ref(), || entry.provider.get(keys, metadata)).await;
    entry.meter.done("get", began, items.is_ok());
    items.map_err(|cause| {
        failed(
            "ERR_CONFIGURATION_GET",
            format!("failed to get [{}] from Configuration store {store}: {cause}", keys.join(" ")),
        )
    })
}

fn failed(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, code, message)
}

fn find(shared: &Shared, store: &str) -> Result<Arc<Entry<dyn Store>>, ApiError> {
    if let Some(entry) = shared.components.configuration(store) {
        return Ok(entry);
    }
    if shared.components.all_configuration().is_empty() {
        return Err(failed("ERR_CONFIGURATION_STORE_NOT_CONFIGURED", "configuration stores not configured"));
    }
    let message = format!("configuration store {store} not found");
    Err(ApiError::new(StatusCode::BAD_REQUEST, "ERR_CONFIGURATION_STORE_NOT_FOUND", message))
}

/// A change of one key, for the app.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The component.
    pub store: &'a str,
    /// The subscription that asked for it.
    pub id: &'a str,
    /// What has changed.
    pub key: &'a str,
    /// As it is now; an empty value when the key is gone.
    pub item: &'a Item,
}

/// Why a subscription was not ended.
#[derive(Debug, Clone, PartialEq)]
pub enum NotEnded {
    /// The store is the problem.
    Store(ApiError),
    /// Nobody has subscribed to that store under this id.
    Unknown,
}

/// What is being watched. Subscriptions end when they are asked to, and with the sidecar.
#[derive(Default)]
pub struct Watching {
    running: Mutex<HashMap<String, Watched>>,
    /// Held while subscriptions move to another provider.
    moving: tokio::sync::Mutex<()>,
    closed: CancellationToken,
}

struct Watched {
    subscription: Box<dyn Subscription>,
    wish: Wish,
}

/// What was asked for.
struct Wish {
    store: String,
    keys: Vec<String>,
    metadata: Metadata,
    watcher: Watcher,
}

impl Watching {
    /// Tells the app of every change of these keys, of any key when there are none; returns the subscription's id.
    pub async fn for_app(
        &self,
        shared: &Arc<Shared>,
        store: &str,
        keys: &[String],
        metadata: &Metadata,
    ) -> Result<String, ApiError> {
        find(shared, store)?;
        let Some(app) = &shared.app else {
            let message = "app channel is not initialized. cannot subscribe to configuration updates";
            return Err(failed("ERR_APP_CHANNEL_NIL", message));
        };
        if app.speaks_grpc() {
            let keys = keys.join(" ");
            let message = format!(
                "failed to subscribe [{keys}] from Configuration store {store}: an app that speaks gRPC gets changes only by its own SubscribeConfiguration on the gRPC port"
            );
            return Err(failed("ERR_CONFIGURATION_SUBSCRIBE", message));
        }
        let watcher = |id: &str| -> Watcher {
            let (shared, store, id): (_, Arc<str>, Arc<str>) = (Arc::clone(shared), store.into(), id.into());
            Arc::new(move |items| {
                let (shared, store, id) = (Arc::clone(&shared), Arc::clone(&store), Arc::clone(&id));
                Box::pin(async move { tell(&shared, &store, &id, &items).await })
            })
        };
        self.subscribe(shared, store, keys, metadata, watcher).await
    }

    /// Tells a watcher of every change; it is made for the subscription's id, which is also returned, and dropped when
    /// the subscription ends.
    pub async fn subscribe(
        &self,
        shared: &Shared,
        store: &str,
        keys: &[String],
        metadata: &Metadata,
        watcher: impl FnOnce(&str) -> Watcher,
    ) -> Result<String, ApiError> {
        find(shared, store)?;
        let id = uuid::Uuid::new_v4().to_string();
        let watcher = watcher(&id);
        let wish = Wish { store: store.to_owned(), keys: keys.to_vec(), metadata: metadata.clone(), watcher };
        self.begin(shared, &id, wish).await?;
        Ok(id)
    }

    async fn begin(&self, shared: &Shared, id: &str, wish: Wish) -> Result<(), ApiError> {
        let entry = find(shared, &wish.store)?;
        let Wish { store, keys, metadata, watcher } = &wish;
        let not_subscribed = |cause: &dyn std::fmt::Display| {
            let keys = keys.join(" ");
            let message = format!("failed to subscribe [{keys}] from Configuration store {store}: {cause}");
            failed("ERR_CONFIGURATION_SUBSCRIBE", message)
        };
        let subscribe = || entry.provider.subscribe(keys, metadata, Arc::clone(watcher));
        let began = Instant::now();
        let subscription = guard(entry.outbound.as_ref(), subscribe).await;
        entry.meter.done("subscribe", began, subscription.is_ok());
        let subscription = subscription.map_err(|cause| not_subscribed(&cause))?;
        let too_late = not_subscribed(&"the sidecar is shutting down");
        match self.keep(id, Watched { subscription, wish }) {
            None => Ok(()),
            Some(late) => {
                late.subscription.stop().await;
                Err(too_late)
            }
        }
    }

    /// A store was replaced or taken out. Its subscriptions go on with the new one, whose items their watchers are told;
    /// without a store they end.
    pub async fn follow(&self, shared: &Shared, store: &str) {
        let _moving = self.moving.lock().await;
        let moved: Vec<(String, Watched)> =
            self.running().extract_if(|_, watched| watched.wish.store == store).collect();
        for (id, Watched { subscription, wish }) in moved {
            subscription.stop().await;
            let (keys, metadata, watcher) =
                (wish.keys.clone(), wish.metadata.clone(), Arc::clone(&wish.watcher));
            let begun = self.begin(shared, &id, wish).await;
            let items = match begun {
                // What has changed in between nobody else will tell.
                Ok(()) => get(shared, store, &keys, &metadata).await,
                Err(error) => Err(error),
            };
            match items {
                Ok(items) if items.is_empty() => {}
                Ok(items) => watcher(items).await,
                Err(error) => tracing::error!(
                    target: SCOPE,
                    "configuration store {store} has changed and its subscription {id} can't go on: {}", error.message
                ),
            }
        }
    }

    /// Ends a subscription; its watcher isn't called any more.
    pub async fn unsubscribe(&self, shared: &Shared, store: &str, id: &str) -> Result<(), NotEnded> {
        let entry = find(shared, store).map_err(NotEnded::Store)?;
        let _not_moving = self.moving.lock().await;
        let began = Instant::now();
        let watched = {
            let mut running = self.running();
            match running.get(id) {
                Some(watched) if watched.wish.store == store => running.remove(id),
                _ => None,
            }
        };
        watched.ok_or(NotEnded::Unknown)?.subscription.stop().await;
        entry.meter.done("unsubscribe", began, true);
        Ok(())
    }

    /// Ends all of them, for good; returns whether they ended within this time.
    pub async fn close(&self, patience: Duration) -> bool {
        self.closed.cancel();
        let all: Vec<Watched> = self.running().drain().map(|(_, watched)| watched).collect();
        let ends = join_all(all.into_iter().map(|watched| watched.subscription.stop()));
        tokio::time::timeout(patience, ends).await.is_ok()
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Watched>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a subscription; hands it back when it is too late.
    fn keep(&self, id: &str, watched: Watched) -> Option<Watched> {
        let mut running = self.running();
        // `close` cancels before it looks at what is there, so that nothing slips in between.
        if self.closed.is_cancelled() {
            return Some(watched);
        }
        running.insert(id.to_owned(), watched);
        None
    }
}

/// Tells the app of changes, one call for each key.
async fn tell(shared: &Shared, store: &str, id: &str, items: &Items) {
    let Some(app) = &shared.app else { return };
    for (key, item) in items {
        let mut pauses = PAUSES.iter();
        while let Err(cause) = app.configuration_change(Change { store, id, key, item }).await {
            let Some(pause) = pauses.next() else {
                tracing::error!(
                    target: SCOPE,
                    "error sending the change of {key} in configuration store {store} to the app: {cause}"
                );
                break;
            };
            tokio::time::sleep(*pause).await;
        }
    }
}

#[cfg(test)]
mod tests;
