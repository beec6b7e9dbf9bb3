//! Secrets over HTTP (http-api reference, section 7).

use std::sync::Arc;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper::StatusCode;

use super::error::json_line;
use super::request::{PathValues, Rejection, metadata};
use crate::sidecar::Shared;
use crate::sidecar::blocks::secrets;

/// The routes of this API.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/v1.0/secrets/{secretStoreName}/bulk", get(bulk))
        .route("/v1.0/secrets/{secretStoreName}/{key}", get(one))
}

async fn one(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    RawQuery(query): RawQuery,
) -> Result<Response, Rejection> {
    let metadata = metadata(query.as_deref());
    let secret = secrets::get(&shared, path.get("secretStoreName"), path.get("key"), &metadata).await?;
    if secret.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(json_line(&secret))
}

async fn bulk(
    State(shared): State<Arc<Shared>>,
    path: PathValues,
    RawQuery(query): RawQuery,
) -> Result<Response, Rejection> {
    let metadata = metadata(query.as_deref());
    let secrets = secrets::bulk(&shared, path.get("secretStoreName"), &metadata).await?;
    Ok(json_line(&secrets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::Metadata;
    use crate::components::secretstores::{Error, Secret, SecretStore};
    use crate::resources::SecretScope;
    use crate::sidecar::blocks::testing::{manifest, send, shared};
    use async_trait::async_trait;
    use std::collections::BTreeMap;

    struct Fake;

    #[async_trait]
    impl SecretStore for Fake {
        async fn get(&self, name: &str, metadata: &Metadata) -> Result<Secret, Error> {
            match name {
                "absent" => Err(Error(format!("secret {name} not found"))),
                "nothing" => Ok(Secret::new()),
                _ => Ok(Secret::from([(name.into(), format!("<{}>", metadata.len()))])),
            }
        }

        async fn bulk(&self, metadata: &Metadata) -> Result<BTreeMap<String, Secret>, Error> {
            if metadata.contains_key("fail") {
                return Err(Error("broken".into()));
            }
            let pair = |name: &str| (name.to_owned(), Secret::from([(name.to_owned(), "v".to_owned())]));
            Ok([pair("one"), pair("denied")].into())
        }
    }

    fn app(with_store: bool) -> Router {
        let mut shared = shared("app");
        shared.configuration.secret_scopes = vec![SecretScope {
            store_name: "s".into(),
            default_access: String::new(),
            allowed: Vec::new(),
            denied: vec!["denied".into()],
        }];
        if with_store {
            shared.components.insert_secretstore(manifest("s", "secretstores.fake", &[]), Arc::new(Fake));
        }
        routes().with_state(Arc::new(shared))
    }

    #[tokio::test]
    async fn answers_are_the_reference_ones() {
        let cases = [
            ("/v1.0/secrets/s/k?metadata.a=b", 200, "{\"k\":\"\\u003c1\\u003e\"}\n"),
            ("/v1.0/secrets/s/nothing", 204, ""),
            ("/v1.0/secrets/s/bulk", 200, "{\"one\":{\"one\":\"v\"}}\n"),
            (
                "/v1.0/secrets/s/bulk?metadata.fail=1",
                500,
                r#"{"errorCode":"ERR_SECRET_GET","message":"failed getting secrets from secret store s: broken"}"#,
            ),
            (
                "/v1.0/secrets/s/absent",
                500,
                r#"{"errorCode":"ERR_SECRET_GET","message":"failed getting secret with key absent from secret store s: secret absent not found"}"#,
            ),
            (
                "/v1.0/secrets/s/denied",
                403,
                r#"{"errorCode":"ERR_PERMISSION_DENIED","message":"access denied by policy to get \"denied\" from \"s\""}"#,
            ),
            (
                "/v1.0/secrets/other/k",
                401,
                r#"{"errorCode":"ERR_SECRET_STORE_NOT_FOUND","message":"failed finding secret store with key other"}"#,
            ),
            ("/v1.0/secrets/s/%25zz", 200, "{\"%zz\":\"\\u003c0\\u003e\"}\n"),
        ];
        let app = app(true);
        for (path, status, body) in cases {
            let answer = send(&app, "GET", path, &[], "").await;
            assert_eq!((answer.status, answer.body.as_str()), (status, body), "{path}");
        }
    }

    #[tokio::test]
    async fn without_any_store_they_are_not_configured() {
        let answer = send(&app(false), "GET", "/v1.0/secrets/s/k", &[], "").await;
        let expected =
            r#"{"errorCode":"ERR_SECRET_STORES_NOT_CONFIGURED","message":"secret store is not configured"}"#;
        assert_eq!((answer.status, answer.body.as_str()), (500, expected));
    }
}
