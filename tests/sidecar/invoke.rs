#![expect(clippy::similar_names, reason = "callee and caller are the words of the domain")]

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use bytes::Bytes;
use dapr_cli::env::Env;
use dapr_cli::paths::InstallDir;
use dapr_cli::records::{Directory, ProcessId, Record, Runtime};
use dapr_cli::sidecar::{Options, trace};
use futures_util::StreamExt;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::Frame;
use tokio::sync::{Semaphore, mpsc};

use crate::support::{Answer, Sidecar, alone, app, beside, client, eventually, request, send, within};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

type Headers = &'static [(&'static str, &'static str)];

/// Answers with what it got: request line, headers that start with one of the known names, body.
async fn echo(request: Request) -> Response {
    let (head, body) = request.into_parts();
    let mut text = format!("{} {}\n", head.method, head.uri);
    let mut headers: Vec<_> =
        head.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect();
    headers.sort();
    text.extend(headers);
    let body = body.collect().await.unwrap().to_bytes();
    text.push_str(&String::from_utf8_lossy(&body));
    (StatusCode::IM_A_TEAPOT, [("x-app", "1"), ("keep-alive", "timeout=9")], text).into_response()
}

fn echo_app() -> Router {
    Router::new().fallback(any(echo))
}

/// The home directory of a sidecar as the environment of another one, so that they find each other.
fn home_of(sidecar: &Sidecar) -> Env {
    Env::of([("HOME", &*sidecar.home.path().to_string_lossy())])
}

fn records(sidecar: &Sidecar) -> Directory {
    Directory::of(&InstallDir::resolve(None, &home_of(sidecar)).unwrap())
}

/// A process that lives until the test ends and stands for another sidecar's.
struct Stand(Child);

impl Stand {
    fn in_for_a_sidecar() -> Self {
        Self(Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap())
    }

    fn id(&self) -> ProcessId {
        ProcessId::of(self.0.id()).unwrap()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Records one more instance of an app under the process `stand`.
fn add_instance(to: &Sidecar, app_id: &str, stand: &Stand, runtime: Runtime, port: u16) {
    let record: Record = serde_json::from_value(serde_json::json!({
        "appId": app_id, "runtime": runtime, "daprd": stand.id(), "created": "2026-11-24T00:00:00Z",
        "httpPort": port, "grpcPort": 0, "internalPort": port,
    }))
    .unwrap();
    records(to).write(&record).unwrap();
}

fn internal_port(sidecar: &Sidecar) -> u16 {
    sidecar.handle.addresses().internal[0].port()
}

/// A header that the app got.
fn got<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let start = format!("{name}: ");
    answer.body.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default()
}

fn error(answer: &Answer) -> (StatusCode, &str) {
    (answer.status, &answer.body)
}

#[tokio::test]
async fn the_own_app_gets_the_call_as_it_was_sent() {
    let sidecar =
        Sidecar::start_with(beside("own", app(echo_app()).await), Env::of([("APP_API_TOKEN", "t")])).await;
    sidecar.until_ready().await;
    let url = sidecar.url("/v1.0/invoke/own/method/a%20b/c?x=1&y=%2F");
    let headers = [
        ("x-own", "1"),
        ("dapr-api-token", "caller"),
        ("te", "trailers"),
        ("x-bin", "AA=="),
        ("authorization", "Bearer z"),
        ("traceparent", PARENT),
        ("tracestate", "a=b"),
    ];
    let answer = send("PATCH", &url, &headers, "body").await;
    assert_eq!(answer.status, StatusCode::IM_A_TEAPOT);
    assert_eq!((answer.header("x-app"), answer.header("keep-alive")), (Some("1"), None));
    let port = answer.body.split("host: 127.0.0.1:").nth(1).unwrap().split('\n').next().unwrap().to_owned();
    let span = got(&answer, "traceparent");
    assert!(trace::is_valid(span) && span != PARENT && span[..36] == PARENT[..36], "{span}");
    let expected = format!(
        "PATCH /a%20b/c?x=1&y=%2F\nauthorization: Bearer z\ncontent-length: 4\ndapr-api-token: t\nhost: 127.0.0.1:{port}\ntraceparent: {span}\ntracestate: a=b\nx-own: 1\nbody"
    );
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn every_form_of_addressing_reaches_the_app() {
    let sidecar = Sidecar::ready(beside("own", app(echo_app()).await)).await;
    let cases: [(&str, Headers, &str); 10] = [
        ("/v1.0/invoke/own/method/m", &[], "GET /m\n"),
        ("/v1.0/invoke/own.default/method/m", &[], "GET /m\n"),
        ("/v1.0/invoke/own/method/m/", &[], "GET /m\n"),
        ("/v1.0/invoke/own/method/", &[], "GET /\n"),
        ("/v1.0/invoke/own/method/(a)!'*", &[], "GET /(a)!'*\n"),
        ("/v1.0/invoke/other/method/m", &[("dapr-app-id", "own")], "GET /v1.0/invoke/other/method/m\n"),
        ("/v1.0/invoke/own/method/%2e%2e/m", &[], "GET /m\n"),
        ("/m/n?q", &[("dapr-app-id", "own")], "GET /m/n?q\n"),
        ("/m/", &[("authorization", "Basic ZGFwci1hcHAtaWQ6b3du")], "GET /m\n"),
        ("/v1.0/unknown", &[("dapr-app-id", "own")], "GET /v1.0/unknown\n"),
    ];
    for (path, headers, line) in cases {
        let answer = send("GET", &sidecar.url(path), headers, "").await;
        assert!(answer.body.starts_with(line), "{path}: {}", answer.body);
        assert!(!answer.body.contains("dapr-app-id:"), "{}", answer.body);
    }
}

#[tokio::test]
async fn every_verb_passes() {
    let sidecar = Sidecar::ready(beside("own", app(echo_app()).await)).await;
    for verb in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let answer = send(verb, &sidecar.url("/v1.0/invoke/own/method/m"), &[], "").await;
        assert!(answer.body.starts_with(&format!("{verb} /m\n")), "{}", answer.body);
    }
    let head = send("HEAD", &sidecar.url("/v1.0/invoke/own/method/m"), &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (StatusCode::IM_A_TEAPOT, ""));
}

#[tokio::test]
async fn another_app_is_told_who_calls() {
    let callee = Sidecar::ready(beside("callee", app(echo_app()).await)).await;
    let caller =
        Sidecar::start_with(alone("caller"), home_of(&callee).with("DAPR_HOST_IP", "10.0.0.7")).await;
    caller.until_ready().await;
    let answer = send("POST", &caller.url("/v1.0/invoke/callee/method/m?q=1"), &[("x-own", "1")], "hi").await;
    assert_eq!(answer.status, StatusCode::IM_A_TEAPOT);
    assert_eq!(answer.header("x-app"), Some("1"));
    assert!(answer.body.starts_with("POST /m?q=1\n") && answer.body.ends_with("hi"), "{}", answer.body);
    let host = dapr_cli::os::hostname();
    for line in [
        "dapr-caller-app-id: caller",
        "dapr-callee-app-id: callee",
        "dapr-caller-namespace: default",
        "x-forwarded-for: 10.0.0.7",
        &format!("x-forwarded-host: {host}"),
        &format!("forwarded: for=10.0.0.7;by=10.0.0.7;host={host}"),
        "x-own: 1",
    ] {
        assert!(answer.body.lines().any(|got| got == line), "{line} is missing in {}", answer.body);
    }
    assert!(!answer.body.contains("dapr-app-id:"), "{}", answer.body);
    assert!(trace::is_valid(got(&answer, "traceparent")), "{}", answer.body);
}

#[tokio::test]
async fn a_call_without_a_usable_trace_begins_one() {
    let sidecar = Sidecar::ready(beside("own", app(echo_app()).await)).await;
    let cases: [Headers; 2] = [&[], &[("traceparent", "nonsense"), ("tracestate", "a=b")]];
    for headers in cases {
        let answer = send("GET", &sidecar.url("/v1.0/invoke/own/method/m"), headers, "").await;
        let span = got(&answer, "traceparent");
        assert!(trace::is_valid(span) && span.ends_with("-01"), "{}", answer.body);
        assert!(!answer.body.contains("tracestate"), "{}", answer.body);
    }
}

#[tokio::test]
async fn two_instances_share_the_calls_and_a_dead_one_is_skipped() {
    let named = |name: &'static str| Router::new().fallback(get(async move || name));
    let first = Sidecar::ready(beside("twin", app(named("first")).await)).await;
    let second = Sidecar::ready(beside("twin", app(named("second")).await)).await;
    let (stand, dead) = (Stand::in_for_a_sidecar(), Stand::in_for_a_sidecar());
    add_instance(&first, "twin", &stand, Runtime::Embedded, internal_port(&second));
    let caller = Sidecar::start_with(alone("caller"), home_of(&first)).await;
    caller.until_ready().await;
    let mut counts = [0, 0];
    for _ in 0..10 {
        let answer = caller.get("/v1.0/invoke/twin/method/m").await;
        counts[usize::from(answer.body == "second")] += 1;
    }
    assert_eq!(counts, [5, 5]);

    // A living process whose port nobody serves: every call still succeeds, without a pause.
    let gone = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    add_instance(&first, "twin", &dead, Runtime::Embedded, gone);
    let other = Sidecar::start_with(alone("other"), home_of(&first)).await;
    other.until_ready().await;
    for _ in 0..6 {
        let answer = other.post("/v1.0/invoke/twin/method/m", "x").await;
        assert!(answer.status == StatusCode::METHOD_NOT_ALLOWED, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_stock_sidecar_is_called_through_its_api() {
    let caller = Sidecar::ready(alone("caller")).await;
    let stand = Stand::in_for_a_sidecar();
    add_instance(&caller, "stock", &stand, Runtime::Installed, app(echo_app()).await.port());
    let answer = caller.get("/v1.0/invoke/stock/method/a/b?c").await;
    assert!(answer.body.starts_with("GET /v1.0/invoke/stock/method/a/b?c\n"), "{}", answer.body);
}

#[tokio::test]
async fn failures_have_the_stock_texts() {
    let unused = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap()
    };
    let sidecar = Sidecar::start(beside("own", unused)).await;
    let internal = |text: &str| format!(r#"{{"errorCode":"ERR_DIRECT_INVOKE","message":"{text}"}}"#);

    let answer = sidecar.get("/v1.0/invoke/own/method/x").await;
    let port = unused.port();
    let text = internal(&format!(
        r#"failed to invoke, id: own, err: Get \"http://127.0.0.1:{port}/x\": dial tcp 127.0.0.1:{port}: connect: connection refused"#
    ));
    assert_eq!(error(&answer), (StatusCode::INTERNAL_SERVER_ERROR, &*text));

    let answer = sidecar.get("/v1.0/invoke/nosuch/method/x").await;
    let text = internal("failed to invoke, id: nosuch, err: couldn't find service: nosuch");
    assert_eq!(error(&answer), (StatusCode::INTERNAL_SERVER_ERROR, &*text));

    let answer = sidecar.get("/v1.0/invoke/own/method/a%23b").await;
    let text = internal(
        r#"failed to invoke, id: own, err: rpc error: code = InvalidArgument desc = invalid method: method contains forbidden character: \"a#b\""#,
    );
    assert_eq!(error(&answer), (StatusCode::INTERNAL_SERVER_ERROR, &*text));

    let lonely = Sidecar::ready(alone("w")).await;
    let answer = lonely.get("/v1.0/invoke/w/method/x").await;
    let text =
        internal("failed to invoke, id: w, err: cannot invoke local endpoint: app channel not initialized");
    assert_eq!(error(&answer), (StatusCode::INTERNAL_SERVER_ERROR, &*text));

    // The same through another sidecar.
    let caller = Sidecar::start_with(alone("caller"), home_of(&lonely)).await;
    caller.until_ready().await;
    let answer = caller.get("/v1.0/invoke/w/method/x").await;
    let text = internal(
        "failed to invoke, id: w, err: rpc error: code = Internal desc = app channel is not initialized",
    );
    assert_eq!(error(&answer), (StatusCode::INTERNAL_SERVER_ERROR, &*text));
}

#[tokio::test]
async fn an_unreachable_sidecar_is_tried_four_times() {
    let caller = Sidecar::ready(alone("caller")).await;
    let stand = Stand::in_for_a_sidecar();
    let port = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    add_instance(&caller, "x", &stand, Runtime::Embedded, port);
    let answer = caller.post("/v1.0/invoke/x/method/m", "body").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let text = "failed to invoke, id: x, err: failed to invoke target x after 3 retries. Error: rpc error: code = Unavailable";
    assert!(answer.body.contains(text), "{}", answer.body);
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    // The app answers each piece as it comes.
    let upper = async |request: Request| {
        let pieces = request.into_body().into_data_stream();
        Body::from_stream(pieces.map(|piece| piece.map(|piece| Bytes::from(piece.to_ascii_uppercase()))))
    };
    let callee = Sidecar::ready(beside("callee", app(Router::new().fallback(any(upper))).await)).await;
    let caller = Sidecar::start_with(alone("caller"), home_of(&callee)).await;
    caller.until_ready().await;
    for sidecar in [&callee, &caller] {
        let (pieces, receiver) = mpsc::channel::<Bytes>(1);
        let stream = futures_util::stream::unfold(receiver, async |mut receiver| {
            let piece = receiver.recv().await?;
            Some((Ok::<_, std::io::Error>(Frame::data(piece)), receiver))
        });
        let body = Body::new(http_body_util::StreamBody::new(stream));
        pieces.send("one".into()).await.unwrap();
        let url = sidecar.url("/v1.0/invoke/callee/method/upper");
        let response = within(client().request(request("POST", &url, &[], body))).await.unwrap();
        let mut answer = response.into_body();
        // The second piece is sent only when the first one has come back.
        for (next, expected) in [(Some("two"), "ONE"), (None, "TWO")] {
            let frame = within(answer.frame()).await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), expected);
            if let Some(next) = next {
                pieces.send(next.into()).await.unwrap();
            }
        }
        drop(pieces);
        assert!(within(answer.frame()).await.is_none());
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let options = Options { max_body_size: Some(10), ..beside("own", app(echo_app()).await) };
    let sidecar = Sidecar::ready(options).await;
    let url = sidecar.url("/v1.0/invoke/own/method/m");
    assert_eq!(send("POST", &url, &[], "0123456789").await.status, StatusCode::IM_A_TEAPOT);
    let expected =
        r#"{"errorCode":"ERR_DIRECT_INVOKE","message":"failed to invoke, id: own, err: stream too large"}"#;
    let known = send("POST", &url, &[], "0123456789a").await;
    assert_eq!(error(&known), (StatusCode::INTERNAL_SERVER_ERROR, expected));
    // Without a length it shows only on the way.
    let pieces = futures_util::stream::iter(["012345", "6789", "a"]).map(Ok::<_, std::io::Error>);
    let unknown = send("POST", &url, &[], Body::from_stream(pieces)).await;
    assert_eq!(unknown.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(unknown.body.ends_with("stream too large\"}"), "{}", unknown.body);
}

#[tokio::test]
async fn no_more_calls_than_allowed_run_at_once() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let gate = Arc::new(Semaphore::new(0));
    let router = {
        let (now, most, gate) = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&gate));
        Router::new().route("/dapr/config", get(async || StatusCode::NOT_FOUND)).fallback(any(
            async move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                now.fetch_sub(1, Ordering::SeqCst);
            },
        ))
    };
    let options = Options { app_max_concurrency: 2, ..beside("own", app(router).await) };
    let sidecar = Arc::new(Sidecar::ready(options).await);
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let sidecar = Arc::clone(&sidecar);
            tokio::spawn(async move { sidecar.get("/v1.0/invoke/own/method/m").await.status })
        })
        .collect();
    eventually(async || now.load(Ordering::SeqCst) == 2).await;
    gate.add_permits(8);
    for call in calls {
        assert_eq!(within(call).await.unwrap(), StatusCode::OK);
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_callee_may_deny_calls_of_others() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.yaml");
    fs_err::write(&file, "spec:\n  accessControl:\n    defaultAction: deny\n").unwrap();
    let options = Options { config_files: vec![file], ..beside("closed", app(echo_app()).await) };
    let callee = Sidecar::ready(options).await;
    let caller = Sidecar::start_with(alone("caller"), home_of(&callee)).await;
    caller.until_ready().await;
    let answer = caller.get("/v1.0/invoke/closed/method/m").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("access control policy has denied access"), "{}", answer.body);
    assert_eq!(callee.get("/v1.0/invoke/closed/method/m").await.status, StatusCode::IM_A_TEAPOT);
}

#[tokio::test]
async fn the_internal_port_serves_only_its_own_app() {
    let callee = Sidecar::ready(beside("callee", app(echo_app()).await)).await;
    let url = format!("http://127.0.0.1:{}/m", internal_port(&callee));
    assert_eq!(send("GET", &url, &[], "").await.status, StatusCode::MISDIRECTED_REQUEST);
    let other = send("GET", &url, &[("dapr-app-id", "other")], "").await;
    assert_eq!(other.status, StatusCode::MISDIRECTED_REQUEST);
}
