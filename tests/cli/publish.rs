//! `dapr publish` against a stand-in for the sidecar.

use crate::support::{FakeSidecar, Process, TestContext};

fn app(app_id: &str, reply: &str) -> (TestContext, FakeSidecar, Process) {
    let (context, sidecar, daprd) = (TestContext::new(), FakeSidecar::start(reply), Process::idle());
    context.record(app_id, daprd.id(), |record| record.http_port = sidecar.port);
    (context, sidecar, daprd)
}

#[test]
fn an_event_is_published() {
    let (context, sidecar, _daprd) = app("publish-ok", "HTTP/1.1 204 No Content\n\n");
    let metadata = r#"{"ttlInSeconds":"1 0","rawPayload":true}"#;
    let args =
        ["publish", "-i", "publish-ok", "-p", "pubsub", "-t", "orders/new", "-d", "[1]", "-m", metadata];
    let outcome = context.dapr(args);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    assert_eq!(outcome.stdout, "✅  Event published successfully\n");
    let request = sidecar.request();
    let line = "POST /v1.0/publish/pubsub/orders/new?metadata.rawPayload=true&metadata.ttlInSeconds=1%200 HTTP/1.1\n";
    assert!(request.starts_with(line), "{request}");
    assert!(request.contains("content-type: application/json\n"), "{request}");
    assert!(request.ends_with("\n\n[1]"), "{request}");
}

#[test]
fn a_whole_event_is_sent_as_one() {
    let (context, sidecar, _daprd) = app("publish-event", "HTTP/1.1 204 No Content\n\n");
    let event = r#"{"id":"1","source":"s","specversion":"1.0","type":"t","data":"d"}"#;
    let outcome = context.dapr(["publish", "-i", "publish-event", "-p", "p", "-t", "t", "-d", event]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(sidecar.request().contains("content-type: application/cloudevents+json\n"));
}

#[test]
fn a_refusal_keeps_what_the_sidecar_said() {
    let reply = "HTTP/1.1 404 Not Found\n\n{\"errorCode\":\"ERR_PUBSUB_NOT_FOUND\"}";
    let (context, _sidecar, _daprd) = app("publish-404", reply);
    insta::assert_snapshot!(context.dapr(["publish", "-i", "publish-404", "-p", "p", "-t", "t"]), @r#"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  Error publishing topic t: unexpected status code 404 on publishing to t in p
    hint: the answer was: {"errorCode":"ERR_PUBSUB_NOT_FOUND"}
    "#);
}

#[test]
fn what_cannot_be_published_is_said_before() {
    let context = TestContext::new();
    let stderr = |args: &[&str]| {
        let outcome = context.dapr([&["publish"], args].concat());
        assert_eq!(outcome.code, Some(1), "{outcome}");
        outcome.stderr
    };
    let empty = stderr(&["-i", "a", "-p", "", "-t", "t"]);
    assert_eq!(empty, "❌  Error publishing topic t: pubsubName is missing\n");
    let unknown = stderr(&["-i", "publish-nobody-runs-this", "-p", "p", "-t", "t"]);
    assert_eq!(unknown, "❌  Error publishing topic t: couldn't find a running Dapr instance\n");
    let metadata = stderr(&["-i", "a", "-p", "p", "-t", "t", "-m", "{"]);
    assert!(
        metadata.starts_with("❌  Error parsing metadata as JSON. Error: EOF while parsing"),
        "{metadata}"
    );
}
