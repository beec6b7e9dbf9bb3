//! `/metrics-view`: plots of request rate, failures and latency, per app and building block.

use serde::Serialize;

use super::Ask;
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::metrics::{Point, Series};

/// Size of a plot in its own units.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;

/// The page's data.
#[derive(Debug, Serialize)]
pub struct Page {
    /// The app that is asked for; nothing for all.
    app: String,
    apps: Vec<String>,
    rows: Vec<Row>,
}

/// One block of one app.
#[derive(Debug, Serialize)]
pub struct Row {
    #[serde(flatten)]
    series: Series,
    last: Option<Point>,
    rate: Plot,
    errors: Plot,
    latency: Plot,
}

/// Lines in one frame.
#[derive(Debug, Serialize)]
pub struct Plot {
    /// The highest value, which is at the top.
    top: f64,
    /// Points of SVG polylines.
    lines: Vec<String>,
}

/// The plots of an app with its blocks, or of all apps, each with all its blocks together.
pub async fn data(ask: Ask) -> Result<Page, Problem> {
    let snapshot = ask.shared.apps.now().await;
    if ask.shared.metrics.lacks(&snapshot.apps) {
        // Who opens this page first doesn't wait for the next glance.
        ask.shared.metrics.read(&snapshot.apps).await;
    }
    let app = ask.parameter("app").map(str::to_owned);
    let mut apps: Vec<String> = snapshot.apps.iter().map(|app| app.app_id.clone()).collect();
    apps.dedup();
    let series = ask.shared.metrics.series(app.as_deref());
    let wanted = series.into_iter().filter(|series| app.is_some() || series.block == "all");
    let rows = wanted.map(|series| Row {
        last: series.points.last().cloned(),
        rate: plot(&series.points, &[|point| point.rate]),
        errors: plot(&series.points, &[|point| point.errors]),
        latency: plot(&series.points, &[|point| point.p50, |point| point.p95, |point| point.p99]),
        series,
    });
    Ok(Page { rows: rows.collect(), app: app.unwrap_or_default(), apps })
}

/// Lines of some values of the same points.
pub(super) fn plot<P>(points: &[P], values: &[fn(&P) -> f64]) -> Plot {
    let highest =
        points.iter().flat_map(|point| values.iter().map(move |value| value(point))).fold(0.0, f64::max);
    let top = round_up(highest * 1.1);
    #[expect(clippy::cast_precision_loss, reason = "pixels")]
    let line = |value: &fn(&P) -> f64| {
        let step = WIDTH / (points.len().max(2) - 1) as f64;
        let place = |(at, point): (usize, &P)| {
            let y = HEIGHT - value(point) / top * (HEIGHT - 4.0) - 2.0;
            format!("{:.1},{y:.1}", at as f64 * step)
        };
        points.iter().enumerate().map(place).collect::<Vec<_>>().join(" ")
    };
    Plot { top, lines: values.iter().map(line).collect() }
}

/// The next of 1, 2, 5, 10, 20, 50 and so on.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(value)
}
