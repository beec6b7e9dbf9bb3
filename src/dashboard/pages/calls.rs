//! `/try`: publish an event, call a method. All of it goes through the app's own sidecar, so that scopes and policies
//! count.

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
    pub id: String,
    brokers: Vec<String>,
    pub stores: Vec<String>,
    /// Topics that somebody receives, with their brokers.
    topics: Vec<String>,
}

/// What the apps that answer can do.
pub fn offers(found: &[App]) -> Vec<Offer> {
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
