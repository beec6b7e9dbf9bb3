use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use dapr_cli::sidecar::options::AppHealth;
use dapr_cli::sidecar::{Ended, Options};
use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

use crate::support::{Recorder, Sidecar, alone, app, beside, component, eventually, resources, send, within};

const TO_T: &str = r#"[{"pubsubname":"bus","topic":"t","route":"/t"}]"#;

/// A broker named `bus` in a file of this folder; failed messages come again soon.
fn durable(folder: &Path) -> String {
    let file = folder.join("pubsub.db").to_string_lossy().into_owned();
    let metadata = [("connectionString", file.as_str()), ("retryIntervals", "1ms,1ms,1ms")];
    component("bus", "pubsub.sqlite", &metadata)
}

fn subscription(topic: &str, path: &str, scopes: &str) -> String {
    format!(
        "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {{name: {topic}}}\nspec: {{pubsubname: bus, topic: {topic}, routes: {{default: {path}}}}}\nscopes: [{scopes}]\n"
    )
}

fn within_reach(folder: &tempfile::TempDir, options: Options) -> Options {
    Options { resources_paths: vec![folder.path().into()], ..options }
}

async fn publish(sidecar: &Sidecar, topic: &str, data: &str) {
    let answer = sidecar.post(&format!("/v1.0/publish/bus/{topic}"), data).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
}

/// The data of an event.
fn data(event: &str) -> String {
    let event: Value = serde_json::from_str(event).unwrap();
    event["data"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_app_receives_what_it_and_the_files_ask_for() {
    let store = tempfile::tempdir().unwrap();
    let folder = resources(&[
        durable(store.path()),
        subscription("file", "/file", ""),
        subscription("own", "/replaced", ""),
        subscription("others", "/others", "another-app"),
    ]);
    let mut app = Recorder::content(
        r#"[{"pubsubname":"bus","topic":"own","route":"own","metadata":{"a":"b"},"deadLetterTopic":"dead"},
            {"pubsubname":"bus","topic":"ruled","routes":{"rules":[{"match":"event.type == \"x\"","path":"/x"}],"default":"/ruled"}},
            {"pubsubname":"bus","topic":"nowhere"},
            {"pubsubname":"unknown","topic":"t","route":"/t"}]"#,
    )
    .await;
    let sidecar = Sidecar::ready(within_reach(&folder, beside("sub", app.address))).await;
    let metadata: Value = serde_json::from_str(&sidecar.get("/v1.0/metadata").await.body).unwrap();
    let expected = r#"[{"pubsubname":"bus","topic":"file","rules":[{"path":"/file"}],"deadLetterTopic":"","type":"DECLARATIVE"},{"pubsubname":"bus","topic":"own","metadata":{"a":"b"},"rules":[{"path":"own"}],"deadLetterTopic":"dead","type":"PROGRAMMATIC"},{"pubsubname":"bus","topic":"ruled","rules":[{"match":"event.type == \"x\"","path":"/x"},{"path":"/ruled"}],"deadLetterTopic":"","type":"PROGRAMMATIC"}]"#;
    assert_eq!(metadata["subscriptions"], serde_json::from_str::<Value>(expected).unwrap());
    for topic in ["own", "file", "ruled"] {
        publish(&sidecar, topic, topic).await;
        let got = app.next().await;
        assert_eq!((got.path.as_str(), data(&got.body).as_str()), (&*format!("/{topic}"), topic));
    }
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn declared_rules_decide_where_events_go() {
    let head = |version: &str| {
        format!(
            "apiVersion: dapr.io/{version}\nkind: Subscription\nmetadata: {{name: s}}\nspec:\n  pubsubname: bus\n"
        )
    };
    let ruled = head("v2alpha1")
        + "  topic: ruled\n  deadLetterTopic: dead\n  routes:\n    rules:\n    - match: event.type == 'x'\n      path: /x\n    - match: has(event.data.n) && event.data.n > 3\n      path: /many\n";
    let plain = head("v1alpha1") + "  topic: dead\n  route: /dead\n";
    let wrong = head("v2alpha1")
        + "  topic: wrong\n  routes:\n    rules:\n    - match: type == 'x'\n      path: /x\n    default: /y\n";
    let folder = resources(&[component("bus", "pubsub.in-memory", &[]), ruled, plain, wrong]);
    let mut app = Recorder::content("[]").await;
    let sidecar = Sidecar::ready(within_reach(&folder, beside("sub", app.address))).await;
    let metadata: Value = serde_json::from_str(&sidecar.get("/v1.0/metadata").await.body).unwrap();
    let topics: Vec<&str> = metadata["subscriptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["topic"].as_str().unwrap())
        .collect();
    assert_eq!(topics, ["ruled", "dead"]);
    for (query, data, path) in [
        ("?metadata.cloudevent.type=x", r#"{"n":9}"#, "/x"),
        ("", r#"{"n":4}"#, "/many"),
        ("", r#"{"n":3}"#, "/dead"),
        ("", "{}", "/dead"),
    ] {
        let url = sidecar.url(&format!("/v1.0/publish/bus/ruled{query}"));
        let answer = send("POST", &url, &[("content-type", "application/json")], data).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(app.next().await.path, path, "{query} {data}");
    }
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn bulk_subscriptions_get_several_events_at_once() {
    let store = tempfile::tempdir().unwrap();
    let declared = "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {name: s}\nspec:\n  pubsubname: mem\n  topic: declared\n  routes: {default: /declared}\n  bulkSubscribe: {enabled: true, maxMessagesCount: 3, maxAwaitDurationMs: 60000}\n";
    let folder =
        resources(&[durable(store.path()), component("mem", "pubsub.in-memory", &[]), declared.to_owned()]);
    let asked = r#"[{"pubsubname":"bus","topic":"t","route":"bulk","deadLetterTopic":"dead",
            "bulkSubscribe":{"enabled":true,"maxMessagesCount":3,"maxAwaitDurationMs":60000}},
        {"pubsubname":"bus","topic":"dead","route":"dead"}]"#;
    let said = Arc::new(std::sync::Mutex::new(String::new()));
    let answer = Arc::clone(&said);
    let answer = move |_| std::future::ready((200, answer.lock().unwrap().clone()));
    let mut app = Recorder::start(asked, answer).await;
    let sidecar = Sidecar::ready(within_reach(&folder, beside("sub", app.address))).await;
    let entry = |id: &str| json!({"entryId": id, "event": id, "contentType": "text/plain"});
    let three = json!([entry("1"), entry("2"), entry("3")]).to_string();
    let publish = async |topic: &str| {
        let answer = sidecar.post(&format!("/v1.0/publish/bulk/{topic}"), &three).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    };
    for (topic, path) in [("mem/declared", "/declared"), ("bus/t", "/bulk")] {
        publish(topic).await;
        let got = app.next().await;
        let body: Value = serde_json::from_str(&got.body).unwrap();
        assert_eq!((got.path.as_str(), &body["type"]), (path, &json!("com.dapr.event.sent.bulk")));
        let data: Vec<&Value> =
            body["entries"].as_array().unwrap().iter().map(|entry| &entry["event"]["data"]).collect();
        assert_eq!(data, ["1", "2", "3"]);
    }
    // What the app says nothing of is a failure, and goes to the dead letters.
    *said.lock().unwrap() = r#"{"statuses":[]}"#.into();
    publish("bus/t").await;
    assert_eq!(app.next().await.path, "/bulk");
    for expected in ["1", "2", "3"] {
        let letter = app.next().await;
        assert_eq!((letter.path.as_str(), data(&letter.body).as_str()), ("/dead", expected));
    }
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn subscription_scopes_hold() {
    let folder =
        resources(&[component("bus", "pubsub.in-memory", &[("subscriptionScopes", "sub=other;x=t")])]);
    let app = Recorder::content(TO_T).await;
    let sidecar = Sidecar::ready(within_reach(&folder, beside("sub", app.address))).await;
    let metadata = sidecar.get("/v1.0/metadata").await.body;
    assert!(metadata.contains("pubsub.in-memory") && !metadata.contains("subscriptions"), "{metadata}");
}

#[tokio::test]
async fn the_answer_decides_what_becomes_of_a_message() {
    // Topic, status, answer, and whether it becomes a dead letter.
    const CASES: &[(&str, u16, &str, bool)] = &[
        ("empty", 200, "", false),
        ("created", 201, "{}", false),
        ("success", 200, r#"{"status":"SUCCESS"}"#, false),
        ("nothing", 200, r#"{"status":""}"#, false),
        ("text", 200, "thank you", false),
        ("retry", 200, r#"{"status":"RETRY"}"#, true),
        ("drop", 200, r#"{"status":"DROP"}"#, true),
        ("lower", 200, r#"{"status":"success"}"#, true),
        ("missing", 404, "", true),
        ("failed", 500, "oh", true),
        ("moved", 302, "", true),
    ];
    let wanted = CASES.iter().map(|(topic, ..)| {
        json!({"pubsubname": "bus", "topic": topic, "route": format!("/{topic}"), "deadLetterTopic": "dead"})
    });
    let dead = json!({"pubsubname": "bus", "topic": "dead", "route": "/dead"});
    let wanted = wanted.chain([dead]).collect::<Value>().to_string().leak();
    let answer = async |path: String| {
        let case = CASES.iter().find(|(topic, ..)| path[1..] == **topic);
        case.map_or((200, String::new()), |(_, status, text, _)| (*status, (*text).to_owned()))
    };
    let mut app = Recorder::start(wanted, answer).await;
    let folder = resources(&[component("bus", "pubsub.in-memory", &[])]);
    let sidecar = Sidecar::ready(within_reach(&folder, beside("sub", app.address))).await;
    for (topic, _, _, dies) in CASES {
        publish(&sidecar, &format!("{topic}?metadata.foo=bar"), topic).await;
        let got = app.next().await;
        assert_eq!(got.path, format!("/{topic}"));
        if *dies {
            let letter = app.next().await;
            assert_eq!((letter.path.as_str(), letter.body.as_str()), ("/dead", got.body.as_str()), "{topic}");
            assert_eq!(letter.header("foo"), Some("bar"));
        }
    }
    // An event whose time has passed never gets to the app.
    let headers = [("content-type", "application/cloudevents+json")];
    let url = sidecar.url("/v1.0/publish/bus/empty");
    let late = r#"{"id":"1","data":"late","expiration":"2020-01-01T00:00:00Z"}"#;
    assert_eq!(send("POST", &url, &headers, late).await.status, StatusCode::NO_CONTENT);
    publish(&sidecar, "empty", "in time").await;
    assert_eq!(data(&app.next().await.body), "in time");
    sidecar.stop().await.unwrap();
    assert!(app.more().is_none());
}

#[tokio::test]
async fn a_failed_message_comes_again_before_the_next_one() {
    let store = tempfile::tempdir().unwrap();
    let folder = resources(&[durable(store.path())]);
    let left = Arc::new(AtomicUsize::new(3));
    let answer = move |_| {
        let fails = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).ok();
        async move {
            match fails {
                Some(3) => (500, String::new()),
                Some(2) => (200, r#"{"status":"RETRY"}"#.to_owned()),
                Some(_) => (200, r#"{"status":"later"}"#.to_owned()),
                None => (200, String::new()),
            }
        }
    };
    let mut app = Recorder::start(TO_T, answer).await;
    let sidecar = Sidecar::ready(within_reach(&folder, beside("sub", app.address))).await;
    for data in ["1", "2", "3"] {
        publish(&sidecar, "t", data).await;
    }
    let mut bodies = Vec::new();
    for expected in ["1", "1", "1", "1", "2", "3"] {
        let body = app.next().await.body;
        assert_eq!(data(&body), expected);
        bodies.push(body);
    }
    assert_eq!(bodies[0], bodies[3], "the same event");
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn messages_wait_for_their_subscriber_and_every_app_gets_its_own() {
    let store = tempfile::tempdir().unwrap();
    let folder = resources(&[durable(store.path())]);
    let publisher = Sidecar::ready(within_reach(&folder, alone("publisher"))).await;
    publish(&publisher, "t", "early").await;
    let (mut one, mut two) = (Recorder::content(TO_T).await, Recorder::content(TO_T).await);
    let first = Sidecar::ready(within_reach(&folder, beside("one", one.address))).await;
    let second = Sidecar::ready(within_reach(&folder, beside("two", two.address))).await;
    publish(&publisher, "t", "late").await;
    for app in [&mut one, &mut two] {
        let got = [app.next().await, app.next().await];
        assert_eq!([data(&got[0].body), data(&got[1].body)], ["early", "late"]);
        let event: Value = serde_json::from_str(&got[0].body).unwrap();
        assert_eq!(event["source"], "publisher");
    }
    for sidecar in [publisher, first, second] {
        sidecar.stop().await.unwrap();
    }
    assert!(one.more().is_none() && two.more().is_none());
}

#[tokio::test]
async fn instances_of_one_app_share_its_messages() {
    let store = tempfile::tempdir().unwrap();
    let folder = resources(&[durable(store.path())]);
    let (mut one, mut two) = (Recorder::content(TO_T).await, Recorder::content(TO_T).await);
    let first = Sidecar::ready(within_reach(&folder, beside("app", one.address))).await;
    let second = Sidecar::ready(within_reach(&folder, beside("app", two.address))).await;
    let sent: Vec<String> = (0..20).map(|number| format!("{number:02}")).collect();
    for data in &sent {
        publish(&first, "t", data).await;
    }
    let mut got = Vec::new();
    while got.len() < sent.len() {
        let event = tokio::select! {
            event = one.next() => event,
            event = two.next() => event,
        };
        got.push(data(&event.body));
    }
    first.stop().await.unwrap();
    second.stop().await.unwrap();
    got.extend(one.more().into_iter().chain(two.more()).map(|event| data(&event.body)));
    got.sort();
    assert_eq!(got, sent);
}

#[tokio::test]
async fn subscriptions_rest_while_the_app_is_unhealthy() {
    let store = tempfile::tempdir().unwrap();
    let folder = resources(&[durable(store.path()), subscription("file", "/file", "")]);
    let healthy = Arc::new(AtomicBool::new(true));
    let asked = Arc::new(AtomicUsize::new(0));
    let (sender, mut received) = mpsc::unbounded_channel();
    let router = {
        let (healthy, asked) = (Arc::clone(&healthy), Arc::clone(&asked));
        let health = async move || {
            if healthy.load(Ordering::SeqCst) { StatusCode::OK } else { StatusCode::NOT_FOUND }
        };
        let subscribe = async move || {
            asked.fetch_add(1, Ordering::SeqCst);
            StatusCode::NOT_FOUND
        };
        let take = async move |body: String| sender.send(data(&body)).unwrap();
        Router::new()
            .route("/hz", get(health))
            .route("/dapr/subscribe", get(subscribe))
            .route("/file", post(take))
    };
    let health = AppHealth {
        path: "/hz".into(),
        interval: Duration::from_millis(5),
        timeout: Duration::from_secs(2),
        threshold: 1,
    };
    let options = Options { app_health: Some(health), ..beside("sub", app(router).await) };
    let sidecar = Sidecar::ready(within_reach(&folder, options)).await;
    let listed = async || sidecar.get("/v1.0/metadata").await.body.contains("DECLARATIVE");
    eventually(listed).await;
    publish(&sidecar, "file", "before").await;
    assert_eq!(within(received.recv()).await.as_deref(), Some("before"));

    healthy.store(false, Ordering::SeqCst);
    let closed = async || sidecar.get("/v1.0/invoke/sub/method/hz").await.body.contains("healthy state");
    eventually(closed).await;
    publish(&sidecar, "file", "meanwhile").await;
    assert!(listed().await, "those that rest are still shown");
    assert!(received.try_recv().is_err());
    healthy.store(true, Ordering::SeqCst);
    assert_eq!(within(received.recv()).await.as_deref(), Some("meanwhile"));
    assert!(asked.load(Ordering::SeqCst) >= 2, "the app is asked again");
    sidecar.stop().await.unwrap();
}

/// An app that answers when the gate lets it.
async fn gated(gate: &Arc<Semaphore>) -> Recorder {
    let gate = Arc::clone(gate);
    let answer = move |_| {
        let gate = Arc::clone(&gate);
        async move {
            gate.acquire().await.unwrap().forget();
            (200, String::new())
        }
    };
    Recorder::start(TO_T, answer).await
}

#[tokio::test]
async fn a_message_that_is_finished_during_the_shutdown_is_done() {
    let store = tempfile::tempdir().unwrap();
    let folder = resources(&[durable(store.path())]);
    let gate = Arc::new(Semaphore::new(0));
    let mut app = gated(&gate).await;
    let sidecar = Sidecar::ready(within_reach(&folder, beside("app", app.address))).await;
    publish(&sidecar, "t", "1").await;
    publish(&sidecar, "t", "2").await;
    assert_eq!(data(&app.next().await.body), "1");
    sidecar.handle.shutdown();
    gate.add_permits(1);
    assert_eq!(sidecar.ended().await.unwrap(), Ended::Gracefully);
    assert!(app.more().is_none(), "no other message is begun");

    gate.add_permits(1);
    let again = Sidecar::ready(within_reach(&folder, beside("app", app.address))).await;
    assert_eq!(data(&app.next().await.body), "2");
    again.stop().await.unwrap();
    assert!(app.more().is_none());
}

#[tokio::test]
async fn a_message_that_is_not_finished_in_time_comes_again() {
    let store = tempfile::tempdir().unwrap();
    let folder = resources(&[durable(store.path())]);
    let gate = Arc::new(Semaphore::new(0));
    let mut app = gated(&gate).await;
    let options = Options { graceful_shutdown: Duration::from_millis(50), ..beside("app", app.address) };
    let sidecar = Sidecar::ready(within_reach(&folder, options)).await;
    publish(&sidecar, "t", "1").await;
    publish(&sidecar, "t", "2").await;
    assert_eq!(data(&app.next().await.body), "1");
    let error = sidecar.stop().await.unwrap_err();
    assert_eq!(error.to_string(), "graceful shutdown took longer than 50ms");

    gate.add_permits(2);
    let again = Sidecar::ready(within_reach(&folder, beside("app", app.address))).await;
    for expected in ["1", "2"] {
        assert_eq!(data(&app.next().await.body), expected);
    }
    again.stop().await.unwrap();
}

#[tokio::test]
async fn nothing_is_delivered_while_the_shutdown_is_held_back() {
    let store = tempfile::tempdir().unwrap();
    let folder = resources(&[durable(store.path())]);
    let mut app = Recorder::content(TO_T).await;
    let options = Options { block_shutdown: Some(Duration::from_mins(1)), ..beside("app", app.address) };
    let sidecar = Sidecar::ready(within_reach(&folder, options)).await;
    sidecar.handle.shutdown();
    let database = rusqlite::Connection::open(store.path().join("pubsub.db")).unwrap();
    let listeners = async || {
        let count = "SELECT count(*) FROM pubsub_listeners";
        database.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    eventually(async || listeners().await == 0).await;
    publish(&sidecar, "t", "later").await;
    let now = [("dapr-force-shutdown", "true")];
    assert_eq!(send("POST", &sidecar.url("/v1.0/shutdown"), &now, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(sidecar.ended().await.unwrap(), Ended::Forced);
    assert!(app.more().is_none());
    let again = Sidecar::ready(within_reach(&folder, beside("app", app.address))).await;
    assert_eq!(data(&app.next().await.body), "later");
    again.stop().await.unwrap();
}

#[tokio::test]
async fn a_message_that_breaks_the_app_does_not_keep_the_others_back() {
    const WANTS: &str = r#"[{"pubsubname":"bus","topic":"t","route":"/t","deadLetterTopic":"dead"},{"pubsubname":"bus","topic":"dead","route":"/dead"}]"#;
    let (sender, mut events) = mpsc::unbounded_channel();
    let dead = sender.clone();
    let router = Router::new()
        .route("/dapr/subscribe", get(async || WANTS))
        .route("/dead", post(async move |body: String| dead.send(("dead", body)).unwrap()))
        .route(
            "/t",
            post(async move |body: String| {
                if body.contains("poison") {
                    // Ends the connection, and says nothing.
                    std::panic::resume_unwind(Box::new(()));
                }
                sender.send(("t", body)).unwrap();
            }),
        );
    let data = tempfile::tempdir().unwrap();
    let folder = resources(&[durable(data.path())]);
    let options = within_reach(&folder, beside("a", app(router).await));
    let sidecar = Sidecar::ready(options).await;
    for data in ["poison", "good"] {
        let answer = sidecar.post("/v1.0/publish/bus/t", data).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    let mut got = [within(events.recv()).await.unwrap(), within(events.recv()).await.unwrap()];
    got.sort_by_key(|(topic, _)| *topic);
    assert!(got[0].0 == "dead" && got[0].1.contains("poison"), "{got:?}");
    assert!(got[1].0 == "t" && got[1].1.contains("good"), "{got:?}");
    sidecar.stop().await.unwrap();
}
