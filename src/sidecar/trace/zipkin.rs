//! Spans as Zipkin v2 JSON.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::span::{Finished, Kind};

/// Name of the instrumentation, as the stock sidecar has it.
pub const SCOPE: &str = "dapr-diagnostics";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Span<'a> {
    trace_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    parent_id: &'a str,
    id: &'a str,
    kind: &'static str,
    name: String,
    /// Microseconds since 1970.
    timestamp: u64,
    /// Microseconds, at least one.
    duration: u64,
    local_endpoint: Endpoint<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_endpoint: Option<Endpoint<'a>>,
    tags: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint<'a> {
    service_name: &'a str,
}

/// The body of a request that tells of these spans.
pub fn body(app_id: &str, spans: &[Finished]) -> Vec<u8> {
    let spans: Vec<Span<'_>> = spans.iter().map(|span| of(app_id, span)).collect();
    serde_json::to_vec(&spans).unwrap_or_default()
}

/// Each span as a line of its own.
pub fn lines(app_id: &str, spans: &[Finished]) -> Vec<u8> {
    let mut lines = Vec::new();
    for span in spans {
        lines.append(&mut serde_json::to_vec(&of(app_id, span)).unwrap_or_default());
        lines.push(b'\n');
    }
    lines
}

fn of<'a>(app_id: &'a str, span: &'a Finished) -> Span<'a> {
    let mut tags: BTreeMap<&str, &str> =
        span.attributes.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect();
    tags.insert("otel.scope.name", SCOPE);
    tags.insert("service.name", app_id);
    if let Some(error) = &span.error {
        tags.insert("error", error);
        tags.insert("otel.status_code", "ERROR");
    }
    let peer =
        span.attributes.iter().find(|(name, _)| *name == "net.peer.name").map(|(_, value)| value.as_str());
    let since = span.started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Span {
        trace_id: &span.trace,
        parent_id: &span.parent,
        id: &span.id,
        kind: match span.kind {
            Kind::Client => "CLIENT",
            Kind::Server => "SERVER",
            Kind::Producer => "PRODUCER",
        },
        name: span.name.to_lowercase(),
        timestamp: micros(since),
        duration: micros(span.took).max(1),
        local_endpoint: Endpoint { service_name: app_id },
        remote_endpoint: peer.map(|service_name| Endpoint { service_name }),
        tags,
    }
}

fn micros(time: Duration) -> u64 {
    time.as_micros().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_the_form_that_zipkin_reads() {
        let span = Finished {
            trace: "0af7651916cd43dd8448eb211c80319c".into(),
            id: "b7ad6b7169203331".into(),
            parent: String::new(),
            name: "CallLocal/b/Method".into(),
            kind: Kind::Client,
            started: SystemTime::UNIX_EPOCH + Duration::from_millis(1500),
            took: Duration::from_nanos(10),
            attributes: vec![("net.peer.name".into(), "b".into()), ("dapr.status_code".into(), "404".into())],
            error: Some("Code(404): Not Found".into()),
        };
        let text = String::from_utf8(body("a", &[span])).unwrap();
        let expected = r#"[{"traceId":"0af7651916cd43dd8448eb211c80319c","id":"b7ad6b7169203331","kind":"CLIENT","name":"calllocal/b/method","timestamp":1500000,"duration":1,"localEndpoint":{"serviceName":"a"},"remoteEndpoint":{"serviceName":"b"},"tags":{"dapr.status_code":"404","error":"Code(404): Not Found","net.peer.name":"b","otel.scope.name":"dapr-diagnostics","otel.status_code":"ERROR","service.name":"a"}}]"#;
        assert_eq!(text, expected);
    }
}
