//! Jobs over HTTP, from the request of the app until it gets them back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use dapr_cli::sidecar::options::{AppHealth, Metrics};
use hyper::StatusCode;
use tokio::net::TcpListener;

use crate::support::{Recorder, Sidecar, alone, app, beside, eventually, send, serve};

async fn schedule(sidecar: &Sidecar, name: &str, body: &str) {
    let answer = sidecar.post(&format!("/v1.0/jobs/{name}"), body).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
}

/// Whether there is a job of this name.
async fn is_there(sidecar: &Sidecar, name: &str) -> bool {
    sidecar.get(&format!("/v1.0/jobs/{name}")).await.status == StatusCode::OK
}

fn home_of(home: &tempfile::TempDir) -> Env {
    Env::of([("HOME", home.path().to_str().unwrap())])
}

#[tokio::test]
async fn a_job_comes_back_to_the_app_that_scheduled_it() {
    let mut recorder = Recorder::content("[]").await;
    let options = beside("shop", recorder.address);
    let home = tempfile::tempdir().unwrap();
    let env = home_of(&home).with("APP_API_TOKEN", "secret");
    let sidecar = Sidecar::start_with(options, env).await;
    sidecar.until_ready().await;
    schedule(&sidecar, "prod-db-backup", r#"{"schedule":"@every 30ms","repeats":2,"data":{"task":"db"}}"#)
        .await;
    for _ in 0..2 {
        let got = recorder.next().await;
        assert_eq!((got.path.as_str(), got.body.as_str()), ("/job/prod-db-backup", r#"{"task":"db"}"#));
        assert_eq!(got.header("content-type"), Some("application/json"));
        assert_eq!(got.header("dapr-api-token"), Some("secret"));
        assert_eq!(got.header("traceparent"), None);
    }
    eventually(async || !is_there(&sidecar, "prod-db-backup").await).await;
    assert!(recorder.more().is_none());
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn runs_that_were_missed_are_made_up_for_after_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::start_with(alone("shop"), home_of(&home)).await;
    sidecar.until_ready().await;
    let already_due = r#"{"schedule":"@every 1s","dueTime":"-10s","repeats":4,"data":"x"}"#;
    schedule(&sidecar, "j", already_due).await;
    sidecar.stop().await.unwrap();

    let mut recorder = Recorder::content("[]").await;
    let sidecar = Sidecar::start_with(beside("shop", recorder.address), home_of(&home)).await;
    for _ in 0..4 {
        assert_eq!(recorder.next().await.body, "\"x\"");
    }
    eventually(async || !is_there(&sidecar, "j").await).await;
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn an_app_that_is_away_for_a_while_loses_nothing() {
    let served = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&served);
    // Each request has a connection of its own, so that none is left when nobody listens any more.
    let count = async move || {
        counted.fetch_add(1, Ordering::SeqCst);
        [("connection", "close")]
    };
    let router = Router::new().route("/job/{name}", post(count));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let first_life = serve(listener, router.clone());
    let metrics = Some(Metrics { port: 0, address: String::new(), explicit: true });
    let sidecar = Sidecar::ready(Options { metrics, ..beside("shop", address) }).await;
    schedule(&sidecar, "j", r#"{"schedule":"@every 50ms","repeats":10,"failurePolicy":{"drop":{}}}"#).await;
    eventually(async || served.load(Ordering::SeqCst) >= 1).await;

    first_life.abort();
    let _ = first_life.await;
    let port = sidecar.handle.addresses().metrics[0].port();
    let metrics = format!("http://127.0.0.1:{port}/");
    let unreachable = r#"path="/job/j",status="500""#;
    eventually(async || send("GET", &metrics, &[], "").await.body.contains(unreachable)).await;
    let before = served.load(Ordering::SeqCst);

    serve(TcpListener::bind(address).await.unwrap(), router);
    eventually(async || !is_there(&sidecar, "j").await).await;
    let after = served.load(Ordering::SeqCst);
    assert!(before < 10 && after == 10, "{before} {after}");
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn an_unhealthy_app_gets_none() {
    let (healthy, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let health = {
        let healthy = Arc::clone(&healthy);
        async move || {
            if healthy.load(Ordering::SeqCst) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
        }
    };
    let probes = Arc::new(AtomicUsize::new(0));
    let (count, probe) = (Arc::clone(&served), Arc::clone(&probes));
    let router = Router::new()
        .route(
            "/healthz",
            get(async move || {
                probe.fetch_add(1, Ordering::SeqCst);
                health().await
            }),
        )
        .route(
            "/job/j",
            post(async move || {
                count.fetch_add(1, Ordering::SeqCst);
            }),
        );
    let address = app(router).await;
    let app_health = AppHealth {
        path: "/healthz".into(),
        interval: Duration::from_millis(5),
        timeout: Duration::from_secs(5),
        threshold: 1,
    };
    let mut options = beside("shop", address);
    options.app_health = Some(app_health);
    let sidecar = Sidecar::ready(options).await;
    schedule(&sidecar, "j", r#"{"dueTime":"0s"}"#).await;
    eventually(async || probes.load(Ordering::SeqCst) > 5).await;
    assert_eq!(served.load(Ordering::SeqCst), 0);
    healthy.store(true, Ordering::SeqCst);
    eventually(async || !is_there(&sidecar, "j").await).await;
    assert_eq!(served.load(Ordering::SeqCst), 1);
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn two_sidecars_of_an_app_share_its_jobs() {
    let home = tempfile::tempdir().unwrap();
    let served = Arc::new(AtomicUsize::new(0));
    let mut sidecars = Vec::new();
    for _ in 0..2 {
        let served = Arc::clone(&served);
        let router = Router::new().route(
            "/job/{name}",
            post(async move || {
                served.fetch_add(1, Ordering::SeqCst);
            }),
        );
        let options = beside("shop", app(router).await);
        let sidecar = Sidecar::start_with(options, home_of(&home)).await;
        sidecar.until_ready().await;
        sidecars.push(sidecar);
    }
    let (one, other) = (&sidecars[0], &sidecars[1]);
    for number in 0..20 {
        let sidecar = if number % 2 == 0 { one } else { other };
        schedule(sidecar, &format!("j{number}"), r#"{"schedule":"@every 10ms","repeats":5}"#).await;
    }
    // Each sees the jobs of the other.
    for number in 0..20 {
        eventually(async || !is_there(one, &format!("j{number}")).await).await;
    }
    assert_eq!(served.load(Ordering::SeqCst), 100);
    for sidecar in sidecars {
        sidecar.stop().await.unwrap();
    }
}

#[tokio::test]
async fn other_methods_are_not_part_of_the_api() {
    let sidecar = Sidecar::ready(alone("shop")).await;
    for (method, path) in [("PUT", "/v1.0/jobs/j"), ("GET", "/v1.0/jobs"), ("POST", "/v1.0/jobs/")] {
        let answer = send(method, &sidecar.url(path), &[], "").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert!(answer.body.contains("ERR_DIRECT_INVOKE"), "{}", answer.body);
    }
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn a_job_is_run_once_more_without_a_change_of_its_schedule() {
    let failing = Arc::new(AtomicBool::new(false));
    let (runs, fails) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&failing));
    let counted = Arc::clone(&runs);
    let handler = async move |body: String| {
        assert_eq!(body, r#"{"task":"db"}"#);
        counted.fetch_add(1, Ordering::SeqCst);
        if fails.load(Ordering::SeqCst) { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK }
    };
    let address = app(Router::new().route("/job/backup", post(handler))).await;
    let sidecar = Sidecar::ready(beside("shop", address)).await;
    schedule(&sidecar, "backup", r#"{"schedule":"@every 1h","repeats":2,"data":{"task":"db"}}"#).await;
    schedule(&sidecar, "unknown", r#"{"schedule":"@every 1h"}"#).await;
    let trigger = async |name: &str| sidecar.post(&format!("/v1.0-alpha1/jobs/{name}/trigger"), "").await;
    for _ in 0..3 {
        assert_eq!(trigger("backup").await.status, StatusCode::NO_CONTENT);
    }
    // More often than it repeats, and it is still there.
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    assert!(is_there(&sidecar, "backup").await);
    failing.store(true, Ordering::SeqCst);
    let answer = trigger("backup").await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(answer.body.contains("the app failed on the job backup"), "{}", answer.body);
    let answer = trigger("unknown").await;
    assert!(answer.body.contains("the app has nothing that takes the job unknown"), "{}", answer.body);
    assert_eq!(trigger("nothing").await.status, StatusCode::NOT_FOUND);
    sidecar.stop().await.unwrap();
    let alone = Sidecar::ready(alone("shop")).await;
    schedule(&alone, "backup", r#"{"schedule":"@every 1h"}"#).await;
    let answer = alone.post("/v1.0-alpha1/jobs/backup/trigger", "").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    alone.stop().await.unwrap();
}
