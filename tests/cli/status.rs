//! `dapr status`. The machine may run other sidecars, so a test leaves out rows that aren't its own.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::engine::{FakeEngine, fake_redis};
use crate::support::{FakeSidecar, Outcome, Process, TestContext, silent_listener};

const OK: &str = "HTTP/1.1 200 OK\n\n";

/// A program at the place of the installed sidecar.
pub fn install_daprd(context: &TestContext, script: &str) {
    let install = context.install();
    fs_err::create_dir_all(install.bin()).unwrap();
    fs_err::write(install.daprd(), format!("#!/bin/sh\n{script}\n")).unwrap();
    fs_err::set_permissions(install.daprd(), std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// An installation with all containers, as `dapr init` leaves it.
pub fn installed(context: &TestContext) {
    install_daprd(context, "echo 1.18.0");
    let services = json!({"services": ["placement", "redis", "zipkin", "scheduler"]});
    fs_err::write(context.install().init_record(), services.to_string()).unwrap();
}

/// An engine with the four containers, all of them well.
pub fn healthy_engine() -> (FakeEngine, [FakeSidecar; 3]) {
    let engine = FakeEngine::start();
    let servers = [(); 3].map(|()| FakeSidecar::start(OK));
    let [placement, scheduler, zipkin] = [0, 1, 2].map(|index| servers[index].port);
    engine.container("dapr_placement", "docker.io/daprio/dapr:1.18.0", &[(50005, 50005), (placement, 8080)]);
    engine.container("dapr_scheduler", "docker.io/daprio/dapr:1.18.0", &[(50006, 50006), (scheduler, 8080)]);
    engine.container("dapr_zipkin", "docker.io/openzipkin/zipkin", &[(zipkin, 9411)]);
    engine.container("dapr_redis", "docker.io/redis:6", &[(fake_redis("+PONG\r\n"), 6379)]);
    (engine, servers)
}

fn status(context: &TestContext, engine: &FakeEngine, args: &[&str]) -> Outcome {
    context.run(context.command().env("DOCKER_HOST", engine.host()).arg("status").args(args))
}

/// The rows with these names, each with whether it is healthy and its version.
fn rows(outcome: &Outcome, mine: &[&str]) -> Vec<(String, bool, String)> {
    let rows: Vec<Value> = serde_json::from_str(&outcome.stdout).unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows =
        rows.iter().map(|row| (text(row, "name"), row["healthy"].as_bool().unwrap(), text(row, "version")));
    rows.filter(|(name, ..)| mine.iter().any(|mine| name.starts_with(mine))).collect()
}

#[test]
fn without_an_installation_the_embedded_runtime_is_shown() {
    let context = TestContext::new();
    // An engine that hangs is not even looked for.
    let (_listener, port) = silent_listener();
    let host = format!("tcp://127.0.0.1:{port}");
    let outcome = context.run(context.command().env("DOCKER_HOST", host).args(["status", "-o", "json"]));
    let row: Value = serde_json::from_str::<Vec<Value>>(&outcome.stdout).unwrap().remove(0);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!((&row["name"], &row["healthy"]), (&"daprd".into(), &true.into()));
    assert_eq!((&row["version"], &row["image"]), (&version.into(), &"embedded".into()));
    assert_eq!(rows(&outcome, &["dapr_"]), []);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn all_services_are_asked() {
    let context = TestContext::new();
    installed(&context);
    let (engine, servers) = healthy_engine();
    let outcome = status(&context, &engine, &["-o", "wide"]);
    // Widths, ages and free ports differ from run to run.
    let table = outcome.stdout.lines().filter(|line| !line.starts_with("daprd/")).map(|line| {
        let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
        cells.collect::<Vec<_>>().join(" | ")
    });
    let filters = [
        (r"\| \d+[smhd] \|", "| [AGE] |"),
        (r"(daprd \|.* \|) 20[-0-9]{8} [0-9:.]{8} ", "$1 [CREATED] "),
        (r"\| \d+ \| (\S+(redis|zipkin))", "| [PORT] | $1"),
    ];
    insta::with_settings!({filters => filters}, {
        insta::assert_snapshot!(table.collect::<Vec<_>>().join("\n"), @"
        NAME | HEALTHY | VERSION | AGE | CREATED | PORT | IMAGE
        daprd | True | 1.18.0 | [AGE] | [CREATED] | [HOME]/.dapr/bin/daprd
        dapr_placement | True | 1.18.0 | [AGE] | 2026-11-24 00:00.00 | 50005 | docker.io/daprio/dapr:1.18.0
        dapr_scheduler | True | 1.18.0 | [AGE] | 2026-11-24 00:00.00 | 50006 | docker.io/daprio/dapr:1.18.0
        dapr_redis | True | 6 | [AGE] | 2026-11-24 00:00.00 | [PORT] | docker.io/redis:6
        dapr_zipkin | True | latest | [AGE] | 2026-11-24 00:00.00 | [PORT] | docker.io/openzipkin/zipkin
        ");
    });
    for (server, path) in servers.iter().zip(["/healthz", "/healthz", "/health"]) {
        assert!(server.request().starts_with(&format!("GET {path} HTTP/1.1\n")));
    }
}

#[test]
fn what_is_ill_stopped_or_absent_is_not_healthy() {
    let context = TestContext::new();
    installed(&context);
    let (engine, _servers) = healthy_engine();
    let broken = FakeSidecar::start("HTTP/1.1 503 Service Unavailable\n\n");
    engine.container("dapr_zipkin", "zipkin:3", &[(broken.port, 9411)]);
    engine.container("dapr_redis", "docker.io/redis:6", &[(fake_redis("-LOADING wait\r\n"), 6379)]);
    engine.edit("dapr_scheduler", |container| container["State"]["Status"] = "exited".into());
    engine.edit("dapr_placement", |container| container["Name"] = "/another".into());
    let outcome = status(&context, &engine, &["-o", "json"]);
    let row = |name: &str, version: &str| (name.to_owned(), false, version.to_owned());
    assert_eq!(
        rows(&outcome, &["dapr_"]),
        [
            row("dapr_placement", ""),
            row("dapr_scheduler", "1.18.0"),
            row("dapr_redis", "6"),
            row("dapr_zipkin", "3")
        ]
    );
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), ""));
}

#[test]
fn on_a_network_the_state_decides_when_there_is_no_way_in() {
    let context = TestContext::new();
    installed(&context);
    let record = json!({"network": "net", "services": ["placement", "redis"]});
    fs_err::write(context.install().init_record(), record.to_string()).unwrap();
    let engine = FakeEngine::start();
    engine.container("dapr_placement_net", "daprio/dapr:1.18.0", &[]);
    engine.container("dapr_redis_net", "redis:6", &[]);
    // An address of this machine on which nobody listens for health.
    engine.edit("dapr_redis_net", |container| {
        container["NetworkSettings"]["Networks"] = json!({"net": {"IPAddress": "127.53.17.9"}});
    });
    let outcome = status(&context, &engine, &["-o", "json"]);
    assert_eq!(
        rows(&outcome, &["dapr_"]),
        [("dapr_placement_net".into(), true, "1.18.0".into()), ("dapr_redis_net".into(), false, "6".into())]
    );
    // Nothing was set up on another network.
    let outcome = status(&context, &engine, &["--network", "other", "-o", "json"]);
    assert_eq!(rows(&outcome, &["dapr_"]), []);
}

#[test]
fn an_engine_that_is_gone_makes_its_containers_unhealthy() {
    let context = TestContext::new();
    installed(&context);
    let gone = format!("unix://{}/gone.sock", context.home().display());
    let mut command = context.command();
    let outcome = context.run(command.env("DOCKER_HOST", gone).args(["status", "-o", "json"]));
    let healthy: Vec<bool> = rows(&outcome, &["dapr_"]).into_iter().map(|(_, healthy, _)| healthy).collect();
    assert_eq!((outcome.code, healthy.as_slice()), (Some(1), [false; 4].as_slice()));
    assert!(
        outcome
            .stderr
            .starts_with("hint: containers could not be looked at: docker does not answer: unix://"),
        "{outcome}"
    );
    // After `dapr uninstall` the record may be left; then nothing has to be there.
    fs_err::remove_dir_all(context.install().bin()).unwrap();
    let outcome = context.run(&mut command);
    assert_eq!(rows(&outcome, &["dapr_"]), []);
}

#[test]
fn sidecars_are_asked_for_health_and_version() {
    let context = TestContext::new();
    let daprds = [(); 4].map(|()| Process::idle());
    let answering = |id: &str, version: &str| {
        FakeSidecar::start(&format!("{OK}{{\"id\":\"{id}\",\"runtimeVersion\":\"{version}\"}}"))
    };
    let broken = FakeSidecar::start("HTTP/1.1 500 Internal Server Error\n\n");
    let sidecars =
        [answering("status-b", "1.2.3"), broken, answering("someone else", "9"), answering("", "1.0")];
    for (id, (daprd, sidecar)) in
        ["status-b", "status-a", "status-c", "status-d"].iter().zip(daprds.iter().zip(&sidecars))
    {
        context.record(id, daprd.id(), |record| record.http_port = sidecar.port);
    }
    let outcome = context.dapr(["status", "-o", "json"]);
    let row = |id: &str, healthy, version: &str| (format!("daprd/status-{id}"), healthy, version.to_owned());
    assert_eq!(
        rows(&outcome, &["daprd/status-"]),
        [row("a", false, ""), row("b", true, "1.2.3"), row("c", false, ""), row("d", true, "1.0")]
    );
    assert_eq!(outcome.code, Some(1));
}

#[test]
fn nothing_that_hangs_delays_the_rest() {
    let context = TestContext::new();
    installed(&context);
    install_daprd(&context, "exec sleep 600");
    let (engine, _servers) = healthy_engine();
    let (_services, port) = silent_listener();
    engine.container("dapr_zipkin", "zipkin", &[(port, 9411)]);
    engine.container("dapr_redis", "redis:6", &[(port, 6379)]);
    let daprds: Vec<Process> = (0..5).map(|_| Process::idle()).collect();
    let silent: Vec<_> = daprds.iter().map(|_| silent_listener()).collect();
    for (daprd, (_, port)) in daprds.iter().zip(&silent) {
        context.record("status-hung", daprd.id(), |record| record.http_port = *port);
    }
    let start = Instant::now();
    let outcome = status(&context, &engine, &["-o", "json"]);
    // Each of them would hang for ever; how fast it is has to be measured elsewhere.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let healthy = |(_, healthy, _): (String, bool, String)| healthy;
    // Others may run sidecars on this machine.
    let own = |(name, _, _): &(String, bool, String)| name == "daprd" || name == "daprd/status-hung";
    assert!(!rows(&outcome, &["daprd"]).into_iter().filter(own).any(healthy), "{outcome}");
    assert_eq!(
        rows(&outcome, &["dapr_"]).into_iter().map(healthy).collect::<Vec<_>>(),
        [true, true, false, false]
    );
}

#[test]
fn an_engine_that_hangs_is_given_up() {
    let context = TestContext::new();
    installed(&context);
    let (_listener, port) = silent_listener();
    let start = Instant::now();
    let host = format!("tcp://127.0.0.1:{port}");
    let outcome = context.run(context.command().env("DOCKER_HOST", host).args(["status"]));
    // Each of them would hang for ever; how fast it is has to be measured elsewhere.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("docker does not answer within"), "{outcome}");
}

#[test]
fn flags_are_checked() {
    let context = TestContext::new();
    let last = |args: &[&str]| {
        let outcome = context.dapr([&["status"], args].concat());
        (outcome.code.unwrap(), outcome.stderr)
    };
    assert_eq!(last(&["-k"]), (1, "❌  dapr status -k is not available yet in this build\n".into()));
    let text =
        "❌  An invalid output format was specified.\nhint: valid formats are json, yaml, wide and table\n";
    assert_eq!(last(&["-o", "xml"]), (1, text.into()));
    let text = "❌  Invalid container runtime. Supported values are docker and podman.\n";
    assert_eq!(last(&["--container-runtime", "lxc"]), (1, text.into()));
}
