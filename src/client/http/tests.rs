use tokio::net::{TcpListener, UnixListener};

use super::*;
use crate::client::testing::{answer, serve};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

fn get(uri: &str) -> Request<Bytes> {
    Request::get(uri).body(Bytes::new()).unwrap()
}

#[test]
fn a_request_goes_out_in_origin_form() {
    crate::client::runtime().unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = serve(&listener, OK);
        let request = Request::post("http://localhost:1/v1.0/x?a=b").body(Bytes::from("body")).unwrap();
        let endpoint = Endpoint::Tcp(port);
        let (seen, reply) = tokio::join!(server, send(&endpoint, request, None));
        let reply = reply.unwrap();
        assert_eq!((reply.status().as_u16(), &reply.body()[..]), (200, &b"hi"[..]));
        assert!(seen.starts_with("POST /v1.0/x?a=b HTTP/1.1\r\n"), "{seen}");
        assert!(seen.contains("host: localhost:1\r\n") && seen.ends_with("\r\n\r\nbody"), "{seen}");
    });
}

#[test]
fn a_unix_socket_serves_as_well() {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::socket(directory.path(), "a");
    crate::client::runtime().unwrap().block_on(async {
        let listener = UnixListener::bind(directory.path().join("dapr-a-http.socket")).unwrap();
        let server = async { answer(listener.accept().await.unwrap().0, OK).await };
        let (seen, reply) = tokio::join!(server, send(&endpoint, get("/v1.0/metadata"), None));
        assert_eq!(reply.unwrap().body(), "hi");
        assert!(seen.contains("host: unix\r\n"), "{seen}");
    });
}

#[test]
fn errors_read_like_the_stock_ones() {
    let port = crate::net::Reserved::any().unwrap().port();
    let directory = tempfile::tempdir().unwrap();
    let socket = Endpoint::socket(directory.path(), "a");
    crate::client::runtime().unwrap().block_on(async {
        let request = Request::post("/v1.0/x").body(Bytes::new()).unwrap();
        let error = send(&Endpoint::Tcp(port), request, None).await.unwrap_err();
        let expected = format!(
            "Post \"http://127.0.0.1:{port}/v1.0/x\": dial tcp 127.0.0.1:{port}: connect: connection refused"
        );
        assert_eq!(error.to_string(), expected);
        let error = send(&socket, get("/v1.0/x"), None).await.unwrap_err();
        let expected =
            format!("Get \"http://unix/v1.0/x\": dial {socket}: connect: no such file or directory");
        assert_eq!(error.to_string(), expected);
    });
}

#[test]
fn a_silent_listener_costs_no_more_than_the_timeout() {
    crate::client::runtime().unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::Tcp(listener.local_addr().unwrap().port());
        let error = send(&endpoint, get("/"), Some(Duration::from_millis(20))).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Timeout), "{error}");
        assert!(error.is_temporary());
    });
}

#[test]
fn an_endless_body_is_cut_off() {
    crate::client::runtime().unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::Tcp(listener.local_addr().unwrap().port());
        let server = serve(&listener, OK);
        let (_, reply) = tokio::join!(server, exchange(&endpoint, get("/"), None, 1));
        assert!(matches!(reply.unwrap_err().cause, Cause::Body(_)));
    });
}
