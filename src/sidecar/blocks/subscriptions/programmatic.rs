//! `GET /dapr/subscribe` on the app (http-api reference, 5.1).

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::SCOPE;
use crate::resources::{Route, Subscription};
use crate::sidecar::app::{CallError, Channel};

/// Pauses between attempts to reach the app.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_millis(750), Duration::from_secs(1)];
/// Limit of the app's answer: a server that speaks no HTTP must not hold the start back for good.
const ANSWER: Duration = Duration::from_secs(10);

/// What the app wants; nothing, with a line in the log, when it can't be asked.
pub async fn ask(channel: &Channel) -> Vec<Subscription> {
    match tokio::time::timeout(ANSWER, answer(channel)).await {
        Ok(Ok((StatusCode::OK, body))) => read(&body).unwrap_or_else(|error| {
            tracing::error!(target: SCOPE, "error unmarshalling app subscriptions: {error}");
            Vec::new()
        }),
        Ok(Ok((StatusCode::NOT_FOUND, _))) => Vec::new(),
        Ok(Ok((status, _))) => {
            tracing::error!(
                target: SCOPE,
                "app returned http status code {} from subscription endpoint", status.as_u16()
            );
            Vec::new()
        }
        Ok(Err(error)) => {
            tracing::error!(target: SCOPE, "error getting app subscriptions: {error}");
            Vec::new()
        }
        Err(_) => {
            tracing::error!(
                target: SCOPE,
                "error getting app subscriptions: no answer to GET /dapr/subscribe within {} seconds",
                ANSWER.as_secs()
            );
            Vec::new()
        }
    }
}

async fn answer(channel: &Channel) -> Result<(StatusCode, Bytes), CallError> {
    let mut pauses = PAUSES.iter();
    loop {
        match once(channel).await {
            Ok(answer) => return Ok(answer),
            Err(error @ CallError::Unhealthy) => return Err(error),
            Err(error) => match pauses.next() {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(error),
            },
        }
    }
}

async fn once(channel: &Channel) -> Result<(StatusCode, Bytes), CallError> {
    let mut request = Request::new(Body::empty());
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let response = channel.call(request, "/dapr/subscribe").await?;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    Ok((status, body.map_err(|error| CallError::Transport(error.to_string()))?))
}

/// One entry of the answer; its keys are in lower case.
#[derive(Deserialize)]
struct Entry {
    pubsubname: Option<String>,
    topic: Option<String>,
    route: Option<String>,
    routes: Option<Routes>,
    metadata: Option<BTreeMap<String, Value>>,
    deadlettertopic: Option<String>,
    bulksubscribe: Option<Bulk>,
}

#[derive(Deserialize)]
struct Routes {
    rules: Option<Vec<Rule>>,
    default: Option<String>,
}

#[derive(Deserialize)]
struct Rule {
    r#match: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct Bulk {
    enabled: Option<bool>,
    maxmessagescount: Option<u32>,
    maxawaitdurationms: Option<u32>,
}

/// SDKs don't agree on the case of keys (`pubsubname`, `pubsubName`). Metadata keeps its own.
fn lower_keys(value: Value) -> Value {
    match value {
        Value::Array(list) => list.into_iter().map(lower_keys).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| match key.to_lowercase() {
                key if key == "metadata" => (key, value),
                key => (key, lower_keys(value)),
            })
            .collect(),
        other => other,
    }
}

/// Reads the answer. Entries without any path are left out with a warning.
pub(super) fn read(body: &[u8]) -> Result<Vec<Subscription>, serde_json::Error> {
    let entries: Option<Vec<Entry>> = serde_json::from_value(lower_keys(serde_json::from_slice(body)?))?;
    let subscriptions = entries.unwrap_or_default().into_iter().map(Entry::into_subscription);
    Ok(subscriptions
        .filter(|subscription| {
            let has_path = !subscription.routes.is_empty();
            if !has_path {
                tracing::warn!(
                    target: SCOPE,
                    "topic {} of pubsub {} is not subscribed to: the app gave no route",
                    subscription.topic, subscription.pubsub_name
                );
            }
            has_path
        })
        .collect())
}

impl Entry {
    fn into_subscription(self) -> Subscription {
        let (rules, default) = self.routes.map_or((None, None), |routes| (routes.rules, routes.default));
        let rules = rules.unwrap_or_default().into_iter().map(|rule| Route {
            matches: rule.r#match.unwrap_or_default(),
            path: rule.path.unwrap_or_default(),
        });
        let default = default.filter(|path| !path.is_empty()).or(self.route);
        let default = default.map(|path| Route { matches: String::new(), path });
        let metadata = self.metadata.unwrap_or_default().into_iter();
        let bulk = self.bulksubscribe.filter(|bulk| bulk.enabled == Some(true));
        Subscription {
            pubsub_name: self.pubsubname.unwrap_or_default(),
            topic: self.topic.unwrap_or_default(),
            routes: rules.chain(default).filter(|route| !route.path.is_empty()).collect(),
            metadata: metadata.map(|(key, value)| (key, text(value))).collect(),
            dead_letter_topic: self.deadlettertopic.unwrap_or_default(),
            bulk: bulk
                .map(|bulk| (bulk.maxmessagescount.unwrap_or(100), bulk.maxawaitdurationms.unwrap_or(1000))),
        }
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}
