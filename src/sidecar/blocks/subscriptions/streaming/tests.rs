use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::components::pubsub::{DeliveryError, Message, PubSub};
use crate::components::{Init, Properties, registry};
use crate::env::Env;
use crate::sidecar::blocks::subscriptions::Subscriptions;
use crate::sidecar::blocks::testing::{Broker, eventually, manifest, shared};
use crate::sidecar::trace::Context;

const PATIENCE: Duration = Duration::from_secs(5);

fn sidecar(metadata: &[(&str, &str)]) -> (Arc<Shared>, Arc<Broker>) {
    let shared = shared("app");
    let broker = Arc::new(Broker::default());
    let provider: Arc<dyn PubSub> = Arc::<Broker>::clone(&broker);
    shared.components.insert_pubsub(manifest("mem", "pubsub.fake", metadata), provider);
    (Arc::new(shared), broker)
}

fn to(topic: &str) -> Request {
    Request { pubsub: "mem".into(), topic: topic.into(), ..Request::default() }
}

fn message(data: &str) -> Message {
    Message { topic: "t".into(), data: Bytes::from(data.to_owned()), metadata: Metadata::new() }
}

async fn next(events: &mut Events) -> Streamed {
    tokio::time::timeout(PATIENCE, events.next()).await.unwrap().unwrap()
}

#[tokio::test]
async fn events_are_answered_in_any_order() {
    let (shared, broker) = sidecar(&[]);
    let subscriptions = Subscriptions::default();
    let (mut events, answers) = subscriptions.stream(&shared, to("t")).await.unwrap();
    let expected = r#"[{"pubsubname":"mem","topic":"t","rules":[{"path":"/"}],"deadLetterTopic":"","type":"STREAMING"}]"#;
    assert_eq!(serde_json::to_string(&subscriptions.list()).unwrap(), expected);
    let deliver = |event: &str| {
        let (broker, message) = (Arc::clone(&broker), message(event));
        tokio::spawn(async move { broker.deliver(message).await })
    };
    let first = deliver(r#"{"id":"1","type":"a","data":"x","ext":5}"#);
    let streamed = next(&mut events).await;
    assert_eq!((streamed.pubsub.as_str(), streamed.topic.as_str()), ("mem", "t"));
    let Parts { id, kind, data, extensions, .. } = streamed.event;
    assert_eq!(
        (id.as_str(), kind.as_str(), &data[..], json!(extensions)),
        ("1", "a", &b"x"[..], json!({"ext": 5}))
    );
    // Another one, and another with the id of the first.
    let second = deliver(r#"{"id":"2"}"#);
    assert_eq!(next(&mut events).await.event.id, "2");
    let twin = deliver(r#"{"id":"1"}"#);
    assert_eq!(next(&mut events).await.event.id, "1");

    assert!(!answers.answer("3", Verdict::Success));
    assert!(answers.answer("2", Verdict::Retry));
    let retry = "RETRY status returned from app while processing pub/sub event 2".to_owned();
    assert_eq!(second.await.unwrap(), Err(DeliveryError::Failed(retry)));
    assert!(answers.answer("1", Verdict::Success) && answers.answer("1", Verdict::Drop));
    assert_eq!((first.await.unwrap(), twin.await.unwrap()), (Ok(()), Ok(())));
    assert!(!answers.answer("1", Verdict::Success), "answered already");
    assert!(answers.0.lock().is_empty());
}

#[tokio::test]
async fn what_the_app_drops_becomes_a_dead_letter() {
    let (shared, broker) = sidecar(&[]);
    let subscriptions = Subscriptions::default();
    let request = Request { dead_letter_topic: "dlq".into(), ..to("t") };
    let (mut events, answers) = subscriptions.stream(&shared, request).await.unwrap();
    for verdict in [Verdict::Drop, Verdict::Retry, Verdict::Unknown("7".into())] {
        let delivered = tokio::spawn({
            let broker = Arc::clone(&broker);
            async move { broker.deliver(message(r#"{"id":"1"}"#)).await }
        });
        assert_eq!(next(&mut events).await.event.id, "1");
        assert!(answers.answer("1", verdict));
        assert_eq!(delivered.await.unwrap(), Ok(()));
        assert_eq!(broker.published().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_is_not_for_one_that_was_given_up() {
    let waiting = Arc::new(Waiting::default());
    let (sender, mut events) = mpsc::channel(1);
    let outbox = Outbox { events: sender, waiting: Arc::clone(&waiting) };
    let (data, metadata, trace) = (Bytes::from(r#"{"id":"1"}"#), Metadata::new(), Context::default());
    let event =
        || Event { pubsub: "mem", topic: "t", path: PATH, event: &data, metadata: &metadata, trace: &trace };
    let first = outbox.event(event());
    assert!(tokio::time::timeout(Duration::ZERO, first).await.is_err());
    events.recv().await.unwrap();
    let answers = Answers(Arc::clone(&waiting));
    let (verdict, answered) = tokio::join!(outbox.event(event()), async {
        events.recv().await.unwrap();
        answers.answer("1", Verdict::Drop)
    });
    assert_eq!((verdict, answered), (Verdict::Drop, true));
}

#[tokio::test]
async fn what_is_not_answered_goes_back_when_the_stream_ends() {
    let (shared, broker) = sidecar(&[]);
    let subscriptions = Subscriptions::default();
    let request = Request { dead_letter_topic: "dlq".into(), ..to("t") };
    let (mut events, answers) = subscriptions.stream(&shared, request).await.unwrap();
    let delivered = tokio::spawn({
        let broker = Arc::clone(&broker);
        async move { broker.deliver(message(r#"{"id":"1"}"#)).await }
    });
    next(&mut events).await;
    drop(events);
    assert!(matches!(delivered.await.unwrap(), Err(DeliveryError::Unreachable(_))));
    eventually("unsubscribed", || broker.topics().is_empty() && subscriptions.list().is_empty()).await;
    assert!(!answers.answer("1", Verdict::Success));
    assert!(broker.published().is_empty());
}

#[tokio::test]
async fn at_the_end_of_the_sidecar_events_can_still_be_answered() {
    let (shared, broker) = sidecar(&[]);
    let subscriptions = Arc::new(Subscriptions::default());
    let (mut events, answers) = subscriptions.stream(&shared, to("t")).await.unwrap();
    let delivered = tokio::spawn({
        let broker = Arc::clone(&broker);
        async move { broker.deliver(message(r#"{"id":"1"}"#)).await }
    });
    next(&mut events).await;
    let closing = tokio::spawn({
        let subscriptions = Arc::clone(&subscriptions);
        async move { subscriptions.close(PATIENCE).await }
    });
    assert!(answers.answer("1", Verdict::Success));
    assert_eq!(delivered.await.unwrap(), Ok(()));
    assert_eq!(events.next().await, None);
    assert!(closing.await.unwrap());
    let late = subscriptions.stream(&shared, to("t")).await;
    assert!(matches!(late, Err(Refusal::Ending)), "one that comes too late is refused");
}

#[tokio::test]
async fn what_cannot_be_subscribed_to() {
    let (shared, broker) = sidecar(&[("subscriptionScopes", "app=t")]);
    let subscriptions = Subscriptions::default();
    let plain = |text: &str| Refusal::Plain(text.to_owned());
    let raw = Metadata::from([("rawPayload".to_owned(), "perhaps".to_owned())]);
    for (request, expected) in [
        (Request { pubsub: String::new(), ..to("t") }, plain("pubsubName is required")),
        (to(""), plain("topic is required")),
        (to("other"), plain("subscription to topic 'other' on pubsub 'mem' is not allowed")),
        (
            Request { metadata: raw, ..to("t") },
            plain("rawPayload value must be a valid boolean: actual is 'perhaps'"),
        ),
    ] {
        assert_eq!(subscriptions.stream(&shared, request).await.err(), Some(expected));
    }
    let request = Request { pubsub: "nope".into(), ..to("t") };
    match subscriptions.stream(&shared, request).await {
        Err(Refusal::Api(error)) => assert_eq!(error.message, "pubsub nope is not found"),
        other => panic!("{other:?}"),
    }
    broker.refusals.store(1, std::sync::atomic::Ordering::SeqCst);
    let expected = plain("failed to subscribe to topic t of pubsub mem: not now");
    assert_eq!(subscriptions.stream(&shared, to("t")).await.err(), Some(expected));
    assert!(subscriptions.list().is_empty() && broker.topics().is_empty());
}

#[tokio::test]
async fn streams_share_a_topic_as_their_broker_has_it() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("log.db").to_string_lossy().into_owned();
    let sidecar = shared("app");
    for (name, kind) in [("memory", "pubsub.in-memory"), ("log", "pubsub.sqlite")] {
        let settings =
            if name == "log" { vec![("connectionString".to_owned(), file.clone())] } else { Vec::new() };
        let init = Init {
            name: name.into(),
            properties: settings.into_iter().collect::<Properties>(),
            app_id: "app".into(),
            env: Env::of([]),
        };
        let provider = registry::builtin().pubsub(kind, "v1").unwrap()(init).await.unwrap();
        sidecar.components.insert_pubsub(manifest(name, kind, &[]), provider);
    }
    let sidecar = Arc::new(sidecar);
    let subscriptions = Subscriptions::default();
    let to = |pubsub: &str| Request { pubsub: pubsub.into(), topic: "t".into(), ..Request::default() };
    let event = || message(r#"{"id":"1"}"#);

    // In memory each of them gets every event.
    let (mut one, _) = subscriptions.stream(&sidecar, to("memory")).await.unwrap();
    let (mut two, _) = subscriptions.stream(&sidecar, to("memory")).await.unwrap();
    sidecar.components.pubsub("memory").unwrap().provider.publish(event()).await.unwrap();
    assert_eq!(next(&mut one).await, next(&mut two).await);
    drop((one, two));

    // At the log they are of one group; what one leaves behind, another gets.
    let (mut one, _) = subscriptions.stream(&sidecar, to("log")).await.unwrap();
    sidecar.components.pubsub("log").unwrap().provider.publish(event()).await.unwrap();
    let left = next(&mut one).await;
    let (mut two, answers) = subscriptions.stream(&sidecar, to("log")).await.unwrap();
    drop(one);
    assert_eq!(next(&mut two).await, left);
    assert!(answers.answer("1", Verdict::Success));
    assert!(subscriptions.close(PATIENCE).await);
}

#[tokio::test]
async fn a_stream_goes_on_with_a_component_that_was_replaced() {
    let (shared, old) = sidecar(&[]);
    let subscriptions = Subscriptions::default();
    let (mut events, answers) = subscriptions.stream(&shared, to("t")).await.unwrap();
    subscriptions.streams_follow();
    let new: Arc<Broker> = Arc::default();
    let provider: Arc<dyn PubSub> = Arc::<Broker>::clone(&new);
    let replaced = shared.components.insert_pubsub(manifest("mem", "pubsub.fake", &[]), provider).unwrap();
    subscriptions.streams_follow();
    eventually("moved", || old.topics().is_empty() && new.topics() == ["t"]).await;
    eventually("free", || Arc::strong_count(&replaced) == 1).await;
    let delivered = tokio::spawn(async move { new.deliver(message(r#"{"id":"1"}"#)).await });
    assert_eq!(next(&mut events).await.event.id, "1");
    assert!(answers.answer("1", Verdict::Success));
    assert_eq!(delivered.await.unwrap(), Ok(()));

    drop(shared.components.remove("mem"));
    subscriptions.streams_follow();
    assert!(tokio::time::timeout(PATIENCE, events.next()).await.unwrap().is_none());
    assert_eq!(events.farewell(), "pubsub mem was removed");
    assert!(subscriptions.list().is_empty());
}
