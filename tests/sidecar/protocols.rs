//! Apps behind TLS and HTTP/2.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use dapr_cli::sidecar::Options;
use dapr_cli::sidecar::options::{AppHealth, Protocol};
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, crypto::ring::default_provider};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{Sidecar, app, beside, send};

fn router() -> Router {
    Router::new()
        .route("/dapr/config", get(async || StatusCode::NOT_FOUND))
        .route("/healthz", get(async || StatusCode::OK))
        .fallback(async |request: Request<Body>| {
            let (version, method, uri) = (request.version(), request.method().clone(), request.uri().clone());
            let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
            format!(
                "{version:?} {method} {} {}",
                uri.path_and_query().unwrap(),
                String::from_utf8_lossy(&body)
            )
        })
}

/// An app with a certificate that it has made itself, for a host that isn't this one.
async fn secure() -> std::net::SocketAddr {
    let made = rcgen::generate_simple_self_signed(["somewhere.else".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // Whoever speaks no TLS is sent away.
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let service = TowerToHyperService::new(router());
            let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            tokio::spawn(builder.serve_connection(TokioIo::new(stream), service).into_owned());
        }
    });
    address
}

fn probed() -> AppHealth {
    AppHealth {
        path: "/healthz".into(),
        interval: std::time::Duration::from_millis(20),
        timeout: std::time::Duration::from_secs(1),
        threshold: 1,
    }
}

#[tokio::test]
async fn an_app_behind_tls() {
    let options = Options {
        app_protocol: Protocol::Https,
        app_health: Some(probed()),
        ..beside("own", secure().await)
    };
    let sidecar = Sidecar::ready(options).await;
    crate::support::eventually(async || {
        sidecar.post("/v1.0/invoke/own/method/m?x=1", "b").await.status == 200
    })
    .await;
    for _ in 0..3 {
        let answer = send("PUT", &sidecar.url("/v1.0/invoke/own/method/m?x=1"), &[], "body").await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "HTTP/1.1 PUT /m?x=1 body"));
    }
}

#[tokio::test]
async fn an_app_that_speaks_http2() {
    let options = Options { app_protocol: Protocol::H2c, ..beside("own", app(router()).await) };
    let sidecar = Sidecar::ready(options).await;
    let url = sidecar.url("/v1.0/invoke/own/method/m?x=1");
    let calls = (0..5).map(|n| send("POST", &url, &[], n.to_string()));
    for (n, answer) in futures_util::future::join_all(calls).await.into_iter().enumerate() {
        assert_eq!((answer.status, answer.body), (StatusCode::OK, format!("HTTP/2.0 POST /m?x=1 {n}")));
    }
}
