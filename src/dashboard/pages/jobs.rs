//! `/jobs`: what is to run later; `/jobs/{runtime}/{key}`: one of them, to delete it or to run it once more.

use bytes::Bytes;
use hyper::Method;
use serde::Serialize;

use super::{Ask, Done, api, apps};
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::apps::App;
use crate::dashboard::sources::jobs;
use crate::dashboard::view::path_segment;
use crate::records::Runtime;
use crate::scheduler::{self, Key, Kind, Policy, Receiver, Stored};

/// Jobs that a page shows at first.
const COUNT: u64 = 200;
/// Most jobs that can be asked for.
const MOST: u64 = 5000;
/// Characters of its data that a list shows.
const PREVIEW: usize = 120;
/// Bytes of its data that a job's own page shows.
const SHOWN: usize = 64 * 1024;

/// The list's data.
#[derive(Debug, Serialize)]
pub struct List {
    app: String,
    kind: String,
    search: String,
    jobs: Vec<Row>,
    /// Jobs that match, shown or not.
    matching: usize,
    /// All jobs there are.
    total: usize,
    /// The apps that have jobs.
    apps: Vec<String>,
    /// Why some are missing.
    troubles: Vec<String>,
}

/// A job.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its key, as in the paths of the API.
    key: String,
    /// Whose job it is.
    runtime: Runtime,
    namespace: String,
    /// As `dapr scheduler` has it: `app/<app>/<job>`, `actor/<type>/<id>/<reminder>` and so on.
    name: String,
    /// `app`, `actor`, `workflow` or `activity`.
    kind: &'static str,
    /// The app that runs it or, of a reminder, has asked for it; may be empty.
    app: String,
    schedule: Option<String>,
    due_time: Option<String>,
    ttl: Option<String>,
    /// When it runs next, as RFC 3339; `null` when it never does again.
    next: Option<String>,
    /// How often the present run was tried and failed.
    attempts: u32,
    /// Runs so far.
    count: u32,
    /// For when the last run was planned.
    last: Option<String>,
    repeats: Option<u32>,
    /// Runs that are left; `null` without a limit.
    left: Option<u32>,
    /// No run is later than this.
    expiration: Option<String>,
    /// What a failed run means.
    policy: String,
    /// `json`, the type of a message, or nothing.
    data_type: String,
    /// What the app gets, shortened; bytes that are no text are counted.
    data: String,
    /// Whether an app runs that it can be handed to.
    runnable: bool,
}

impl Row {
    fn new(runtime: Runtime, job: &Stored, shown: usize, running: &[App]) -> Self {
        let rules = job.job.rules.clone();
        let app = app_of(&job.key).or(job.scheduled_by.as_deref()).unwrap_or_default().to_owned();
        let progress = job.progress;
        let is_left = job.job.plan().is_ok_and(|plan| plan.next(progress.count, progress.last).is_some());
        Self {
            key: job.key.to_string(),
            runtime,
            namespace: job.key.receiver.namespace().to_owned(),
            name: scheduler::show(&job.key),
            kind: kind(&job.key),
            runnable: app_of(&job.key).is_some_and(|app| running.iter().any(|one| one.app_id == app)),
            app,
            left: rules.repeats.map(|repeats| repeats.saturating_sub(progress.count)),
            repeats: rules.repeats,
            schedule: rules.schedule,
            due_time: rules.due_time,
            ttl: rules.ttl,
            next: is_left.then(|| job.due.to_string()),
            attempts: progress.attempts,
            count: progress.count,
            last: progress.last.map(|last| last.to_string()),
            expiration: job.job.expiration.map(|end| end.to_string()),
            policy: policy(job.job.policy),
            data_type: scheduler::kind_of_data(&job.job.payload).to_owned(),
            data: data(&scheduler::over_http(&job.job.payload), shown),
        }
    }

    fn matches(&self, app: &str, kind: &str, search: &str) -> bool {
        (app.is_empty() || self.app == app)
            && (kind.is_empty() || self.kind == kind)
            && (search.is_empty()
                || [&self.name, &self.data].iter().any(|text| text.to_lowercase().contains(search)))
    }
}

/// The app whose job it is; `None` for a reminder.
fn app_of(key: &Key) -> Option<&str> {
    match &key.receiver {
        Receiver::App { app_id, .. } => Some(app_id),
        Receiver::Actor { .. } => None,
    }
}

fn kind(key: &Key) -> &'static str {
    match scheduler::kind(key) {
        Kind::App => "app",
        Kind::Actor => "actor",
        Kind::Workflow => "workflow",
        Kind::Activity => "activity",
    }
}

fn policy(policy: Policy) -> String {
    const GIVEN_UP: &str = "a failed run is given up";
    match policy {
        Policy::Drop => GIVEN_UP.into(),
        Policy::Constant { interval, max_retries: Some(0) } if interval.is_zero() => GIVEN_UP.into(),
        Policy::Constant { interval, max_retries: Some(most) } => {
            format!("a failed run is tried again up to {most} times, every {interval:?}")
        }
        Policy::Constant { interval, max_retries: None } => {
            format!("a failed run is tried again until it goes well, every {interval:?}")
        }
    }
}

/// A text as it is, up to a length; anything else by its size.
fn data(bytes: &Bytes, shown: usize) -> String {
    let is_text = |text: &&str| !text.contains(|c: char| c.is_control() && !c.is_whitespace());
    match std::str::from_utf8(bytes).ok().filter(is_text) {
        Some(text) => match text.char_indices().nth(shown) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        },
        None => format!("{} bytes", bytes.len()),
    }
}

/// The jobs that match, the next one first.
pub async fn list(ask: Ask) -> Result<List, Problem> {
    let text = |name| ask.parameter(name).unwrap_or_default().to_owned();
    let (app, kind, search) = (text("app"), text("kind"), text("search"));
    let most = usize::try_from(ask.number("count", COUNT, MOST)?).unwrap_or(usize::MAX);
    let snapshot = ask.shared.apps.now().await;
    let mut found = jobs::all(&ask.shared.options).await;
    found.jobs.sort_by(|(_, a), (_, b)| (a.due, &a.key).cmp(&(b.due, &b.key)));
    let rows = found.jobs.iter().map(|(runtime, job)| Row::new(*runtime, job, PREVIEW, &snapshot.apps));
    let rows: Vec<Row> = rows.collect();
    let mut names: Vec<String> = rows.iter().map(|row| row.app.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| !name.is_empty());
    let total = rows.len();
    let wanted = search.to_lowercase();
    let mut rows: Vec<Row> = rows.into_iter().filter(|row| row.matches(&app, &kind, &wanted)).collect();
    let matching = rows.len();
    rows.truncate(most);
    Ok(List { app, kind, search, jobs: rows, matching, total, apps: names, troubles: found.troubles })
}

/// One job's data.
#[derive(Debug, Serialize)]
pub struct Page {
    job: Row,
}

/// One of them.
pub async fn one(ask: Ask) -> Result<Page, Problem> {
    let (runtime, job) = find(&ask).await?;
    let snapshot = ask.shared.apps.now().await;
    Ok(Page { job: Row::new(runtime, &job, SHOWN, &snapshot.apps) })
}

/// Whose job is meant, and which.
fn named(ask: &Ask) -> Result<(Runtime, Key), Problem> {
    let runtime = match ask.part("runtime") {
        "embedded" => Runtime::Embedded,
        "installed" => Runtime::Installed,
        other => return Err(Problem::not_found(format_args!("{other} is no runtime"))),
    };
    let text = ask.part("key");
    let key =
        Key::parse(text).ok_or_else(|| Problem::not_found(format_args!("{text} is no key of a job")))?;
    Ok((runtime, key))
}

async fn find(ask: &Ask) -> Result<(Runtime, Stored), Problem> {
    let (runtime, key) = named(ask)?;
    let options = &ask.shared.options;
    let found = jobs::within(async { jobs::place(options, runtime)?.get(&key).await }).await;
    match found.map_err(Problem::failed)? {
        Some(job) => Ok((runtime, job)),
        None => Err(missing(&key)),
    }
}

fn missing(key: &Key) -> Problem {
    Problem::not_found(format_args!(
        "there is no job {}: it may have done its last run",
        scheduler::show(key)
    ))
}

/// Deletes a job.
pub async fn delete(ask: Ask) -> Result<Done, Problem> {
    let (runtime, key) = named(&ask)?;
    let options = &ask.shared.options;
    let deleted = jobs::within(async { jobs::place(options, runtime)?.delete(&key).await }).await;
    if !deleted.map_err(Problem::failed)? {
        return Err(missing(&key));
    }
    Ok(Done::new(format!("{} was deleted.", scheduler::show(&key)), "/jobs".into()))
}

/// Hands a job to its app now. The embedded sidecar does it as with any other run; a stock one can't, so the app's
/// method is called by it, which is the same for an app that speaks HTTP.
pub async fn trigger(ask: Ask) -> Result<Done, Problem> {
    let (runtime, job) = find(&ask).await?;
    let Some(app) = app_of(&job.key) else {
        return Err(Problem::bad_request("a reminder belongs to an actor: only its own schedule runs it"));
    };
    let instances = apps::named(&ask, app).await?;
    let name = path_segment(&job.key.name);
    let own = instances.iter().find(|one| runtime == Runtime::Embedded && one.runtime == Some(runtime));
    let instance = own.unwrap_or(&instances[0]);
    let (path, body) = if own.is_some() {
        (format!("/v1.0-alpha1/jobs/{name}/trigger"), Bytes::new())
    } else if instance.connection.protocol.to_lowercase().starts_with("grpc") {
        let detail = "the stock runtime can't hand a job to an app that speaks gRPC before it is due";
        return Err(Problem::bad_request(detail));
    } else {
        let path = format!("/v1.0/invoke/{}/method/job/{name}", path_segment(app));
        (path, scheduler::over_http(&job.job.payload))
    };
    let answer = api::call_instance(&ask, instance, Method::POST, &path, body, "application/json").await;
    let (status, answer, _) = answer?;
    let shown = scheduler::show(&job.key);
    if !(200..300).contains(&status) {
        let cause = api::refusal(status, &answer);
        return Err(Problem::failed(format_args!("{shown} was not done: {cause}")));
    }
    let next = format!("/jobs/{runtime}/{}", path_segment(&job.key.to_string()));
    Ok(Done::new(format!("{app} has done {shown}; its schedule is as it was."), next))
}
