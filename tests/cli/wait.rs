//! `dapr wait`; with real runs it is tested elsewhere.

use std::time::{Duration, Instant};

use crate::support::{FakeSidecar, Process, TestContext, eventually, silent_listener};

#[test]
fn what_is_missing_is_said() {
    let context = TestContext::new();
    insta::assert_snapshot!(context.dapr(["wait", "-a", "wait-orders", "--timeout", "50ms"]), @r"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  after 50ms: wait-orders does not run
    ");
    assert_eq!(context.dapr(["wait", "wait-orders", "--for", "exited"]).code, Some(0));
    insta::assert_snapshot!(context.dapr(["wait", "-a", "wait-orders", "--for", "luck"]), @r#"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    ❌  invalid value "luck" for --for
    hint: --for takes healthy or exited
    "#);
    assert_eq!(context.dapr(["wait"]).code, Some(2));
    assert_eq!(context.dapr(["wait", "-a", "x", "--timeout", "soon"]).code, Some(2));
}

#[test]
fn all_instances_of_all_apps_have_to_be_healthy() {
    let context = TestContext::new();
    let healthy = FakeSidecar::start("HTTP/1.1 204 No Content\n\n");
    let ill = FakeSidecar::start("HTTP/1.1 500 Internal Server Error\n\n");
    let daprds = [(); 3].map(|()| Process::idle());
    context.record("wait-a", daprds[0].id(), |record| record.http_port = healthy.port);
    assert_eq!(context.dapr(["wait", "-a", "wait-a"]).to_string().lines().next(), Some("exit code: 0"));
    context.record("wait-a", daprds[1].id(), |record| record.http_port = ill.port);
    context.record("wait-b", daprds[2].id(), |record| {
        record.http_port = healthy.port;
        record.ready = Some(false);
    });
    let outcome = context.dapr(["wait", "-a", "wait-a,wait-b", "-a", "wait-c", "--timeout", "0s"]);
    assert_eq!(
        outcome.stderr,
        "❌  after 0s: the sidecar of wait-a answers with status 500, wait-b is not ready, wait-c does not run\n"
    );
    assert_eq!(outcome.code, Some(1));
}

#[test]
fn sidecars_that_hang_cost_their_own_time_only() {
    let context = TestContext::new();
    let daprds = [(); 5].map(|()| Process::idle());
    let silent = [(); 5].map(|()| silent_listener());
    for (daprd, (_, port)) in daprds.iter().zip(&silent) {
        context.record("wait-hung", daprd.id(), |record| record.http_port = *port);
    }
    let start = Instant::now();
    let outcome = context.dapr(["wait", "-a", "wait-hung", "--timeout", "100ms"]);
    assert!(
        outcome.stderr.starts_with("❌  after 100ms: the sidecar of wait-hung does not answer"),
        "{outcome}"
    );
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_sidecar_that_somebody_else_started_is_waited_for() {
    let context = TestContext::new();
    let sidecar = FakeSidecar::start("HTTP/1.1 204 No Content\n\n");
    let port = format!("--dapr-http-port={}", sidecar.port);
    let daprd = Process::named_daprd(context.home(), &["--app-id", "wait-foreign", &port]);
    let wait =
        |wanted, timeout| context.dapr(["wait", "-a", "wait-foreign", "--for", wanted, "--timeout", timeout]);
    assert_eq!(wait("healthy", "10s").code, Some(0));
    assert_eq!(wait("exited", "0s").stderr, "❌  after 0s: wait-foreign still runs\n");
    let mut waiter = context.command();
    let mut waiter = waiter.args(["wait", "wait-foreign", "--for", "exited"]).spawn().unwrap();
    drop(daprd);
    eventually("the waiter ends", || waiter.try_wait().unwrap().is_some());
    assert!(waiter.wait().unwrap().success());
}
