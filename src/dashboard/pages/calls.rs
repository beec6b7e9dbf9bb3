//! `/try`: publish an event, call a method; `/state`: look at, change and delete values of an app. All of it goes through
//! the app's own sidecar, so that scopes, prefixes and policies count.

use axum::http::StatusCode;
use bytes::Bytes;
use hyper::Method;
use serde::Serialize;

use super::{Ask, Done, api};
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::apps::App;
use crate::dashboard::view::path_segment;

/// What the forms offer.
#[derive(Debug, Serialize)]
pub struct Forms {
    /// The app that is asked for.
    app: String,
    apps: Vec<Offer>,
}

/// What one app can do.
#[derive(Debug, Serialize)]
pub struct Offer {
    id: String,
    brokers: Vec<String>,
    stores: Vec<String>,
    /// Topics that somebody receives, with their brokers.
    topics: Vec<String>,
}

fn offers(found: &[App]) -> Vec<Offer> {
    let named = |app: &App, category: &str| {
        let names = app.components.iter().filter(|one| one.kind.starts_with(category));
        names.map(|one| one.name.clone()).collect()
    };
    let mut topics: Vec<String> = found
        .iter()
        .flat_map(|app| &app.subscriptions)
        .map(|subscription| subscription.topic.clone())
        .collect();
    topics.sort_unstable();
    topics.dedup();
    let offer = |app: &App| Offer {
        id: app.app_id.clone(),
        brokers: named(app, "pubsub."),
        stores: named(app, "state."),
        topics: topics.clone(),
    };
    found.iter().filter(|app| app.answers).map(offer).collect()
}

/// The data of the forms.
pub async fn forms(ask: Ask) -> Result<Forms, Problem> {
    let snapshot = ask.shared.apps.now().await;
    Ok(Forms { app: ask.parameter("app").unwrap_or_default().to_owned(), apps: offers(&snapshot.apps) })
}

/// A value of a state store.
#[derive(Debug, Serialize)]
pub struct State {
    app: String,
    store: String,
    key: String,
    apps: Vec<Offer>,
    /// Whether it was looked for.
    asked: bool,
    /// The value; `null` when the key has none.
    value: Option<String>,
    /// Its version, for writing only if nobody else did.
    etag: String,
}

/// The value of a key of an app.
pub async fn state(ask: Ask) -> Result<State, Problem> {
    let snapshot = ask.shared.apps.now().await;
    let text = |name| ask.parameter(name).unwrap_or_default().to_owned();
    let (app, store, key) = (text("app"), text("store"), text("key"));
    let mut found = State {
        apps: offers(&snapshot.apps),
        asked: false,
        value: None,
        etag: String::new(),
        app,
        store,
        key,
    };
    if found.app.is_empty() || found.store.is_empty() || found.key.is_empty() {
        return Ok(found);
    }
    let path = format!("/v1.0/state/{}/{}", path_segment(&found.store), path_segment(&found.key));
    let (status, body, etag) = api::call(&ask, &found.app, Method::GET, &path, Bytes::new(), "").await?;
    found.asked = true;
    match status {
        200 => {
            found.value = Some(body);
            found.etag = etag;
        }
        204 => {}
        _ => return Err(Problem::failed(format_args!("status {status}: {body}"))),
    }
    Ok(found)
}

/// Writes a value: JSON as it is, anything else as a text.
pub async fn set_state(ask: Ask) -> Result<Done, Problem> {
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
        return Err(Problem::failed(format_args!("{key} was not written: status {status}: {answer}")));
    }
    Ok(Done::new(format!("{key} was written."), next(&app, &store, &key)))
}

/// Deletes a value.
pub async fn delete_state(ask: Ask) -> Result<Done, Problem> {
    let (app, store, key) = place(&ask)?;
    let path = format!("/v1.0/state/{}/{}", path_segment(&store), path_segment(&key));
    let (status, answer, _) = api::call(&ask, &app, Method::DELETE, &path, Bytes::new(), "").await?;
    if !(200..300).contains(&status) {
        return Err(Problem::failed(format_args!("{key} was not deleted: status {status}: {answer}")));
    }
    Ok(Done::new(format!("{key} was deleted."), next(&app, &store, &key)))
}

fn place(ask: &Ask) -> Result<(String, String, String), Problem> {
    let part = |name| ask.required(name).map(str::to_owned);
    Ok((part("app")?, part("store")?, part("key")?))
}

fn next(app: &str, store: &str, key: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("app", app).append_pair("store", store).append_pair("key", key);
    format!("/state?{}", query.finish())
}

/// Publishes an event by an app's sidecar.
pub async fn publish(ask: Ask) -> Result<Done, Problem> {
    let app = ask.required("app")?.to_owned();
    let (broker, topic) = (ask.required("pubsub")?, ask.required("topic")?);
    let path = format!("/v1.0/publish/{}/{}", path_segment(broker), path_segment(topic));
    let data = ask.parameter("data").unwrap_or_default().to_owned();
    let is_json = serde_json::from_str::<serde_json::Value>(&data).is_ok();
    let kind = if is_json { "application/json" } else { "text/plain" };
    let message = format!("The event was published to {topic}.");
    let (status, answer, _) = api::call(&ask, &app, Method::POST, &path, data.into(), kind).await?;
    if !(200..300).contains(&status) {
        return Err(Problem::failed(format_args!("nothing was published: status {status}: {answer}")));
    }
    Ok(Done::new(message, "/try".into()))
}

/// Calls a method of an app by its own sidecar, and says what it answers.
pub async fn invoke(ask: Ask) -> Result<Done, Problem> {
    let app = ask.required("app")?.to_owned();
    let verb = ask.parameter("verb").unwrap_or("GET");
    let verb: Method =
        verb.parse().map_err(|_| Problem::bad_request(format_args!("verb: {verb} is none")))?;
    let method = ask.required("method")?.trim_start_matches('/').to_owned();
    let path = format!("/v1.0/invoke/{}/method/{method}", path_segment(&app));
    let data = ask.parameter("data").unwrap_or_default().to_owned();
    let kind = if data.is_empty() { "" } else { "application/json" };
    let (status, answer, _) = api::call(&ask, &app, verb, &path, data.into(), kind).await?;
    let mut done = Done::new(format!("{app} answered with status {status}."), "/try".into());
    done.answer = Some(answer);
    Ok(done)
}
