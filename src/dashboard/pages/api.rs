//! One request to the API of an app's sidecar: by its own sidecar, so that scopes, prefixes and policies count.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request};

use super::{Ask, apps};
use crate::client::{self, metadata};
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::apps::App;

/// How long a sidecar may take: an app behind it may be slow.
const LIMIT: Duration = Duration::from_secs(30);
/// Most bytes of an answer that are shown.
const SHOWN: usize = 64 * 1024;

/// Calls the API of the first instance of an app. Returns status, body as text, and etag.
pub async fn call(
    ask: &Ask,
    app: &str,
    method: Method,
    path: &str,
    body: Bytes,
    kind: &str,
) -> Result<(u16, String, String), Problem> {
    let instances = apps::named(ask, app).await?;
    call_instance(ask, &instances[0], method, path, body, kind).await
}

/// Calls the API of this very sidecar.
pub async fn call_instance(
    ask: &Ask,
    app: &App,
    method: Method,
    path: &str,
    body: Bytes,
    kind: &str,
) -> Result<(u16, String, String), Problem> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() =
        path.parse().map_err(|error| Problem::bad_request(format_args!("{path}: {error}")))?;
    if let Ok(kind) = kind.parse()
        && !request.body().is_empty()
    {
        request.headers_mut().insert(CONTENT_TYPE, kind);
    }
    metadata::authorise(&mut request, &ask.shared.options.env);
    let endpoint = app.instance.endpoint();
    let answer = client::send(&endpoint, request, Some(LIMIT)).await.map_err(Problem::failed)?;
    let etag =
        answer.headers().get("etag").and_then(|etag| etag.to_str().ok()).unwrap_or_default().to_owned();
    let shown = &answer.body()[..answer.body().len().min(SHOWN)];
    Ok((answer.status().as_u16(), String::from_utf8_lossy(shown).into_owned(), etag))
}

/// What a refusal of the API says, or the status when it says nothing.
pub fn refusal(status: u16, body: &str) -> String {
    let message = serde_json::from_str::<serde_json::Value>(body)
        .ok()
        .and_then(|body| Some(body.get("message")?.as_str()?.to_owned()));
    match message {
        Some(message) => message,
        None if body.trim().is_empty() => format!("status {status}"),
        None => format!("status {status}: {body}"),
    }
}
