use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use dapr_cli::sidecar::options::AppHealth;
use hyper::{HeaderMap, StatusCode};

use crate::support::{Sidecar, app, beside, eventually};

#[tokio::test]
async fn calls_pass_only_while_the_app_is_healthy() {
    let healthy = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let with_token = Arc::new(AtomicBool::new(false));
    let router = {
        let (healthy, asked, with_token) =
            (Arc::clone(&healthy), Arc::clone(&asked), Arc::clone(&with_token));
        Router::new()
            .route(
                "/hz",
                get(async move |headers: HeaderMap| {
                    if headers.contains_key("dapr-api-token") {
                        with_token.store(true, Ordering::SeqCst);
                    }
                    if healthy.load(Ordering::SeqCst) { StatusCode::OK } else { StatusCode::NOT_FOUND }
                }),
            )
            .route(
                "/dapr/config",
                get(async move || {
                    asked.fetch_add(1, Ordering::SeqCst);
                    StatusCode::NOT_FOUND
                }),
            )
            .route("/m", get(async || "m"))
    };
    let options = Options {
        app_health: Some(AppHealth {
            path: "/hz".into(),
            interval: Duration::from_millis(5),
            timeout: Duration::from_secs(2),
            threshold: 2,
        }),
        ..beside("own", app(router).await)
    };
    let sidecar = Sidecar::start_with(options, Env::of([("APP_API_TOKEN", "t")])).await;
    // The start does not wait for a healthy app, only for one that listens.
    sidecar.until_ready().await;
    let answer = sidecar.get("/v1.0/invoke/own/method/m").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    let text = r#"{"errorCode":"ERR_DIRECT_INVOKE","message":"failed to invoke, id: own, err: app is not in a healthy state"}"#;
    assert_eq!(answer.body, text);
    assert_eq!(asked.load(Ordering::SeqCst), 0);

    for state in [true, false, true] {
        healthy.store(state, Ordering::SeqCst);
        let wanted = if state { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
        eventually(async || sidecar.get("/v1.0/invoke/own/method/m").await.status == wanted).await;
    }
    eventually(async || asked.load(Ordering::SeqCst) >= 1).await;
    assert!(!with_token.load(Ordering::SeqCst), "probes carry no token");
}
