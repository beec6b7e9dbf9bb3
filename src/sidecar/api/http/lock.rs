//! Distributed lock over HTTP (http-api reference, section 9).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Value, json};

use super::error::json_line;
use super::request::{PathValues, Rejection, WholeBody, undecodable};
use crate::components::lock::Unlocked;
use crate::sidecar::Shared;
use crate::sidecar::blocks::lock;
use crate::sidecar::json::{object, parse};

/// The routes of this API.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1.0-alpha1/lock/{store}", post(try_lock))
        .route("/v1.0-alpha1/unlock/{store}", post(unlock))
}

object! {
    /// Both spellings of each name are read.
    struct LockBody {
        resourceid: String,
        resource_id: String,
        lockowner: String,
        lock_owner: String,
        expiryinseconds: Seconds,
        expiry_in_seconds: Seconds,
    }
}

impl LockBody {
    fn read(body: Result<bytes::Bytes, String>) -> Result<Self, Rejection> {
        body.and_then(|body| parse(&body)).map_err(|cause| undecodable(cause).into())
    }

    fn resource(&self) -> &str {
        if self.resourceid.is_empty() { &self.resource_id } else { &self.resourceid }
    }

    fn owner(&self) -> &str {
        if self.lockowner.is_empty() { &self.lock_owner } else { &self.lockowner }
    }

    fn expiry(&self) -> i32 {
        if self.expiryinseconds.0 == 0 { self.expiry_in_seconds.0 } else { self.expiryinseconds.0 }
    }
}

/// A number, or its digits as a text, as JSON forms of protobuf messages have it.
#[derive(Default)]
struct Seconds(i32);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = match &value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        let number = number.and_then(|number| i32::try_from(number).ok());
        number
            .map(Self)
            .ok_or_else(|| D::Error::custom(format_args!("invalid value for expiryInSeconds: {value}")))
    }
}

async fn try_lock(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    WholeBody(body): WholeBody,
) -> Result<Response, Rejection> {
    let body = LockBody::read(body)?;
    let taken =
        lock::try_lock(&shared, path.get("store"), body.resource(), body.owner(), body.expiry()).await?;
    Ok(json_line(&json!({ "success": taken })))
}

async fn unlock(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    WholeBody(body): WholeBody,
) -> Result<Response, Rejection> {
    let body = LockBody::read(body)?;
    let status = match lock::unlock(&shared, path.get("store"), body.resource(), body.owner()).await? {
        Unlocked::Success => 0,
        Unlocked::Missing => 1,
        Unlocked::OfOther => 2,
    };
    Ok(json_line(&json!({ "status": status })))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use async_trait::async_trait;

    use super::*;
    use crate::components::lock::{Error, Store};
    use crate::sidecar::blocks::testing::{manifest, send, shared};

    /// Everybody may have `free` for seven seconds; it is given back by `missing` and by others.
    struct Fake;

    #[async_trait]
    impl Store for Fake {
        async fn try_lock(&self, resource: &str, _: &str, expiry: Duration) -> Result<bool, Error> {
            Ok(resource.ends_with("free") && expiry == Duration::from_secs(7))
        }

        async fn unlock(&self, _: &str, owner: &str) -> Result<Unlocked, Error> {
            Ok(match owner {
                "missing" => Unlocked::Missing,
                "other" => Unlocked::OfOther,
                _ => Unlocked::Success,
            })
        }
    }

    #[tokio::test]
    async fn both_spellings_and_all_answers() {
        let shared = shared("app");
        shared.components.insert_lock(manifest("s", "lock.fake", &[]), Arc::new(Fake));
        let router = routes().with_state(Arc::new(shared));
        let syntax = "invalid character 'x' looking for beginning of object key string";
        let number = "invalid value for expiryInSeconds: 1.5 at line 1 column 23";
        let malformed = |cause: &str| {
            format!(
                r#"{{"errorCode":"ERR_MALFORMED_REQUEST","message":"failed deserializing HTTP body: {cause}"}}"#
            )
        };
        for (path, body, status, answer) in [
            (
                "lock",
                r#"{"resourceId":"free","lockOwner":"o","expiryInSeconds":7}"#,
                200,
                "{\"success\":true}\n".to_owned(),
            ),
            (
                "lock",
                r#"{"resource_id":"free","lock_owner":"o","expiry_in_seconds":"7"}"#,
                200,
                "{\"success\":true}\n".to_owned(),
            ),
            (
                "lock",
                r#"{"resourceId":"taken","lockOwner":"o","expiryInSeconds":7}"#,
                200,
                "{\"success\":false}\n".to_owned(),
            ),
            ("unlock", r#"{"resourceId":"r","lockOwner":"o"}"#, 200, "{\"status\":0}\n".to_owned()),
            ("unlock", r#"{"resourceId":"r","lockOwner":"missing"}"#, 200, "{\"status\":1}\n".to_owned()),
            ("unlock", r#"{"resourceId":"r","lockOwner":"other"}"#, 200, "{\"status\":2}\n".to_owned()),
            ("lock", "{x", 400, malformed(syntax)),
            ("lock", r#"{"expiryInSeconds":1.5}"#, 400, malformed(number)),
            ("lock", "", 400, malformed("EOF")),
        ] {
            let got = send(&router, "POST", &format!("/v1.0-alpha1/{path}/s"), &[], body).await;
            assert_eq!((got.status, got.body), (status, answer), "{path} {body}");
        }
        assert_eq!(send(&router, "GET", "/v1.0-alpha1/lock/s", &[], "").await.status, 405);
    }
}
