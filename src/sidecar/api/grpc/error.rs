//! Errors of the gRPC API (grpc-api reference, 2.2): codes and details.

use std::sync::Arc;

use serde_json::Value;
use tonic::{Code, Status};
use tonic_types::{BadRequest, ErrorDetail, ErrorInfo, Help, ResourceInfo, StatusExt};

use crate::sidecar::error::ApiError;
use crate::sidecar::metrics::Metrics;

const DOMAIN: &str = "dapr.io";
/// Longest text of an app's answer that goes into the details of an error, in bytes: clients refuse large metadata.
const LONGEST: usize = 1024;

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Self {
        let mut details: Vec<ErrorDetail> = error.details.iter().filter_map(detail).collect();
        if details.is_empty() && is_rich(error.code) {
            details.push(ErrorInfo::new(error.code, DOMAIN, []).into());
        }
        let code = code(&error);
        let mut status = if details.is_empty() {
            Self::new(code, error.message)
        } else {
            Self::with_error_details_vec(code, error.message, details)
        };
        status.set_source(Arc::new(Coded(error.code)));
        status
    }
}

/// The code of an error, which not every status tells. It stays in this process.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Coded(&'static str);

/// Counts an error by its code.
pub fn count(status: &Status, metrics: &Metrics) {
    if let Some(Coded(code)) = std::error::Error::source(status).and_then(|source| source.downcast_ref()) {
        metrics.error_code(code);
    }
}

/// Errors that are simple over HTTP, but have details here.
fn is_rich(code: &str) -> bool {
    ["ERR_STATE_", "ERR_NOT_SUPPORTED_STATE_OPERATION", "ERR_INVOKE_OUTPUT_BINDING", "ERR_CONFIGURATION_"]
        .iter()
        .any(|start| code.starts_with(start))
}

/// The codes that don't follow from the HTTP status (http-api reference, section 15), and those that do.
fn code(error: &ApiError) -> Code {
    let is_about = |reason: &str| error.details.iter().any(|detail| detail["reason"] == reason);
    match error.code {
        "ERR_STATE_STORE_NOT_CONFIGURED"
        | "ERR_SECRET_STORES_NOT_CONFIGURED"
        | "ERR_CONFIGURATION_STORE_NOT_CONFIGURED"
        | "ERR_LOCK_STORE_NOT_CONFIGURED"
        | "ERR_PUBSUB_NOT_CONFIGURED" => Code::FailedPrecondition,
        "ERR_SECRET_STORE_NOT_FOUND"
        | "ERR_PUBSUB_EMPTY"
        | "ERR_PUBSUB_NOT_FOUND"
        | "ERR_TOPIC_NAME_EMPTY"
        | "ERR_PUBSUB_CLOUD_EVENTS_SER" => Code::InvalidArgument,
        "ERR_NOT_SUPPORTED_STATE_OPERATION" => Code::Unimplemented,
        _ if is_about("DAPR_STATE_TRANSACTIONS_NOT_SUPPORTED") => Code::Unimplemented,
        code => match error.status.as_u16() {
            400 => Code::InvalidArgument,
            401 => Code::Unauthenticated,
            403 => Code::PermissionDenied,
            404 => Code::NotFound,
            409 if code.starts_with("DAPR_SCHEDULER_") => Code::AlreadyExists,
            409 => Code::Aborted,
            501 => Code::Unimplemented,
            503 => Code::Unavailable,
            _ => Code::Internal,
        },
    }
}

/// A detail of the HTTP API as its message.
fn detail(detail: &Value) -> Option<ErrorDetail> {
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let list = |name: &str| detail[name].as_array().into_iter().flatten();
    Some(match detail["@type"].as_str()?.rsplit('.').next()? {
        "ErrorInfo" => {
            let reason = text(detail, "reason");
            // Over HTTP these two say which app was asked.
            let is_short = matches!(reason.as_str(), "DAPR_STATE_NOT_FOUND" | "DAPR_STATE_NOT_CONFIGURED");
            let metadata = detail["metadata"].as_object().filter(|_| !is_short).into_iter().flatten();
            let metadata =
                metadata.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
            ErrorInfo { reason, domain: text(detail, "domain"), metadata: metadata.collect() }.into()
        }
        "ResourceInfo" => ResourceInfo::new(
            text(detail, "resource_type"),
            text(detail, "resource_name"),
            text(detail, "owner"),
            text(detail, "description"),
        )
        .into(),
        "BadRequest" => {
            let violations = list("field_violations");
            let violations = violations
                .map(|one| tonic_types::FieldViolation::new(text(one, "field"), text(one, "description")));
            BadRequest::new(violations.collect::<Vec<_>>()).into()
        }
        "Help" => {
            let links = list("links")
                .map(|link| tonic_types::HelpLink::new(text(link, "description"), text(link, "url")));
            Help::new(links.collect::<Vec<_>>()).into()
        }
        _ => return None,
    })
}

/// What an HTTP status says, as the status of a call: its reason is the message, `text` goes into the details.
pub fn of_http(status: hyper::StatusCode, text: &str) -> Status {
    let reason = status.canonical_reason().unwrap_or_default();
    let end =
        text.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST).last().unwrap_or_default();
    let text = if text.len() <= LONGEST { text } else { &text[..end] };
    let metadata = [("http.code", status.as_str()), ("http.error_message", text)]
        .map(|(k, v)| (k.to_owned(), v.to_owned()));
    let info = ErrorInfo { reason: reason.into(), domain: DOMAIN.into(), metadata: metadata.into() };
    Status::with_error_details_vec(code_of_http(status), reason, vec![info.into()])
}

/// The call has no valid token; the text says why.
pub fn unauthorized(text: &str) -> Status {
    of_http(hyper::StatusCode::UNAUTHORIZED, text)
}

/// The code that stands for an HTTP status (http-api reference, section 16).
fn code_of_http(status: hyper::StatusCode) -> Code {
    match status.as_u16() {
        200..300 => Code::Ok,
        408 => Code::Cancelled,
        400 => Code::Internal,
        504 => Code::DeadlineExceeded,
        404 => Code::NotFound,
        409 => Code::AlreadyExists,
        403 => Code::PermissionDenied,
        401 => Code::Unauthenticated,
        429 => Code::ResourceExhausted,
        501 => Code::Unimplemented,
        503 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_follow_the_table() {
        let code = |status: u16, code| {
            Status::from(ApiError::new(StatusCode::from_u16(status).unwrap(), code, "text")).code()
        };
        assert_eq!(code(409, "ERR_STATE_SAVE"), Code::Aborted);
        assert_eq!(code(409, "DAPR_SCHEDULER_SCHEDULE_JOB"), Code::AlreadyExists);
        assert_eq!(code(401, "ERR_SECRET_STORE_NOT_FOUND"), Code::InvalidArgument);
        assert_eq!(code(500, "ERR_SECRET_STORES_NOT_CONFIGURED"), Code::FailedPrecondition);
        assert_eq!(code(403, "ERR_PERMISSION_DENIED"), Code::PermissionDenied);
        assert_eq!(code(404, "ERR_PUBSUB_NOT_FOUND"), Code::InvalidArgument);
        assert_eq!(code(501, "ERR_API_UNIMPLEMENTED"), Code::Unimplemented);
        assert_eq!(code(500, "ERR_STATE_GET"), Code::Internal);
    }

    #[test]
    fn details_are_messages() {
        let error = ApiError::new(StatusCode::BAD_REQUEST, "ERR_X", "text")
            .violation("f", "d")
            .described_resource("state", "s", "about")
            .help("link", "https://dapr.io")
            .info("DAPR_X", Some(&json!({"a": "b"})));
        let status = Status::from(error);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("DAPR_X", "dapr.io"));
        assert_eq!(info.metadata["a"], "b");
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, "f");
        let resource = details.resource_info().unwrap();
        assert_eq!((resource.resource_type.as_str(), resource.description.as_str()), ("state", "about"));
        assert_eq!(details.help().unwrap().links[0].url, "https://dapr.io");
    }

    #[test]
    fn simple_state_errors_have_a_reason_and_others_none() {
        let reason = |code| {
            let status = Status::from(ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, code, "text"));
            status.get_details_error_info().map(|info| info.reason)
        };
        assert_eq!(reason("ERR_STATE_SAVE").as_deref(), Some("ERR_STATE_SAVE"));
        assert_eq!(reason("ERR_SECRET_GET"), None);
    }

    #[test]
    fn an_http_status_tells_its_text_in_the_details() {
        let long = "é".repeat(LONGEST);
        let status = of_http(StatusCode::NOT_FOUND, &long);
        assert_eq!((status.code(), status.message()), (Code::NotFound, "Not Found"));
        let info = status.get_details_error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.metadata["http.code"].as_str()), ("Not Found", "404"));
        assert_eq!(info.metadata["http.error_message"].len(), LONGEST);
        assert_eq!(of_http(StatusCode::BAD_REQUEST, "").code(), Code::Internal);
        assert_eq!(of_http(StatusCode::IM_A_TEAPOT, "").code(), Code::Unknown);
    }
}
