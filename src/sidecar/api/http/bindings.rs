//! Output bindings over HTTP (http-api reference, 6.1).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::value::RawValue;

use super::request::{PathValues, WholeBody, give_metadata, header, part_of, trace_context, undecodable};
use crate::components::Metadata;
use crate::components::bindings::Request;
use crate::sidecar::Shared;
use crate::sidecar::blocks::bindings;
use crate::sidecar::json::{object, parse};

/// The routes of this API.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/v1.0/bindings/{name}", post(invoke).put(invoke))
}

object! {
    struct CallBody<'a> {
        operation: String,
        data: Option<&'a RawValue>,
        metadata: Metadata,
    }
}

async fn invoke(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    headers: HeaderMap,
    WholeBody(body): WholeBody,
) -> Response {
    let request = match body.and_then(|body| decode(&body)) {
        Ok(request) => request,
        Err(cause) => return undecodable(cause).into_response(),
    };
    let trace = trace_context(&headers, &shared.tracer);
    let baggage = header(&headers, "baggage");
    match bindings::invoke(&shared, path.get("name"), request, &trace, baggage).await {
        Ok(answer) => {
            let mut response = match answer.data {
                None => StatusCode::NO_CONTENT.into_response(),
                Some(data) => {
                    let mut response = Response::new(Body::from(data));
                    let json = HeaderValue::from_static("application/json");
                    response.headers_mut().insert(CONTENT_TYPE, json);
                    response
                }
            };
            give_metadata(response.headers_mut(), &answer.metadata);
            response
        }
        Err(failed) => {
            let mut response = failed.error.into_response();
            give_metadata(response.headers_mut(), &failed.metadata);
            response
        }
    }
}

fn decode(body: &Bytes) -> Result<Request, String> {
    let CallBody { operation, data, metadata } = parse(body)?;
    let data = data.map_or(Bytes::from_static(b"null"), |data| part_of(body, data));
    Ok(Request { operation, data, metadata })
}
