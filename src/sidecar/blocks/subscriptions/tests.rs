use bytes::Bytes;
use std::sync::atomic::Ordering;

use super::*;
use crate::components::pubsub::Message;
use crate::resources::Route;
use crate::sidecar::blocks::testing::{Broker, TestApp, channel, eventually, manifest, shared};

const PATIENCE: Duration = Duration::from_secs(5);

async fn started(shared: &Arc<Shared>, declarative: &[Subscription], discover: bool) -> Subscriptions {
    let subscriptions = Subscriptions::default();
    subscriptions.start(shared, declarative, discover).await;
    subscriptions
}

fn declared(topic: &str, path: &str) -> Subscription {
    Subscription {
        pubsub_name: "mem".into(),
        topic: topic.into(),
        routes: vec![Route { matches: String::new(), path: path.into() }],
        ..Subscription::default()
    }
}

fn sidecar(app: Option<Arc<Channel>>, metadata: &[(&str, &str)]) -> (Arc<Shared>, Arc<Broker>) {
    let mut shared = shared("app");
    shared.app = app;
    shared.namespace = "ns".into();
    let broker = Arc::new(Broker::default());
    let provider: Arc<dyn PubSub> = Arc::<Broker>::clone(&broker);
    shared.components.insert_pubsub(manifest("mem", "pubsub.fake", metadata), provider);
    (Arc::new(shared), broker)
}

fn message(topic: &str) -> Message {
    Message { topic: topic.into(), data: Bytes::from_static(b"{}"), metadata: Metadata::new() }
}

#[tokio::test]
async fn the_apps_own_list_replaces_declared_ones() {
    let list = r#"[
        {"pubsubName":"mem","topic":"a","route":"own","metadata":{"k":"v"},"deadLetterTopic":"dlq"},
        {"pubsubname":"mem","topic":"b","routes":{"rules":[{"match":"event.type == \"x\"","path":"/x"}],"default":"/d"}},
        {"pubsubname":"mem","topic":"no path"},
        {"pubsubname":"mem","topic":"only rules","routes":{"rules":[{"match":"event.n > 0","path":"/x"}]}},
        {"pubsubname":"mem","topic":"bad payload","route":"/x","metadata":{"rawPayload":"perhaps"}},
        {"pubsubname":"mem","topic":"bad rule","routes":{"rules":[{"match":"event.","path":"/x"}],"default":"/d"}},
        {"pubsubname":"elsewhere","topic":"a","route":"/a"}]"#;
    let app = TestApp::start(move |_| (200, list.to_owned())).await;
    let (shared, broker) = sidecar(Some(app.channel()), &[]);
    let declarative = [declared("a", "/yaml"), declared("c", "/c"), declared("c", "/again")];
    let subscriptions = started(&shared, &declarative, true).await;
    let [question] = app.take().try_into().unwrap();
    assert_eq!((question.method.as_str(), question.path.as_str()), ("GET", "/dapr/subscribe"));
    assert_eq!(question.headers["content-type"], "application/json");

    let expected = r#"[{"pubsubname":"mem","topic":"c","rules":[{"path":"/c"}],"deadLetterTopic":"","type":"DECLARATIVE"},{"pubsubname":"mem","topic":"a","metadata":{"k":"v"},"rules":[{"path":"own"}],"deadLetterTopic":"dlq","type":"PROGRAMMATIC"},{"pubsubname":"mem","topic":"b","rules":[{"match":"event.type == \"x\"","path":"/x"},{"path":"/d"}],"deadLetterTopic":"","type":"PROGRAMMATIC"},{"pubsubname":"mem","topic":"only rules","rules":[{"match":"event.n > 0","path":"/x"}],"deadLetterTopic":"","type":"PROGRAMMATIC"}]"#;
    assert_eq!(serde_json::to_string(&subscriptions.list()).unwrap(), expected);

    for (topic, event, path) in [
        ("a", "{}", Some("/own")),
        ("b", r#"{"type":"y"}"#, Some("/d")),
        ("b", r#"{"type":"x"}"#, Some("/x")),
        ("c", "{}", Some("/c")),
        ("only rules", r#"{"n":1}"#, Some("/x")),
        ("only rules", r#"{"n":0}"#, None),
    ] {
        let message = Message { data: Bytes::from(event), ..message(topic) };
        broker.deliver(message).await.unwrap();
        let paths: Vec<String> = app.take().into_iter().map(|request| request.path).collect();
        assert_eq!(paths.first().map(String::as_str), path, "{topic} {event}");
    }
    assert!(subscriptions.stop(PATIENCE).await);
    assert!(broker.topics().is_empty());
}

#[tokio::test]
async fn the_app_is_asked_only_when_there_is_reason() {
    let app = TestApp::start(|_| (404, String::new())).await;
    let (with_broker, broker) = sidecar(Some(app.channel()), &[]);
    let subscriptions = started(&with_broker, &[declared("a", "/a")], false).await;
    assert_eq!((app.count(), broker.topics()), (0, vec!["a".to_owned()]));
    assert!(subscriptions.stop(PATIENCE).await);
    let mut without_broker = shared("app");
    without_broker.app = Some(app.channel());
    started(&Arc::new(without_broker), &[], true).await;
    assert_eq!(app.count(), 0);
    let (without_app, broker) = sidecar(None, &[]);
    let subscriptions = started(&without_app, &[declared("a", "/a")], true).await;
    assert!(subscriptions.list().is_empty() && broker.topics().is_empty());
}

#[tokio::test]
async fn scopes_and_namespaces_apply() {
    let app = TestApp::start(|_| (200, String::new())).await;
    let metadata = [("subscriptionScopes", "app=a"), ("consumerID", "{namespace}")];
    let (shared, broker) = sidecar(Some(app.channel()), &metadata);
    let declarative = [declared("a", "/a"), declared("b", "/b")];
    let subscriptions = started(&shared, &declarative, false).await;
    assert_eq!(broker.topics(), ["nsa"]);
    assert_eq!(subscriptions.list().len(), 1);
    broker.deliver(message("nsa")).await.unwrap();
    assert_eq!(app.count(), 1);
    assert!(subscriptions.stop(PATIENCE).await);
}

#[tokio::test]
async fn a_broker_that_refuses_is_asked_again() {
    let (shared, broker) = sidecar(Some(channel(1)), &[]);
    broker.refusals.store(1, Ordering::SeqCst);
    let subscriptions = started(&shared, &[declared("a", "/a")], false).await;
    assert!(broker.topics().is_empty() && subscriptions.list().len() == 1);
    eventually("subscribed", || broker.topics() == ["a"]).await;
    assert!(subscriptions.stop(PATIENCE).await);
    assert!(broker.topics().is_empty());
}

#[tokio::test]
async fn stopping_ends_the_attempts() {
    let (shared, broker) = sidecar(Some(channel(1)), &[]);
    broker.refusals.store(usize::MAX, Ordering::SeqCst);
    let subscriptions = started(&shared, &[declared("a", "/a")], false).await;
    assert!(subscriptions.stop(PATIENCE).await && broker.topics().is_empty());
}

#[tokio::test]
async fn after_the_end_nothing_begins() {
    let (shared, broker) = sidecar(Some(channel(1)), &[]);
    let subscriptions = started(&shared, &[declared("a", "/a")], false).await;
    assert_eq!(broker.topics(), ["a"]);
    assert!(subscriptions.close(PATIENCE).await);
    subscriptions.start(&shared, &[declared("a", "/a")], true).await;
    eventually("ended", || broker.topics().is_empty()).await;
}
