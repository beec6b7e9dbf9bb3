use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::components::Metadata;
use crate::resources::Route;
use crate::sidecar::blocks::testing::{Broker, TestApp, channel, eventually, manifest, robust, shared};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn text_map(pairs: &[(&str, &str)]) -> Metadata {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub fn message(data: &str, metadata: &[(&str, &str)]) -> Message {
    Message { topic: "t1".into(), data: Bytes::from(data.to_owned()), metadata: text_map(metadata) }
}

/// A subscription to `path`.
pub fn to(path: &str, metadata: &[(&str, &str)], dead: &str) -> Subscription {
    Subscription {
        metadata: text_map(metadata),
        dead_letter_topic: dead.into(),
        routes: vec![Route { matches: String::new(), path: path.into() }],
        ..Subscription::default()
    }
}

/// The same by these rules.
pub fn by(rules: &[(&str, &str)], dead: &str) -> Subscription {
    let route = |(matches, path): &(&str, &str)| Route { matches: (*matches).into(), path: (*path).into() };
    Subscription { routes: rules.iter().map(route).collect(), ..to("", &[], dead) }
}

/// The deliveries of a subscription, and the broker that takes its dead letters.
pub fn of(shared: Shared, app: Arc<Channel>, subscription: &Subscription) -> (Delivery, Arc<Broker>) {
    let broker = Arc::new(Broker::default());
    let provider: Arc<dyn PubSub> = Arc::<Broker>::clone(&broker);
    shared.components.insert_pubsub(manifest("mem", "pubsub.fake", &[]), provider);
    let entry = shared.components.pubsub("mem").unwrap();
    let ending = Ending::default();
    (Delivery::new(Arc::new(shared), Recipient::App(app), entry, subscription, ending).unwrap(), broker)
}

/// A delivery to `path`, and the broker that takes its dead letters.
fn delivery(app: Arc<Channel>, path: &str, metadata: &[(&str, &str)], dead: &str) -> (Delivery, Arc<Broker>) {
    of(shared("app"), app, &to(path, metadata, dead))
}

#[tokio::test]
async fn the_app_gets_the_event_as_it_came() {
    let app = TestApp::start(|_| (200, String::new())).await;
    let (delivery, _) = delivery(app.channel(), "orders/new ones", &[], "");
    let event = format!(r#"{{ "id":"1","data":1.0,"traceparent":"{PARENT}","tracestate":"a=b" }}"#);
    let metadata = [("ttlInSeconds", "5"), ("host", "evil"), ("content-length", "1"), ("bad name", "x")];
    delivery.deliver(message(&event, &metadata)).await.unwrap();
    let [request] = app.take().try_into().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/orders/new%20ones"));
    assert_eq!(request.body, event);
    let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap());
    assert_eq!(header("content-type"), Some("application/cloudevents+json"));
    assert_eq!((header("pubsubname"), header("ttlinseconds")), (Some("mem"), Some("5")));
    assert_eq!(header("tracestate"), Some("a=b"));
    assert_ne!(header("host"), Some("evil"));
    let child = header("traceparent").unwrap();
    assert!(trace::is_valid(child) && child != PARENT && child[..36] == PARENT[..36], "{child}");
}

#[tokio::test]
async fn a_raw_subscription_wraps_the_payload() {
    let app = TestApp::start(|_| (200, String::new())).await;
    let (delivery, _) = delivery(app.channel(), "/raw", &[("rawPayload", "true")], "");
    delivery.deliver(message("<hi>", &[("traceparent", PARENT)])).await.unwrap();
    let [request] = app.take().try_into().unwrap();
    let mut event: Value = serde_json::from_str(&request.body).unwrap();
    let id = event["id"].take();
    assert!(uuid::Uuid::try_parse(id.as_str().unwrap()).is_ok());
    let expected = json!({"data_base64": "PGhpPg==", "datacontenttype": "application/octet-stream", "id": null,
        "pubsubname": "mem", "source": "Dapr", "specversion": "1.0", "topic": "t1", "traceid": PARENT,
        "traceparent": PARENT, "type": "com.dapr.event.sent"});
    assert_eq!(event, expected);
    assert_eq!(request.headers["traceparent"].to_str().unwrap()[..36], PARENT[..36]);
}

#[tokio::test]
async fn what_answers_mean() {
    let failed = |text: &str| Err(DeliveryError::Failed(text.to_owned()));
    let cases = [
        (200, "", Ok(())),
        (204, "{}", Ok(())),
        (200, "fine", Ok(())),
        (200, r#"["RETRY"]"#, Ok(())),
        (201, r#"{"status":"SUCCESS"}"#, Ok(())),
        (200, r#"{"status":""}"#, Ok(())),
        (200, r#"{"status":5}"#, Ok(())),
        (200, r#"{"status":"DROP"}"#, Ok(())),
        (404, "no such", Ok(())),
        (
            200,
            r#"{"status":"RETRY"}"#,
            failed("RETRY status returned from app while processing pub/sub event 7"),
        ),
        (
            200,
            r#"{"status":"drop"}"#,
            failed("unknown status returned from app while processing pub/sub event 7, status: drop"),
        ),
        (
            500,
            "oh",
            failed(
                "retriable error returned from app while processing pub/sub event 7, topic: t9, body: oh. status code returned: 500",
            ),
        ),
    ];
    for (status, answer, expected) in cases {
        let app = TestApp::start(move |_| (status, answer.to_owned())).await;
        let (delivery, broker) = delivery(app.channel(), "/t", &[], "");
        let outcome = delivery.deliver(message(r#"{"id":"7","topic":"t9"}"#, &[])).await;
        assert_eq!(outcome, expected, "{status} {answer}");
        assert!(broker.published().is_empty());
    }
}

#[tokio::test]
async fn dead_letters_are_the_original_message() {
    let dead = [
        (200, r#"{"status":"RETRY"}"#, "{}"),
        (200, r#"{"status":"DROP"}"#, "{}"),
        (404, "", "{}"),
        (503, "", "{}"),
        (200, "", "not json"),
        (200, "", r#"{"expiration":"2020-01-01T00:00:00Z"}"#),
    ];
    for (status, answer, data) in dead {
        let app = TestApp::start(move |_| (status, answer.to_owned())).await;
        let (delivery, broker) = delivery(app.channel(), "/t", &[], "dlq");
        let original = message(data, &[("foo", "bar")]);
        assert_eq!(delivery.deliver(original.clone()).await, Ok(()), "{status} {answer} {data}");
        assert_eq!(broker.published(), [Message { topic: "dlq".into(), ..original }]);
    }
}

#[tokio::test]
async fn a_message_stays_at_the_broker_when_its_dead_letter_is_refused() {
    for (answer, error) in [
        ("RETRY", "RETRY status returned from app while processing pub/sub event <nil>"),
        ("DROP", "component is closed"),
    ] {
        let app = TestApp::start(move |_| (200, json!({"status": answer}).to_string())).await;
        let (delivery, broker) = delivery(app.channel(), "/t", &[], "dlq");
        broker.closed.store(true, Ordering::SeqCst);
        let outcome = delivery.deliver(message("{}", &[])).await;
        assert_eq!(outcome, Err(DeliveryError::Failed(error.to_owned())));
    }
}

#[tokio::test]
async fn an_app_that_is_away_keeps_its_messages() {
    let port = TestApp::start(|_| (200, String::new())).await.port;
    let app = channel(port);
    let (delivery, broker) = delivery(Arc::clone(&app), "/t", &[], "dlq");
    let url = format!("http://127.0.0.1:{port}/t");
    // The test app's listener is closed when its task has ended.
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    let cause = loop {
        assert!(tokio::time::Instant::now() < deadline);
        match delivery.deliver(message("{}", &[])).await {
            Err(DeliveryError::Unreachable(cause)) if cause.contains("refused") => break cause,
            _ => tokio::task::yield_now().await,
        }
    };
    let words = "error returned from app channel while sending pub/sub event to app: ";
    let refused = format!("Post \"{url}\": dial tcp 127.0.0.1:{port}: connect: connection refused");
    assert_eq!(cause, format!("{words}{refused}"));
    app.set_healthy(false);
    let outcome = delivery.deliver(message("{}", &[])).await;
    let expected = format!("{words}app is not in a healthy state");
    assert_eq!(outcome, Err(DeliveryError::Unreachable(expected)));
    assert!(broker.published().is_empty());
}

#[tokio::test]
async fn what_never_gets_to_the_app() {
    let app = TestApp::start(|_| (200, String::new())).await;
    let (usual, _) = delivery(app.channel(), "/t", &[], "");
    let late = message(r#"{"expiration":"2020-01-01T00:00:00Z"}"#, &[]);
    assert_eq!(usual.deliver(late).await, Ok(()));
    for data in ["[1]", "", "text"] {
        let outcome = usual.deliver(message(data, &[])).await;
        assert!(matches!(outcome, Err(DeliveryError::Failed(_))), "{data}: {outcome:?}");
    }
    assert!(app.take().is_empty());
}

#[tokio::test]
async fn a_binary_event_is_put_together_from_metadata() {
    let app = TestApp::start(|_| (200, String::new())).await;
    let (delivery, _) = delivery(app.channel(), "/t", &[], "");
    let metadata = [("content-type", "application/octet-stream"), ("ce_id", "9"), ("ce_traceid", PARENT)];
    delivery.deliver(message("hi", &metadata)).await.unwrap();
    let [request] = app.take().try_into().unwrap();
    let event: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!((&event["id"], &event["data_base64"]), (&json!("9"), &json!("aGk=")));
    assert_eq!(request.headers["content-type"], "application/cloudevents+json");
}

#[tokio::test]
async fn what_the_app_does_not_finish_goes_back_to_the_broker() {
    // Accepts connections and never answers.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (delivery, broker) = delivery(channel(port), "/t", &[], "dlq");
    let abandon = delivery.ending.abandon.clone();
    let handler = delivery.handler();
    let under_way = tokio::spawn(handler(message("{}", &[])));
    let connection = listener.accept().await.unwrap();
    abandon.cancel();
    let expected = Err(DeliveryError::Unreachable("the subscription has ended".into()));
    assert_eq!(under_way.await.unwrap(), expected);
    assert!(broker.published().is_empty());
    drop(connection);
}

/// An app that takes a request and hangs up, so many times; then it answers `200`. Returns its channel, and what
/// counts the requests.
async fn hangs_up(times: usize) -> (Arc<Channel>, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let app = channel(listener.local_addr().unwrap().port());
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            assert_ne!(stream.read(&mut request).await.unwrap(), 0);
            if count.fetch_add(1, Ordering::SeqCst) >= times {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            }
        }
    });
    (app, requests)
}

#[tokio::test]
async fn an_app_that_hangs_up_on_a_message_has_failed_on_it_in_the_end() {
    let (app, requests) = hangs_up(usize::MAX).await;
    let (with_dead_letters, broker) = delivery(Arc::clone(&app), "/t", &[], "dlq");
    let poison = message(r#"{"id":"1"}"#, &[("foo", "bar")]);
    assert_eq!(with_dead_letters.deliver(poison.clone()).await, Ok(()));
    assert_eq!(broker.published(), [Message { topic: "dlq".into(), ..poison.clone() }]);
    assert_eq!(requests.load(Ordering::SeqCst), 3);

    let (without, broker) = delivery(app, "/t", &[], "");
    for tries in [6, 7] {
        // The broker gave it back: it is known.
        let outcome = without.deliver(poison.clone()).await;
        assert!(
            matches!(&outcome, Err(DeliveryError::Failed(cause)) if cause.contains("Post ")),
            "{outcome:?}"
        );
        assert_eq!(requests.load(Ordering::SeqCst), tries);
    }
    assert!(broker.published().is_empty());
}

#[tokio::test]
async fn an_app_that_hangs_up_once_gets_the_message_again() {
    let (app, requests) = hangs_up(1).await;
    let (delivery, broker) = delivery(app, "/t", &[], "dlq");
    assert_eq!(delivery.deliver(message("{}", &[])).await, Ok(()));
    assert_eq!(requests.load(Ordering::SeqCst), 2);
    assert!(broker.published().is_empty());
}

#[tokio::test]
async fn rules_decide_where_an_event_goes() {
    let app = TestApp::start(|_| (200, String::new())).await;
    let rules = [("event.data.size > 10", "/large"), ("event.data.size > 5", "/middle")];
    let (with_dead_letters, broker) = of(shared("app"), app.channel(), &by(&rules, "dlq"));
    let (without, other) = of(shared("app"), app.channel(), &by(&rules, ""));
    for (size, path) in [("11", "/large"), ("6.5", "/middle")] {
        let event = message(&format!(r#"{{"data":{{"size":{size}}}}}"#), &[]);
        assert_eq!(with_dead_letters.deliver(event).await, Ok(()));
        let [request] = app.take().try_into().unwrap();
        assert_eq!(request.path, path);
    }
    // No route wants it.
    let small = message(r#"{"data":{"size":1}}"#, &[]);
    assert_eq!(without.deliver(small.clone()).await, Ok(()));
    assert_eq!(with_dead_letters.deliver(small.clone()).await, Ok(()));
    assert_eq!(broker.published(), [Message { topic: "dlq".into(), ..small }]);
    // It can't be told which one does.
    let odd = message(r#"{"data":{}}"#, &[]);
    let error = "match expression event.data.size > 10: No such key: size".to_owned();
    assert_eq!(without.deliver(odd.clone()).await, Err(DeliveryError::Failed(error)));
    assert_eq!(with_dead_letters.deliver(odd.clone()).await, Ok(()));
    assert_eq!(broker.published(), [Message { topic: "dlq".into(), ..odd }]);
    assert!(other.published().is_empty() && app.count() == 0);
}

#[tokio::test]
async fn policies_for_what_comes_from_the_component_are_followed() {
    const SPEC: &str = "{policies: {retries: {r: {duration: 1ms, maxRetries: 2, matching: {httpStatusCodes: '503'}}}, circuitBreakers: {cb: {trip: consecutiveFailures > 2, timeout: 60s}}}, targets: {components: {mem: {inbound: {retry: r, circuitBreaker: cb}}}}}";
    let tries = AtomicUsize::new(0);
    let app = TestApp::start(move |request| match request.path.as_str() {
        "/recovers" if tries.fetch_add(1, Ordering::SeqCst) > 1 => (200, String::new()),
        "/other" => (500, String::new()),
        _ => (503, String::new()),
    })
    .await;
    let (recovers, broker) = of(robust("app", SPEC), app.channel(), &to("/recovers", &[], "dlq"));
    assert_eq!(recovers.deliver(message("{}", &[])).await, Ok(()));
    assert_eq!((app.take().len(), broker.published().len()), (3, 0));
    let (other, broker) = of(robust("app", SPEC), app.channel(), &to("/other", &[], "dlq"));
    assert_eq!(other.deliver(message("{}", &[])).await, Ok(()));
    assert_eq!((app.take().len(), broker.published().len()), (1, 1), "this status is final");
    let (fails, broker) = of(robust("app", SPEC), app.channel(), &to("/fails", &[], "dlq"));
    assert_eq!(fails.deliver(message("{}", &[])).await, Ok(()));
    assert_eq!((app.take().len(), broker.published().len()), (3, 1));
    // The circuit is open now: the message waits at the broker.
    let open = Err(DeliveryError::Unreachable("circuit breaker is open".into()));
    assert_eq!(fails.deliver(message("{}", &[])).await, open);
    assert_eq!((app.count(), broker.published().len()), (0, 0));
}

const PATIENT: &str =
    "{policies: {retries: {r: {duration: 1h}}}, targets: {components: {mem: {inbound: {retry: r}}}}}";

#[tokio::test]
async fn what_waits_for_its_next_try_goes_back_at_the_end() {
    let app = TestApp::start(|_| (500, String::new())).await;
    for many in [false, true] {
        let (delivery, broker) = of(robust("app", PATIENT), app.channel(), &to("/orders", &[], "dlq"));
        let (last_try, app_channel) = (delivery.ending.last_try.clone(), app.channel());
        let under_way = tokio::spawn(async move {
            if many {
                delivery.deliver_all(&app_channel, vec![message("{}", &[])]).await.remove(0)
            } else {
                delivery.deliver(message("{}", &[])).await
            }
        });
        eventually("tried", || app.count() == 1).await;
        last_try.cancel();
        let ended = Err(DeliveryError::Unreachable("the subscription has ended".into()));
        let result = tokio::time::timeout(Duration::from_secs(10), under_way).await.unwrap().unwrap();
        assert_eq!(result, ended);
        assert!(broker.published().is_empty() && app.take().len() == 1);
    }
}

#[tokio::test]
async fn what_cannot_be_sent_to_the_app_counts_as_failed() {
    let app = TestApp::start(|_| (200, String::new())).await;
    // No URL is as long as that.
    let path = format!("/{}", "x".repeat(70_000));
    let (delivery, _) = of(shared("app"), app.channel(), &to(&path, &[], ""));
    let result = delivery.deliver(message("{}", &[])).await;
    assert!(
        matches!(&result, Err(DeliveryError::Failed(cause)) if cause.contains("invalid URL")),
        "{result:?}"
    );
    let (delivery, broker) = of(shared("app"), app.channel(), &to(&path, &[], "dlq"));
    delivery.deliver(message("{}", &[])).await.unwrap();
    assert_eq!((app.count(), broker.published().len()), (0, 1));
}
