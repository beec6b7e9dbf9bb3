//! The rows of `dapr scheduler list` and `get` (scheduler reference, A.4).

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::table;
use crate::error::Failure;
use crate::scheduler::{Stored, show};

/// How jobs are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A table: names, and times as seen from now.
    Short,
    /// A table of everything.
    Wide,
    /// Everything, as YAML.
    Yaml,
    /// Everything, as JSON.
    Json,
}

/// One job as JSON; the fields are its keys, in its order.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    namespace: &'a str,
    name: String,
    begin: String,
    expiration: Option<String>,
    schedule: Option<&'a str>,
    due_time: Option<&'a str>,
    ttl: Option<&'a str>,
    repeats: Option<u32>,
    count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_trigger: Option<String>,
}

const WIDE: [&str; 10] = [
    "NAMESPACE",
    "NAME",
    "BEGIN",
    "EXPIRATION",
    "SCHEDULE",
    "DUE TIME",
    "TTL",
    "REPEATS",
    "COUNT",
    "LAST TRIGGER",
];
const SHORT: [&str; 4] = ["NAME", "BEGIN", "COUNT", "LAST TRIGGER"];

/// What is printed for these jobs, in this order.
pub fn render(jobs: &[Stored], format: Format, now: Timestamp) -> Result<String, Failure> {
    let rows = || jobs.iter().map(row);
    match format {
        Format::Short => Ok(table(&SHORT, &jobs.iter().map(|job| short(job, now)).collect::<Vec<_>>())),
        Format::Wide => Ok(table(&WIDE, &rows().map(|row| wide(&row)).collect::<Vec<_>>())),
        Format::Json => serde_json::to_string_pretty(&rows().collect::<Vec<_>>()).map_err(Failure::new),
        Format::Yaml => rows()
            .map(|row| spoken_of(&row))
            .collect::<Result<Vec<_>, _>>()
            .and_then(|rows| serde_yaml::to_string(&rows))
            .map_err(Failure::new),
    }
}

fn row(job: &Stored) -> Row<'_> {
    let rules = &job.job.rules;
    Row {
        namespace: job.key.receiver.namespace(),
        name: show(&job.key),
        begin: whole_second(job.job.begin.time()).to_string(),
        expiration: job.job.expiration.map(|time| whole_second(time).to_string()),
        schedule: rules.schedule.as_deref(),
        due_time: rules.due_time.as_deref(),
        ttl: rules.ttl.as_deref(),
        repeats: rules.repeats,
        count: job.progress.count,
        last_trigger: job.progress.last.map(|time| whole_second(time).to_string()),
    }
}

/// A row as YAML, where nothing is said of what isn't there.
fn spoken_of(row: &Row<'_>) -> Result<serde_yaml::Value, serde_yaml::Error> {
    let mut value = serde_yaml::to_value(row)?;
    if let Some(fields) = value.as_mapping_mut() {
        fields.retain(|_, value| !value.is_null() && value.as_u64() != Some(0));
    }
    Ok(value)
}

fn wide(row: &Row<'_>) -> Vec<String> {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    vec![
        row.namespace.to_owned(),
        row.name.clone(),
        row.begin.clone(),
        text(row.expiration.as_deref()),
        text(row.schedule),
        text(row.due_time),
        text(row.ttl),
        row.repeats.map(|repeats| repeats.to_string()).unwrap_or_default(),
        row.count.to_string(),
        text(row.last_trigger.as_deref()),
    ]
}

fn short(job: &Stored, now: Timestamp) -> Vec<String> {
    let begin = now.duration_since(whole_second(job.job.begin.time()));
    let sign = if begin.is_negative() { "+" } else { "-" };
    let last = job.progress.last.map(|time| now.duration_since(whole_second(time)));
    vec![
        show(&job.key),
        format!("{sign}{}", duration(begin)),
        job.progress.count.to_string(),
        last.map(|ago| format!("-{}", duration(ago))).unwrap_or_default(),
    ]
}

fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// A length of time in the largest unit that fits, without its sign.
fn duration(time: SignedDuration) -> String {
    let time = time.unsigned_abs();
    let (seconds, nanoseconds) = (time.as_secs_f64(), time.as_nanos());
    match nanoseconds {
        0 => String::new(),
        1..1_000 => format!("{nanoseconds}ns"),
        1_000..1_000_000 => format!("{:.1}µs", seconds * 1e6),
        1_000_000..1_000_000_000 => format!("{:.1}ms", seconds * 1e3),
        _ if seconds < 60.0 => format!("{seconds:.2}s"),
        _ if seconds < 3600.0 => format!("{:.1}m", seconds / 60.0),
        _ => format!("{:.1}h", seconds / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_in_the_largest_unit_that_fits() {
        let cases = [
            (0, ""),
            (5, "5ns"),
            (-1500, "1.5µs"),
            (2_500_000, "2.5ms"),
            (3_512_000_000, "3.51s"),
            (-54_510_000_000, "54.51s"),
            (90_000_000_000, "1.5m"),
            (5_400_000_000_000, "1.5h"),
            (360_000_000_000_000, "100.0h"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(duration(SignedDuration::from_nanos(nanoseconds)), text);
        }
    }
}
