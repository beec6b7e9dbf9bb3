//! Error bodies of the HTTP API (http-api reference, sections 0.5 and 15).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::Serialize;
use serde_json::Value;

use crate::sidecar::error::ApiError;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorBody<'a> {
    error_code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    details: &'a [Value],
}

/// The code of an answer that is an error, for those who count them.
#[derive(Debug, Clone, Copy)]
pub struct ErrorCode(pub &'static str);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody { error_code: self.code, message: &self.message, details: &self.details };
        let mut response = json_answer(self.status, &body);
        response.extensions_mut().insert(ErrorCode(self.code));
        response
    }
}

/// A JSON answer with `<`, `>` and `&` inside strings escaped as the stock runtime does.
pub fn json_answer(status: StatusCode, body: &impl Serialize) -> Response {
    json(status, escape_html(serde_json::to_string(body).unwrap_or_default()))
}

/// What a call asked for, as JSON: one line that ends, so that a terminal shows it well.
pub fn json_line(body: &impl Serialize) -> Response {
    let mut text = escape_html(serde_json::to_string(body).unwrap_or_default());
    text.push('\n');
    json(StatusCode::OK, text)
}

fn json(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// JSON text with `<`, `>` and `&` as `\u003c`, `\u003e`, `\u0026`. They occur only inside strings.
pub fn escape_html(text: String) -> String {
    if text.contains(['<', '>', '&']) {
        text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn simple_and_rich_bodies() {
        let read = async |error: ApiError| {
            let body = error.into_response().into_body();
            let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            String::from_utf8(bytes.to_vec()).unwrap()
        };
        let simple = ApiError::new(StatusCode::BAD_REQUEST, "ERR_X", "a <b> & c");
        assert_eq!(read(simple).await, r#"{"errorCode":"ERR_X","message":"a \u003cb\u003e \u0026 c"}"#);
        let rich =
            ApiError::new(StatusCode::NOT_FOUND, "ERR_Y", "m").info("DAPR_Y", Some(&json!({"appID": "a"})));
        let expected = r#"{"errorCode":"ERR_Y","message":"m","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","domain":"dapr.io","metadata":{"appID":"a"},"reason":"DAPR_Y"}]}"#;
        assert_eq!(read(rich).await, expected);
    }
}
