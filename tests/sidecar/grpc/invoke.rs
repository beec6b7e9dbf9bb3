use axum::Router;
use axum::routing::{any, get};
use dapr::dapr::proto::common::v1::http_extension::Verb;
use dapr::dapr::proto::common::v1::{HttpExtension, InvokeRequest};
use dapr::dapr::proto::runtime::v1::InvokeServiceRequest;
use dapr_cli::env::Env;
use hyper::StatusCode;
use hyper::header::HeaderMap;
use prost_types::Any;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use super::{client, parts};
use crate::support::{Sidecar, alone, app, beside};

fn call(id: &str, method: &str, verb: Option<(Verb, &str)>, data: &str) -> InvokeServiceRequest {
    let extension =
        |(verb, query): (Verb, &str)| HttpExtension { verb: verb.into(), querystring: query.into() };
    InvokeServiceRequest {
        id: id.into(),
        message: Some(InvokeRequest {
            method: method.into(),
            data: Some(Any { type_url: String::new(), value: data.into() }),
            content_type: "text/plain".into(),
            http_extension: verb.map(extension),
        }),
    }
}

async fn echo() -> std::net::SocketAddr {
    let router = Router::new()
        .route("/dapr/config", get(async || StatusCode::NOT_FOUND))
        .route("/missing", any(async || (StatusCode::NOT_FOUND, [("x-own", "yes")], "nothing here")))
        .fallback(async |request: axum::extract::Request| {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            let kind = head.headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
            let text = format!(
                "{} {} {} {}",
                head.method,
                head.uri,
                kind.unwrap_or_default(),
                String::from_utf8(body.to_vec()).unwrap()
            );
            let given = head.headers.get("x-given").cloned();
            let mut headers = HeaderMap::new();
            headers.extend(given.map(|given| (hyper::header::HeaderName::from_static("x-given"), given)));
            (StatusCode::CREATED, headers, text)
        });
    app(router).await
}

#[tokio::test]
async fn an_http_app_is_called() {
    let own = Sidecar::ready(beside("own", echo().await)).await;
    let home = own.home.path().to_string_lossy().into_owned();
    let other = Sidecar::start_with(alone("other"), Env::of([("HOME", &home)])).await;
    other.until_ready().await;
    for sidecar in [&own, &other] {
        let mut request = Request::new(call("own", "a/b", Some((Verb::Put, "x=1&y=2")), "body"));
        request.metadata_mut().insert("x-given", "kept".parse().unwrap());
        let response = client(sidecar).await.invoke_service(request).await.unwrap();
        let metadata = response.metadata().clone();
        assert_eq!(metadata.get("x-given").unwrap(), "kept");
        assert_eq!(metadata.get("dapr-http-status").unwrap(), "201");
        assert_eq!(metadata.get("dapr-content-type").unwrap(), "text/plain; charset=utf-8");
        let answer = response.into_inner();
        assert_eq!(answer.data.unwrap().value, b"PUT /a/b?x=1&y=2 text/plain body");
        assert_eq!(answer.content_type, "text/plain; charset=utf-8");
    }
}

#[tokio::test]
async fn errors_have_their_codes_and_details() {
    let sidecar = Sidecar::ready(beside("own", echo().await)).await;
    let mut dapr = client(&sidecar).await;
    let get = Some((Verb::Get, ""));
    let error = dapr.invoke_service(call("own", "missing", get, "")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::NotFound, "Not Found"));
    assert_eq!(error.metadata().get("x-own").unwrap(), "yes");
    assert_eq!(error.metadata().get("dapr-http-status").unwrap(), "404");
    assert_eq!(error.get_details_error_info().unwrap().metadata["http.error_message"], "nothing here");
    let error = dapr.invoke_service(call("own", "m", None, "")).await.unwrap_err();
    let text = "failed to invoke, id: own, err: missing HTTP extension field";
    assert_eq!(parts(&error), (Code::Internal, text, None));
    let error = dapr.invoke_service(call("nosuch", "m", get, "")).await.unwrap_err();
    let text = "failed to invoke, id: nosuch, err: couldn't find service: nosuch";
    assert_eq!(parts(&error), (Code::Internal, text, None));
    let error = dapr.invoke_service(call("", "m", get, "")).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}
