//! `dapr restart`; with real runs it is tested elsewhere.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};

use dapr_cli::records::ProcessId;

use crate::support::{Process, TestContext};

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
