//! Metrics of a service as it tells them now: Prometheus text, line by line.

use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde::Serialize;

use crate::client::{self, Endpoint};

/// How long a service may take.
const PROBE: Duration = Duration::from_millis(800);
/// Most samples that are kept.
const MOST: usize = 400;

/// A number under a name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// The name of the metric.
    pub name: String,
    /// `key="value"` with commas between; may be empty.
    pub labels: String,
    /// The number.
    pub value: f64,
}

/// What a service on this port of this machine counts, by name. The error is why it can't be had.
pub async fn read(port: u16) -> Result<Vec<Sample>, String> {
    let request = Request::get("/metrics").body(Bytes::new()).map_err(|error| error.to_string())?;
    let answer = client::send(&Endpoint::Tcp(port), request, Some(PROBE)).await;
    let answer = answer.map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("status {}", answer.status().as_u16()));
    }
    Ok(parse(&String::from_utf8_lossy(answer.body())))
}

/// Leaves out the buckets of histograms, which only a program can read, and what the language's own machinery counts.
fn parse(text: &str) -> Vec<Sample> {
    let sample = |line: &str| {
        if line.starts_with('#') {
            return None;
        }
        // Values of labels may hold spaces.
        let (name, value) = match line.rsplit_once('}') {
            Some((name, value)) => (name, value),
            None => line.split_once(' ')?,
        };
        let (name, labels) = name.split_once('{').unwrap_or((name, ""));
        let is_shown =
            !name.ends_with("_bucket") && !name.starts_with("go_") && !name.starts_with("promhttp_");
        let value = value.split_whitespace().next()?.parse().ok()?;
        is_shown.then(|| Sample { name: name.into(), labels: labels.into(), value })
    };
    let mut found: Vec<Sample> = text.lines().filter_map(sample).take(MOST).collect();
    found.sort_by(|a, b| (&a.name, &a.labels).cmp(&(&b.name, &b.labels)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_line_by_line() {
        let text = "# HELP x\n# TYPE x counter\nx_total{a=\"b c\",d=\"}\"} 3 1700000000\nx_bucket{le=\"1\"} 3\n\
                    go_goroutines 7\nup 1e3\nbroken\nnan NaN\n";
        let found = parse(text);
        let names: Vec<&str> = found.iter().map(|sample| sample.name.as_str()).collect();
        assert_eq!(names, ["nan", "up", "x_total"]);
        assert_eq!((found[1].value, found[2].labels.as_str()), (1000.0, "a=\"b c\",d=\"}\""));
    }
}
