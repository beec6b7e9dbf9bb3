//! `dapr stop`.

use std::time::{Duration, Instant};

use dapr_cli::records::ProcessId;

use crate::support::{Process, TestContext};

#[test]
fn everybody_is_gone_when_stop_returns() {
    let context = TestContext::new();
    let (mut daprd, mut app) = (Process::idle(), Process::idle());
    context.record("stop-one", daprd.id(), |record| record.app = ProcessId::of(app.id()));
    let start = Instant::now();
    let outcome = context.dapr(["stop", "-a", "stop-one"]);
    let elapsed = start.elapsed();
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    assert_eq!(outcome.stdout, "✅  app stopped successfully: stop-one\n");
    assert!(!daprd.is_running() && !app.is_running());
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
}

#[test]
fn all_instances_of_all_ids_are_stopped_and_named_once() {
    let context = TestContext::new();
    let mut daprds: Vec<Process> = (0..3).map(|_| Process::idle()).collect();
    for (daprd, id) in daprds.iter().zip(["stop-b", "stop-a", "stop-b"]) {
        context.record(id, daprd.id(), |_| {});
    }
    let outcome = context.dapr(["stop", "stop-b", "stop-b", "--app-id", "stop-a"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let expected = "✅  app stopped successfully: stop-b\n✅  app stopped successfully: stop-a\n";
    assert_eq!(outcome.stdout, expected);
    assert!(daprds.iter_mut().all(|daprd| !daprd.is_running()));
}

#[test]
fn the_owner_ends_its_instance() {
    let context = TestContext::new();
    let (mut cli, mut daprd) = (Process::idle(), Process::idle());
    context.record("stop-owned", daprd.id(), |record| record.cli = ProcessId::of(cli.id()));
    let mut stop = context.command().args(["stop", "stop-owned"]).spawn().unwrap();
    crate::support::eventually("the owner is told", || !cli.is_running());
    assert!(daprd.is_running(), "its owner has to end it");
    assert!(stop.try_wait().unwrap().is_none(), "the sidecar is waited for");
    drop(daprd);
    assert_eq!(stop.wait().unwrap().code(), Some(0));
}

#[test]
fn an_unknown_id_is_a_failure_that_stops_nothing_else() {
    let context = TestContext::new();
    let mut daprd = Process::idle();
    context.record("stop-orders", daprd.id(), |_| {});
    insta::assert_snapshot!(context.dapr(["stop", "stop-ordres"]), @"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  failed to stop app id stop-ordres: couldn't find app id stop-ordres
    hint: did you mean stop-orders?
    ");
    assert!(daprd.is_running());
    let outcome = context.dapr(["stop", "stop-nobody", "stop-orders"]);
    assert_eq!(
        (outcome.code, outcome.stdout.as_str()),
        (Some(1), "✅  app stopped successfully: stop-orders\n")
    );
    assert!(!daprd.is_running());
}

#[test]
fn nothing_to_stop_is_fine() {
    let outcome = TestContext::new().dapr(["stop"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""));
}

#[test]
fn a_run_file_that_nothing_was_started_from_is_named() {
    let context = TestContext::new();
    fs_err::write(context.home().join("dapr.yaml"), "version: 1\n").unwrap();
    let outcome = context.dapr(["stop", "-f", "dapr.yaml"]);
    let text =
        "❌  Failed to stop Dapr and app processes: couldn't find apps with run file \"[HOME]/dapr.yaml\"\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), text));
    let missing = context.dapr(["stop", "-f", "nowhere.yaml"]);
    assert_eq!(
        missing.stderr,
        "❌  Failed to get run file path: error getting file info for nowhere.yaml: stat nowhere.yaml: no such file or directory\n"
    );
}

#[test]
fn clusters_are_not_there_yet() {
    assert_eq!(TestContext::new().dapr(["stop", "-k", "a"]).code, Some(1));
}
