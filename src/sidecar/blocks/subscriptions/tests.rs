use bytes::Bytes;
use std::sync::atomic::Ordering;

use super::*;
use crate::components::Metadata;
use crate::components::pubsub::Message;
use crate::resources::Route;
use crate::sidecar::blocks::testing::{Broker, TestApp, channel, eventually, manifest, robust, shared};

const PATIENCE: Duration = Duration::from_secs(5);

async fn started(shared: &Arc<Shared>, declarative: &[Subscription], discover: bool) -> Subscriptions {
    let subscriptions = Subscriptions::default();
    subscriptions.start(shared, declarative, discover, PATIENCE).await;
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
    subscriptions.start(&shared, &[declared("a", "/a")], true, PATIENCE).await;
    eventually("ended", || broker.topics().is_empty()).await;
}

#[tokio::test]
async fn a_new_route_is_not_noticed_by_the_broker() {
    let app =
        TestApp::start(|request| (if request.path == "/dapr/subscribe" { 404 } else { 200 }, String::new()))
            .await;
    let (shared, broker) = sidecar(Some(app.channel()), &[]);
    let subscriptions = started(&shared, &[declared("a", "/a"), declared("b", "/b")], true).await;
    let asked = app.take().len();
    let times = || broker.subscribed.load(Ordering::SeqCst);
    assert_eq!((asked, times()), (1, 2));

    let changed = Subscription { dead_letter_topic: "dlq".into(), ..declared("a", "/new") };
    subscriptions
        .redeclare(&shared, &[changed.clone(), declared("b", "/b"), declared("c", "/c")], PATIENCE)
        .await;
    assert_eq!((times(), broker.topics().len()), (3, 3));
    for topic in ["a", "b", "c"] {
        broker.deliver(message(topic)).await.unwrap();
    }
    let paths: Vec<String> = app.take().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/new", "/b", "/c"]);
    assert_eq!(subscriptions.list()[0], Active::of(&changed, Origin::Declarative));

    // What the broker has to know of is subscribed to anew.
    let bulk = Subscription { bulk: Some((5, 10)), ..changed };
    subscriptions.redeclare(&shared, &[bulk], PATIENCE).await;
    assert_eq!((times(), broker.topics()), (4, vec!["a".to_owned()]));
    subscriptions.redeclare(&shared, &[], PATIENCE).await;
    assert!(broker.topics().is_empty() && subscriptions.list().is_empty());
    assert_eq!(app.count(), 0);
}

#[tokio::test]
async fn routes_that_cannot_be_read_change_nothing() {
    let app = TestApp::start(|_| (200, String::new())).await;
    let (shared, broker) = sidecar(Some(app.channel()), &[]);
    let subscriptions = started(&shared, &[declared("a", "/a")], false).await;
    let mut wrong = declared("a", "/new");
    wrong.routes[0].matches = "event.".into();
    for wrong in [wrong, Subscription { routes: Vec::new(), ..declared("a", "") }] {
        subscriptions.redeclare(&shared, std::slice::from_ref(&wrong), PATIENCE).await;
        broker.deliver(message("a")).await.unwrap();
        assert_eq!(app.take()[0].path, "/a");
        assert!(started(&shared, &[wrong], false).await.list().is_empty());
    }
}

#[tokio::test]
async fn a_component_that_was_replaced_is_left() {
    let app = TestApp::start(|_| (404, String::new())).await;
    let (shared, old) = sidecar(Some(app.channel()), &[]);
    let other: Arc<Broker> = Arc::default();
    let provider: Arc<dyn PubSub> = Arc::<Broker>::clone(&other);
    shared.components.insert_pubsub(manifest("other", "pubsub.fake", &[]), provider);
    let elsewhere = Subscription { pubsub_name: "other".into(), ..declared("a", "/a") };
    let declared = [declared("a", "/a"), elsewhere];
    let subscriptions = started(&shared, &declared, true).await;
    let new: Arc<Broker> = Arc::default();
    let provider: Arc<dyn PubSub> = Arc::<Broker>::clone(&new);
    let replaced = shared.components.insert_pubsub(manifest("mem", "pubsub.fake", &[]), provider).unwrap();
    subscriptions.start(&shared, &declared, true, PATIENCE).await;
    assert!(old.topics().is_empty());
    assert_eq!((new.topics().len(), other.subscribed.load(Ordering::SeqCst)), (1, 1));
    // Nobody holds it any more, so that it can be closed.
    eventually("free", || Arc::strong_count(&replaced) == 1).await;
    assert!(subscriptions.stop(PATIENCE).await);
}

#[tokio::test]
async fn what_waits_for_its_next_try_goes_the_new_way() {
    const SPEC: &str =
        "{policies: {retries: {r: {duration: 1h}}}, targets: {components: {mem: {inbound: {retry: r}}}}}";
    let app = TestApp::start(|request| (if request.path == "/new" { 200 } else { 500 }, String::new())).await;
    let (mut shared, broker) = (robust("app", SPEC), Arc::<Broker>::default());
    shared.app = Some(app.channel());
    let provider: Arc<dyn PubSub> = Arc::<Broker>::clone(&broker);
    shared.components.insert_pubsub(manifest("mem", "pubsub.fake", &[]), provider);
    let shared = Arc::new(shared);
    let subscriptions = started(&shared, &[declared("a", "/old")], false).await;
    let delivered = tokio::spawn(async move { broker.deliver(message("a")).await });
    eventually("tried", || app.count() == 1).await;
    subscriptions.redeclare(&shared, &[declared("a", "/new")], PATIENCE).await;
    assert_eq!(tokio::time::timeout(PATIENCE, delivered).await.unwrap().unwrap(), Ok(()));
    assert_eq!(app.take().last().unwrap().path, "/new");
}
