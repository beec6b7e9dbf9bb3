//! Service invocation with a message of its own (grpc-api reference, 3.1): what older SDKs use. Calls of an app's
//! own gRPC services don't come here.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use dapr::dapr::proto::common::v1::http_extension::Verb;
use dapr::dapr::proto::common::v1::{InvokeRequest, InvokeResponse};
use dapr::dapr::proto::runtime::v1::InvokeServiceRequest;
use hyper::Method;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use prost_types::Any;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use super::error::of_http;
use crate::sidecar::app::grpc::prefixed;
use crate::sidecar::app::invoke::{Message, Said};
use crate::sidecar::blocks::invoke::{failed, method_path, no_target};
use crate::sidecar::core::Core;
use crate::sidecar::limit::TooLarge;

const STATUS: &str = "dapr-http-status";

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
    let verb = http_extension.as_ref().and_then(|extension| verb(extension.verb()));
    let message = Message {
        type_url: data.as_ref().map(|data| data.type_url.clone()).unwrap_or_default(),
        has_verb: verb.is_some(),
    };
    // A query may also stand in the method.
    let (method, query) = method.split_once('?').unwrap_or((&method, ""));
    let given = http_extension.as_ref().map_or("", |extension| extension.querystring.as_str());
    let query = [given, query].into_iter().find(|query| !query.is_empty());
    let path = method_path(method, query).map_err(|error| failed(&id, error))?;
    let data = data.unwrap_or_default().value;
    let mut request = hyper::Request::new(Body::from(data));
    *request.method_mut() = verb.unwrap_or(Method::POST);
    request.extensions_mut().insert(message);
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
    let mut metadata = prefixed(&head.headers);
    let type_url = match head.extensions.get::<Said>() {
        Some(Said::Failure(status)) => {
            let mut status =
                Status::with_details(status.code(), status.message(), status.details().to_vec().into());
            *status.metadata_mut() = MetadataMap::from_headers(metadata);
            return Err(status);
        }
        Some(Said::Data(type_url)) => type_url.clone(),
        None => {
            if let Ok(status) = HeaderValue::from_str(head.status.as_str()) {
                metadata.insert(STATUS, status);
            }
            String::new()
        }
    };
    let metadata = MetadataMap::from_headers(metadata);
    if head.status.is_client_error() || head.status.is_server_error() {
        let mut status = of_http(head.status, &String::from_utf8_lossy(&body));
        *status.metadata_mut() = metadata;
        return Err(status);
    }
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let message = InvokeResponse {
        data: Some(Any { type_url, value: body.into() }),
        content_type: content_type.unwrap_or_default().to_owned(),
    };
    let mut response = Response::new(message);
    *response.metadata_mut() = metadata;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_become_headers() {
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
