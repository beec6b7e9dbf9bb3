use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use dapr_cli::env::Env;
use dapr_cli::paths::InstallDir;
use dapr_cli::records::Directory;
use dapr_cli::sidecar::{Ended, Options};
use hyper::StatusCode;
use tokio::sync::Semaphore;

use crate::support::{Sidecar, alone, app, beside, client, request, send, within};

fn records(home: &std::path::Path) -> Directory {
    Directory::of(&InstallDir::resolve(Some(&home.to_string_lossy()), &Env::of([])).unwrap())
}

#[tokio::test]
async fn a_client_may_end_the_sidecar() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let answer = sidecar.post("/v1.0/shutdown", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NO_CONTENT, ""));
    let url = sidecar.url("/v1.0/healthz");
    assert_eq!(sidecar.ended().await.unwrap(), Ended::Gracefully);
    assert!(client().request(request("GET", &url, &[], "")).await.is_err());
}

#[tokio::test]
async fn a_client_may_demand_it_at_once() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let answer = send("POST", &sidecar.url("/v1.0/shutdown"), &[("dapr-force-shutdown", "true")], "").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(sidecar.ended().await.unwrap(), Ended::Forced);
}

#[tokio::test]
async fn the_record_lives_as_long_as_the_sidecar() {
    let sidecar = Sidecar::ready(alone("recorded")).await;
    let home = sidecar.home.path().to_owned();
    let found = records(&home).instances("recorded");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].http_port, sidecar.handle.addresses().http[0].port());
    assert_eq!(found[0].internal_port, sidecar.handle.addresses().internal[0].port());
    let file = records(&home).file("recorded", std::process::id());
    assert!(file.exists());
    let kept = sidecar.stop_keeping_home().await;
    assert!(!file.exists() && kept.path().exists());
}

#[tokio::test]
async fn a_restart_keeps_what_the_command_line_knows() {
    let sidecar = Sidecar::ready(alone("again")).await;
    let (home, records) = (sidecar.home.path().to_string_lossy().into_owned(), records(sidecar.home.path()));
    let mut full = records.instances("again").remove(0);
    full.command = "uvicorn main:app".into();
    records.write(&full).unwrap();
    sidecar.handle.restart();
    let kept = sidecar.stop_keeping_home().await;
    assert_eq!(records.instances("again"), [full]);

    let next = Sidecar::start_with(alone("again"), Env::of([("HOME", &home)])).await;
    next.until_ready().await;
    let found = records.instances("again");
    assert_eq!(found[0].command, "uvicorn main:app");
    assert_eq!(found[0].http_port, next.handle.addresses().http[0].port());
    next.stop().await.unwrap();
    assert!(records.instances("again").is_empty() && kept.path().exists());
}

/// An app whose calls end when the gate opens.
fn slow_app(started: &Arc<Semaphore>, gate: &Arc<Semaphore>) -> Router {
    let (started, gate) = (Arc::clone(started), Arc::clone(gate));
    Router::new().route("/dapr/config", get(async || StatusCode::NOT_FOUND)).fallback(any(async move || {
        started.add_permits(1);
        gate.acquire().await.unwrap().forget();
        "done"
    }))
}

#[tokio::test]
async fn running_requests_are_answered() {
    let (started, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let sidecar = Sidecar::ready(beside("own", app(slow_app(&started, &gate)).await)).await;
    let url = sidecar.url("/v1.0/invoke/own/method/m");
    let call = tokio::spawn(async move { send("GET", &url, &[], "").await });
    within(started.acquire()).await.unwrap().forget();
    sidecar.handle.shutdown();
    gate.add_permits(1);
    assert_eq!(within(call).await.unwrap().body, "done");
    assert_eq!(sidecar.ended().await.unwrap(), Ended::Gracefully);
}

#[tokio::test]
async fn what_takes_too_long_is_cut_off() {
    let (started, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let options = Options {
        graceful_shutdown: Duration::from_millis(50),
        ..beside("own", app(slow_app(&started, &gate)).await)
    };
    let sidecar = Sidecar::ready(options).await;
    let url = sidecar.url("/v1.0/invoke/own/method/m");
    let call = tokio::spawn(async move { client().request(request("GET", &url, &[], "")).await });
    within(started.acquire()).await.unwrap().forget();
    let error = sidecar.stop().await.unwrap_err();
    assert_eq!(error.to_string(), "graceful shutdown took longer than 50ms");
    assert!(within(call).await.unwrap().is_err());
}

#[tokio::test]
async fn a_shutdown_can_be_held_back() {
    let options = Options { block_shutdown: Some(Duration::from_millis(300)), ..alone("a") };
    let sidecar = Sidecar::ready(options).await;
    sidecar.handle.shutdown();
    // Still serving.
    assert_eq!(sidecar.get("/v1.0/healthz").await.status, StatusCode::NO_CONTENT);
    assert_eq!(sidecar.ended().await.unwrap(), Ended::Gracefully);
}

#[tokio::test]
async fn waiting_for_the_app_can_be_ended() {
    let unused = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap()
    };
    let sidecar = Sidecar::start(beside("own", unused)).await;
    assert_eq!(sidecar.stop().await.unwrap(), Ended::Gracefully);
}
