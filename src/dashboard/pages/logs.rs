//! `/apps/{id}/logs`: what an app and its sidecar have written, and what they write.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures_util::stream;
use serde::Serialize;

use super::Ask;
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::logs::{self, Line};
use crate::self_hosted::instances::Instance;
use crate::self_hosted::logs::{Error, Kind, Source, sources};

/// Lines that a page shows at first.
const LAST: u64 = 500;
/// Most lines that can be asked for.
const MOST: u64 = 10_000;
/// Most lines that are sent as one event.
const TOGETHER: usize = 256;

/// The page's data.
#[derive(Debug, Serialize)]
pub struct Page {
    id: String,
    /// `app`, `daprd`, or nothing for both.
    source: String,
    /// Only lines with this text, whatever its case is.
    search: String,
    /// Only lines of this level.
    level: String,
    /// Whether the app runs.
    running: bool,
    lines: Vec<Line>,
}

/// The last lines that match.
pub async fn data(ask: Ask) -> Result<Page, Problem> {
    let filter = Filter::of(&ask);
    let count = ask.number("count", LAST, MOST)?;
    let (found, running) = of(&ask).await?;
    let reading = tokio::task::spawn_blocking(move || {
        // More are read than shown, so that a search finds what is not among the last ones.
        let wanted = if filter.is_empty() { count } else { MOST };
        logs::last(&found, wanted).map(|lines| filter.apply(lines, count))
    });
    let lines = reading.await.map_err(Problem::failed)?.map_err(Problem::failed)?;
    let text = |name| ask.parameter(name).unwrap_or_default().to_owned();
    Ok(Page {
        id: ask.part("id").to_owned(),
        source: text("source"),
        search: text("search"),
        level: text("level"),
        running,
        lines,
    })
}

/// `GET /apps/{id}/logs/events`: lines as they are written; each event has a JSON array of them. Begins with the last
/// `count` lines.
pub async fn events(ask: Ask) -> Response {
    let count = match ask.number("count", 0, MOST) {
        Ok(count) => count,
        Err(problem) => return problem.json(),
    };
    let found = match of(&ask).await {
        Ok((found, _)) => found,
        Err(problem) => return problem.json(),
    };
    let filter = Filter::of(&ask);
    let lines = logs::follow(found, count, ask.shared.stop.clone());
    let events = stream::unfold((lines, filter), |(mut lines, filter)| async move {
        loop {
            let mut batch = Vec::new();
            if lines.recv_many(&mut batch, TOGETHER).await == 0 {
                return None;
            }
            batch.retain(|line| filter.admits(line));
            if !batch.is_empty() {
                let event = Event::default().json_data(&batch).unwrap_or_default();
                return Some((Ok::<_, Infallible>(event), (lines, filter)));
            }
        }
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(10))).into_response()
}

/// The logs that were asked for, and whether their app runs.
async fn of(ask: &Ask) -> Result<(Vec<Source>, bool), Problem> {
    let kinds: &[Kind] = match ask.parameter("source") {
        Some("app") => &[Kind::App],
        Some("daprd") => &[Kind::Sidecar],
        None => &[Kind::App, Kind::Sidecar],
        Some(other) => {
            return Err(Problem::bad_request(format_args!("source: {other} is neither app nor daprd")));
        }
    };
    let id = ask.part("id").to_owned();
    let snapshot = ask.shared.apps.now().await;
    let running: Vec<Instance> = snapshot.apps.iter().map(|app| app.instance.clone()).collect();
    let runs = running.iter().any(|instance| instance.app_id == id);
    let install = ask.shared.options.install.clone();
    let finding = tokio::task::spawn_blocking(move || sources(&install, &running, &[id], kinds));
    match finding.await.map_err(Problem::failed)? {
        Ok(found) => Ok((found, runs)),
        Err(error @ (Error::Unknown { .. } | Error::NotKept { .. } | Error::Gone { .. })) => {
            Err(Problem::not_found(error))
        }
        Err(error) => Err(Problem::failed(error)),
    }
}

/// Which lines are wanted.
struct Filter {
    search: String,
    level: String,
}

impl Filter {
    fn of(ask: &Ask) -> Self {
        Self {
            search: ask.parameter("search").unwrap_or_default().to_lowercase(),
            level: ask.parameter("level").unwrap_or_default().to_owned(),
        }
    }

    fn is_empty(&self) -> bool {
        self.search.is_empty() && self.level.is_empty()
    }

    fn admits(&self, line: &Line) -> bool {
        (self.level.is_empty() || line.level == self.level)
            && (self.search.is_empty() || line.text.to_lowercase().contains(&self.search))
    }

    fn apply(&self, mut lines: Vec<Line>, count: u64) -> Vec<Line> {
        lines.retain(|line| self.admits(line));
        let surplus = lines.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
        lines.split_off(surplus)
    }
}
