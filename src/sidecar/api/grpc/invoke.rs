//! Service invocation with a message of its own (grpc-api reference, 3.1): what older SDKs use. Calls of an app's
//! own gRPC services don't come here.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use dapr::dapr::proto::common::v1::http_extension::Verb;
use dapr::dapr::proto::common::v1::{InvokeRequest, InvokeResponse};
use dapr::dapr::proto::runtime::v1::InvokeServiceRequest;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use prost_types::Any;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use super::error::of_http;
use crate::sidecar::blocks::invoke::{failed, method_path, no_target};
use crate::sidecar::core::Core;
use crate::sidecar::limit::TooLarge;

const STATUS: &str = "dapr-http-status";

/// Names of headers that HTTP has a meaning for: in metadata they get the prefix `dapr-`.
const RESERVED: [&str; 28] = [
    "accept",
    "accept-charset",
    "accept-language",
    "accept-ranges",
    "authorization",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "expect",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "keep-alive",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-connection",
    "referer",
    "transfer-encoding",
    "user-agent",
    "via",
    "warning",
];

pub async fn service(
    core: &Arc<Core>,
    request: Request<InvokeServiceRequest>,
) -> Result<Response<InvokeResponse>, Status> {
    let (metadata, _, message) = request.into_parts();
    let InvokeServiceRequest { id, message } = message;
    let InvokeRequest { method, data, content_type, http_extension } = message.unwrap_or_default();
    if id.is_empty() {
        return Err(no_target().into());
    }
    let Some((verb, extension)) =
        http_extension.and_then(|extension| Some((verb(extension.verb())?, extension)))
    else {
        return Err(failed(&id, "missing HTTP extension field").into());
    };
    // A query may also stand in the method.
    let (method, query) = method.split_once('?').unwrap_or((&method, ""));
    let query = [extension.querystring.as_str(), query].into_iter().find(|query| !query.is_empty());
    let path = method_path(method, query).map_err(|error| failed(&id, error))?;
    let data = data.unwrap_or_default().value;
    let mut request = hyper::Request::new(Body::from(data));
    *request.method_mut() = verb;
    *request.headers_mut() = headers(metadata, &content_type);
    core.invoker.count(&id, &core.metrics);
    let response = core.invoker.invoke(&id, &path, request).await?;
    answer(&id, response, core.options.max_body_size).await
}

fn verb(verb: Verb) -> Option<Method> {
    (verb != Verb::None).then(|| verb.as_str_name().parse().ok()).flatten()
}

/// The caller's metadata as headers, without what belongs to the call itself.
fn headers(metadata: MetadataMap, content_type: &str) -> HeaderMap {
    let mut headers = metadata.into_headers();
    let own: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with("grpc-") || matches!(name.as_str(), "te" | "content-type"))
        .cloned()
        .collect();
    for name in own {
        headers.remove(name);
    }
    headers.remove(CONTENT_LENGTH);
    if let Ok(kind) = HeaderValue::from_str(content_type)
        && !kind.is_empty()
    {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers
}

async fn answer(
    id: &str,
    response: hyper::Response<Body>,
    limit: Option<u64>,
) -> Result<Response<InvokeResponse>, Status> {
    let (head, body) = response.into_parts();
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let body = to_bytes(body, limit).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        failed(id, cause.unwrap_or_else(|| TooLarge.to_string()))
    })?;
    let metadata = metadata(&head.headers, head.status);
    if head.status.is_client_error() || head.status.is_server_error() {
        let mut status = of_http(head.status, &String::from_utf8_lossy(&body));
        *status.metadata_mut() = metadata;
        return Err(status);
    }
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let message = InvokeResponse {
        data: Some(Any { type_url: String::new(), value: body.into() }),
        content_type: content_type.unwrap_or_default().to_owned(),
    };
    let mut response = Response::new(message);
    *response.metadata_mut() = metadata;
    Ok(response)
}

/// The headers of the app's answer as metadata of the response.
fn metadata(headers: &HeaderMap, status: StatusCode) -> MetadataMap {
    let mut given = HeaderMap::with_capacity(headers.len() + 1);
    for (name, value) in headers {
        if RESERVED.contains(&name.as_str()) {
            if let Ok(name) = HeaderName::from_bytes(format!("dapr-{name}").as_bytes()) {
                given.append(name, value.clone());
            }
        } else if !name.as_str().starts_with("grpc-") {
            given.append(name.clone(), value.clone());
        }
    }
    if let Ok(status) = HeaderValue::from_str(status.as_str()) {
        given.insert(STATUS, status);
    }
    MetadataMap::from_headers(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_become_metadata_and_metadata_headers() {
        let mut of_app = HeaderMap::new();
        for (name, value) in [("content-type", "text/plain"), ("x-own", "1"), ("grpc-status", "0")] {
            of_app.insert(name, HeaderValue::from_static(value));
        }
        let metadata = metadata(&of_app, StatusCode::CREATED).into_headers();
        assert_eq!(metadata["dapr-content-type"], "text/plain");
        assert_eq!(
            (&metadata["x-own"], &metadata[STATUS]),
            (&of_app["x-own"], &HeaderValue::from_static("201"))
        );
        assert_eq!(metadata.get("grpc-status"), None);

        let mut of_caller = HeaderMap::new();
        for (name, value) in
            [("te", "trailers"), ("grpc-timeout", "1S"), ("content-type", "application/grpc"), ("x", "y")]
        {
            of_caller.insert(name, HeaderValue::from_static(value));
        }
        let headers = headers(MetadataMap::from_headers(of_caller), "application/json");
        assert_eq!(headers.len(), 2);
        assert_eq!(
            (headers["content-type"].to_str().unwrap(), headers["x"].to_str().unwrap()),
            ("application/json", "y")
        );
    }

    #[test]
    fn verbs() {
        assert_eq!(verb(Verb::Patch), Some(Method::PATCH));
        assert_eq!(verb(Verb::None), None);
    }
}
