//! `dapr list`. The machine may run other sidecars, so each test looks at its own.

use std::time::{Duration, Instant};

use dapr_cli::records::ProcessId;
use serde_json::Value;

use crate::support::{FakeSidecar, Process, TestContext, eventually, silent_listener};

fn rows(context: &TestContext) -> Vec<Value> {
    let outcome = context.dapr(["list", "-o", "json"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    assert!(outcome.stdout.ends_with(']'), "no newline at the end");
    serde_json::from_str(&outcome.stdout).unwrap()
}

fn row(context: &TestContext, app_id: &str) -> Option<Value> {
    rows(context).into_iter().find(|row| row["appId"] == app_id)
}

#[test]
fn a_record_is_a_row() {
    let context = TestContext::new();
    let (daprd, app) = (Process::idle(), Process::idle());
    context.record("list-record", daprd.id(), |record| {
        record.cli = Some(ProcessId::current());
        record.app = ProcessId::of(app.id());
        record.app_port = 8000;
        record.command = "uvicorn main:app --reload".into();
        record.max_request_body_size = 5;
        record.app_log_path = Some("/logs/app.log".into());
    });
    let row = row(&context, "list-record").unwrap();
    assert_eq!(row["daprdPid"], daprd.id());
    assert_eq!((&row["cliPid"], &row["appPid"]), (&std::process::id().into(), &app.id().into()));
    assert_eq!(row["command"], "uvicorn main:app ...");
    assert_eq!((&row["maxRequestBodySize"], &row["httpReadBufferSize"]), (&5.into(), &4096.into()));
    assert_eq!((&row["appPort"], &row["created"]), (&8000.into(), &"2026-11-24 00:00.00".into()));
    assert_eq!(row["appLogPath"], "/logs/app.log");
    let table = context.dapr(["list"]).stdout;
    let line = table.lines().find(|line| line.starts_with("list-record ")).unwrap();
    assert!(line.contains("  uvicorn main:app ...  "), "{table}");
}

#[test]
fn a_record_of_a_dead_sidecar_is_no_row() {
    let context = TestContext::new();
    let daprd = Process::idle();
    context.record("list-dead", daprd.id(), |_| {});
    assert!(row(&context, "list-dead").is_some());
    drop(daprd);
    assert_eq!(row(&context, "list-dead"), None);
}

#[test]
fn a_sidecar_that_somebody_else_started_is_found_and_asked() {
    let context = TestContext::new();
    let body =
        r#"{"id":"list stranger","extended":{"cliPID":"41","appPID":"42","appCommand":"node app.js"}}"#;
    let sidecar = FakeSidecar::start(&format!("HTTP/1.1 200 OK\n\n{body}"));
    let port = format!("--dapr-http-port={}", sidecar.port);
    let args = ["--app-id", "list stranger", "--enable-metrics=false", &port];
    let daprd = Process::named_daprd(context.home(), &args);
    eventually("the process has its name", || row(&context, "list stranger").is_some());
    let row = row(&context, "list stranger").unwrap();
    assert_eq!(row["daprdPid"], daprd.id());
    assert_eq!(
        (&row["cliPid"], &row["appPid"], &row["command"]),
        (&41.into(), &42.into(), &"node app.js".into())
    );
    assert_eq!((&row["metricsEnabled"], &row["httpPort"]), (&false.into(), &sidecar.port.into()));
}

#[test]
fn the_api_token_is_sent() {
    let context = TestContext::new();
    let sidecar = FakeSidecar::start("HTTP/1.1 401 Unauthorized\n\n");
    let daprd = Process::idle();
    context.record("list-token", daprd.id(), |record| record.http_port = sidecar.port);
    let outcome = context.run(context.command().env("DAPR_API_TOKEN", "secret").arg("list"));
    assert_eq!(outcome.code, Some(0));
    assert!(sidecar.request().contains("dapr-api-token: secret\n"));
}

#[test]
fn sidecars_that_hang_delay_nobody() {
    let context = TestContext::new();
    let daprds: Vec<Process> = (0..5).map(|_| Process::idle()).collect();
    let silent: Vec<_> = daprds.iter().map(|_| silent_listener()).collect();
    for (daprd, (_, port)) in daprds.iter().zip(&silent) {
        context.record("list-hung", daprd.id(), |record| record.http_port = *port);
    }
    let start = Instant::now();
    let hung = rows(&context).into_iter().filter(|row| row["appId"] == "list-hung").count();
    assert_eq!(hung, 5);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn yaml_is_a_block_sequence() {
    let context = TestContext::new();
    let daprd = Process::idle();
    context.record("list-yaml", daprd.id(), |record| record.cli = Some(ProcessId::current()));
    let outcome = context.dapr(["list", "--output=yaml"]);
    assert!(outcome.stdout.starts_with("- appId: list-yaml\n  httpPort: 1\n"), "{outcome}");
}

#[test]
fn the_wide_table_asks_every_sidecar_for_its_version() {
    let context = TestContext::new();
    let sidecar =
        FakeSidecar::start("HTTP/1.1 200 OK\n\n{\"id\":\"list-wide\",\"runtimeVersion\":\"1.2.3\"}");
    let daprd = Process::idle();
    context.record("list-wide", daprd.id(), |record| {
        record.http_port = sidecar.port;
        record.cli = Some(ProcessId::current());
        record.command = "uvicorn main:app --reload --port 8000".into();
        record.ready = Some(true);
    });
    let table = context.dapr(["list", "-o", "wide"]).stdout;
    let header = table.lines().next().unwrap();
    assert!(header.starts_with("APP ID ") && header.contains("  GRPC PORT  APP PORT  COMMAND "), "{table}");
    assert!(header.contains("  RUNTIME ") && header.contains("  VERSION ") && header.contains("  READY "));
    let line = table.lines().find(|line| line.starts_with("list-wide ")).unwrap();
    assert!(line.contains("  uvicorn main:app --reload --port 8000  "), "{table}");
    assert!(line.contains("  embedded ") && line.contains("  1.2.3 ") && line.contains("  yes "), "{table}");
    let outcome = context.dapr(["list", "-o", "xml"]);
    assert!(outcome.stderr.contains("json, yaml, wide and table"), "{outcome}");
    assert_eq!(outcome.code, Some(1));
}
