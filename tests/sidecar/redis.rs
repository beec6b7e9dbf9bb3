//! Redis killed and restarted in the middle of traffic: what was acknowledged is there afterwards, and the sidecar
//! recovers by itself.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dapr_cli::sidecar::{Ended, Options};
use hyper::StatusCode;
use tokio_util::sync::CancellationToken;

use crate::redis_server::Server;
use crate::support::{Recorder, Sidecar, alone, beside, client, component, read, request, resources};

/// Of what is waited for here: a server that starts again, and messages that are redelivered.
const PATIENCE: Duration = Duration::from_mins(1);
const TASKS: u64 = 4;

/// The body of a request with this number.
type Body = fn(u64) -> String;

/// What the callers of one API were told.
#[derive(Default)]
struct Log {
    acknowledged: Mutex<BTreeSet<u64>>,
    errors: Mutex<Vec<String>>,
}

impl Log {
    fn count(&self) -> usize {
        self.acknowledged.lock().unwrap().len()
    }

    fn note(&self, number: u64, status: StatusCode, body: String) {
        if status == StatusCode::NO_CONTENT || body.contains("\"success\":true") {
            assert!(self.acknowledged.lock().unwrap().insert(number));
        } else {
            assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{body}");
            self.errors.lock().unwrap().push(body);
        }
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let looks = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looks).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"));
}

/// Calls a path with number after number until it is told to stop.
fn traffic(
    url: String,
    body: Body,
    log: &Arc<Log>,
    next: &Arc<AtomicU64>,
    stop: &CancellationToken,
) -> tokio::task::JoinHandle<()> {
    let (log, next, stop) = (Arc::clone(log), Arc::clone(next), stop.clone());
    tokio::spawn(async move {
        let client = client();
        while !stop.is_cancelled() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let headers = [("content-type", "application/json")];
            let answer = client.request(request("POST", &url, &headers, body(number))).await.unwrap();
            let answer = read(answer.map(axum::body::Body::new)).await;
            log.note(number, answer.status, answer.body);
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_and_no_published_event_is_lost() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().to_str().unwrap();
    let durable = ["--dir", directory, "--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = Server::start(&durable) else { return };
    let host = server.host();
    let quick = [("redisHost", host.as_str()), ("processingTimeout", "1s"), ("redeliverInterval", "200ms")];
    let folder = resources(&[
        component("store", "state.redis", &quick[..1]),
        component("bus", "pubsub.redis", &quick),
    ]);
    let mut app =
        Recorder::content(r#"[{"pubsubname": "bus", "topic": "numbers", "route": "numbers"}]"#).await;
    let options = Options { resources_paths: vec![folder.path().into()], ..beside("app", app.address) };
    let sidecar = Sidecar::ready(options).await;

    let (writes, events) = (Arc::new(Log::default()), Arc::new(Log::default()));
    let (next, stop) = (Arc::new(AtomicU64::new(0)), CancellationToken::new());
    let mut callers = Vec::new();
    for _ in 0..TASKS {
        let url = sidecar.url("/v1.0/state/store");
        let body = |n| format!(r#"[{{"key": "k{n}", "value": {n}}}]"#);
        callers.push(traffic(url, body, &writes, &next, &stop));
        let url = sidecar.url("/v1.0/publish/bus/numbers");
        callers.push(traffic(url, |n| format!(r#"{{"n": {n}}}"#), &events, &next, &stop));
    }
    for _ in 0..2 {
        let (before_writes, before_events) = (writes.count(), events.count());
        until("traffic", || writes.count() > before_writes + 50 && events.count() > before_events + 50).await;
        server.kill();
        for log in [&writes, &events] {
            let before = log.errors.lock().unwrap().len();
            until("an error", || log.errors.lock().unwrap().len() > before).await;
        }
        server.restart();
    }
    let (before_writes, before_events) = (writes.count(), events.count());
    until("traffic again", || writes.count() > before_writes + 50 && events.count() > before_events + 50)
        .await;
    stop.cancel();
    for caller in callers {
        caller.await.unwrap();
    }
    for (log, start) in
        [(&writes, "failed saving state in state store store: "), (&events, "error when publish")]
    {
        for error in &*log.errors.lock().unwrap() {
            assert!(error.contains(start) && error.contains(&format!("redis at {host}: ")), "{error}");
        }
    }

    let kept = writes.acknowledged.lock().unwrap().clone();
    for n in kept {
        let answer = sidecar.get(&format!("/v1.0/state/store/k{n}")).await;
        assert_eq!((answer.status, answer.body), (StatusCode::OK, n.to_string()), "k{n}");
    }
    let mut missing = events.acknowledged.lock().unwrap().clone();
    let all = async {
        while !missing.is_empty() {
            let event: serde_json::Value = serde_json::from_str(&app.next().await.body).unwrap();
            missing.remove(&event["data"]["n"].as_u64().unwrap());
        }
    };
    let arrived = tokio::time::timeout(PATIENCE, all).await;
    assert!(arrived.is_ok(), "events are missing");
    let mut db = server.client(0);
    until("everything is acknowledged", || {
        let (count, ..): (u64, redis::Value, redis::Value, redis::Value) =
            redis::cmd("XPENDING").arg("numbers").arg("app").query(&mut db).unwrap();
        count == 0
    })
    .await;
    sidecar.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locks_and_bindings_keep_what_they_have_promised() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().to_str().unwrap();
    let durable = ["--dir", directory, "--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = Server::start(&durable) else { return };
    let host = server.host();
    let settings = [("redisHost", host.as_str())];
    let kinds = ["lock.redis", "bindings.redis"];
    let folder = resources(&kinds.map(|kind| component(&kind.replace('.', "-"), kind, &settings)));
    let options = Options { resources_paths: vec![folder.path().into()], ..alone("app") };
    let sidecar = Sidecar::ready(options).await;

    let logs: [Arc<Log>; 3] = Default::default();
    let (next, stop) = (Arc::new(AtomicU64::new(0)), CancellationToken::new());
    let mut callers = Vec::new();
    let bodies: [(&str, Body); 3] = [
        ("/v1.0-alpha1/lock/lock-redis", |n| {
            format!(r#"{{"resourceId": "r{n}", "lockOwner": "me", "expiryInSeconds": 3600}}"#)
        }),
        ("/v1.0/bindings/bindings-redis", |n| {
            format!(r#"{{"operation": "create", "data": {n}, "metadata": {{"key": "k{n}"}}}}"#)
        }),
        ("/v1.0/bindings/bindings-redis", |_| {
            r#"{"operation": "increment", "metadata": {"key": "count"}}"#.to_owned()
        }),
    ];
    for ((path, body), log) in bodies.into_iter().zip(&logs) {
        for _ in 0..2 {
            callers.push(traffic(sidecar.url(path), body, log, &next, &stop));
        }
    }
    let counts = || logs.each_ref().map(|log| log.count());
    for round in 0..3 {
        let before = counts();
        until("traffic", || counts().iter().zip(before).all(|(now, before)| *now > before + 50)).await;
        if round < 2 {
            server.kill();
            for log in &logs {
                let before = log.errors.lock().unwrap().len();
                until("an error", || log.errors.lock().unwrap().len() > before).await;
            }
            server.restart();
        }
    }
    stop.cancel();
    for caller in callers {
        caller.await.unwrap();
    }
    for error in logs.iter().flat_map(|log| log.errors.lock().unwrap().clone()) {
        assert!(error.contains(&format!("redis at {host}: ")), "{error}");
    }
    let mut db = server.client(0);
    let [locks, keys, counted] = logs;
    let taken = locks.acknowledged.lock().unwrap().clone();
    for n in taken {
        let body = format!(r#"{{"resourceId": "r{n}", "lockOwner": "you", "expiryInSeconds": 60}}"#);
        let answer = sidecar.post("/v1.0-alpha1/lock/lock-redis", &body).await;
        assert_eq!(answer.body, "{\"success\":false}\n", "r{n}");
    }
    for n in &*keys.acknowledged.lock().unwrap() {
        let value: Option<String> = redis::cmd("GET").arg(format!("k{n}")).query(&mut db).unwrap();
        assert_eq!(value, Some(n.to_string()), "k{n}");
    }
    // What was told to have failed may have been done, but nothing was done twice.
    let count: usize = redis::cmd("GET").arg("count").query(&mut db).unwrap();
    let (told, failed) = (counted.count(), counted.errors.lock().unwrap().len());
    assert!((told..=told + failed).contains(&count), "{told} increments, {failed} failures: {count}");
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn the_end_does_not_wait_for_a_server_that_is_away() {
    for silent in [false, true] {
        let Some(mut server) = Server::start(&["--save", "", "--appendonly", "no"]) else { return };
        let host = server.host();
        let settings = [("redisHost", host.as_str())];
        let kinds = ["state.redis", "pubsub.redis", "configuration.redis", "lock.redis", "bindings.redis"];
        let folder = resources(&kinds.map(|kind| component(&kind.replace('.', "-"), kind, &settings)));
        let mut app =
            Recorder::content(r#"[{"pubsubname": "pubsub-redis", "topic": "t", "route": "t"}]"#).await;
        // Much less than the limit of what the test waits for.
        let grace = Duration::from_secs(if silent { 1 } else { 3600 });
        let options = Options {
            resources_paths: vec![folder.path().into()],
            graceful_shutdown: grace,
            ..beside("app", app.address)
        };
        let sidecar = Sidecar::ready(options).await;
        let watched = sidecar.get("/v1.0/configuration/configuration-redis/subscribe?key=k").await;
        assert_eq!(watched.status, StatusCode::OK, "{}", watched.body);
        assert_eq!(sidecar.post("/v1.0/publish/pubsub-redis/t", "x").await.status, StatusCode::NO_CONTENT);
        app.next().await;
        if silent {
            server.pause();
        } else {
            server.kill();
        }
        let ended = sidecar.stop().await;
        assert!(silent || matches!(ended, Ok(Ended::Gracefully)), "{ended:?}");
        if silent {
            server.resume();
        }
    }
}
