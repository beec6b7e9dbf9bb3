//! Service invocation: `OnInvoke`, for callers in both protocols (http-api reference, 2.4).

use axum::body::{Body, to_bytes};
use dapr::dapr::proto::common::v1::http_extension::Verb;
use dapr::dapr::proto::common::v1::{HttpExtension, InvokeRequest, InvokeResponse};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;
use prost_types::Any;
use serde_json::{Value, json};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{Failure, Grpc, is_reserved, put_trace};
use crate::sidecar::app::CallError;
use crate::sidecar::app::invoke::{Message, Said};
use crate::sidecar::trace::Context;

const PATH: &str = "/dapr.proto.runtime.v1.AppCallback/OnInvoke";

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

impl Grpc<'_> {
    /// Calls a method of the app.
    pub async fn invoke(&self, request: Request<Body>, path: &str) -> Result<Response<Body>, CallError> {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await.map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            CallError::Refused(cause.unwrap_or_else(|| error.to_string()))
        })?;
        let (method, query) = path.split_once('?').unwrap_or((path, ""));
        let method = percent_decode_str(method.trim_start_matches('/')).decode_utf8_lossy();
        let content_type = head.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let beside = head.extensions.get::<Message>();
        let has_verb = beside.is_none_or(|message| message.has_verb);
        let message = InvokeRequest {
            method: method.into_owned(),
            data: Some(Any {
                type_url: beside.map(|message| message.type_url.clone()).unwrap_or_default(),
                value: body.into(),
            }),
            content_type: content_type.unwrap_or_default().to_owned(),
            http_extension: has_verb
                .then(|| HttpExtension { verb: verb(&head.method).into(), querystring: query.to_owned() }),
        };
        match self.call(PATH, message, of_headers(&head.headers)).await {
            Ok(answer) => Ok(response(answer)),
            Err(Failure::Call(error)) => Err(error),
            Err(Failure::Status(status)) => Ok(failure(status)),
        }
    }
}

fn verb(method: &Method) -> Verb {
    Verb::from_str_name(method.as_str()).unwrap_or(Verb::None)
}

/// The caller's headers as metadata.
fn of_headers(headers: &HeaderMap) -> MetadataMap {
    let mut metadata = prefixed(headers);
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (parent, state) = (text("traceparent").to_owned(), text("tracestate").to_owned());
    put_trace(&mut metadata, &Context { parent, state });
    MetadataMap::from_headers(metadata)
}

/// Headers under the names that they have as metadata.
pub fn prefixed(headers: &HeaderMap) -> HeaderMap {
    let mut metadata = HeaderMap::with_capacity(headers.len() + 4);
    for (name, value) in headers {
        if RESERVED.contains(&name.as_str()) {
            if let Ok(name) = HeaderName::from_bytes(format!("dapr-{name}").as_bytes()) {
                metadata.append(name, value.clone());
            }
        } else if !is_reserved(name.as_str()) {
            metadata.append(name.clone(), value.clone());
        }
    }
    metadata
}

/// The app's answer; its metadata are the headers.
fn response(answer: tonic::Response<InvokeResponse>) -> Response<Body> {
    let (metadata, message, _) = answer.into_parts();
    let InvokeResponse { data, content_type } = message;
    let Any { type_url, value } = data.unwrap_or_default();
    let mut response = Response::new(Body::from(value));
    *response.headers_mut() = own(metadata.into_headers());
    if let Ok(kind) = HeaderValue::from_str(&content_type)
        && !kind.is_empty()
    {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response.extensions_mut().insert(Said::Data(type_url));
    response
}

/// An error of the app: with the status that stands for it, and itself as JSON.
fn failure(status: Status) -> Response<Body> {
    let mut response = Response::new(Body::from(text(&status).to_string()));
    *response.status_mut() = http_status(status.code());
    *response.headers_mut() = own(status.metadata().clone().into_headers());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.extensions_mut().insert(Said::Failure(status));
    response
}

/// What the app has said in metadata, without what belongs to the call itself.
fn own(mut headers: HeaderMap) -> HeaderMap {
    let names: Vec<HeaderName> = headers.keys().cloned().collect();
    for name in names {
        if is_reserved(name.as_str()) || RESERVED.contains(&name.as_str()) {
            headers.remove(name);
        }
    }
    headers
}

/// A status in the JSON form of its message.
fn text(status: &Status) -> Value {
    let mut text = json!({"code": i32::from(status.code()), "message": status.message()});
    let details = status.get_error_details();
    let mut list = Vec::new();
    let mut add = |name: &str, mut detail: Value| {
        detail["@type"] = format!("type.googleapis.com/google.rpc.{name}").into();
        list.push(detail);
    };
    if let Some(info) = details.error_info() {
        let metadata: serde_json::Map<String, Value> =
            info.metadata.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        add("ErrorInfo", json!({"reason": info.reason, "domain": info.domain, "metadata": metadata}));
    }
    if let Some(request) = details.bad_request() {
        let violations = request.field_violations.iter();
        let violations: Vec<Value> =
            violations.map(|one| json!({"field": one.field, "description": one.description})).collect();
        add("BadRequest", json!({"fieldViolations": violations}));
    }
    if let Some(resource) = details.resource_info() {
        add(
            "ResourceInfo",
            json!({"resourceType": resource.resource_type, "resourceName": resource.resource_name,
                "owner": resource.owner, "description": resource.description}),
        );
    }
    if let Some(help) = details.help() {
        let links = help.links.iter();
        let links: Vec<Value> =
            links.map(|link| json!({"description": link.description, "url": link.url})).collect();
        add("Help", json!({"links": links}));
    }
    if !list.is_empty() {
        text["details"] = list.into();
    }
    text
}

/// The HTTP status that stands for a code (http-api reference, section 16).
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::Cancelled => StatusCode::REQUEST_TIMEOUT,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_http_get_a_prefix() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("content-type", "text/plain"), ("x-own", "1"), ("grpc-status", "0"), ("a-bin", "x")]
        {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let metadata = prefixed(&headers);
        assert_eq!(
            (metadata.len(), &metadata["dapr-content-type"], &metadata["x-own"]),
            (2, &headers["content-type"], &headers["x-own"])
        );
    }

    #[test]
    fn an_error_is_told_in_json() {
        let info = tonic_types::ErrorInfo::new("R", "d", [("a".to_owned(), "b".to_owned())]);
        let status = Status::with_error_details_vec(Code::NotFound, "no <x>", vec![info.into()]);
        let expected = r#"{"code":5,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"d","metadata":{"a":"b"},"reason":"R"}],"message":"no <x>"}"#;
        assert_eq!(text(&status).to_string(), expected);
        assert_eq!(http_status(status.code()), StatusCode::NOT_FOUND);
        assert_eq!(text(&Status::aborted("x")).to_string(), r#"{"code":10,"message":"x"}"#);
    }
}
