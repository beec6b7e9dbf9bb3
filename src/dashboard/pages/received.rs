//! `/traces/received`: log records and metrics that apps have sent by OTLP themselves.

use serde::Serialize;

use super::Ask;
use super::metrics::{Plot, plot};
use crate::dashboard::problem::Problem;
use crate::dashboard::telemetry::model::Log;
use crate::dashboard::telemetry::query::{self, Measured};

/// Log records that a page shows at first.
const COUNT: u64 = 200;
/// Most log records that can be asked for.
const MOST: u64 = 5000;
/// Most metrics that are shown, and most values of each.
const METRICS: (u64, u64) = (200, 120);

/// The page's data.
#[derive(Debug, Serialize)]
pub struct Page {
    app: String,
    search: String,
    /// Apps that have told something.
    apps: Vec<String>,
    /// Newest first.
    logs: Vec<Log>,
    metrics: Vec<Row>,
}

/// One metric with one set of labels.
#[derive(Debug, Serialize)]
pub struct Row {
    #[serde(flatten)]
    measured: Measured,
    /// The newest value.
    last: Option<f64>,
    plot: Plot,
}

/// What matches.
pub async fn data(ask: Ask) -> Result<Page, Problem> {
    let text = |name| ask.parameter(name).unwrap_or_default().to_owned();
    let (app, search) = (text("app"), text("search"));
    let count = ask.number("count", COUNT, MOST)?;
    let store = ask.shared.telemetry()?;
    let wanted = (app.clone(), search.clone());
    let read = store.read(move |connection| {
        let (app, search) = (&wanted.0, &wanted.1);
        let mut apps = query::apps(connection)?;
        apps.append(&mut query::measuring(connection)?);
        Ok((
            query::logs(connection, app, search, count)?,
            query::measured(connection, app, search, METRICS)?,
            apps,
        ))
    });
    let (logs, metrics, mut apps) = read.await.map_err(Problem::failed)?;
    // Who sends nothing but log records is known by them.
    apps.extend(logs.iter().map(|log| log.app.clone()));
    apps.sort_unstable();
    apps.dedup();
    let metrics = metrics.into_iter().map(|measured| Row {
        last: measured.points.last().map(|(_, value)| *value),
        plot: plot(&measured.points, &[|(_, value)| *value]),
        measured,
    });
    Ok(Page { app, search, apps, logs, metrics: metrics.collect() })
}
