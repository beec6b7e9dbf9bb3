//! `dapr logs`, `dapr wait` and `dapr restart` where nothing runs; with real runs they are tested elsewhere.

use crate::support::TestContext;

/// An app that has run and ended.
fn ended(context: &TestContext) {
    let logs = context.home().join(".dapr/logs/orders");
    fs_err::create_dir_all(&logs).unwrap();
    let (app, daprd) = (logs.join("app_1.log"), logs.join("daprd_1.log"));
    fs_err::write(&app, "one\nthree\n").unwrap();
    fs_err::write(&daprd, "two\nfour\n").unwrap();
    fs_err::write(logs.join(".app_1.log.times"), "0 1000\n4 3000\n").unwrap();
    fs_err::write(logs.join(".daprd_1.log.times"), "0 2000\n4 4000\n").unwrap();
    let last = serde_json::json!({
        "appId": "orders", "appLogPath": app, "daprdLogPath": daprd, "created": "2026-01-01T00:00:00Z",
    });
    fs_err::write(logs.join("last.json"), last.to_string()).unwrap();
}

#[test]
fn the_logs_of_the_last_run() {
    let context = TestContext::new();
    ended(&context);
    insta::assert_snapshot!(context.dapr(["logs", "-a", "orders"]).stdout, @r"
    orders app   | one
    orders daprd | two
    orders app   | three
    orders daprd | four
    ");
    insta::assert_snapshot!(context.dapr(["logs", "-a", "orders", "--app", "-t"]).stdout, @r"
    1970-01-01T00:00:01Z one
    1970-01-01T00:00:03Z three
    ");
    insta::assert_snapshot!(context.dapr(["logs", "-a", "orders", "--tail", "1"]).stdout, @"orders daprd | four");
    let none = context.dapr(["logs", "-a", "orders", "--since", "5m", "--follow"]);
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""));
}

#[test]
fn what_is_not_there_is_named() {
    let context = TestContext::new();
    ended(&context);
    insta::assert_snapshot!(context.dapr(["logs", "-a", "ordres"]), @r"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  no logs of app id ordres: it runs nowhere, and its last run is not known
    hint: did you mean orders?
    ");
    insta::assert_snapshot!(context.dapr(["logs"]), @r"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  no app is running
    hint: name an app with -a to see the logs of its last run
    ");
    insta::assert_snapshot!(context.dapr(["logs", "--since", "yesterday"]), @r#"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    ❌  invalid value "yesterday" for --since
    hint: --since takes a length of time such as 90s, 5m or 2h, or a time such as 2026-01-31T08:00:00Z
    "#);
}

#[test]
fn waiting_says_what_is_missing() {
    let context = TestContext::new();
    insta::assert_snapshot!(context.dapr(["wait", "-a", "orders", "--timeout", "50ms"]), @r"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  after 50ms: orders does not run
    ");
    assert_eq!(context.dapr(["wait", "-a", "orders", "--for", "exited"]).code, Some(0));
    assert_eq!(context.dapr(["wait", "-a", "orders", "--for", "luck"]).code, Some(2));
    assert_eq!(context.dapr(["wait"]).code, Some(2));
}

#[test]
fn only_what_runs_can_be_restarted() {
    let context = TestContext::new();
    insta::assert_snapshot!(context.dapr(["restart", "-a", "orders"]), @r"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  failed to restart app id orders: couldn't find app id orders
    ");
    assert_eq!(context.dapr(["restart"]).code, Some(2));
}
