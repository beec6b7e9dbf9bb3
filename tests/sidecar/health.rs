use axum::Router;
use hyper::StatusCode;
use tokio::net::TcpListener;

use crate::support::{Sidecar, beside, eventually, serve};

#[tokio::test]
async fn outbound_is_ready_before_the_app_and_healthz_after() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let sidecar = Sidecar::start(beside("early", address)).await;

    eventually(async || sidecar.get("/v1.0/healthz/outbound").await.status == StatusCode::NO_CONTENT).await;
    let waiting = sidecar.get("/v1.0/healthz").await;
    assert_eq!(waiting.status, StatusCode::INTERNAL_SERVER_ERROR);
    let expected = r#"{"errorCode":"ERR_HEALTH_NOT_READY","message":"dapr is not ready: [runtime]"}"#;
    assert_eq!(waiting.body, expected);

    serve(TcpListener::bind(address).await.unwrap(), Router::new());
    sidecar.until_ready().await;
    let ready = sidecar.get("/v1.0/healthz").await;
    assert_eq!((ready.status, ready.body.as_str()), (StatusCode::NO_CONTENT, ""));
    assert_eq!(ready.header("traceparent"), None);
}

#[tokio::test]
async fn healthz_can_ask_for_an_app_id() {
    let sidecar = Sidecar::ready(crate::support::alone("me")).await;
    assert_eq!(sidecar.get("/v1.0/healthz?appid=me").await.status, StatusCode::NO_CONTENT);
    let other = sidecar.get("/v1.0/healthz?appid=you").await;
    assert_eq!(other.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        other.body,
        r#"{"errorCode":"ERR_HEALTH_APPID_NOT_MATCH","message":"dapr app-id does not match"}"#
    );
}
