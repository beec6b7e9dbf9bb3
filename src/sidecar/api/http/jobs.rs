//! Jobs over HTTP (http-api reference, section 10).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hyper::StatusCode;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::error::json_line;
use super::request::{PathValues, Rejection, WholeBody};
use crate::components::jobs::{Payload, Policy, Stored};
use crate::components::properties::parse_duration;
use crate::components::schedule::Rules;
use crate::sidecar::blocks::jobs::{self, Jobs};
use crate::sidecar::core::Core;
use crate::sidecar::error::ApiError;
use crate::sidecar::json;
use crate::wire;

/// The routes of this API.
pub fn routes() -> Router<Arc<Jobs>> {
    let methods = || -> MethodRouter<Arc<Jobs>> { post(schedule).get(get).delete(delete) };
    Router::new().route("/v1.0/jobs/{name}", methods()).route("/v1.0-alpha1/jobs/{name}", methods())
}

/// What is sent to schedule a job. Names of protobuf's JSON, which also has them with underscores.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Body<'a> {
    name: Option<String>,
    schedule: Option<String>,
    repeats: Option<Count>,
    #[serde(alias = "due_time")]
    due_time: Option<String>,
    ttl: Option<String>,
    overwrite: Option<bool>,
    #[serde(borrow, deserialize_with = "also_null")]
    data: Option<&'a RawValue>,
    #[serde(alias = "failure_policy")]
    failure_policy: Option<FailurePolicy>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct FailurePolicy {
    constant: Option<Constant>,
    drop: Option<IgnoredAny>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Constant {
    interval: Option<String>,
    #[serde(alias = "max_retries")]
    max_retries: Option<Count>,
}

/// A number, or its text: protobuf's JSON has both.
#[derive(Deserialize)]
#[serde(try_from = "CountText")]
struct Count(u32);

#[derive(Deserialize)]
#[serde(untagged)]
enum CountText {
    Number(u32),
    Text(String),
}

impl TryFrom<CountText> for Count {
    type Error = String;

    fn try_from(text: CountText) -> Result<Self, String> {
        match text {
            CountText::Number(number) => Ok(Self(number)),
            CountText::Text(text) => {
                text.parse().map(Self).map_err(|_| format!("invalid value for uint32 field: {text:?}"))
            }
        }
    }
}

/// `null` is data too.
fn also_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

async fn schedule(
    State(jobs): State<Arc<Jobs>>,
    path: PathValues,
    body: WholeBody,
) -> Result<StatusCode, Rejection> {
    let text = body.0.map_err(|cause| {
        let message = format!("failed to read request body: {cause}");
        ApiError::new(StatusCode::BAD_REQUEST, "ERR_BODY_READ", message)
    })?;
    let body: Body<'_> =
        if text.is_empty() { Body::default() } else { json::parse(&text).map_err(malformed)? };
    if body.name.is_some_and(|name| !name.is_empty()) {
        return Err(jobs.named_twice().into());
    }
    let request = jobs::Request {
        name: path.get("name").trim().to_owned(),
        rules: Rules {
            schedule: body.schedule,
            due_time: body.due_time,
            ttl: body.ttl,
            repeats: body.repeats.map(|repeats| repeats.0),
        },
        payload: body
            .data
            .map_or(Payload::None, |data| Payload::Json(Bytes::copy_from_slice(data.get().as_bytes()))),
        policy: body.failure_policy.map(policy).transpose().map_err(malformed)?.flatten(),
        overwrite: body.overwrite.unwrap_or_default(),
    };
    jobs.schedule(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn malformed(cause: impl std::fmt::Display) -> ApiError {
    let message = format!("failed deserializing HTTP body: {cause}");
    ApiError::new(StatusCode::BAD_REQUEST, "ERR_MALFORMED_REQUEST", message)
}

fn policy(policy: FailurePolicy) -> Result<Option<Policy>, String> {
    match (policy.constant, policy.drop) {
        (Some(_), Some(_)) => Err("failurePolicy is either constant or drop, not both".into()),
        (None, Some(_)) => Ok(Some(Policy::Drop)),
        (None, None) => Ok(None),
        (Some(Constant { interval, max_retries }), None) => {
            let interval = interval.unwrap_or_else(|| "0s".into());
            let interval = parse_duration(&interval)
                .ok_or_else(|| format!("invalid google.protobuf.Duration value {interval:?}"))?;
            Ok(Some(Policy::Constant { interval, max_retries: max_retries.map(|most| most.0) }))
        }
    }
}

/// A job as it is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeats: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_time: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
    failure_policy: ToldPolicy,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(rename = "@type")]
    kind: &'a str,
    value: Box<RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum ToldPolicy {
    Drop {},
    #[serde(rename_all = "camelCase")]
    Constant {
        interval: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        max_retries: Option<u32>,
    },
}

async fn get(State(jobs): State<Arc<Jobs>>, path: PathValues) -> Result<Response, Rejection> {
    let stored = jobs.get(path.get("name")).await?;
    Ok(json_line(&told(&stored)))
}

fn told(stored: &Stored) -> Told<'_> {
    let Rules { schedule, due_time, ttl, repeats } = &stored.job.rules;
    Told {
        name: &stored.key.name,
        schedule: schedule.as_deref(),
        repeats: *repeats,
        due_time: due_time.as_deref(),
        ttl: ttl.as_deref(),
        data: data(&stored.job.payload),
        failure_policy: match stored.job.policy {
            Policy::Drop => ToldPolicy::Drop {},
            Policy::Constant { interval, max_retries } => {
                ToldPolicy::Constant { interval: seconds(interval), max_retries }
            }
        },
    }
}

/// Protobuf's JSON for a duration: seconds with no, three, six or nine decimals.
fn seconds(duration: Duration) -> String {
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    match nanoseconds {
        0 => format!("{seconds}s"),
        _ if nanoseconds % 1_000_000 == 0 => format!("{seconds}.{:03}s", nanoseconds / 1_000_000),
        _ if nanoseconds % 1_000 == 0 => format!("{seconds}.{:06}s", nanoseconds / 1_000),
        _ => format!("{seconds}.{nanoseconds:09}s"),
    }
}

/// JSON as it is, other messages in base64.
fn data(payload: &Payload) -> Option<Data<'_>> {
    let (kind, value) = match payload {
        Payload::None => return None,
        Payload::Json(text) => (wire::value::TYPE_URL, String::from_utf8_lossy(text).into_owned()),
        Payload::Any { type_url, value } => {
            let json = (type_url == wire::value::TYPE_URL).then(|| wire::value::decode(value)).flatten();
            let base64 = || format!("\"{}\"", BASE64_STANDARD.encode(value));
            (type_url.as_str(), json.filter(|json| !json.is_empty()).unwrap_or_else(base64))
        }
    };
    RawValue::from_string(value).ok().map(|value| Data { kind, value })
}

/// Ours: the stock API can't run a job at will.
pub async fn trigger(State(core): State<Arc<Core>>, path: PathValues) -> Result<StatusCode, Rejection> {
    core.jobs.trigger(path.get("name"), core.shared.app.as_deref(), &core.metrics).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(State(jobs): State<Arc<Jobs>>, path: PathValues) -> Result<Response, Rejection> {
    jobs.delete(path.get("name")).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

#[cfg(test)]
mod tests;
