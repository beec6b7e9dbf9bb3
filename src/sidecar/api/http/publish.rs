//! Publishing over HTTP (http-api reference, section 4).

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use hyper::header::HeaderMap;
use hyper::{StatusCode, Uri};
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::json_answer;
use super::request::{PathValues, Rejection, WholeBody, header, metadata, trace_context};
use crate::components::Metadata;
use crate::sidecar::Shared;
use crate::sidecar::blocks::pubsub::{self, bulk};
use crate::sidecar::json::{object, parse};

/// The routes of this API. A component named `bulk` can't be reached by the plain route.
pub fn routes() -> Router<Arc<Shared>> {
    let bulk = || post(bulk_publish).put(bulk_publish);
    Router::new()
        .route("/v1.0/publish/{pubsubname}/{*topic}", post(publish).put(publish))
        .route("/v1.0/publish/bulk/{pubsubname}/{*topic}", bulk())
        .route("/v1.0-alpha1/publish/bulk/{pubsubname}/{*topic}", bulk())
}

async fn publish(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    WholeBody(data): WholeBody,
) -> Result<Response, Rejection> {
    let request = pubsub::Request {
        pubsub: path.get("pubsubname"),
        topic: path.get("topic"),
        content_type: header(&headers, "content-type").unwrap_or_default(),
        data,
        metadata: metadata(query.as_deref()),
        trace: trace_context(&headers, &shared.tracer),
    };
    pubsub::publish(&shared, request).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

object! {
    struct EntryBody<'a> {
        entryid: String,
        event: Option<&'a RawValue>,
        contenttype: String,
        metadata: Metadata,
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureBody<'a> {
    failed_entries: &'a [bulk::Failed],
    error_code: &'a str,
}

async fn bulk_publish(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    WholeBody(body): WholeBody,
) -> Result<Response, Rejection> {
    let request = bulk::Request {
        pubsub: path.get("pubsubname"),
        topic: path.get("topic"),
        entries: body.and_then(|body| entries(&body)),
        metadata: metadata(query.as_deref()),
        trace: trace_context(&headers, &shared.tracer),
        call: uri.path(),
    };
    match bulk::publish(&shared, request).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(bulk::Failure::Refused(error)) => Err(error.into()),
        Err(bulk::Failure::Entries { failed, error }) => {
            let body = FailureBody { failed_entries: &failed, error_code: error.code };
            Ok(json_answer(error.status, &body))
        }
    }
}

fn entries(body: &[u8]) -> Result<Vec<bulk::Entry>, String> {
    let entries: Option<Vec<EntryBody<'_>>> = parse(body)?;
    let entry = |entry: EntryBody<'_>| bulk::Entry {
        data: bulk::payload(&entry.contenttype, entry.event),
        id: entry.entryid,
        content_type: entry.contenttype,
        metadata: entry.metadata,
    };
    Ok(entries.unwrap_or_default().into_iter().map(entry).collect())
}

#[cfg(test)]
mod tests;
