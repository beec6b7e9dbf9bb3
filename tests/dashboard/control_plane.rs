//! The services in containers: how they are, what they have logged and what they count.

use dapr_cli::env::Env;
use serde_json::json;

use super::Dashboard;
use super::support::engine::FakeEngine;
use super::support::{FakeSidecar, TestContext};

/// A home whose runtime is installed with a placement service.
fn installed() -> TestContext {
    let context = TestContext::new();
    fs_err::create_dir_all(context.install().bin()).unwrap();
    fs_err::write(context.install().daprd(), "").unwrap();
    let record = json!({"services": ["placement"]}).to_string();
    fs_err::write(context.install().init_record(), record).unwrap();
    context
}

#[test]
fn a_service_has_its_log_and_its_metrics() {
    let engine = FakeEngine::start();
    let counted = "dapr_placement_runtimes_total{host=\"<b>\"} 3\ngo_threads 9\n";
    let sidecar = FakeSidecar::start(&format!("HTTP/1.1 200 OK\n\n{counted}"));
    engine.container(
        "dapr_placement",
        "docker.io/daprio/dapr:1.18.0",
        &[(sidecar.port, 8080), (sidecar.port, 9090)],
    );
    engine.edit("dapr_placement", |container| {
        container["Log"] = "level=info msg=up\nlevel=error msg=<script>\n".into();
    });
    let dashboard = Dashboard::of(installed(), |options| {
        options.env = Env::of([]).with("DOCKER_HOST", &engine.host());
    });
    let one = dashboard.get("/api/v1/control-plane/dapr_placement").json();
    assert_eq!(one["service"]["metricsPort"], sidecar.port, "{one}");
    assert_eq!(one["lines"][1], json!({"level": "error", "text": "level=error msg=<script>"}), "{one}");
    let metric = json!({"name": "dapr_placement_runtimes_total", "labels": "host=\"<b>\"", "value": 3.0});
    assert_eq!(one["metrics"], json!([metric]), "{one}");
    let page = dashboard.get("/control-plane/dapr_placement").body;
    assert!(page.contains("level=info msg=up") && page.contains("dapr_placement_runtimes_total"), "{page}");
    assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
    assert!(dashboard.get("/control-plane").body.contains("href=\"/control-plane/dapr%5Fplacement\""));
    assert_eq!(dashboard.get("/control-plane/dapr_redis").status, 404);
    assert_eq!(dashboard.get("/control-plane/other").status, 404);
}

#[test]
fn what_cannot_be_had_is_told() {
    // Nobody listens there.
    let dashboard = Dashboard::of(installed(), |options| {
        options.env = Env::of([("DOCKER_HOST", "tcp://127.0.0.1:1")]);
    });
    let one = dashboard.get("/api/v1/control-plane/dapr_placement").json();
    assert_eq!(one["service"]["healthy"], false, "{one}");
    assert!(one["unlogged"].as_str().unwrap().contains("docker does not answer"), "{one}");
    assert!(one["uncounted"].as_str().unwrap().contains("no port for metrics"), "{one}");
    let program = dashboard.get("/api/v1/control-plane/daprd").json();
    assert!(program["unlogged"].as_str().unwrap().contains("logs of their apps"), "{program}");
    assert_eq!(dashboard.get("/control-plane/daprd").status, 200);
}
