//! OTLP over HTTP: traces, logs and metrics, as protobuf or JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, metric, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{self as trace};
use prost::Message;
use serde::de::DeserializeOwned;

use super::model::{Batch, Kind, Log, Point, Span};

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`.
    Json,
}

fn decode<T: Message + Default + DeserializeOwned>(body: &[u8], format: Format) -> Result<T, String> {
    match format {
        Format::Protobuf => T::decode(body).map_err(|error| error.to_string()),
        Format::Json => serde_json::from_slice(body).map_err(|error| error.to_string()),
    }
}

/// Reads the body of `POST /v1/traces`.
pub fn traces(body: &[u8], format: Format) -> Result<Batch, String> {
    let told: ExportTraceServiceRequest = decode(body, format)?;
    let mut batch = Batch::default();
    for group in told.resource_spans {
        let app = app(group.resource.as_ref());
        let spans = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
        batch.spans.extend(spans.filter_map(|told| span(told, &app)));
    }
    Ok(batch)
}

/// Reads the body of `POST /v1/logs`.
pub fn logs(body: &[u8], format: Format) -> Result<Batch, String> {
    let told: ExportLogsServiceRequest = decode(body, format)?;
    let mut batch = Batch::default();
    for group in told.resource_logs {
        let app = app(group.resource.as_ref());
        let records = group.scope_logs.into_iter().flat_map(|scope| scope.log_records);
        batch.logs.extend(records.map(|told| log(&told, &app)));
    }
    Ok(batch)
}

/// Reads the body of `POST /v1/metrics`: sums, gauges, and of histograms their counts and sums.
pub fn metrics(body: &[u8], format: Format) -> Result<Batch, String> {
    let told: ExportMetricsServiceRequest = decode(body, format)?;
    let mut batch = Batch::default();
    for group in told.resource_metrics {
        let app = app(group.resource.as_ref());
        let metrics = group.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
        for metric in metrics {
            points(metric, &app, &mut batch.points);
        }
    }
    Ok(batch)
}

fn app(resource: Option<&Resource>) -> String {
    let attributes = resource.map(|resource| resource.attributes.as_slice()).unwrap_or_default();
    let name = attributes.iter().find(|attribute| attribute.key == "service.name");
    name.map(|name| text(name.value.as_ref())).unwrap_or_default()
}

fn span(told: trace::Span, app: &str) -> Option<Span> {
    if told.trace_id.len() != 16 || told.span_id.len() != 8 {
        return None;
    }
    let status = told.status.unwrap_or_default();
    let error = match status.code() {
        StatusCode::Error if status.message.is_empty() => "error".into(),
        StatusCode::Error => status.message,
        _ => String::new(),
    };
    let took = told.end_time_unix_nano.saturating_sub(told.start_time_unix_nano);
    Some(Span {
        trace: hex(&told.trace_id),
        id: hex(&told.span_id),
        parent: hex(&told.parent_span_id),
        app: app.to_owned(),
        name: told.name,
        kind: Kind::of(i64::from(told.kind) - 1),
        start: micros(told.start_time_unix_nano),
        duration: micros(took),
        error,
        tags: tags(&told.attributes),
    })
}

fn log(told: &LogRecord, app: &str) -> Log {
    let time = if told.time_unix_nano == 0 { told.observed_time_unix_nano } else { told.time_unix_nano };
    let level = match told.severity_number {
        1..=8 => "debug",
        9..=12 => "info",
        13..=16 => "warning",
        17.. => "error",
        _ => "",
    };
    Log {
        time: micros(time),
        app: app.to_owned(),
        level: level.into(),
        text: text(told.body.as_ref()),
        trace: hex(&told.trace_id),
    }
}

fn points(told: Metric, app: &str, points: &mut Vec<Point>) {
    let mut add = |name: String, attributes: &[KeyValue], time: u64, value: f64| {
        let labels = serde_json::to_string(&tags(attributes)).unwrap_or_default();
        points.push(Point { time: micros(time), app: app.to_owned(), name, labels, value });
    };
    #[expect(clippy::cast_precision_loss, reason = "a plot has no use for more than 52 bits")]
    let number = |point: &NumberDataPoint| match point.value {
        Some(number_data_point::Value::AsDouble(value)) => Some(value),
        Some(number_data_point::Value::AsInt(value)) => Some(value as f64),
        None => None,
    };
    let numbers = match told.data {
        Some(metric::Data::Gauge(gauge)) => gauge.data_points,
        Some(metric::Data::Sum(sum)) => sum.data_points,
        Some(metric::Data::Histogram(histogram)) => {
            for point in histogram.data_points {
                #[expect(clippy::cast_precision_loss, reason = "the same")]
                let count = point.count as f64;
                add(format!("{}_count", told.name), &point.attributes, point.time_unix_nano, count);
                if let Some(sum) = point.sum {
                    add(format!("{}_sum", told.name), &point.attributes, point.time_unix_nano, sum);
                }
            }
            return;
        }
        _ => return,
    };
    for point in numbers {
        if let Some(value) = number(&point) {
            add(told.name.clone(), &point.attributes, point.time_unix_nano, value);
        }
    }
}

fn tags(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    attributes.iter().map(|one| (one.key.clone(), text(one.value.as_ref()))).collect()
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        None => String::new(),
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        Some(Value::BytesValue(bytes)) => hex(bytes),
        Some(Value::ArrayValue(list)) => {
            let texts: Vec<String> = list.values.iter().map(|value| text(Some(value))).collect();
            format!("[{}]", texts.join(", "))
        }
        Some(Value::KvlistValue(list)) => serde_json::to_string(&tags(&list.values)).unwrap_or_default(),
        Some(other) => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn micros(nanos: u64) -> i64 {
    i64::try_from(nanos / 1000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_logs_and_metrics_are_read_from_json() {
        let body = br#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"orders"}}]},
          "scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","parentSpanId":"","name":"work","kind":2,
          "startTimeUnixNano":"1500000","endTimeUnixNano":"3500000","attributes":[{"key":"n","value":{"intValue":"7"}}],"status":{"code":2,"message":"no"}}]}]}]}"#;
        let span = &traces(body, Format::Json).unwrap().spans[0];
        assert_eq!((span.app.as_str(), span.name.as_str(), span.kind), ("orders", "work", Kind::Server));
        assert_eq!((span.start, span.duration, span.error.as_str()), (1500, 2000, "no"));
        assert_eq!(span.tags["n"], "7");
        let body = br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"2000","severityNumber":17,"body":{"stringValue":"broken"}}]}]}]}"#;
        let log = &logs(body, Format::Json).unwrap().logs[0];
        assert_eq!((log.time, log.level.as_str(), log.text.as_str()), (2, "error", "broken"));
        let body = br#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"hits","sum":{"dataPoints":[{"timeUnixNano":"1000","asInt":"3","attributes":[]}]}}]}]}]}"#;
        let point = &metrics(body, Format::Json).unwrap().points[0];
        assert_eq!((point.name.as_str(), point.labels.as_str()), ("hits", "{}"));
        assert!((point.value - 3.0).abs() < f64::EPSILON);
        assert!(traces(b"\xff", Format::Protobuf).is_err());
    }
}
