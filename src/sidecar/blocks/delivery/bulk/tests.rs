use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::tests::{by, message, of, to};
use super::*;
use crate::sidecar::blocks::testing::{TestApp, channel, robust, shared};

/// An answer with a status for each entry, by the `id` of its event.
fn statuses(request: &str, status: impl Fn(&Value) -> Option<&'static str>) -> String {
    let request: Value = serde_json::from_str(request).unwrap();
    let entries = request["entries"].as_array().unwrap();
    let statuses: Vec<Value> = entries
        .iter()
        .filter_map(|entry| {
            Some(json!({"entryId": entry["entryId"], "status": status(&entry["event"]["id"])?}))
        })
        .collect();
    json!({ "statuses": statuses }).to_string()
}

fn messages(ids: &[&str]) -> Vec<Message> {
    ids.iter().map(|id| message(&format!(r#"{{"id":"{id}"}}"#), &[("foo", "bar")])).collect()
}

fn failed(result: &Result<(), DeliveryError>) -> bool {
    matches!(result, Err(DeliveryError::Failed(_)))
}

#[tokio::test]
async fn every_message_gets_its_own_verdict() {
    let app = TestApp::start(|request| {
        let answer = statuses(&request.body, |id| match id.as_str().unwrap() {
            "good" => Some("SUCCESS"),
            "drop" => Some("DROP"),
            "again" => Some("RETRY"),
            _ => None,
        });
        (200, answer)
    })
    .await;
    let all = messages(&["good", "drop", "again", "forgotten"]);
    let (delivery, broker) = of(shared("app"), app.channel(), &to("/bulk", &[], ""));
    let results = delivery.deliver_all(&app.channel(), all.clone()).await;
    assert_eq!(results[..2], [Ok(()), Ok(())]);
    assert!(failed(&results[2]) && failed(&results[3]), "{results:?}");
    let [request] = app.take().try_into().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/bulk"));
    assert_eq!(request.headers["content-type"], "application/json");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!((&body["topic"], &body["pubsubname"]), (&json!("t1"), &json!("mem")));
    assert_eq!(body["entries"][0]["event"], json!({"id": "good"}));
    assert_eq!(body["entries"][0]["metadata"], json!({"foo": "bar"}));
    assert!(broker.published().is_empty());

    let (delivery, broker) = of(shared("app"), app.channel(), &to("/bulk", &[], "dlq"));
    assert_eq!(delivery.deliver_all(&app.channel(), all.clone()).await, vec![Ok(()); 4]);
    let dead = all[1..].iter().map(|message| Message { topic: "dlq".into(), ..message.clone() });
    assert_eq!(broker.published(), dead.collect::<Vec<_>>());
}

#[tokio::test]
async fn an_answer_may_speak_of_all_of_them() {
    let status = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&status);
    let app =
        TestApp::start(move |_| (u16::try_from(now.load(Ordering::SeqCst)).unwrap(), String::new())).await;
    let (delivery, broker) = of(shared("app"), app.channel(), &to("/bulk", &[], ""));
    for (code, succeeds) in [(200, true), (404, true), (500, false)] {
        status.store(code, Ordering::SeqCst);
        let results = delivery.deliver_all(&app.channel(), messages(&["1", "2"])).await;
        assert!(
            results.iter().all(|result| if succeeds { result.is_ok() } else { failed(result) }),
            "{code}"
        );
    }
    let away = delivery.deliver_all(&channel(1), messages(&["1", "2"])).await;
    assert!(away.iter().all(|result| matches!(result, Err(DeliveryError::Unreachable(_)))), "{away:?}");
    assert!(broker.published().is_empty());
}

#[tokio::test]
async fn events_go_in_one_request_for_each_place() {
    let app = TestApp::start(|_| (200, String::new())).await;
    let rules = [("event.n > 1", "/many"), ("event.n > 0", "/few")];
    let (delivery, broker) = of(shared("app"), app.channel(), &by(&rules, "dlq"));
    let mut all: Vec<Message> =
        [2, 1, 0, 3].iter().map(|n| message(&format!(r#"{{"n":{n}}}"#), &[])).collect();
    all.push(message("no event", &[]));
    all.push(message(r#"{"n":5,"expiration":"2020-01-01T00:00:00Z"}"#, &[]));
    all.push(Message { topic: "t2".into(), ..message(r#"{"n":1}"#, &[]) });
    assert_eq!(delivery.deliver_all(&app.channel(), all).await, vec![Ok(()); 7]);
    let requests: Vec<(String, Value)> = app
        .take()
        .into_iter()
        .map(|request| {
            let body: Value = serde_json::from_str(&request.body).unwrap();
            let entries = body["entries"].as_array().unwrap();
            let ns: Vec<&Value> = entries.iter().map(|entry| &entry["event"]["n"]).collect();
            (request.path, json!([body["topic"], ns]))
        })
        .collect();
    let expected = [
        ("/many".to_owned(), json!(["t1", [2, 3]])),
        ("/few".to_owned(), json!(["t1", [1]])),
        ("/few".to_owned(), json!(["t2", [1]])),
    ];
    assert_eq!(requests, expected);
    assert_eq!(broker.published().len(), 3, "no route, no event, too late");
}

#[tokio::test]
async fn a_raw_subscription_gets_payloads() {
    let app = TestApp::start(|_| (200, String::new())).await;
    let (delivery, _) = of(shared("app"), app.channel(), &to("/raw", &[("rawPayload", "true")], ""));
    let typed = message("hi", &[("content-type", "text/plain")]);
    delivery.deliver_all(&app.channel(), vec![message("<hi>", &[]), typed]).await;
    let body: Value = serde_json::from_str(&app.take()[0].body).unwrap();
    let entries = &body["entries"];
    assert_eq!(
        (&entries[0]["event"], &entries[0]["contentType"]),
        (&json!("PGhpPg=="), &json!("application/octet-stream"))
    );
    assert_eq!((&entries[1]["event"], &entries[1]["contentType"]), (&json!("aGk="), &json!("text/plain")));
}

#[tokio::test]
async fn one_message_that_ends_the_app_does_not_take_the_others_with_it() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let app = channel(listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut request, mut chunk) = (Vec::new(), [0; 4096]);
            while !request.ends_with(b"]}") {
                let count = stream.read(&mut chunk).await.unwrap();
                assert_ne!(count, 0);
                request.extend_from_slice(&chunk[..count]);
            }
            if !String::from_utf8_lossy(&request).contains("poison") {
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            }
        }
    });
    let (delivery, broker) = of(shared("app"), Arc::clone(&app), &to("/bulk", &[], "dlq"));
    let all = messages(&["1", "poison", "2"]);
    assert_eq!(delivery.deliver_all(&app, all.clone()).await, vec![Ok(()); 3]);
    assert_eq!(broker.published(), [Message { topic: "dlq".into(), ..all[1].clone() }]);
}

#[tokio::test]
async fn what_the_app_does_not_finish_goes_back() {
    // Accepts connections and never answers.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let app = channel(listener.local_addr().unwrap().port());
    let (delivery, broker) = of(shared("app"), Arc::clone(&app), &to("/bulk", &[], "dlq"));
    let abandon = delivery.ending.abandon.clone();
    let under_way = tokio::spawn(async move { delivery.deliver_all(&app, messages(&["1", "2"])).await });
    let connection = listener.accept().await.unwrap();
    abandon.cancel();
    let ended = Err(DeliveryError::Unreachable("the subscription has ended".into()));
    assert_eq!(under_way.await.unwrap(), vec![ended; 2]);
    assert!(broker.published().is_empty());
    drop(connection);
}

#[tokio::test]
async fn policies_repeat_only_what_failed() {
    const SPEC: &str = "{policies: {retries: {r: {duration: 1ms, maxRetries: 2}}}, targets: {components: {mem: {inbound: {retry: r}}}}}";
    let app = TestApp::start(|request| {
        let answer = statuses(&request.body, |id| Some(if id == "bad" { "RETRY" } else { "SUCCESS" }));
        (200, answer)
    })
    .await;
    let (delivery, broker) = of(robust("app", SPEC), app.channel(), &to("/bulk", &[], "dlq"));
    let all = messages(&["1", "bad", "2"]);
    assert_eq!(delivery.deliver_all(&app.channel(), all).await, vec![Ok(()); 3]);
    let counts: Vec<usize> = app
        .take()
        .iter()
        .map(|request| {
            let body: Value = serde_json::from_str(&request.body).unwrap();
            body["entries"].as_array().unwrap().len()
        })
        .collect();
    assert_eq!((counts, broker.published().len()), (vec![3, 1, 1], 1));
}
