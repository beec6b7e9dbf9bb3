//! `dapr restart`; with real runs it is tested elsewhere.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc::{self, Receiver};

use dapr_cli::records::{Directory, ProcessId};

use crate::support::{Process, TestContext, eventually};

/// A run that gives every request the same answer.
fn run(context: &TestContext, name: &str, answer: &'static str) -> (PathBuf, Receiver<String>) {
    let socket = context.home().join(name);
    let listener = UnixListener::bind(&socket).unwrap();
    let (sender, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            writeln!(stream, "{answer}").unwrap();
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    (socket, requests)
}

#[test]
fn every_run_of_an_app_is_asked_once() {
    let context = TestContext::new();
    let daprds = [(); 3].map(|()| Process::idle());
    let (one, of_one) = run(&context, "one.sock", "{}");
    let (two, of_two) = run(&context, "two.sock", "{}");
    for (daprd, socket) in daprds.iter().zip([&one, &one, &two]) {
        context.record("restart-a", daprd.id(), |record| {
            record.cli = Some(ProcessId::current());
            record.control = Some(socket.clone());
        });
    }
    let outcome = context.dapr(["restart", "restart-a", "-a", "restart-a"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    assert_eq!(outcome.stdout, "✅  app restarted successfully: restart-a\n");
    for requests in [of_one, of_two] {
        assert_eq!(requests.recv().unwrap(), "{\"action\":\"restart\",\"appId\":\"restart-a\"}\n");
        assert!(requests.try_recv().is_err());
    }
}

#[test]
fn what_a_run_cannot_do_is_a_failure() {
    let context = TestContext::new();
    let daprd = Process::idle();
    let (socket, _requests) = run(&context, "run.sock", "{\"error\":\"the run of restart-b is ending\"}");
    context.record("restart-b", daprd.id(), |record| {
        record.cli = Some(ProcessId::current());
        record.control = Some(socket);
    });
    insta::assert_snapshot!(context.dapr(["restart", "-a", "restart-b"]), @r"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  failed to restart app id restart-b: the run of restart-b is ending
    ");
}

#[test]
fn only_what_a_run_of_ours_owns_can_be_restarted() {
    let context = TestContext::new();
    let daprd = Process::idle();
    context.record("restart-hand", daprd.id(), |_| {});
    let outcome = context.dapr(["restart", "restart-hand"]);
    let text = format!(
        "❌  failed to restart app id restart-hand: nobody who could do it owns its sidecar (PID {})\n\
         hint: stop it with dapr stop, and start it with this dapr run\n",
        daprd.id()
    );
    assert_eq!((outcome.code, outcome.stderr), (Some(1), text));
    insta::assert_snapshot!(context.dapr(["restart", "restart-hnd"]), @r"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  failed to restart app id restart-hnd: couldn't find app id restart-hnd
    hint: did you mean restart-hand?
    ");
    assert_eq!(context.dapr(["restart"]).code, Some(2));
}

#[test]
fn an_app_that_was_stopped_is_started_again_by_its_run() {
    let context = TestContext::new();
    let app = |id: &str| format!("- appID: {id}\n  appDirPath: .\n  command: [sleep, '600']\n");
    let file = format!("version: 1\napps:\n{}{}", app("start-a"), app("start-b"));
    fs_err::write(context.home().join("dapr.yaml"), file).unwrap();
    let mut command = context.command();
    let command = command.args(["run", "-f", "dapr.yaml", "--runtime", "embedded"]);
    let mut run = Process::of(command.stdout(Stdio::null()).stderr(Stdio::null()));
    let records = Directory::of(&context.install());
    let runs = |id: &str| records.instances(id).iter().any(|record| record.app.is_some());
    eventually("both run", || runs("start-a") && runs("start-b"));
    let first = records.instances("start-a")[0].daprd;
    assert_eq!(context.dapr(["stop", "start-a"]).code, Some(0));
    assert!(!runs("start-a") && runs("start-b"));
    let stopped = records.stopped();
    assert_eq!((stopped.len(), stopped[0].app_id.as_str()), (1, "start-a"));
    assert_eq!((stopped[0].cli.pid, stopped[0].command.as_str()), (run.id(), "sleep 600"));
    let outcome = context.dapr(["restart", "start-a"]);
    assert_eq!(outcome.stdout, "✅  app restarted successfully: start-a\n", "{outcome}");
    assert!(runs("start-a") && records.stopped().is_empty());
    assert_ne!(records.instances("start-a")[0].daprd, first);
    // One that runs again is restarted beside its sidecar, and the run ends with its last app.
    assert_eq!(context.dapr(["restart", "start-a"]).code, Some(0));
    assert_eq!(context.dapr(["stop", "start-b"]).code, Some(0));
    assert_eq!(context.dapr(["stop", "start-a"]).code, Some(0));
    eventually("the run has ended", || !run.is_running());
    assert!(records.stopped().is_empty());
}
