use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::{any, get};
use dapr_cli::sidecar::Options;
use http_body_util::BodyExt;
use hyper::StatusCode;
use tokio::sync::Semaphore;

use crate::support::{Sidecar, app, beside, component, request, resources, send};

fn resiliency(spec: &str) -> String {
    format!("apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {{name: res}}\nspec: {spec}\n")
}

/// An app that fails the first calls of `/flaky` with 503, those of `/down` always, and never answers on `/hang`.
fn shaky(calls: &Arc<AtomicUsize>, failures: usize) -> Router {
    let count = Arc::clone(calls);
    Router::new()
        .route("/dapr/config", get(async || StatusCode::NOT_FOUND))
        .route(
            "/flaky",
            any(async move |request: Request| {
                let body = request.into_body().collect().await.unwrap().to_bytes();
                let number = count.fetch_add(1, Ordering::SeqCst);
                let status = if number < failures { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
                (status, [("x-call", number.to_string())], body)
            }),
        )
        .route("/down", any(async || (StatusCode::INTERNAL_SERVER_ERROR, "broken")))
        .route(
            "/hang",
            any(async || {
                Semaphore::const_new(0).acquire().await.unwrap().forget();
            }),
        )
}

async fn sidecar(calls: &Arc<AtomicUsize>, failures: usize, spec: &str) -> (Sidecar, tempfile::TempDir) {
    let folder = resources(&[component("store", "state.in-memory", &[]), resiliency(spec)]);
    let options = Options {
        resources_paths: vec![folder.path().to_owned()],
        ..beside("own", app(shaky(calls, failures)).await)
    };
    (Sidecar::ready(options).await, folder)
}

#[tokio::test]
async fn a_call_is_sent_again_with_its_body_until_the_app_is_well() {
    let calls = Arc::new(AtomicUsize::new(0));
    let spec = "{policies: {retries: {r: {duration: 1ms, maxRetries: 5, matching: {httpStatusCodes: '503'}}}}, targets: {apps: {own: {retry: r}}}}";
    let (sidecar, _folder) = sidecar(&calls, 2, spec).await;
    let url = sidecar.url("/v1.0/invoke/own/method/flaky");
    let answer = send("POST", &url, &[("x-a", "1")], "the body").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "the body"));
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    // Statuses that aren't listed are the answer at once, whole.
    let answer = sidecar.get("/v1.0/invoke/own/method/down").await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "broken"));
}

#[tokio::test]
async fn what_cannot_be_sent_again_is_sent_once() {
    let calls = Arc::new(AtomicUsize::new(0));
    let spec = "{policies: {retries: {r: {duration: 1ms}}}, targets: {apps: {own: {retry: r}}}}";
    let (sidecar, _folder) = sidecar(&calls, 1, spec).await;
    let url = sidecar.url("/v1.0/invoke/own/method/flaky");
    // Without a length.
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("ch"), Ok("unks")]);
    let request = request("POST", &url, &[], Body::from_stream(chunks));
    let answer = crate::support::client().request(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn calls_have_a_time_limit_and_a_breaker() {
    let spec = "{policies: {timeouts: {t: 50ms}, circuitBreakers: {cb: {trip: consecutiveFailures >= 2, timeout: 1h}}}, targets: {apps: {own: {timeout: t, circuitBreaker: cb}}}}";
    let (sidecar, _folder) = sidecar(&Arc::default(), 0, spec).await;
    let error = |cause: &str| {
        format!(r#"{{"errorCode":"ERR_DIRECT_INVOKE","message":"failed to invoke, id: own, err: {cause}"}}"#)
    };
    for cause in ["context deadline exceeded", "context deadline exceeded", "circuit breaker is open"] {
        let answer = sidecar.get("/v1.0/invoke/own/method/hang").await;
        assert_eq!((answer.status, answer.body), (StatusCode::INTERNAL_SERVER_ERROR, error(cause)));
    }
    // The answer of the app is passed through, though it counts as a failure.
    for _ in 0..2 {
        assert_eq!(sidecar.get("/v1.0/invoke/own/method/down").await.body, "broken");
    }
    assert_eq!(sidecar.get("/v1.0/invoke/own/method/down").await.body, error("circuit breaker is open"));
    assert_eq!(sidecar.get("/v1.0/invoke/own/method/flaky").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_broken_resource_keeps_nobody_from_working() {
    let spec = "{policies: {timeouts: {t: soon}}, targets: {apps: {own: {timeout: t}}}}";
    let (sidecar, _folder) = sidecar(&Arc::default(), 0, spec).await;
    assert_eq!(sidecar.get("/v1.0/invoke/own/method/flaky").await.status, StatusCode::OK);
}
