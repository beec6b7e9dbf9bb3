//! What every call passes: routing, tokens, limits, trace context, CORS.

use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Sidecar, alone, request, send, within};

const UNKNOWN: &str = r#"{"errorCode":"ERR_DIRECT_INVOKE","message":"failed getting app id either from the URL path or the header dapr-app-id"}"#;

/// Every route of the stock API that this runtime does not have: method and path.
const NOT_AVAILABLE: &[(&str, &str)] = &[
    ("GET", "/v1.0/actors/t/i/method/m"),
    ("POST", "/v1.0/actors/t/i/method/m"),
    ("PUT", "/v1.0/actors/t/i/method/m"),
    ("DELETE", "/v1.0/actors/t/i/method/m"),
    ("POST", "/v1.0/actors/t/i/state"),
    ("GET", "/v1.0/actors/t/i/state/k"),
    ("POST", "/v1.0/actors/t/i/reminders/r"),
    ("GET", "/v1.0/actors/t/i/reminders/r"),
    ("DELETE", "/v1.0/actors/t/i/reminders/r"),
    ("PUT", "/v1.0/actors/t/i/timers/r"),
    ("DELETE", "/v1.0/actors/t/i/timers/r"),
    ("GET", "/v1.0/workflows/dapr/i"),
    ("GET", "/v1.0-beta1/workflows/dapr/i"),
    ("POST", "/v1.0-alpha1/workflows/dapr/w/start"),
    ("POST", "/v1.0/workflows/dapr/i/pause"),
    ("POST", "/v1.0/workflows/dapr/i/resume"),
    ("POST", "/v1.0/workflows/dapr/i/terminate"),
    ("POST", "/v1.0/workflows/dapr/i/purge"),
    ("POST", "/v1.0/workflows/dapr/i/raiseEvent/e"),
    ("POST", "/v1.0-alpha1/conversation/c/converse"),
    ("POST", "/v1.0-alpha2/conversation/c/converse"),
    ("PUT", "/v1.0-alpha1/crypto/c/encrypt"),
    ("PUT", "/v1.0-alpha1/crypto/c/decrypt"),
    ("POST", "/v1.0-alpha1/subtlecrypto/c/getkey"),
    ("POST", "/v1.0-alpha1/subtlecrypto/c/encrypt"),
    ("POST", "/v1.0-alpha1/subtlecrypto/c/decrypt"),
    ("POST", "/v1.0-alpha1/subtlecrypto/c/wrapkey"),
    ("POST", "/v1.0-alpha1/subtlecrypto/c/unwrapkey"),
    ("POST", "/v1.0-alpha1/subtlecrypto/c/sign"),
    ("POST", "/v1.0-alpha1/subtlecrypto/c/verify"),
];

#[tokio::test]
async fn what_is_missing_says_so() {
    let sidecar = Sidecar::ready(alone("a")).await;
    for (method, path) in NOT_AVAILABLE {
        let answer = send(method, &sidecar.url(path), &[], "{}").await;
        assert_eq!(answer.status, StatusCode::NOT_IMPLEMENTED, "{method} {path}");
        assert!(answer.body.starts_with(r#"{"errorCode":"ERR_API_UNIMPLEMENTED","#), "{}", answer.body);
        assert!(answer.body.contains("installed runtime"), "{}", answer.body);
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_calls_without_a_target() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let cases = [
        ("GET", "/"),
        ("GET", "/v1.0/jobs"),
        ("POST", "/v1.0/publish/mem/"),
        ("DELETE", "/v1.0/healthz"),
        ("GET", "/v1.0/metadata/key"),
        ("GET", "/v1.0/invoke/app/x"),
        ("GET", "/v1.0/invoke/app/method"),
        ("PATCH", "/v1.0/bindings/b"),
        ("GET", "/v2.0/healthz"),
    ];
    for (method, path) in cases {
        let answer = send(method, &sidecar.url(path), &[], "").await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (StatusCode::NOT_FOUND, UNKNOWN),
            "{method} {path}"
        );
        assert_eq!(answer.header("allow"), None, "{method} {path}");
    }
    for path in ["/v1.0/healthz", "/v1.0/metadata", "/v1.0/state/s/k"] {
        assert_eq!(send("HEAD", &sidecar.url(path), &[], "").await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn names_of_headers_are_written_in_canonical_form() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let address = sidecar.handle.addresses().http[0];
    let mut stream = within(TcpStream::connect(address)).await.unwrap();
    stream.write_all(b"GET /v1.0/metadata HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.contains("\r\nContent-Type: application/json\r\n"), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_too_large_gets_an_answer() {
    let options = Options { max_body_size: Some(1000), ..alone("a") };
    let sidecar = Sidecar::ready(options).await;
    let address = sidecar.handle.addresses().http[0];
    for path in ["/v1.0/metadata/k", "/v1.0/invoke/a/method/m"] {
        let mut stream = within(TcpStream::connect(address)).await.unwrap();
        // Like many clients this one reads only after it has sent everything.
        let length = 8 << 20;
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        within(stream.write_all(head.as_bytes())).await.unwrap();
        within(stream.write_all(&vec![b'x'; length])).await.unwrap();
        let mut answer = String::new();
        within(stream.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.contains("stream too large"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn paths_are_cleaned_before_they_are_looked_up() {
    let sidecar = Sidecar::ready(alone("a")).await;
    for path in
        ["/v1.0//healthz", "/v1.0/./healthz", "/x/../v1.0/healthz", "/v1.0/healthz/", "//v1.0/healthz//"]
    {
        assert_eq!(sidecar.get(path).await.status, StatusCode::NO_CONTENT, "{path}");
    }
}

#[tokio::test]
async fn a_bad_escape_is_a_bad_request() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let answer = sidecar.get("/v1.0/state/s/%zz").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::BAD_REQUEST, "400 Bad Request"));
}

#[tokio::test]
async fn a_token_is_asked_for_everywhere_but_on_health() {
    let sidecar = Sidecar::start_with(alone("a"), Env::of([("DAPR_API_TOKEN", "secret")])).await;
    sidecar.until_ready().await;
    assert_eq!(sidecar.get("/v1.0/healthz").await.status, StatusCode::NO_CONTENT);
    assert_eq!(sidecar.get("/v1.0/healthz/outbound").await.status, StatusCode::NO_CONTENT);
    let url = sidecar.url("/v1.0/metadata");
    for headers in [&[][..], &[("dapr-api-token", "wrong!")], &[("dapr-api-token", "secret1")]] {
        let answer = send("GET", &url, headers, "").await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::UNAUTHORIZED, "invalid api token\n"));
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    let answer = send("GET", &url, &[("dapr-api-token", "secret")], "").await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn the_trace_context_comes_back() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let url = sidecar.url("/v1.0/metadata");
    let answer =
        send("GET", &url, &[("traceparent", parent), ("tracestate", "a=b"), ("baggage", "k=v")], "").await;
    assert_eq!(answer.header("traceparent"), Some(parent));
    assert_eq!((answer.header("tracestate"), answer.header("baggage")), (Some("a=b"), Some("k=v")));
    let none = send("GET", &url, &[], "").await;
    let zero = "00-00000000000000000000000000000000-0000000000000000-00";
    assert_eq!(none.header("traceparent"), Some(zero));
    let wrong = send("GET", &url, &[("baggage", "nonsense")], "").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(
        wrong.body.starts_with("invalid baggage header: ") && wrong.body.ends_with('\n'),
        "{}",
        wrong.body
    );
    assert_eq!(wrong.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn web_pages_may_call_only_when_their_origin_is_allowed() {
    let options = Options { allowed_origins: vec!["http://ok.test".into()], ..alone("a") };
    let sidecar = Sidecar::ready(options).await;
    let url = sidecar.url("/v1.0/metadata");
    let preflight = [
        ("origin", "http://ok.test"),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "x-a"),
    ];
    let answer = send("OPTIONS", &url, &preflight, "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), Some("http://ok.test"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("PUT"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("x-a"));
    let other = send("GET", &url, &[("origin", "http://evil.test")], "").await;
    assert_eq!((other.header("access-control-allow-origin"), other.header("vary")), (None, Some("Origin")));
    let off = Sidecar::ready(alone("b")).await;
    let answer = send("GET", &off.url("/v1.0/metadata"), &[("origin", "http://ok.test")], "").await;
    assert_eq!((answer.header("access-control-allow-origin"), answer.header("vary")), (None, None));
}

#[tokio::test]
async fn http2_without_tls_is_understood() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let client: hyper_util::client::legacy::Client<_, axum::body::Body> =
        hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
            .http2_only(true)
            .build_http();
    let answer =
        within(client.request(request("GET", &sidecar.url("/v1.0/healthz"), &[], ""))).await.unwrap();
    assert_eq!((answer.status(), answer.version()), (StatusCode::NO_CONTENT, hyper::Version::HTTP_2));
}

#[tokio::test]
async fn what_the_configuration_denies_is_an_unknown_path() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.yaml");
    let rule = |name: &str| format!("{{name: {name}, version: v1, protocol: http}}");
    let rules = [rule("metadata"), rule("invoke"), rule("healthz")].join(", ");
    fs_err::write(&config, format!("spec: {{api: {{denied: [{rules}]}}}}\n")).unwrap();
    let sidecar = Sidecar::ready(Options { config_files: vec![config], ..alone("a") }).await;
    for path in ["/v1.0/metadata", "/v1.0/invoke/a/method/m"] {
        let answer = sidecar.get(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NOT_FOUND, UNKNOWN), "{path}");
    }
    let answer = send("GET", &sidecar.url("/v1.0/metadata"), &[("dapr-app-id", "a")], "").await;
    assert!(answer.body.contains("app channel not initialized"), "{}", answer.body);
    assert_eq!(sidecar.get("/v1.0/healthz").await.status, StatusCode::NO_CONTENT);
    let answer = sidecar.get("/v1.0/state/s/k").await;
    assert!(answer.body.contains("ERR_STATE_STORE_NOT_CONFIGURED"), "{}", answer.body);
}
