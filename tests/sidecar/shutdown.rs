use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::{any, get};
use dapr_cli::env::Env;
use dapr_cli::paths::InstallDir;
use dapr_cli::records::Directory;
use dapr_cli::sidecar::options::AppHealth;
use dapr_cli::sidecar::{Ended, Options};
use hyper::StatusCode;
use tokio::sync::{Semaphore, mpsc};

use crate::support::{
    Recorder, Sidecar, alone, app, beside, client, component, eventually, request, resources, send, within,
};

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

const WANTS: &str = r#"[{"pubsubname": "bus", "topic": "t", "route": "/t"}]"#;

/// A bus that outlives its sidecars, and what else stands beside it.
fn bus(data: &Path, more: &[String]) -> tempfile::TempDir {
    let file = data.join("bus.sqlite").display().to_string();
    let bus = component("bus", "pubsub.sqlite", &[("connectionString", &file)]);
    resources(&[&[bus], more].concat())
}

fn with(folder: &tempfile::TempDir, options: Options) -> Options {
    Options { resources_paths: vec![folder.path().to_owned()], ..options }
}

/// The next sidecar of the app, and an app that is content.
async fn successor(folder: &tempfile::TempDir) -> (Sidecar, Recorder) {
    let next = Recorder::content(WANTS).await;
    (Sidecar::ready(with(folder, beside("a", next.address))).await, next)
}

async fn publish(sidecar: &Sidecar, data: &str) {
    assert_eq!(sidecar.post("/v1.0/publish/bus/t", data).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn while_it_is_held_back_everything_but_events_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let folder = bus(data.path(), &[]);
    let (healthy, (sender, mut events)) = (Arc::new(AtomicBool::new(true)), mpsc::unbounded_channel());
    let router = {
        let healthy = Arc::clone(&healthy);
        let health =
            async move || if healthy.load(Ordering::SeqCst) { StatusCode::OK } else { StatusCode::GONE };
        Router::new()
            .route("/hz", get(health))
            .route("/dapr/subscribe", get(async || WANTS))
            .route("/m", get(async || "m"))
            .route("/t", any(async move |body: String| sender.send(body).unwrap()))
    };
    let health = AppHealth {
        path: "/hz".into(),
        interval: Duration::from_millis(5),
        timeout: Duration::from_secs(2),
        threshold: 1,
    };
    let options = Options {
        app_health: Some(health),
        block_shutdown: Some(Duration::from_hours(1)),
        graceful_shutdown: Duration::from_hours(1),
        ..beside("a", app(router).await)
    };
    let sidecar = Sidecar::ready(with(&folder, options)).await;
    publish(&sidecar, "before").await;
    assert!(within(events.recv()).await.unwrap().contains("before"));
    sidecar.handle.shutdown();
    let database = rusqlite::Connection::open(data.path().join("bus.sqlite")).unwrap();
    let listeners = || {
        database.query_row("SELECT count(*) FROM pubsub_listeners", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    eventually(async || listeners() == 0).await;
    publish(&sidecar, "while").await;
    assert_eq!(sidecar.get("/v1.0/invoke/a/method/m").await.body, "m");
    assert_eq!(sidecar.get("/v1.0/healthz").await.status, StatusCode::NO_CONTENT);
    healthy.store(false, Ordering::SeqCst);
    assert_eq!(sidecar.ended().await.unwrap(), Ended::Gracefully);
    assert!(events.try_recv().is_err(), "no event after the signal");

    let (sidecar, mut next) = successor(&folder).await;
    assert!(next.next().await.body.contains("while"));
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn a_start_that_is_not_complete_is_not_held_back() {
    let unused = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap()
    };
    let options = Options { block_shutdown: Some(Duration::from_hours(1)), ..beside("own", unused) };
    let sidecar = Sidecar::start(options).await;
    assert_eq!(sidecar.stop().await.unwrap(), Ended::Gracefully);
}

#[tokio::test]
async fn what_waits_for_its_next_try_does_not_hold_the_end_back() {
    let data = tempfile::tempdir().unwrap();
    let spec = "{policies: {retries: {r: {duration: 1h}}}, targets: {components: {bus: {inbound: {retry: r}}, tick: {inbound: {retry: r}}}}}";
    let folder = bus(
        data.path(),
        &[
            format!("apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {{name: r}}\nspec: {spec}\n"),
            component("tick", "bindings.cron", &[("schedule", "@every 1s"), ("direction", "input")]),
        ],
    );
    let mut app = Recorder::start(WANTS, async |_| (500, String::new())).await;
    let options = Options { graceful_shutdown: Duration::from_hours(1), ..beside("a", app.address) };
    let sidecar = Sidecar::ready(with(&folder, options)).await;
    publish(&sidecar, "x").await;
    let mut paths = [app.next().await.path, app.next().await.path];
    paths.sort();
    assert_eq!(paths, ["/t", "/tick"]);
    assert_eq!(sidecar.stop().await.unwrap(), Ended::Gracefully);

    let (sidecar, mut next) = successor(&folder).await;
    while next.next().await.path != "/t" {}
    sidecar.stop().await.unwrap();
}
