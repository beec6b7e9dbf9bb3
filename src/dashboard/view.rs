//! Templates and what they can do with values. Everything that is inserted is escaped: no template marks anything as
//! safe.

use axum::response::{Html, IntoResponse, Response};
use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use serde::Serialize;

use super::pages::NAVIGATION;
use super::problem::Problem;
use super::shared::Shared;
use super::{assets, notes::Note};

macro_rules! templates {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../templates/dashboard/", $name)))),*]
    };
}

const TEMPLATES: &[(&str, &str)] = &templates![
    "app.html",
    "apps.html",
    "base.html",
    "component.html",
    "components.html",
    "configuration.html",
    "configurations.html",
    "control-plane.html",
    "job.html",
    "jobs.html",
    "log.html",
    "metrics.html",
    "overview.html",
    "parts.html",
    "problem.html",
    "received.html",
    "service.html",
    "state.html",
    "trace.html",
    "traces.html",
    "try.html",
];

/// All templates.
pub struct View(Environment<'static>);

impl Default for View {
    fn default() -> Self {
        let mut environment = Environment::new();
        for (name, text) in TEMPLATES {
            if let Err(error) = environment.add_template(name, text) {
                // Tests draw every page; this can't be met in a build that passed them.
                tracing::error!("template {name}: {error:#}");
            }
        }
        environment.add_function("asset", |name: &str| assets::path(name));
        environment.add_filter("age", age);
        environment.add_filter("amount", amount);
        environment.add_filter("moment", moment);
        environment.add_filter("time", time);
        environment.add_filter("bytes", bytes);
        environment.add_filter("path_segment", path_segment);
        environment.add_filter("plural", plural);
        environment.add_filter("micros", micros);
        environment.add_filter("micros_time", micros_time);
        environment.add_filter("shorten", shorten);
        Self(environment)
    }
}

/// What every template gets beside its data.
#[derive(Serialize)]
struct Frame<'a> {
    navigation: Vec<Link<'a>>,
    session: &'a str,
    read_only: bool,
    version: &'a str,
    note: Option<Note>,
}

/// An entry of the menu.
#[derive(Serialize)]
struct Link<'a> {
    path: &'a str,
    name: &'a str,
    /// Whether it leads to the page, or to the page that this one is below.
    current: bool,
}

impl<'a> Link<'a> {
    fn new(to: &'a str, name: &'a str, page: &str) -> Self {
        let below = page.strip_prefix(to).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        Self { path: to, name, current: below && (to != "/" || page == "/") }
    }
}

impl View {
    /// Draws a page. `path` is where it is, for the navigation.
    pub fn page(
        &self,
        shared: &Shared,
        template: &str,
        path: &str,
        note: Option<Note>,
        data: &impl Serialize,
    ) -> Response {
        let frame = Frame {
            navigation: NAVIGATION.iter().map(|&(to, name)| Link::new(to, name, path)).collect(),
            session: &shared.session,
            read_only: shared.options.read_only,
            version: env!("CARGO_PKG_VERSION"),
            note,
        };
        let context = context! { frame => Value::from(Serde(&frame)), data => Value::from(Serde(data)) };
        let drawn = self.0.get_template(template).and_then(|template| template.render(context));
        match drawn {
            Ok(text) => Html(text).into_response(),
            Err(error) => {
                let status = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
                Problem::new(status, format_args!("cannot draw {template}: {error:#}")).json()
            }
        }
    }
}

/// `5s`, `3m`, `2h`, `4d`: how long ago a time was.
fn age(time: &str) -> String {
    let Ok(time) = time.parse::<Timestamp>() else { return String::new() };
    length(Timestamp::now().as_second().saturating_sub(time.as_second()))
}

/// `in 5s`, `3m ago`: where a time lies as seen from now.
fn moment(time: &str) -> String {
    let Ok(time) = time.parse::<Timestamp>() else { return String::new() };
    let ahead = time.as_second().saturating_sub(Timestamp::now().as_second());
    if ahead < 0 { format!("{} ago", length(-ahead)) } else { format!("in {}", length(ahead)) }
}

/// A number of seconds in the largest whole unit.
fn length(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A time in this machine's zone.
fn time(time: &str) -> String {
    let Ok(time) = time.parse::<Timestamp>() else { return String::new() };
    time.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A number as somebody reads it: whole when it is large, else with as many digits as count.
fn amount(number: f64) -> String {
    let text = match number.abs() {
        100.0.. => format!("{number:.0}"),
        1.0..100.0 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `1.5 KiB`.
fn bytes(size: f64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = size;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < units.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{size} B") } else { format!("{size:.1} {}", units[unit]) }
}

/// A text as one segment of a path.
pub fn path_segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// `3 apps`: `{{ 3|plural("app") }}`.
fn plural(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// A length of time in microseconds, with the unit that fits.
fn micros(time: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let value = time as f64;
    match time {
        ..1000 => format!("{time} µs"),
        1000..1_000_000 => format!("{:.1} ms", value / 1e3),
        _ => format!("{:.2} s", value / 1e6),
    }
}

/// A point in time in microseconds since 1970, in this machine's zone.
fn micros_time(time: i64) -> String {
    let Ok(time) = Timestamp::from_microsecond(time) else { return String::new() };
    time.to_zoned_datetime(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// A text with at most so many characters.
fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let start: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{start}…")
}
