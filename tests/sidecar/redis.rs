//! Redis killed and restarted in the middle of traffic: what was acknowledged is there afterwards, and the sidecar
//! recovers by itself.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dapr_cli::sidecar::Options;
use hyper::StatusCode;
use tokio_util::sync::CancellationToken;

use crate::redis_server::Server;
use crate::support::{Recorder, Sidecar, beside, client, component, read, request, resources};

/// Of what is waited for here: a server that starts again, and messages that are redelivered.
const PATIENCE: Duration = Duration::from_secs(60);
const TASKS: u64 = 4;

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
        if status == StatusCode::NO_CONTENT {
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
    body: fn(u64) -> String,
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
