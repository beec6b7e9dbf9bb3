//! `/state`: the keys of an app in a store, and one of its values: to look at, to change and to delete. All of it goes
//! through the app's own sidecar, so that scopes, prefixes and policies count.

use axum::http::StatusCode;
use bytes::Bytes;
use hyper::Method;
use serde::{Deserialize, Serialize};

use super::calls::{Offer, offers};
use super::{Ask, Done, api, apps};
use crate::dashboard::problem::Problem;
use crate::dashboard::view::path_segment;
use crate::records::Runtime;

/// Keys that a page shows at first.
const COUNT: u64 = 100;
/// Most keys that can be asked for.
const MOST: u64 = 1000;

/// The page's data.
#[derive(Debug, Serialize)]
pub struct Page {
    app: String,
    store: String,
    /// What the keys that are listed begin with.
    prefix: String,
    apps: Vec<Offer>,
    /// Keys, as the app names them.
    keys: Vec<String>,
    /// `after` of the request for the next keys; `null` at the end.
    next: Option<String>,
    /// Whether these are the first keys.
    first: bool,
    /// Why no keys are listed.
    unlisted: Option<String>,
    key: String,
    /// Whether the value was looked for.
    asked: bool,
    /// The value; `null` when the key has none.
    value: Option<String>,
    /// Its version, for writing only if nobody else did.
    etag: String,
}

/// What the sidecar says.
#[derive(Debug, Default, Deserialize)]
struct Listed {
    keys: Vec<String>,
    next: Option<String>,
}

/// The keys of an app, and the value of one of them. Nothing is asked of a sidecar before an app and a store are named,
/// unless there is no choice.
pub async fn data(ask: Ask) -> Result<Page, Problem> {
    let snapshot = ask.shared.apps.now().await;
    let text = |name| ask.parameter(name).unwrap_or_default().to_owned();
    let mut page = Page {
        app: text("app"),
        store: text("store"),
        prefix: text("prefix"),
        apps: offers(&snapshot.apps),
        keys: Vec::new(),
        next: None,
        first: ask.parameter("after").is_none(),
        unlisted: None,
        key: text("key"),
        asked: false,
        value: None,
        etag: String::new(),
    };
    if page.app.is_empty() {
        let first = page.apps.iter().find(|offer| !offer.stores.is_empty()).or(page.apps.first());
        page.app = first.map(|offer| offer.id.clone()).unwrap_or_default();
    }
    if page.store.is_empty() {
        let own = page.apps.iter().find(|offer| offer.id == page.app);
        page.store = own.and_then(|offer| offer.stores.first().cloned()).unwrap_or_default();
    }
    if page.app.is_empty() || page.store.is_empty() {
        return Ok(page);
    }
    if !page.key.is_empty() {
        look_up(&ask, &mut page).await?;
    }
    match list(&ask, &page).await {
        Ok(listed) => (page.keys, page.next) = (listed.keys, listed.next),
        Err(why) => page.unlisted = Some(why.detail),
    }
    Ok(page)
}

async fn look_up(ask: &Ask, page: &mut Page) -> Result<(), Problem> {
    let path = format!("/v1.0/state/{}/{}", path_segment(&page.store), path_segment(&page.key));
    let (status, body, etag) = api::call(ask, &page.app, Method::GET, &path, Bytes::new(), "").await?;
    page.asked = true;
    match status {
        200 => (page.value, page.etag) = (Some(body), etag),
        204 => {}
        _ => return Err(Problem::failed(api::refusal(status, &body))),
    }
    Ok(())
}

async fn list(ask: &Ask, page: &Page) -> Result<Listed, Problem> {
    let instances = apps::named(ask, &page.app).await?;
    let Some(instance) = instances.iter().find(|one| one.runtime == Some(Runtime::Embedded)) else {
        let detail = "the stock runtime can't list keys: name one to see its value";
        return Err(Problem::failed(detail));
    };
    let count = ask.number("count", COUNT, MOST)?.to_string();
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("prefix", &page.prefix)
        .append_pair("after", ask.parameter("after").unwrap_or_default())
        .append_pair("limit", &count)
        .finish();
    let path = format!("/v1.0-alpha1/state/{}/keys?{query}", path_segment(&page.store));
    let answer = api::call_instance(ask, instance, Method::GET, &path, Bytes::new(), "").await?;
    let (status, body, _) = answer;
    if status != 200 {
        return Err(Problem::failed(api::refusal(status, &body)));
    }
    serde_json::from_str(&body)
        .map_err(|error| Problem::failed(format_args!("the sidecar's list of keys can't be read: {error}")))
}

/// Writes a value: JSON as it is, anything else as a text.
pub async fn set(ask: Ask) -> Result<Done, Problem> {
    let (app, store, key) = place(&ask)?;
    let text = ask.parameter("value").unwrap_or_default();
    let value: serde_json::Value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
    let mut item = serde_json::json!({"key": key, "value": value});
    if let Some(etag) = ask.parameter("etag") {
        item["etag"] = etag.into();
        item["options"] = serde_json::json!({"concurrency": "first-write"});
    }
    let body = Bytes::from(serde_json::Value::Array(vec![item]).to_string());
    let path = format!("/v1.0/state/{}", path_segment(&store));
    let (status, answer, _) = api::call(&ask, &app, Method::POST, &path, body, "application/json").await?;
    if status == 409 {
        let detail =
            format_args!("{key} was not written: somebody else has, since it was shown; show it again first");
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    if !(200..300).contains(&status) {
        let cause = api::refusal(status, &answer);
        return Err(Problem::failed(format_args!("{key} was not written: {cause}")));
    }
    Ok(Done::new(format!("{key} was written."), next(&ask, &app, &store, &key)))
}

/// Deletes a value.
pub async fn delete(ask: Ask) -> Result<Done, Problem> {
    let (app, store, key) = place(&ask)?;
    let path = format!("/v1.0/state/{}/{}", path_segment(&store), path_segment(&key));
    let (status, answer, _) = api::call(&ask, &app, Method::DELETE, &path, Bytes::new(), "").await?;
    if !(200..300).contains(&status) {
        let cause = api::refusal(status, &answer);
        return Err(Problem::failed(format_args!("{key} was not deleted: {cause}")));
    }
    Ok(Done::new(format!("{key} was deleted."), next(&ask, &app, &store, "")))
}

fn place(ask: &Ask) -> Result<(String, String, String), Problem> {
    let part = |name| ask.required(name).map(str::to_owned);
    Ok((part("app")?, part("store")?, part("key")?))
}

fn next(ask: &Ask, app: &str, store: &str, key: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("app", app).append_pair("store", store);
    for (name, value) in [("prefix", ask.parameter("prefix").unwrap_or_default()), ("key", key)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    format!("/state?{}", query.finish())
}
