//! What the app wants to receive: `GET /dapr/subscribe` (http-api reference, 5.1).

use std::collections::BTreeMap;
use std::path::PathBuf;

use axum::body::Body;
use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::channel::ANSWER;
use super::grpc::Grpc;
use super::{CallError, Channel};
use crate::resources::{Route, Subscription};

pub(super) const SCOPE: &str = "dapr.runtime.processor.subscription";

impl Channel {
    /// What the app wants to receive; nothing, with a line in the log, when it can't be asked.
    pub async fn subscriptions(&self) -> Vec<Subscription> {
        if let Some(grpc) = Grpc::of(self) {
            return Box::pin(grpc.subscriptions()).await;
        }
        let may_come_up = |error: &CallError| *error != CallError::Unhealthy;
        match self.question(|| self.ask(), may_come_up).await {
            Some(Ok((StatusCode::OK, body))) => read(&body).unwrap_or_else(|error| {
                tracing::error!(target: SCOPE, "error unmarshalling app subscriptions: {error}");
                Vec::new()
            }),
            Some(Ok((StatusCode::NOT_FOUND, _))) => Vec::new(),
            Some(Ok((status, _))) => {
                tracing::error!(
                    target: SCOPE,
                    "app returned http status code {} from subscription endpoint", status.as_u16()
                );
                Vec::new()
            }
            Some(Err(error)) => {
                tracing::error!(target: SCOPE, "error getting app subscriptions: {error}");
                Vec::new()
            }
            None => {
                tracing::error!(
                    target: SCOPE,
                    "error getting app subscriptions: no answer to GET /dapr/subscribe within {} seconds",
                    ANSWER.as_secs()
                );
                Vec::new()
            }
        }
    }

    async fn ask(&self) -> Result<(StatusCode, Bytes), CallError> {
        let mut request = Request::new(Body::empty());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let response = self.call(request, "/dapr/subscribe").await?;
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        Ok((status, body.map_err(|error| CallError::Broken(error.to_string()))?))
    }
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
fn read(body: &[u8]) -> Result<Vec<Subscription>, serde_json::Error> {
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
            name: String::new(),
            pubsub_name: self.pubsubname.unwrap_or_default(),
            topic: self.topic.unwrap_or_default(),
            routes: rules.chain(default).filter(|route| !route.path.is_empty()).collect(),
            metadata: metadata.map(|(key, value)| (key, text(value))).collect(),
            dead_letter_topic: self.deadlettertopic.unwrap_or_default(),
            bulk: bulk
                .map(|bulk| (bulk.maxmessagescount.unwrap_or(100), bulk.maxawaitdurationms.unwrap_or(1000))),
            file: PathBuf::new(),
        }
    }
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sidecar::blocks::testing::{TestApp, channel};

    fn declared(topic: &str, path: &str) -> Subscription {
        Subscription {
            pubsub_name: "mem".into(),
            topic: topic.into(),
            routes: vec![Route { matches: String::new(), path: path.into() }],
            ..Subscription::default()
        }
    }

    #[test]
    fn an_answer_is_read_whatever_the_case_of_its_keys() {
        let body = br#"[
            {"pubsubname":"mem","topic":"t1","route":"/t1","metadata":{"rawPayload":"false","n":1},"deadLetterTopic":"dlq"},
            {"pubsubName":"mem","topic":"t2","routes":{"rules":[{"match":"m","path":"/x"}],"default":"/d"},
             "bulkSubscribe":{"enabled":true,"maxMessagesCount":5},"metadata":null},
            {"pubsubname":"mem","topic":"t3","route":"/t3","routes":{"default":"/default"},"bulkSubscribe":{"enabled":false}},
            {"pubsubname":"mem","topic":"t4"}]"#;
        let metadata = [("rawPayload", "false"), ("n", "1")];
        let metadata = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let first = Subscription {
            metadata: metadata.collect(),
            dead_letter_topic: "dlq".into(),
            ..declared("t1", "/t1")
        };
        let mut second = Subscription { bulk: Some((5, 1000)), ..declared("t2", "/d") };
        second.routes.insert(0, Route { matches: "m".into(), path: "/x".into() });
        assert_eq!(read(body).unwrap(), [first, second, declared("t3", "/default")]);
        assert_eq!(read(b"null").unwrap(), []);
    }

    #[tokio::test]
    async fn answers_that_hold_no_list_mean_no_subscriptions() {
        for (status, body) in [(404, "[]"), (500, "[]"), (200, ""), (200, "{"), (200, "null"), (200, "[5]")] {
            let app = TestApp::start(move |_| (status, body.to_owned())).await;
            assert!(app.channel().subscriptions().await.is_empty(), "{status} {body}");
        }
    }

    #[tokio::test]
    async fn an_app_that_fails_to_answer_is_asked_again() {
        // Accepts and hangs up: a failed connection, then an app on the same port.
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let app = channel(listener.local_addr().unwrap().port());
        let asked = tokio::spawn(async move { app.subscriptions().await });
        drop(listener.accept().await.unwrap());
        let (mut stream, _) = listener.accept().await.unwrap();
        let body = r#"[{"pubsubname":"mem","topic":"t","route":"/t"}]"#;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer.as_bytes()).await.unwrap();
        assert_eq!(asked.await.unwrap(), [declared("t", "/t")]);
    }
}
