//! `bindings.http`.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Settings, invoke, make};
use crate::support::in_time;
use crate::tls;

/// A request as the server got it.
#[derive(Debug)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

/// An HTTP server that keeps what it gets.
pub struct Server {
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(answer: impl Fn(&Received) -> (u16, String) + Clone + Send + Sync + 'static) -> Self {
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let kept = Arc::clone(&received);
        let router = Router::new().fallback(async move |request: Request<Body>| {
            let (head, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let request = Received {
                method: head.method.to_string(),
                path: head.uri.to_string(),
                headers: head.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            };
            let (status, text) = answer(&request);
            kept.lock().unwrap().push(request);
            let headers = [("x-twice", "a"), ("location", "/elsewhere")];
            let mut response = axum::response::IntoResponse::into_response((
                StatusCode::from_u16(status).unwrap(),
                headers,
                text,
            ));
            response.headers_mut().append("x-twice", "b".parse().unwrap());
            response
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/base", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = hyper_util::service::TowerToHyperService::new(router.clone());
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(hyper_util::rt::TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Self { url, received, task }
    }

    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }
}

#[tokio::test]
async fn operations_are_methods() {
    let server = Server::start(|_| (200, "ok".into())).await;
    let binding = make("bindings.http", &[("url", &server.url)]).await.unwrap();
    for operation in binding.operations() {
        let answer = invoke(&*binding, operation, "{}", &[("path", "/x?y=1")]).await.unwrap();
        let [got] = server.take().try_into().unwrap();
        let method = if *operation == "create" { "POST".to_owned() } else { operation.to_uppercase() };
        let has_body = ["create", "post", "put", "patch"].contains(operation);
        assert_eq!((got.method, got.path.as_str()), (method, "/base/x?y=1"));
        assert_eq!(got.body, if has_body { "{}" } else { "" }, "{operation}");
        assert_eq!(got.headers["content-type"], "application/json; charset=utf-8");
        assert_eq!(got.headers["accept"], "application/json; charset=utf-8");
        assert_eq!(answer.data.unwrap(), if *operation == "head" { "" } else { "ok" });
    }
}

#[tokio::test]
async fn metadata_go_both_ways() {
    let server = Server::start(|_| (201, "made".into())).await;
    let settings =
        [("url", server.url.as_str()), ("securityToken", "s3cret"), ("securityTokenHeader", "X-Token")];
    let binding = make("bindings.http", &settings).await.unwrap();
    let metadata = [("X-Mine", "1"), ("small", "2"), ("traceparent", "t"), ("Content-Type", "text/plain")];
    let answer = invoke(&*binding, "post", "hello", &metadata).await.unwrap();
    let [got] = server.take().try_into().unwrap();
    assert_eq!(got.path, "/base");
    for (name, value) in
        [("x-mine", "1"), ("traceparent", "t"), ("content-type", "text/plain"), ("x-token", "s3cret")]
    {
        assert_eq!(got.headers[name], value, "{name}");
    }
    assert!(!got.headers.contains_key("small"));
    for (name, value) in [("statusCode", "201"), ("status", "201 Created"), ("X-Twice", "a, b")] {
        assert_eq!(answer.metadata[name], value, "{name}");
    }
}

#[tokio::test]
async fn what_is_no_success_is_an_error_unless_told_otherwise() {
    let server = Server::start(|_| (404, "nothing".into())).await;
    let strict = make("bindings.http", &[("url", &server.url)]).await.unwrap();
    let error = invoke(&*strict, "get", "", &[]).await.unwrap_err();
    assert_eq!(
        (error.message.as_str(), error.metadata["statusCode"].as_str()),
        ("received status code 404", "404")
    );
    let answer = invoke(&*strict, "get", "", &[("errorIfNot2XX", "false")]).await.unwrap();
    assert_eq!(
        (answer.data.unwrap(), answer.metadata["status"].as_str()),
        ("nothing".into(), "404 Not Found")
    );
    let lax = make("bindings.http", &[("url", &server.url), ("errorIfNot2XX", "false")]).await.unwrap();
    assert!(invoke(&*lax, "get", "", &[]).await.is_ok());
    assert!(invoke(&*lax, "get", "", &[("errorIfNot2XX", "true")]).await.is_err());
}

#[tokio::test]
async fn redirects_are_followed() {
    let server = Server::start(|request| match request.path.as_str() {
        "/elsewhere" => (200, "there".into()),
        _ => (307, String::new()),
    })
    .await;
    let binding = make("bindings.http", &[("url", &server.url)]).await.unwrap();
    assert_eq!(invoke(&*binding, "put", "{}", &[]).await.unwrap().data.unwrap(), "there");
}

#[tokio::test]
async fn answers_have_limits() {
    let server = Server::start(|_| (200, "0123456789".into())).await;
    for (limit, expected) in
        [("4", "0123"), ("10", "0123456789"), ("-1", "0123456789"), ("1Ki", "0123456789")]
    {
        let settings = [("url", server.url.as_str()), ("maxResponseBodySize", limit)];
        let binding = make("bindings.http", &settings).await.unwrap();
        assert_eq!(invoke(&*binding, "get", "", &[]).await.unwrap().data.unwrap(), expected, "{limit}");
    }
    // Accepted by the system, answered by nobody.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let binding = make("bindings.http", &[("url", &url), ("responseTimeout", "50ms")]).await.unwrap();
    let error = in_time("a timeout", invoke(&*binding, "get", "", &[])).await.unwrap_err();
    assert_eq!(error.message, format!("{url}: no answer within 50ms"));
}

#[tokio::test]
async fn errors_name_the_request() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/a");
    let binding = make("bindings.http", &[("url", &url)]).await.unwrap();
    let error = invoke(&*binding, "create", "{}", &[]).await.unwrap_err();
    assert_eq!(error.message.to_lowercase(), format!("post \"{url}\": connection refused"));
    let binding = make("bindings.http", &[]).await.unwrap();
    let error = invoke(&*binding, "get", "", &[]).await.unwrap_err();
    assert!(error.message.contains("url is empty"), "{error}");
}

#[tokio::test]
async fn settings_that_cannot_be_used() {
    let error = async |settings: Settings<'_>| make("bindings.http", settings).await.err().unwrap();
    let text = error(&[("mtlsRootCA", "/no/such.pem")]).await;
    assert!(
        text.starts_with(
            "provided \"MTLSRootCA\" value is neither a valid file path or nor a valid pem encoded string: "
        ),
        "{text}"
    );
    assert!(text.contains("/no/such.pem"), "{text}");
    let junk = "-----BEGIN CERTIFICATE-----\njunk\n-----END CERTIFICATE-----";
    let text = error(&[("mtlsRootCA", junk)]).await;
    assert!(text.contains("mtlsRootCA"), "{text}");
    assert!(error(&[("mtlsClientCert", junk)]).await.contains("needs mtlsClientKey"));
    assert!(error(&[("mtlsClientKey", junk)]).await.contains("needs mtlsClientCert"));
    assert!(error(&[("mtlsClientCert", junk), ("mtlsClientKey", junk)]).await.contains("client certificate"));
    assert_eq!(error(&[("mtlsRenegotiation", "Often")]).await, "invalid renegotiation value: Often");
    assert!(error(&[("maxResponseBodySize", "lots")]).await.contains("maxResponseBodySize"));
    assert!(error(&[("responseTimeout", "soon")]).await.contains("responseTimeout"));
    let text = error(&[("securityToken", "a\nb"), ("securityTokenHeader", "X")]).await;
    assert!(text.contains("securityToken") && !text.contains("a\nb"), "{text}");
}

#[tokio::test]
async fn certificates_are_shown_and_checked() {
    let router = Router::new().fallback(async |request: Request<Body>| {
        request.headers()["x-client"].clone().to_str().unwrap().to_owned()
    });
    let url = format!("https://127.0.0.1:{}", tls::serve(router).await);
    let (ca, certificate, key) = (tls::text("ca.pem"), tls::file("client.pem"), tls::text("client.key"));
    let call = async |settings: Settings<'_>| {
        let settings = [&[("url", url.as_str())], settings].concat();
        let binding = make("bindings.http", &settings).await.unwrap();
        invoke(&*binding, "get", "", &[]).await.map(|answer| answer.data.unwrap())
    };
    assert!(call(&[]).await.unwrap_err().message.contains("certificate"));
    assert_eq!(call(&[("mtlsRootCA", &ca)]).await.unwrap(), "anonymous");
    let both = [("mtlsRootCA", ca.as_str()), ("MTLSClientCert", &certificate), ("MTLSClientKey", &key)];
    assert_eq!(call(&both).await.unwrap(), "known");
}
