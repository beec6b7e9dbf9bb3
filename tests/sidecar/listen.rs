use dapr_cli::sidecar::Options;
use dapr_cli::sidecar::options::Metrics;
use hyper::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Sidecar, alone, send, within};

#[tokio::test]
async fn metrics_show_what_was_counted() {
    let metrics = Some(Metrics { port: 0, address: String::new(), explicit: true });
    let sidecar = Sidecar::ready(Options { metrics, ..alone("a") }).await;
    sidecar.get("/v1.0/healthz").await;
    let port = sidecar.handle.addresses().metrics[0].port();
    for path in ["/", "/metrics"] {
        let answer = send("GET", &format!("http://127.0.0.1:{port}{path}"), &[], "").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
        let line = "dapr_http_server_request_count{app_id=\"a\",method=\"GET\",path=\"/v1.0/healthz\",status=\"204\"} 1\n";
        assert!(answer.body.contains(line), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_public_port_serves_only_health_and_metadata() {
    let sidecar = Sidecar::ready(Options { public_port: Some(0), ..alone("a") }).await;
    let port = sidecar.handle.addresses().public[0].port();
    let get = async |path: &str| send("GET", &format!("http://127.0.0.1:{port}{path}"), &[], "").await;
    assert_eq!(get("/v1.0/healthz").await.status, StatusCode::NO_CONTENT);
    assert_eq!(get("/v1.0/healthz/outbound").await.status, StatusCode::NO_CONTENT);
    assert_eq!(get("/v1.0/metadata").await.status, StatusCode::OK);
    let other = get("/v1.0/invoke/a/method/m").await;
    assert_eq!((other.status, other.body.as_str()), (StatusCode::NOT_FOUND, "404 page not found\n"));
}

#[tokio::test]
async fn the_api_can_listen_on_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dapr-a-http.socket");
    // A file that a dead sidecar left is no obstacle.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let options = Options { unix_domain_socket: Some(folder.path().into()), ..alone("a") };
    let sidecar = Sidecar::ready(options).await;
    assert!(sidecar.handle.addresses().http.is_empty());
    let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    stream.write_all(b"GET /v1.0/healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    assert!(folder.path().join("dapr-a-grpc.socket").exists());
    sidecar.stop().await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn sockets_can_be_inherited() {
    use std::os::fd::IntoRawFd;
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let descriptors = format!("http={}", listener.into_raw_fd());
    let env = dapr_cli::env::Env::of([("DAPR_LISTEN_FDS", &descriptors)]);
    // The number on the command line does not matter then.
    let sidecar = Sidecar::start_with(Options { http_port: 1, ..alone("a") }, env).await;
    sidecar.until_ready().await;
    assert_eq!(sidecar.handle.addresses().http[0].port(), port);
    assert_eq!(sidecar.get("/v1.0/healthz").await.status, StatusCode::NO_CONTENT);
}
