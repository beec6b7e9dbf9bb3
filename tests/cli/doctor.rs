//! `dapr doctor`. What depends on the machine, such as its names and its disk, is tested beside the code.

use std::net::TcpListener;

use dapr_cli::records::ProcessId;
use serde_json::Value;

use super::status::{healthy_engine, install_daprd, installed};
use crate::support::engine::FakeEngine;
use crate::support::{Outcome, Process, TestContext};

fn doctor(context: &TestContext, engine: &FakeEngine, args: &[&str]) -> Outcome {
    let mut command = context.command();
    // No other engine.
    command.env("PATH", "/nowhere").env("DOCKER_HOST", engine.host());
    context.run(command.arg("doctor").args(args))
}

/// The findings of some checks, a line each, with what to do below.
fn findings(outcome: &Outcome, checks: &[&str]) -> String {
    let findings: Vec<Value> = serde_json::from_str(&outcome.stdout).unwrap();
    let findings = findings.iter().filter(|finding| checks.contains(&finding["check"].as_str().unwrap()));
    let lines = findings.map(|finding| {
        let text = |key: &str| finding[key].as_str().unwrap();
        let line = format!("{} {}: {}", text("check"), text("result"), text("detail"));
        if finding["advice"].is_null() { line } else { format!("{line}\n  {}", text("advice")) }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The same for a run of its own, after its exit code.
fn look(context: &TestContext, engine: &FakeEngine, checks: &[&str]) -> String {
    let outcome = doctor(context, engine, &["-o", "json"]);
    assert_eq!(outcome.stderr, "");
    let findings = findings(&outcome, checks).replace(&engine.host(), "[SOCKET]");
    format!("exit code: {}\n{findings}", outcome.code.unwrap())
}

#[test]
fn a_machine_without_dapr_is_well() {
    let context = TestContext::new();
    let engine = FakeEngine::start();
    let checks = ["container engine", "runtime", "services", "records", "resources", "proxies"];
    insta::assert_snapshot!(look(&context, &engine, &checks), @"
    exit code: 0
    container engine ok: docker 99.1 answers at [SOCKET] (DOCKER_HOST)
    runtime ok: none is installed; `dapr run` uses the embedded one, version 1.18.0
    records ok: 0 running sidecars, and nothing that is left over
    resources ok: there are no files that every app gets
    proxies ok: none is set
    ");
    let lines = doctor(&context, &engine, &[]).stdout;
    assert!(lines.contains("\n✅  proxies: none is set\n0 problems, "), "{lines}");
}

#[test]
fn an_installation_that_is_well() {
    let context = TestContext::new();
    installed(&context);
    let (engine, _servers) = healthy_engine();
    insta::assert_snapshot!(look(&context, &engine, &["runtime", "services", "ports"]), @"
    exit code: 0
    runtime ok: daprd 1.18.0 is installed in [HOME]/.dapr/bin/daprd
    services ok: dapr_placement, dapr_scheduler, dapr_redis, dapr_zipkin run
    ports ok: no container of ours can be reached from other machines
    ");
}

#[test]
fn what_is_wrong_with_an_installation_is_named() {
    let context = TestContext::new();
    installed(&context);
    install_daprd(&context, "echo 1.15.2");
    let (engine, _servers) = healthy_engine();
    engine.edit("dapr_redis", |container| {
        container["HostConfig"]["PortBindings"]["6379/tcp"] =
            serde_json::json!([{"HostIp": "", "HostPort": "6379"}]);
    });
    engine.edit("dapr_zipkin", |container| {
        container["State"] =
            serde_json::json!({"Status": "exited", "ExitCode": 3, "FinishedAt": "2026-11-24T00:00:00Z"});
    });
    engine.edit("dapr_scheduler", |container| container["Name"] = "/another".into());
    insta::assert_snapshot!(look(&context, &engine, &["runtime", "services", "ports"]), @"
    exit code: 1
    runtime warning: daprd 1.15.2 and this dapr 1.18.0 are more than 2 minor versions apart
      `dapr upgrade --runtime-version 1.18.0` renews the runtime
    services ok: dapr_redis runs
    services problem: container dapr_placement is version 1.18.0, but daprd is 1.15.2
      `dapr upgrade --runtime-version 1.15.2` makes them one, and keeps all data
    services problem: there is no container dapr_scheduler
      `dapr init` puts it back
    services problem: container dapr_zipkin does not run, and ended with exit code 3
      `dapr init` starts it again
    ports warning: dapr_redis publishes 6379 on all addresses of this machine; Redis has no password
      if other machines must not reach it: `docker rm -f dapr_redis`, with which data in it goes, then `dapr init --bind 127.0.0.1`
    ");
}

#[test]
fn a_sidecar_that_does_not_work_is_a_problem() {
    let context = TestContext::new();
    let engine = FakeEngine::start();
    install_daprd(&context, "exit 1");
    insta::assert_snapshot!(look(&context, &engine, &["runtime"]), @"
    exit code: 1
    runtime problem: [HOME]/.dapr/bin/daprd does not tell its version
      `dapr init` replaces it by one that works
    ");
    fs_err::remove_file(context.install().daprd()).unwrap();
    fs_err::write(context.install().daprd(), "").unwrap();
    insta::assert_snapshot!(look(&context, &engine, &["runtime"]), @"
    exit code: 1
    runtime problem: [HOME]/.dapr/bin/daprd may not be executed
      give it the right: chmod +x [HOME]/.dapr/bin/daprd
    ");
}

#[test]
fn a_port_that_is_taken_is_named_with_who_has_it() {
    let context = TestContext::new();
    let engine = FakeEngine::start();
    // Taken in any case: by us, unless by somebody else.
    let _held = TcpListener::bind("127.0.0.1:59091");
    engine.container("grafana", "grafana", &[(59091, 80)]);
    let outcome = doctor(&context, &engine, &[]);
    let line = "⚠  ports: port 59091, which dapr_scheduler would need, is in use by the container grafana\n    before ";
    assert!(outcome.stdout.contains(line), "{outcome}");
    assert_eq!(outcome.code, Some(0));
}

#[test]
fn an_engine_is_missed_by_an_installation_only() {
    let context = TestContext::new();
    let run = || {
        let mut command = context.command();
        command.env("PATH", "/nowhere").env("DOCKER_HOST", "unix:///nowhere.sock");
        let outcome = context.run(command.args(["doctor", "-o", "json"]));
        (outcome.code, findings(&outcome, &["container engine"]))
    };
    let (code, text) = run();
    assert_eq!(code, Some(0));
    assert!(text.starts_with("container engine warning: docker does not answer: unix://"), "{text}");
    installed(&context);
    let (code, text) = run();
    assert_eq!(code, Some(1));
    assert!(text.starts_with("container engine problem: "), "{text}");
    assert!(text.ends_with("\n  start docker: the containers of `dapr init` are there"), "{text}");
}

#[test]
fn what_is_left_over_is_named_and_stays() {
    let context = TestContext::new();
    let engine = FakeEngine::start();
    let process = Process::idle();
    let pid = process.id();
    context.record("doctor-alive", pid, |_| {});
    let me = ProcessId::current();
    context.record("doctor-dead", std::process::id(), |record| {
        record.daprd = ProcessId { started: me.started + 1, ..me };
    });
    fs_err::write(context.install().run().join("broken.json"), "{").unwrap();
    fs_err::create_dir(context.install().staging()).unwrap();
    let outcome = doctor(&context, &engine, &["-o", "json"]);
    let records = findings(&outcome, &["records"]);
    let text = records.replace(&format!("-{}.json", me.pid), "-[PID].json");
    insta::assert_snapshot!(text, @"
    records warning: these sidecars are gone, and their records are left: [HOME]/.dapr/run/doctor-dead-[PID].json
      `dapr list` removes them
    records warning: nobody can use, nor will remove: [HOME]/.dapr/run/broken.json
      delete them
    records warning: an init that was killed has left [HOME]/.dapr/.staging
      the next `dapr init` removes it
    ");
    assert_eq!(outcome.code, Some(0));
    // Nothing was changed: it says the same again, until somebody else looks.
    let outcome = doctor(&context, &engine, &["-o", "json"]);
    assert_eq!(findings(&outcome, &["records"]), records);
    context.dapr(["list"]);
    let outcome = doctor(&context, &engine, &["-o", "json"]);
    assert!(!findings(&outcome, &["records"]).contains("doctor-dead"), "{outcome}");
}

#[test]
fn an_init_under_way_is_not_left_over() {
    let context = TestContext::new();
    let engine = FakeEngine::start();
    fs_err::create_dir_all(context.install().staging()).unwrap();
    let directory = std::fs::File::open(context.install().root()).unwrap();
    directory.lock().unwrap();
    let outcome = doctor(&context, &engine, &["-o", "json"]);
    assert_eq!(
        findings(&outcome, &["records"]),
        "records ok: 0 running sidecars, and nothing that is left over"
    );
}

#[test]
fn resources_that_the_runtime_cannot_load_are_problems() {
    let context = TestContext::new();
    let engine = FakeEngine::start();
    context.dapr(["init", "--embedded"]);
    let write = |name: &str, kind: &str, more: &str| {
        let text = format!(
            "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: {kind}\n  \
             version: v1\n{more}"
        );
        fs_err::write(context.install().components().join(format!("{name}.yaml")), text).unwrap();
    };
    write("mysql", "state.mysql", "  metadata:\n  - name: connectionString\n    value: x\n");
    write("broken", "secretstores.local.file", "");
    insta::assert_snapshot!(look(&context, &engine, &["resources"]), @"
    exit code: 1
    resources problem: [HOME]/.dapr/components/broken.yaml:6: secretstores.local.file needs the metadata secretsFile
      correct the file, or move it elsewhere
    resources problem: [HOME]/.dapr/components/mysql.yaml:6: the embedded runtime has no state.mysql/v1
      `dapr init` installs the runtime that has it; or move the file elsewhere
    ");
    install_daprd(&context, "echo 1.18.0");
    fs_err::remove_file(context.install().components().join("broken.yaml")).unwrap();
    insta::assert_snapshot!(look(&context, &engine, &["resources"]), @"
    exit code: 1
    resources problem: [HOME]/.dapr/components/pubsub.yaml:7: the installed runtime has no pubsub.sqlite/v1
      use `dapr run --runtime embedded`, or another type such as pubsub.redis
    ");
    let mut command = context.command();
    command.env("PATH", "/nowhere").env("DOCKER_HOST", engine.host()).env("DAPR_RUNTIME", "embedded");
    let outcome = context.run(command.args(["doctor", "-o", "json"]));
    assert!(
        findings(&outcome, &["resources"]).contains("the embedded runtime has no state.mysql/v1"),
        "{outcome}"
    );
}

#[test]
fn a_proxy_without_exceptions_is_a_warning() {
    let context = TestContext::new();
    let engine = FakeEngine::start();
    let mut command = context.command();
    command.env("PATH", "/nowhere").env("DOCKER_HOST", engine.host());
    command.env("HTTPS_PROXY", "http://me:secret@proxy");
    let outcome = context.run(command.arg("doctor"));
    let line =
        "⚠  proxies: HTTPS_PROXY is set, and NO_PROXY lacks localhost and 127.0.0.1\n    set NO_PROXY=";
    assert!(outcome.stdout.contains(line), "{outcome}");
    assert!(!outcome.stdout.contains("secret"), "{outcome}");
}
