//! An HTTP server behind TLS, and certificates (`tests/fixtures/tls`).

use std::sync::Arc;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Path of a file of the fixtures: `ca.pem`, `client.pem`, `client.key`, ….
pub fn file(name: &str) -> String {
    format!("{}/tests/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Its text.
pub fn text(name: &str) -> String {
    fs_err::read_to_string(file(name)).unwrap()
}

/// Serves a router on a free port. Every request has the header `x-client`: `known` or `anonymous`, by the
/// certificate that the client has shown. Ends with the runtime of the test.
pub async fn serve(router: Router) -> u16 {
    dapr_cli::net::provide_cryptography();
    let certificates = |name: &str| -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_file_iter(file(name)).unwrap().map(Result::unwrap).collect()
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates("ca.pem"));
    let clients = WebPkiClientVerifier::builder(Arc::new(roots)).allow_unauthenticated().build().unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let mut config = ServerConfig::builder()
        .with_client_cert_verifier(clients)
        .with_single_cert(certificates("server.pem"), key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, router) = (acceptor.clone(), router.clone());
            tokio::spawn(async move {
                // A client that does not trust this server is what some tests want.
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let is_known = stream.get_ref().1.peer_certificates().is_some();
                let client = if is_known { "known" } else { "anonymous" };
                let router = router.layer(axum::middleware::map_request(
                    async move |mut request: axum::extract::Request| {
                        request.headers_mut().insert("x-client", client.parse().unwrap());
                        request
                    },
                ));
                let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let service = TowerToHyperService::new(router);
                let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    port
}
