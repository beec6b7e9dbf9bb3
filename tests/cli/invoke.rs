//! `dapr invoke` against a stand-in for the sidecar.

use std::os::unix::net::UnixListener;
use std::thread;

use crate::support::{FakeSidecar, Process, TestContext, answer, silent_listener};

/// A context with one app of this id, whose sidecar answers so.
fn app(app_id: &str, reply: &str) -> (TestContext, FakeSidecar, Process) {
    let (context, sidecar, daprd) = (TestContext::new(), FakeSidecar::start(reply), Process::idle());
    context.record(app_id, daprd.id(), |record| record.http_port = sidecar.port);
    (context, sidecar, daprd)
}

#[test]
fn the_answer_is_printed() {
    let (context, sidecar, _daprd) = app("invoke-ok", "HTTP/1.1 200 OK\n\n{\"a\":1}");
    let args = ["invoke", "-a", "invoke-ok", "-m", "orders/7?x=1 2", "-d", "not json"];
    let outcome = context.run(context.command().args(args).env("DAPR_API_TOKEN", "secret"));
    insta::assert_snapshot!(outcome, @r#"
    exit code: 0
    ----- stdout -----
    {"a":1}
    ✅  App invoked successfully

    ----- stderr -----
    "#);
    let request = sidecar.request();
    assert!(
        request.starts_with("POST /v1.0/invoke/invoke-ok/method/orders/7?x=1%202 HTTP/1.1\n"),
        "{request}"
    );
    assert!(request.contains("content-type: application/json\n"), "{request}");
    assert!(request.contains("dapr-api-token: secret\n"), "{request}");
    assert!(request.ends_with("\n\nnot json"), "{request}");
}

#[test]
fn an_empty_answer_prints_nothing_of_its_own() {
    let (context, sidecar, _daprd) = app("invoke-empty", "HTTP/1.1 204 No Content\n\n");
    let outcome = context.dapr(["invoke", "-a", "invoke-empty", "-m", "m", "-v", "get"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "✅  App invoked successfully\n"));
    assert!(sidecar.request().starts_with("GET "));
}

#[test]
fn a_body_can_come_from_a_file() {
    let (context, sidecar, _daprd) = app("invoke-file", "HTTP/1.1 200 OK\n\n");
    fs_err::write(context.home().join("body.json"), "{\"from\":\"file\"}").unwrap();
    let outcome = context.dapr(["invoke", "-a", "invoke-file", "-m", "m", "-f", "body.json"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(sidecar.request().ends_with("{\"from\":\"file\"}"));
    let outcome = context.dapr(["invoke", "-a", "invoke-file", "-m", "m", "-f", "none.json"]);
    assert_eq!(outcome.code, Some(1));
    let expected =
        "❌  Error reading payload from 'none.json'. Error: open none.json: no such file or directory\n";
    assert_eq!(outcome.stderr, expected);
    let outcome = context.dapr(["invoke", "-a", "invoke-file", "-m", "m", "-f", "body.json", "-d", "x"]);
    let expected = "❌  Only one of --data and --data-file allowed in the same invoke command\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), expected));
}

#[test]
fn a_failure_keeps_what_the_app_said() {
    let (context, _sidecar, _daprd) =
        app("invoke-500", "HTTP/1.1 500 Internal Server Error\n\n{\"why\":\"out of stock\"}");
    insta::assert_snapshot!(context.dapr(["invoke", "-a", "invoke-500", "-m", "m"]), @r#"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  error invoking app invoke-500: 500 Internal Server Error
    hint: the answer was: {"why":"out of stock"}
    "#);
}

#[test]
fn a_redirect_is_no_success() {
    let (context, _sidecar, _daprd) = app("invoke-302", "HTTP/1.1 302 Found\nlocation: /login\n\n");
    let outcome = context.dapr(["invoke", "-a", "invoke-302", "-m", "m"]);
    assert_eq!(outcome.code, Some(1));
    let expected = "❌  error invoking app invoke-302: 302 Found\nhint: the app redirects to /login\n";
    assert_eq!(outcome.stderr, expected);
}

#[test]
fn an_unknown_app_asks_what_was_meant() {
    let (context, _sidecar, _daprd) = app("invoke-orders", "HTTP/1.1 200 OK\n\n");
    insta::assert_snapshot!(context.dapr(["invoke", "-a", "invoke-ordrs", "-m", "m"]), @"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  error invoking app invoke-ordrs: app ID invoke-ordrs not found
    hint: did you mean invoke-orders?
    ");
}

#[test]
fn a_sidecar_that_is_gone_is_named_in_the_stock_words() {
    let (context, daprd) = (TestContext::new(), Process::idle());
    let port = silent_listener().1;
    context.record("invoke-gone", daprd.id(), |record| record.http_port = port);
    let outcome = context.dapr(["invoke", "-a", "invoke-gone", "-m", "m"]);
    let url = format!("http://127.0.0.1:{port}/v1.0/invoke/invoke-gone/method/m");
    let expected = format!(
        "❌  error invoking app invoke-gone: Post \"{url}\": dial tcp 127.0.0.1:{port}: connect: connection refused\n"
    );
    assert_eq!((outcome.code, outcome.stderr), (Some(1), expected));
}

#[test]
fn one_instance_of_several_is_enough() {
    let (context, _sidecar, _daprd) = app("invoke-two", "HTTP/1.1 200 OK\n\n");
    let other = Process::idle();
    context.record("invoke-two", other.id(), |record| record.http_port = silent_listener().1);
    for _ in 0..8 {
        assert_eq!(context.dapr(["invoke", "-a", "invoke-two", "-m", "m"]).code, Some(0));
    }
}

#[test]
fn a_socket_needs_no_record() {
    let context = TestContext::new();
    let listener = UnixListener::bind(context.home().join("dapr-invoke-socket-http.socket")).unwrap();
    let server =
        thread::spawn(move || answer(listener.accept().unwrap().0, "HTTP/1.1 200 OK\n\nhi").unwrap());
    let socket = context.home().to_str().unwrap().to_owned();
    let outcome = context.dapr(["invoke", "-a", "invoke-socket", "-m", "m", "-u", &socket]);
    insta::assert_snapshot!(outcome, @"
    exit code: 0
    ----- stdout -----
    ⚠  Unix domain sockets are currently a preview feature
    hi
    ✅  App invoked successfully

    ----- stderr -----
    ");
    assert!(server.join().unwrap().starts_with("POST /v1.0/invoke/invoke-socket/method/m HTTP/1.1\n"));
}
