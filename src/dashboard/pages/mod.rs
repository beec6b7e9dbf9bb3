//! One file per page; this one lists the routes. A page is a function from what was asked to data: drawn with a
//! template it is the page, as JSON it is the answer below `/api/v1`.

mod api;
mod app;
mod apps;
mod calls;
mod components;
mod configurations;
mod control_plane;
mod graph;
mod jobs;
mod logs;
mod metrics;
mod overview;
mod received;
mod state;
mod traces;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::Serialize;

use super::notes::Note;
use super::problem::Problem;
use super::shared::Shared;
use super::{assets, guard, live};
use crate::resources::Document;

/// What the menu leads to: path and name.
pub const NAVIGATION: &[(&str, &str)] = &[
    ("/", "Overview"),
    ("/apps", "Applications"),
    ("/components", "Components"),
    ("/configurations", "Configurations"),
    ("/control-plane", "Control plane"),
    ("/traces", "Traces"),
    ("/metrics-view", "Metrics"),
    ("/jobs", "Jobs"),
    ("/state", "State"),
    ("/try", "Try it"),
];

/// What the API is below.
const API: &str = "/api/v1";
/// Largest body that is read, in bytes: a value of a state store may be large.
const BODY: usize = 8 << 20;

/// Every route.
pub fn routes(shared: &Arc<Shared>) -> Router {
    let router = Router::new();
    let router = page(router, "/", "overview.html", overview::data);
    let router = page(router, "/apps", "apps.html", apps::data);
    let router = page(router, "/apps/{id}", "app.html", app::data);
    let router = page(router, "/apps/{id}/logs", "log.html", logs::data);
    let router = page(router, "/components", "components.html", components::list);
    let router = page(router, "/components/{name}", "component.html", components::one);
    let router = page(router, "/configurations", "configurations.html", configurations::list);
    let router = page(router, "/configurations/{name}", "configuration.html", configurations::one);
    let router = page(router, "/control-plane", "control-plane.html", control_plane::data);
    let router = page(router, "/control-plane/{name}", "service.html", control_plane::one);
    let router = page(router, "/traces", "traces.html", traces::list);
    let router = page(router, "/traces/{trace}", "trace.html", traces::one);
    let router = page(router, "/metrics-view", "metrics.html", metrics::data);
    let router = page(router, "/traces/received", "received.html", received::data);
    let router = page(router, "/jobs", "jobs.html", jobs::list);
    let router = page(router, "/jobs/{runtime}/{key}", "job.html", jobs::one);
    let router = page(router, "/state", "state.html", state::data);
    let router = page(router, "/try", "try.html", calls::forms);
    let router = action(router, "/jobs/{runtime}/{key}/delete", jobs::delete);
    let router = action(router, "/jobs/{runtime}/{key}/trigger", jobs::trigger);
    let router = action(router, "/state/set", state::set);
    let router = action(router, "/state/delete", state::delete);
    let router = action(router, "/try/publish", calls::publish);
    let router = action(router, "/try/invoke", calls::invoke);
    let router = action(router, "/apps/{id}/stop", apps::stop);
    let router = action(router, "/apps/{id}/restart", apps::restart);
    router
        .route("/apps/{id}/logs/events", get(logs::events))
        .route("/events", get(live::changes))
        .route("/assets/{version}/{name}", get(assets::get))
        .route(&format!("{API}/openapi.json"), get(assets::description))
        .fallback(unknown)
        .layer(axum::extract::DefaultBodyLimit::max(BODY))
        .with_state(Arc::clone(shared))
}

/// What somebody asks for.
pub struct Ask {
    /// What all requests share.
    pub shared: Arc<Shared>,
    /// Variable parts of the path.
    path: HashMap<String, String>,
    /// The query; of an action, with the fields of its form or JSON object.
    query: HashMap<String, String>,
}

impl Ask {
    /// A variable part of the path.
    pub fn part(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }

    /// A parameter; `None` when it is missing or empty.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A parameter that has to be there.
    pub fn required(&self, name: &str) -> Result<&str, Problem> {
        self.parameter(name).ok_or_else(|| Problem::bad_request(format_args!("{name} is missing")))
    }

    /// A number, or `default`; at most `most`.
    pub fn number(&self, name: &str, default: u64, most: u64) -> Result<u64, Problem> {
        let Some(text) = self.parameter(name) else { return Ok(default) };
        let number = text
            .parse::<u64>()
            .map_err(|_| Problem::bad_request(format_args!("{name}: {text} is not a number")))?;
        Ok(number.min(most))
    }
}

impl FromRequestParts<Arc<Shared>> for Ask {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        shared: &Arc<Shared>,
    ) -> Result<Self, Response> {
        let path = Path::<HashMap<String, String>>::from_request_parts(parts, shared).await;
        let query = Query::<HashMap<String, String>>::from_request_parts(parts, shared).await;
        let query = query.map_err(|error| Problem::bad_request(error).json())?;
        Ok(Self {
            shared: Arc::clone(shared),
            path: path.map(|Path(path)| path).unwrap_or_default(),
            query: query.0,
        })
    }
}

/// Adds a page and its JSON form.
fn page<F, R, T>(
    router: Router<Arc<Shared>>,
    path: &str,
    template: &'static str,
    data: F,
) -> Router<Arc<Shared>>
where
    F: Fn(Ask) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<T, Problem>> + Send,
    T: Serialize + Send,
{
    let of_page = data.clone();
    let own = path.to_owned();
    let html = async move |ask: Ask| {
        let shared = Arc::clone(&ask.shared);
        let note = ask.parameter("note").and_then(|number| shared.notes.take(number.parse().ok()?));
        match of_page(ask).await {
            Ok(data) => shared.view.page(&shared, template, &own, note, &data),
            Err(problem) => problem.page(&shared),
        }
    };
    let json = async move |ask: Ask| match data(ask).await {
        Ok(data) => Json(data).into_response(),
        Err(problem) => problem.json(),
    };
    let name = if path == "/" { "/overview" } else { path };
    router.route(path, get(html)).route(&format!("{API}{name}"), get(json))
}

/// What came of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Done {
    /// What was done, as a sentence.
    pub message: String,
    /// What somebody else answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The page to go on with.
    #[serde(skip)]
    pub next: String,
}

impl Done {
    /// Something that was done, and the page to go on with.
    pub fn new(message: String, next: String) -> Self {
        Self { message, answer: None, next }
    }
}

/// Adds something that can be done: as a form's target and as a call of the API. Both have to come from a page of
/// ours or to know what our pages tell.
fn action<F, R>(router: Router<Arc<Shared>>, path: &str, act: F) -> Router<Arc<Shared>>
where
    F: Fn(Ask) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Done, Problem>> + Send,
{
    let of_form = act.clone();
    let form = async move |mut ask: Ask, headers: HeaderMap, body: String| {
        let shared = Arc::clone(&ask.shared);
        let done = match fields(&mut ask, &headers, &body) {
            Ok(()) => of_form(ask).await,
            Err(problem) => return problem.page(&shared),
        };
        let (note, next) = match done {
            Ok(done) => {
                let answer = done.answer.map(|answer| format!(" {answer}")).unwrap_or_default();
                (Note { text: done.message + &answer, failed: false }, done.next)
            }
            Err(problem) => (Note { text: problem.detail, failed: true }, back(&headers)),
        };
        let number = shared.notes.add(note);
        let join = if next.contains('?') { '&' } else { '?' };
        (StatusCode::SEE_OTHER, [(LOCATION, format!("{next}{join}note={number}"))]).into_response()
    };
    let call = async move |mut ask: Ask, headers: HeaderMap, body: String| {
        let admitted = fields(&mut ask, &headers, &body);
        let done = match admitted {
            Ok(()) => act(ask).await,
            Err(problem) => Err(problem),
        };
        match done {
            Ok(done) => Json(done).into_response(),
            Err(problem) => problem.json(),
        }
    };
    router.route(path, post(form)).route(&format!("{API}{path}"), post(call))
}

/// Reads the fields of a form or of a JSON object, and checks that they come from a page of ours.
fn fields(ask: &mut Ask, headers: &HeaderMap, body: &str) -> Result<(), Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        let object: HashMap<String, serde_json::Value> = serde_json::from_str(body)
            .map_err(|error| Problem::bad_request(format_args!("the body is not a JSON object: {error}")))?;
        let texts = object.into_iter().map(|(name, value)| match value {
            serde_json::Value::String(text) => (name, text),
            value => (name, value.to_string()),
        });
        ask.query.extend(texts);
    } else {
        ask.query.extend(form_urlencoded::parse(body.as_bytes()).into_owned());
    }
    let header = headers.get(guard::SESSION).and_then(|value| value.to_str().ok());
    let field = ask.query.remove(guard::SESSION);
    if guard::is_own_session(&ask.shared, header.or(field.as_deref())) {
        return Ok(());
    }
    let status = StatusCode::FORBIDDEN;
    let detail = "the page is of an earlier run of the dashboard: load it again, then try again";
    Err(Problem::new(status, detail))
}

/// The page that a form stood on.
fn back(headers: &HeaderMap) -> String {
    let referer = headers.get(axum::http::header::REFERER).and_then(|value| value.to_str().ok());
    let path = referer.and_then(|referer| referer.parse::<axum::http::Uri>().ok());
    path.map_or_else(|| "/".into(), |uri| format!("/{}", uri.path().trim_start_matches('/')))
}

async fn unknown(State(shared): State<Arc<Shared>>, uri: axum::http::Uri) -> Response {
    let problem = Problem::not_found(format_args!("there is no page {}", uri.path()));
    if uri.path().starts_with(API) { problem.json() } else { problem.page(&shared) }
}

/// A document as YAML, without the values of secrets.
fn yaml(document: &Document) -> String {
    serde_yaml::to_string(&document.masked()).unwrap_or_default()
}

/// When a document's file was written, as RFC 3339.
fn created(document: &Document) -> String {
    let modified = document.modified.and_then(|time| Timestamp::try_from(time).ok());
    modified.map(|time| time.to_string()).unwrap_or_default()
}
