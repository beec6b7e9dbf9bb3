//! `dapr logs`; with real runs it is tested elsewhere.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::support::{Process, TestContext};

/// An app that has run and ended.
fn ended(context: &TestContext) {
    let logs = context.home().join(".dapr/logs/ledger");
    fs_err::create_dir_all(&logs).unwrap();
    let (app, daprd) = (logs.join("app_1.log"), logs.join("daprd_1.log"));
    fs_err::write(&app, "one\nthree\n").unwrap();
    fs_err::write(&daprd, "two\nfour\n").unwrap();
    fs_err::write(logs.join(".app_1.log.times"), "0 1000\n4 3000\n").unwrap();
    fs_err::write(logs.join(".daprd_1.log.times"), "0 2000\n4 4000\n").unwrap();
    let last = serde_json::json!({
        "appId": "ledger", "appLogPath": app, "daprdLogPath": daprd, "created": "2026-01-01T00:00:00Z",
    });
    fs_err::write(logs.join("last.json"), last.to_string()).unwrap();
}

#[test]
fn the_logs_of_the_last_run() {
    let context = TestContext::new();
    ended(&context);
    insta::assert_snapshot!(context.dapr(["logs", "-a", "ledger"]).stdout, @r"
    ledger app   | one
    ledger daprd | two
    ledger app   | three
    ledger daprd | four
    ");
    insta::assert_snapshot!(context.dapr(["logs", "-a", "ledger", "--app", "-t"]).stdout, @r"
    1970-01-01T00:00:01.000Z one
    1970-01-01T00:00:03.000Z three
    ");
    insta::assert_snapshot!(context.dapr(["logs", "-a", "ledger", "--tail", "1"]).stdout, @"ledger daprd | four");
    let none = context.dapr(["logs", "-a", "ledger", "--since", "5m", "--follow"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""));
    let once = context.dapr(["logs", "ledger", "-a", "ledger", "--sidecar"]);
    assert_eq!(once.stdout, "two\nfour\n", "named twice, shown once");
}

#[test]
fn what_cannot_be_shown_is_a_failure() {
    let context = TestContext::new();
    ended(&context);
    let full = fs_err::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let outcome = context.run(context.command().args(["logs", "-a", "ledger"]).stdout(full.into_file()));
    assert_eq!(outcome.stderr, "❌  cannot write to stdout: no space left on device\n");
    assert_eq!(outcome.code, Some(1));
    fs_err::remove_file(context.home().join(".dapr/logs/ledger/app_1.log")).unwrap();
    let outcome = context.dapr(["logs", "-a", "ledger", "--app"]);
    let gone = "no logs of app id ledger: [HOME]/.dapr/logs/ledger/app_1.log is not there any more";
    assert_eq!((outcome.code, outcome.stderr), (Some(1), format!("❌  {gone}\n")));
    assert_eq!(context.dapr(["logs", "-a", "ledger"]).stdout, "two\nfour\n", "the other one is");
    // A sidecar that was started by hand keeps nothing.
    let daprd = Process::idle();
    context.record("hand", daprd.id(), |_| {});
    insta::assert_snapshot!(context.dapr(["logs", "-a", "hand"]), @r"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  no logs of app id hand: this output is not kept in a file
    hint: only this dapr run keeps what apps and sidecars write; look where it was started
    ");
}

#[test]
fn a_record_names_the_logs_of_what_runs() {
    let context = TestContext::new();
    ended(&context);
    let (daprd, log) = (Process::idle(), context.home().join("now.log"));
    fs_err::write(&log, "now\n").unwrap();
    context.record("ledger", daprd.id(), |record| record.app_log_path = Some(log.clone()));
    assert_eq!(context.dapr(["logs", "-a", "ledger"]).stdout, "now\n");
    let mut follow = context.command();
    let mut follow = follow
        .args(["logs", "-a", "ledger", "--follow", "--tail", "0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    // What comes before it has opened the file is no news to it.
    let (stop, stopped) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        let mut file = fs_err::OpenOptions::new().append(true).open(log).unwrap();
        while stopped.recv_timeout(std::time::Duration::from_millis(10)).is_err() {
            file.write_all(b"more\n").unwrap();
        }
        file.write_all(b"last words").unwrap();
    });
    assert_eq!(lines.next().unwrap().unwrap(), "more");
    stop.send(()).unwrap();
    writer.join().unwrap();
    drop(daprd);
    assert_eq!(lines.map(Result::unwrap).last().unwrap(), "last words");
    assert_eq!(follow.wait().unwrap().code(), Some(0));
}

#[test]
fn a_cluster_is_not_looked_at_yet() {
    let outcome = TestContext::new().dapr(["logs", "-k", "-a", "ledger", "-n", "shop", "-p", "pod"]);
    assert_eq!(outcome.stderr, "❌  dapr logs -k is not available yet in this build\n");
    assert_eq!(outcome.code, Some(1));
}

#[test]
fn what_is_not_there_is_named() {
    let context = TestContext::new();
    ended(&context);
    insta::assert_snapshot!(context.dapr(["logs", "-a", "lebger"]), @r"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  no logs of app id lebger: it runs nowhere, and its last run is not known
    hint: did you mean ledger?
    ");
    insta::assert_snapshot!(context.dapr(["logs", "--since", "yesterday"]), @r#"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    ❌  invalid value "yesterday" for --since
    hint: --since takes a length of time such as 90s, 5m or 2h, or a time such as 2026-01-31T08:00:00Z
    "#);
}
