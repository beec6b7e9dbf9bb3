use dapr_cli::sidecar::Options;
use dapr_cli::sidecar::options::AppHealth;
use hyper::{Method, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::support::{Answer, Recorder, Sidecar, alone, beside, component, resources, send};

#[tokio::test]
async fn output_bindings_answer_over_http() {
    let service = Recorder::start("[]", async |path| match path.as_str() {
        "/echo" => (201, "made".into()),
        _ => (404, "nothing".into()),
    })
    .await;
    let files = tempfile::tempdir().unwrap();
    let folder = resources(&[
        component("files", "bindings.localstorage", &[("rootPath", files.path().to_str().unwrap())]),
        component("service", "bindings.http", &[("url", &format!("http://{}", service.address))]),
        component("tick", "bindings.cron", &[("schedule", "@yearly")]),
    ]);
    let sidecar = Sidecar::ready(Options { resources_paths: vec![folder.path().into()], ..alone("a") }).await;
    let call = async |name: &str, body: &str| -> Answer {
        sidecar.post(&format!("/v1.0/bindings/{name}"), body).await
    };

    let answer =
        call("files", r#"{"operation":"create","data":{"a": "<b>"},"metadata":{"fileName":"f"}}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, r#"{"fileName":"f"}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let get = r#"{"Operation":"get","metadata":{"fileName":"f"}}"#;
    let answer = send("PUT", &sidecar.url("/v1.0/bindings/files"), &[], get).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, r#"{"a": "<b>"}"#));
    let answer = call("files", r#"{"operation":"delete","metadata":{"fileName":"f"}}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NO_CONTENT, ""));

    let answer = call("service", r#"{"operation":"post","data":1,"metadata":{"path":"echo"}}"#).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "made"));
    assert_eq!(
        (answer.header("metadata.statusCode"), answer.header("metadata.status")),
        (Some("201"), Some("201 Created"))
    );
    let answer = call("service", r#"{"operation":"get"}"#).await;
    let text = r#"{"errorCode":"ERR_INVOKE_OUTPUT_BINDING","message":"error invoking output binding service: received status code 404"}"#;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, text));
    assert_eq!(answer.header("metadata.statusCode"), Some("404"));

    for (name, body, message) in [
        ("tick", r#"{"operation":"create"}"#, "couldn't find output binding tick"),
        ("files", "{}", "operation field is missing from request"),
        (
            "files",
            r#"{"operation":"move"}"#,
            "binding files does not support operation move. supported operations:create get list delete",
        ),
    ] {
        let answer = call(name, body).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(
            answer.body.contains(&format!("error invoking output binding {name}: {message}")),
            "{}",
            answer.body
        );
    }
    let answer = call("files", "{bad").await;
    let text = r#"{"errorCode":"ERR_MALFORMED_REQUEST","message":"failed deserializing HTTP body: invalid character 'b' looking for beginning of object key string"}"#;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::BAD_REQUEST, text));

    let metadata = sidecar.get("/v1.0/metadata").await.body;
    assert!(
        metadata.contains(
            r#"{"name":"tick","type":"bindings.cron","version":"v1","capabilities":["INPUT_BINDING"]}"#
        ),
        "{metadata}"
    );
}

#[tokio::test]
async fn an_output_binding_gets_the_callers_trace() {
    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut service = Recorder::content("[]").await;
    let folder = resources(&[component(
        "service",
        "bindings.http",
        &[("url", &format!("http://{}", service.address))],
    )]);
    let sidecar = Sidecar::ready(Options { resources_paths: vec![folder.path().into()], ..alone("a") }).await;
    let headers = [("traceparent", PARENT), ("tracestate", "a=b"), ("baggage", "k=v")];
    let url = sidecar.url("/v1.0/bindings/service");
    let answer = send("POST", &url, &headers, r#"{"operation":"create","data":"x"}"#).await;
    assert_eq!(answer.status, StatusCode::OK);
    let got = service.next().await;
    assert_eq!((&got.method, got.body.as_str()), (&Method::POST, "\"x\""));
    assert_eq!(got.header("traceparent").unwrap()[..36], PARENT[..36]);
    assert_eq!((got.header("tracestate"), got.header("baggage")), (Some("a=b"), Some("k=v")));
}

#[tokio::test]
async fn the_clock_calls_the_app() {
    let mut app =
        Recorder::start("[]", async |path| (if path == "/other" { 404 } else { 200 }, String::new())).await;
    let folder = resources(&[
        component("tick", "bindings.cron", &[("schedule", "@every 20ms"), ("route", "/on/tick")]),
        component("other", "bindings.cron", &[("schedule", "@every 20ms")]),
    ]);
    let options = Options { resources_paths: vec![folder.path().into()], ..beside("a", app.address) };
    let sidecar = Sidecar::ready(options).await;
    let mut asked = [app.next().await, app.next().await].map(|question| (question.method, question.path));
    asked.sort_by(|a, b| a.1.cmp(&b.1));
    let question = |path: &str| (Method::OPTIONS, path.to_owned());
    assert_eq!(asked, [question("/on/tick"), question("/other")]);
    for _ in 0..3 {
        let event = app.next().await;
        assert_eq!(
            (event.method.clone(), event.path.as_str(), event.body.as_str()),
            (Method::POST, "/on/tick", "")
        );
        assert_eq!(
            (event.header("timezone"), event.header("content-type")),
            (Some("Local"), Some("application/json"))
        );
    }
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn input_bindings_rest_while_the_app_is_unhealthy() {
    let healthy = Arc::new(AtomicBool::new(true));
    let state = Arc::clone(&healthy);
    let mut app = Recorder::start("[]", move |path| {
        let fine = path != "/healthz" || state.load(Ordering::SeqCst);
        async move { (if fine { 200 } else { 503 }, String::new()) }
    })
    .await;
    let folder = resources(&[component(
        "tick",
        "bindings.cron",
        &[("schedule", "@every 10ms"), ("direction", "input")],
    )]);
    let health = AppHealth {
        path: "/healthz".into(),
        interval: Duration::from_millis(30),
        timeout: Duration::from_millis(20),
        threshold: 1,
    };
    let options = Options {
        resources_paths: vec![folder.path().into()],
        app_health: Some(health),
        ..beside("a", app.address)
    };
    let _sidecar = Sidecar::ready(options).await;
    let tick = async |app: &mut Recorder| while app.next().await.path != "/tick" {};
    tick(&mut app).await;
    healthy.store(false, Ordering::SeqCst);
    // Several probes after the last tick: it rests.
    let mut probes = 0;
    while probes < 3 {
        probes = if app.next().await.path == "/tick" { 0 } else { probes + 1 };
    }
    healthy.store(true, Ordering::SeqCst);
    tick(&mut app).await;
}
