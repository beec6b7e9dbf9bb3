//! Zipkin v2 JSON: a list of spans.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::model::{Batch, Kind, Span};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    trace_id: String,
    id: String,
    #[serde(default)]
    parent_id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    timestamp: Option<i64>,
    #[serde(default)]
    duration: Option<i64>,
    #[serde(default)]
    local_endpoint: Option<Endpoint>,
    #[serde(default)]
    remote_endpoint: Option<Endpoint>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    #[serde(default)]
    service_name: Option<String>,
}

/// Reads the body of `POST /api/v2/spans`. Spans whose ids can't be read are left out, as Zipkin does.
pub fn read(body: &[u8]) -> Result<Batch, String> {
    let told: Vec<Told> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    Ok(Batch { spans: told.into_iter().filter_map(span).collect(), ..Batch::default() })
}

fn span(told: Told) -> Option<Span> {
    let mut tags = told.tags;
    let name = |endpoint: Option<Endpoint>| endpoint.and_then(|endpoint| endpoint.service_name);
    let app = name(told.local_endpoint).or_else(|| tags.get("service.name").cloned()).unwrap_or_default();
    if let Some(peer) = name(told.remote_endpoint) {
        tags.entry("net.peer.name".into()).or_insert(peer);
    }
    let parent = told.parent_id.unwrap_or_default();
    Some(Span {
        trace: hex(&told.trace_id, 32)?,
        id: hex(&told.id, 16)?,
        parent: if parent.is_empty() { parent } else { hex(&parent, 16)? },
        app,
        name: told.name.unwrap_or_default(),
        kind: match told.kind.as_deref() {
            Some("SERVER") => Kind::Server,
            Some("CLIENT") => Kind::Client,
            Some("PRODUCER") => Kind::Producer,
            Some("CONSUMER") => Kind::Consumer,
            _ => Kind::Internal,
        },
        start: told.timestamp.unwrap_or_default(),
        duration: told.duration.unwrap_or_default().max(0),
        error: tags.get("error").cloned().unwrap_or_default(),
        tags,
    })
}

/// An id with all its digits, in lower case; `None` when it isn't one.
fn hex(text: &str, digits: usize) -> Option<String> {
    let valid = !text.is_empty() && text.len() <= digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid.then(|| format!("{:0>digits$}", text.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_what_is_missing() {
        let body = br#"[
            {"traceId":"A","id":"b","parentId":"c","name":"get /x","kind":"SERVER","timestamp":1000,"duration":20,
             "localEndpoint":{"serviceName":"orders","ipv4":"127.0.0.1"},"remoteEndpoint":{"serviceName":"web"},"tags":{"error":"no"}},
            {"traceId":"a","id":"d"},
            {"traceId":"not hex","id":"d"}]"#;
        let spans = read(body).unwrap().spans;
        assert_eq!(spans.len(), 2);
        let first = &spans[0];
        assert_eq!(first.trace, "0000000000000000000000000000000a");
        assert_eq!((first.id.as_str(), first.parent.as_str()), ("000000000000000b", "000000000000000c"));
        assert_eq!(
            (first.app.as_str(), first.kind, first.start, first.duration),
            ("orders", Kind::Server, 1000, 20)
        );
        assert_eq!((first.error.as_str(), first.tags["net.peer.name"].as_str()), ("no", "web"));
        assert_eq!((spans[1].parent.as_str(), spans[1].kind), ("", Kind::Internal));
        assert!(read(b"{}").is_err());
    }
}
