//! Subscriptions of the app: found in resources and asked of the app (http-api reference, 5.1 to 5.3), kept
//! running against their brokers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, StatusCode};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::delivery::{self, Route};
use super::topics;
use crate::components::Metadata;
use crate::components::pubsub::{Handler, Subscription as Running};
use crate::resources::{Route as Rule, Subscription};
use crate::sidecar::Shared;

const SCOPE: &str = "dapr.runtime.processor.subscription";
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const TRIES: u32 = 4;

/// A subscription as the metadata API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Active {
    pubsubname: String,
    topic: String,
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    metadata: Metadata,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<ActiveRule>,
    #[serde(rename = "deadLetterTopic")]
    dead_letter_topic: String,
    r#type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ActiveRule {
    #[serde(skip_serializing_if = "String::is_empty")]
    r#match: String,
    path: String,
}

/// What the app answers to `GET /dapr/subscribe`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Asked {
    pubsubname: String,
    topic: String,
    route: String,
    routes: AskedRoutes,
    metadata: Option<BTreeMap<String, String>>,
    dead_letter_topic: String,
    bulk_subscribe: AskedBulk,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AskedRoutes {
    rules: Option<Vec<AskedRule>>,
    default: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AskedRule {
    r#match: String,
    path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AskedBulk {
    enabled: bool,
    max_messages_count: u32,
    max_await_duration_ms: u32,
}

impl Default for AskedBulk {
    fn default() -> Self {
        Self { enabled: false, max_messages_count: 100, max_await_duration_ms: 1000 }
    }
}

impl From<Asked> for Subscription {
    fn from(asked: Asked) -> Self {
        let rules = asked.routes.rules.unwrap_or_default().into_iter();
        let rules = rules.map(|rule| Rule { matches: rule.r#match, path: rule.path });
        let default = if asked.routes.default.is_empty() { asked.route } else { asked.routes.default };
        let default = Some(default).filter(|path| !path.is_empty());
        let bulk = asked.bulk_subscribe;
        Self {
            pubsub_name: asked.pubsubname,
            topic: asked.topic,
            routes: rules.chain(default.map(|path| Rule { matches: String::new(), path })).collect(),
            metadata: asked.metadata.unwrap_or_default(),
            dead_letter_topic: asked.dead_letter_topic,
            bulk: bulk.enabled.then_some((bulk.max_messages_count, bulk.max_await_duration_ms)),
        }
    }
}

/// All subscriptions of the app. Stopped and started again as the app's health changes.
#[derive(Default)]
pub struct Subscriptions {
    active: Mutex<Vec<Active>>,
    running: Arc<Mutex<Vec<Box<dyn Running>>>>,
    life: Mutex<(CancellationToken, TaskTracker)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Subscriptions {
    /// Starts everything anew: the declarative ones, and what the app asks for when `discover` is set.
    pub async fn start(&self, shared: &Arc<Shared>, declarative: &[Subscription], discover: bool) {
        self.stop().await;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        *lock(&self.life) = (stop.clone(), tasks.clone());
        let asked = if discover && !shared.components.all_pubsub().is_empty() {
            ask(shared).await
        } else {
            Vec::new()
        };
        let same =
            |a: &Subscription, b: &Subscription| (&a.pubsub_name, &a.topic) == (&b.pubsub_name, &b.topic);
        let mut all: Vec<(Subscription, &'static str)> = Vec::new();
        for one in declarative {
            // The first of equal ones wins, and what the app itself says replaces it.
            if !all.iter().any(|(other, _)| same(other, one)) && !asked.iter().any(|other| same(other, one)) {
                all.push((one.clone(), "DECLARATIVE"));
            }
        }
        all.extend(asked.into_iter().map(|one| (one, "PROGRAMMATIC")));
        let mut topics: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (subscription, origin) in all {
            let Some(route) = route(shared, &subscription) else { continue };
            topics.entry(route.pubsub.clone()).or_default().push(route.topic.clone());
            lock(&self.active).push(active(&subscription, origin));
            self.subscribe(shared, subscription, Arc::new(route), &stop, &tasks).await;
        }
        for (pubsub, topics) in topics {
            let topics = topics.join(" ");
            tracing::info!(target: SCOPE, "app is subscribed to the following topics: [[{topics}]] through pubsub={pubsub}");
        }
    }

    async fn subscribe(
        &self,
        shared: &Arc<Shared>,
        subscription: Subscription,
        route: Arc<Route>,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) {
        if let Err(error) = subscribe(shared, &subscription, &route, &self.running, stop).await {
            tracing::error!(target: SCOPE, "failed to subscribe to topic {} of pubsub {}: {error}; it is tried again", route.topic, route.pubsub);
            let (shared, running, stop) = (Arc::clone(shared), Arc::clone(&self.running), stop.clone());
            tasks.spawn(async move {
                let mut pause = FIRST_PAUSE;
                loop {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(pause) => {}
                    }
                    if subscribe(&shared, &subscription, &route, &running, &stop).await.is_ok() {
                        return;
                    }
                    pause = (pause * 2).min(Duration::from_secs(30));
                }
            });
        }
    }

    /// What the metadata API shows, declarative ones first.
    pub fn list(&self) -> Vec<Active> {
        lock(&self.active).clone()
    }

    /// Ends all of them; the messages being handled are finished or given back.
    pub async fn stop(&self) {
        let (stop, tasks) = lock(&self.life).clone();
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        let running = std::mem::take(&mut *lock(&self.running));
        futures_util::future::join_all(running.into_iter().map(Running::stop)).await;
        lock(&self.active).clear();
    }
}

async fn subscribe(
    shared: &Arc<Shared>,
    subscription: &Subscription,
    route: &Arc<Route>,
    running: &Mutex<Vec<Box<dyn Running>>>,
    stop: &CancellationToken,
) -> Result<(), String> {
    let entry = shared.components.pubsub(&route.pubsub).ok_or("the component is gone")?;
    let (shared, route) = (Arc::clone(shared), Arc::clone(route));
    let topic = route.topic.clone();
    let handler: Handler = Arc::new(move |message| {
        Box::pin(delivery::deliver(Arc::clone(&shared), Arc::clone(&route), message))
    });
    let started = entry.provider.subscribe(&topic, &subscription.metadata, handler).await;
    let started = started.map_err(|error| error.to_string())?;
    if stop.is_cancelled() {
        started.stop().await;
    } else {
        lock(running).push(started);
    }
    Ok(())
}

/// Where a subscription's messages go; `None`, with a line in the log, when they can go nowhere.
fn route(shared: &Shared, subscription: &Subscription) -> Option<Route> {
    let Subscription { pubsub_name, topic, .. } = subscription;
    let Some(entry) = shared.components.pubsub(pubsub_name) else {
        tracing::warn!(target: SCOPE, "subscription to topic {topic} is ignored: there is no pubsub component {pubsub_name}");
        return None;
    };
    if !topics::may_subscribe(&entry.manifest, &shared.app_id, topic) {
        tracing::warn!(target: SCOPE, "subscription to topic {topic} on pubsub {pubsub_name} is not allowed for app id {}", shared.app_id);
        return None;
    }
    if subscription.routes.iter().any(|rule| !rule.matches.is_empty()) {
        tracing::warn!(target: SCOPE, "routing rules are not available in the embedded runtime yet: topic {topic} of pubsub {pubsub_name} goes to its default route");
    }
    if subscription.bulk.is_some() {
        tracing::warn!(target: SCOPE, "bulk subscribe is not available in the embedded runtime yet: topic {topic} of pubsub {pubsub_name} is delivered one by one");
    }
    let Some(rule) = subscription.routes.iter().find(|rule| rule.matches.is_empty()) else {
        tracing::error!(target: SCOPE, "subscription to topic {topic} of pubsub {pubsub_name} has no default route and is ignored");
        return None;
    };
    let path = if rule.path.starts_with('/') { rule.path.clone() } else { format!("/{}", rule.path) };
    Some(Route {
        pubsub: pubsub_name.clone(),
        topic: topic.clone(),
        path,
        raw: delivery::wants_raw(&subscription.metadata),
        dead_letter: subscription.dead_letter_topic.clone(),
    })
}

fn active(subscription: &Subscription, origin: &'static str) -> Active {
    let rule = |rule: &Rule| ActiveRule { r#match: rule.matches.clone(), path: rule.path.clone() };
    Active {
        pubsubname: subscription.pubsub_name.clone(),
        topic: subscription.topic.clone(),
        metadata: subscription.metadata.clone(),
        rules: subscription.routes.iter().map(rule).collect(),
        dead_letter_topic: subscription.dead_letter_topic.clone(),
        r#type: origin,
    }
}

/// Asks the app for its subscriptions.
async fn ask(shared: &Shared) -> Vec<Subscription> {
    let Some(app) = &shared.app else { return Vec::new() };
    let mut pause = FIRST_PAUSE;
    for attempt in 1..=TRIES {
        let mut request = Request::new(Body::empty());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match app.call(request, "/dapr/subscribe").await {
            Ok(response) => {
                let status = response.status();
                let body = axum::body::to_bytes(response.into_body(), 4 << 20).await.unwrap_or_default();
                return read(status, &body);
            }
            Err(error) if attempt == TRIES => {
                tracing::error!(target: SCOPE, "error getting the app's subscriptions: {error}");
            }
            Err(_) => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Vec::new()
}

fn read(status: StatusCode, body: &[u8]) -> Vec<Subscription> {
    match status {
        StatusCode::OK if body.is_empty() => Vec::new(),
        StatusCode::OK => match serde_json::from_slice::<Option<Vec<Asked>>>(body) {
            Ok(asked) => asked.unwrap_or_default().into_iter().map(Subscription::from).collect(),
            Err(error) => {
                tracing::error!(target: SCOPE, "cannot read the app's answer to GET /dapr/subscribe: {error}");
                Vec::new()
            }
        },
        StatusCode::NOT_FOUND => {
            tracing::debug!(target: SCOPE, "the app has no subscriptions");
            Vec::new()
        }
        other => {
            tracing::error!(target: SCOPE, "app returned http status code {} from subscription endpoint", other.as_u16());
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_answer() {
        let body = br#"[{"pubsubname":"mem","topic":"t1","route":"t1","metadata":{"rawPayload":"true"},"deadLetterTopic":"dlq"},
            {"pubsubname":"mem","topic":"t2","routes":{"rules":[{"match":"event.type == \"x\"","path":"/x"}],"default":"/d"},
             "bulkSubscribe":{"enabled":true}}]"#;
        let found = read(StatusCode::OK, body);
        assert_eq!((found[0].routes[0].path.as_str(), found[0].dead_letter_topic.as_str()), ("t1", "dlq"));
        assert!(delivery::wants_raw(&found[0].metadata));
        let paths: Vec<_> = found[1].routes.iter().map(|rule| rule.path.as_str()).collect();
        assert_eq!((paths, found[1].bulk), (vec!["/x", "/d"], Some((100, 1000))));
        for (status, body) in [(200, "null"), (200, ""), (200, "oops"), (404, "[]"), (500, "[]")] {
            assert_eq!(read(StatusCode::from_u16(status).unwrap(), body.as_bytes()), []);
        }
    }
}
