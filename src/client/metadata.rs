//! `/v1.0/metadata` of a sidecar: what it says of itself, and what the command line stores in it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, Request, Response, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::http::{Cause, Endpoint, Error, exchange};
use crate::env::{DAPR_API_TOKEN, Env};

/// The header that carries the API token.
pub const TOKEN_HEADER: &str = "dapr-api-token";
/// PID of the owning `dapr run`.
pub const CLI_PID: &str = "cliPID";
/// PID of the app.
pub const APP_PID: &str = "appPID";
/// The app's command line, joined by one space.
pub const APP_COMMAND: &str = "appCommand";
/// Absolute path of the run file.
pub const RUN_TEMPLATE_PATH: &str = "runTemplatePath";
/// Name in the run file.
pub const RUN_TEMPLATE_NAME: &str = "runTemplateName";
/// The app's log file.
pub const APP_LOG_PATH: &str = "appLogPath";
/// The sidecar's log file.
pub const DAPRD_LOG_PATH: &str = "daprdLogPath";

/// More than any honest sidecar has to say, in bytes.
const LIMIT: usize = 4 << 20;

/// The parts of the answer that are used here (http-api reference, 1.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// App id.
    pub id: String,
    /// Version of the sidecar.
    pub runtime_version: String,
    /// Free pairs, among them the keys above.
    pub extended: BTreeMap<String, String>,
    /// Features that are switched on.
    pub enabled_features: Vec<String>,
    /// Components that it has loaded.
    pub components: Vec<Component>,
    /// What its app receives.
    pub subscriptions: Vec<Subscription>,
    /// Types of actors that its app hosts.
    pub actors: Vec<Actors>,
    /// How it reaches its app.
    pub app_connection_properties: AppConnection,
}

/// A loaded component.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its type, for example `state.redis`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its version, for example `v1`.
    pub version: String,
    /// What it can do, for example `ETAG`.
    pub capabilities: Vec<String>,
}

/// A topic that the app receives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Subscription {
    /// The pub/sub component.
    #[serde(alias = "pubsubname")]
    pub pubsub_name: String,
    /// The topic.
    pub topic: String,
    /// Where messages go that the app can't handle; may be empty.
    pub dead_letter_topic: String,
    /// `DECLARATIVE`, `PROGRAMMATIC` or `STREAMING`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which events go where.
    pub rules: Vec<Rule>,
    /// Metadata for the component.
    pub metadata: BTreeMap<String, String>,
}

/// A routing rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Rule {
    /// A CEL expression; empty for the default route.
    #[serde(rename = "match")]
    pub matches: String,
    /// Path at the app.
    pub path: String,
}

/// Actors of one type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Actors {
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// How many are active.
    pub count: u64,
}

/// How a sidecar reaches its app.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AppConnection {
    /// The app's port; 0 without an app.
    pub port: u16,
    /// `http`, `grpc` and so on.
    pub protocol: String,
    /// Host of the app.
    pub channel_address: String,
    /// Most calls at once; 0 without a limit.
    pub max_concurrency: u64,
}

/// Adds the token of `DAPR_API_TOKEN` to a request, when there is one.
pub fn authorise(request: &mut Request<Bytes>, env: &Env) {
    if let Some(token) = env.get(DAPR_API_TOKEN).and_then(|token| token.parse().ok()) {
        request.headers_mut().insert(TOKEN_HEADER, token);
    }
}

/// Asks a sidecar for its metadata; `timeout` limits the whole exchange.
pub async fn get(endpoint: &Endpoint, env: &Env, timeout: Duration) -> Result<Metadata, Error> {
    let answer = call(endpoint, env, Method::GET, "/v1.0/metadata", Bytes::new(), timeout).await?;
    serde_json::from_slice(answer.body()).map_err(|error| {
        Error::new(endpoint, &Method::GET, &Uri::from_static("/v1.0/metadata"), Cause::Content(error))
    })
}

/// Stores one pair in a sidecar. One attempt: [`Error::is_temporary`] says whether another one is worth it.
pub async fn put(
    endpoint: &Endpoint,
    env: &Env,
    key: &str,
    value: &str,
    timeout: Duration,
) -> Result<(), Error> {
    let path = format!("/v1.0/metadata/{}", utf8_percent_encode(key, NON_ALPHANUMERIC));
    let body = Bytes::copy_from_slice(value.as_bytes());
    call(endpoint, env, Method::PUT, &path, body, timeout).await.map(drop)
}

async fn call(
    endpoint: &Endpoint,
    env: &Env,
    method: Method,
    path: &str,
    body: Bytes,
    timeout: Duration,
) -> Result<Response<Bytes>, Error> {
    let uri: Uri = path.parse().unwrap_or_default();
    let mut request = Request::new(body);
    *request.method_mut() = method.clone();
    *request.uri_mut() = uri.clone();
    authorise(&mut request, env);
    let answer = exchange(endpoint, request, Some(timeout), LIMIT).await?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    Err(Error::new(endpoint, &method, &uri, Cause::Status(status.as_u16())))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::client::testing::serve;

    async fn listen() -> (TcpListener, Endpoint) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::Tcp(listener.local_addr().unwrap().port());
        (listener, endpoint)
    }

    #[test]
    fn extended_pairs_are_read_and_the_token_is_sent() {
        crate::client::runtime().unwrap().block_on(async {
            let (listener, endpoint) = listen().await;
            let body = r#"{"id":"a","extended":{"cliPID":"7"},"actors":[]}"#;
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let env = Env::of([(DAPR_API_TOKEN, "secret")]);
            let call = get(&endpoint, &env, Duration::from_secs(5));
            let (seen, metadata) = tokio::join!(serve(&listener, &answer), call);
            let metadata = metadata.unwrap();
            assert_eq!((metadata.id.as_str(), metadata.extended[CLI_PID].as_str()), ("a", "7"));
            assert!(seen.contains("dapr-api-token: secret\r\n"), "{seen}");
        });
    }

    #[test]
    fn a_refused_pair_is_an_error_that_names_the_status() {
        crate::client::runtime().unwrap().block_on(async {
            let (listener, endpoint) = listen().await;
            let answer = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n".to_owned();
            let env = Env::of([]);
            let call = put(&endpoint, &env, APP_COMMAND, "sleep 5", Duration::from_secs(5));
            let (seen, result) = tokio::join!(serve(&listener, &answer), call);
            let error = result.unwrap_err();
            assert!(seen.starts_with("PUT /v1.0/metadata/appCommand "), "{seen}");
            assert!(seen.ends_with("\r\n\r\nsleep 5"), "{seen}");
            assert!(error.to_string().ends_with(": unexpected status code 401"), "{error}");
            assert!(!error.is_temporary());
        });
    }
}
