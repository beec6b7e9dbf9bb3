//! What is told of calls, and what pages make of it.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::Dashboard;
use super::support::eventually;

const JSON: &str = "content-type: application/json";
const SCRIPT: &str = "<script>alert(1)</script>";

/// Spans of a chain: web calls orders, orders writes state and publishes, billing receives and fails.
fn chain(now: u64) -> String {
    let span = |id: u32, parent: &str, app: &str, kind: &str, name: &str, tags: &str| {
        format!(
            r#"{{"traceId":"0af7651916cd43dd8448eb211c80319c","id":"{id:016x}","parentId":"{parent}","kind":"{kind}","name":"{name}",
                "timestamp":{},"duration":1500,"localEndpoint":{{"serviceName":"{app}"}},"tags":{{{tags}}}}}"#,
            now + u64::from(id) * 1000
        )
    };
    let id = |id: u32| format!("{id:016x}");
    let spans = [
        span(5, &id(4), "billing", "CLIENT", "pubsub/paid", r#""error":"Code(500): no""#),
        span(1, "", "web", "CLIENT", "calllocal/orders/new", ""),
        span(2, &id(1), "orders", "SERVER", "calllocal/orders/new", ""),
        span(3, &id(2), "orders", "CLIENT", "/v1.0/state/statestore", ""),
        span(4, &id(2), "orders", "CLIENT", "/v1.0/publish/pubsub/paid", &format!(r#""note":"{SCRIPT}""#)),
    ];
    format!("[{}]", spans.join(","))
}

fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
    now.as_micros().try_into().unwrap()
}

/// Sends a request to a port of this machine and returns the status.
fn post(port: u16, path: &str, headers: &[&str], body: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let lines = headers.join("\r\n");
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n{lines}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_chain_is_a_trace_and_a_map() {
    let dashboard = Dashboard::start();
    let zipkin = dashboard.receiving[0].port;
    let headers = ["host: localhost", JSON];
    assert_eq!(post(zipkin, "/api/v2/spans", &headers, chain(now()).as_bytes()), 202);
    // The same once more, as senders do that got no answer.
    assert_eq!(post(zipkin, "/api/v2/spans", &headers, chain(now()).as_bytes()), 202);
    let traces = || dashboard.get("/api/v1/traces").json();
    eventually("the trace is there", || traces()["traces"].as_array().is_some_and(|list| !list.is_empty()));
    let list = traces();
    let trace = &list["traces"][0];
    assert_eq!((trace["app"].as_str(), trace["name"].as_str()), (Some("web"), Some("calllocal/orders/new")));
    assert_eq!((trace["spans"].as_i64(), trace["errors"].as_i64()), (Some(5), Some(1)));
    for (query, found) in [
        ("app=billing", 1),
        ("app=nobody", 0),
        ("search=ORDERS", 1),
        ("search=0af765", 1),
        ("search=zzz", 0),
        ("failed=true", 1),
        ("longer=1", 1),
        ("longer=1000", 0),
    ] {
        let list = dashboard.get(&format!("/api/v1/traces?{query}")).json();
        assert_eq!(list["traces"].as_array().unwrap().len(), found, "{query}");
    }
    let one = dashboard.get("/api/v1/traces/0af7651916cd43dd8448eb211c80319c").json();
    let shown: Vec<(String, u64)> = one["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["app"].as_str().unwrap().to_owned(), row["depth"].as_u64().unwrap()))
        .collect();
    let expected = [("web", 0), ("orders", 1), ("orders", 2), ("orders", 2), ("billing", 3)];
    assert_eq!(shown, expected.map(|(app, depth)| (app.to_owned(), depth)));
    let page = dashboard.get("/traces/0af7651916cd43dd8448eb211c80319c").body;
    assert!(!page.contains(SCRIPT) && page.contains("&lt;script&gt;"), "{page}");
    let edges = dashboard.get("/api/v1/overview").json()["graph"]["edges"].clone();
    let edges: Vec<String> = edges
        .as_array()
        .unwrap()
        .iter()
        .map(|edge| format!("{} {} {}", edge["source"], edge["target"], edge["failed"]).replace('"', ""))
        .collect();
    assert_eq!(
        edges,
        ["orders pubsub false", "orders statestore false", "orders billing true", "web orders false"]
    );
    assert_eq!(dashboard.get("/api/v1/traces/ffff").status, 404);
}

#[test]
fn questions_about_a_sidecar_itself_are_no_traces() {
    let dashboard = Dashboard::start();
    let zipkin = dashboard.receiving[0].port;
    let span = |trace: u8, name: &str, parent: &str| {
        format!(
            r#"{{"traceId":"{trace:032x}","id":"{trace:016x}",{parent}"name":"{name}","timestamp":{},"duration":5,"localEndpoint":{{"serviceName":"web"}}}}"#,
            now()
        )
    };
    let spans = [
        span(1, "/v1.0/metadata", ""),
        span(2, "/v1.0/metadata/cliPID", ""),
        span(3, "/dapr.proto.runtime.v1.Dapr/GetMetadata", ""),
        span(4, "/v1.0/metadatas", ""),
        // A part of what an app did.
        span(5, "/v1.0/metadata", r#""parentId":"00000000000000aa","#),
    ];
    let body = format!("[{}]", spans.join(","));
    assert_eq!(post(zipkin, "/api/v2/spans", &["host: localhost", JSON], body.as_bytes()), 202);
    let total = || dashboard.get("/api/v1/traces").json()["total"].as_i64();
    eventually("something is there", || total() > Some(0));
    assert_eq!(total(), Some(2));
}

#[test]
fn logs_and_spans_are_received_by_otlp() {
    let dashboard = Dashboard::start();
    let otlp = dashboard.receiving[1].port;
    let headers = ["host: 127.0.0.1:4318", JSON];
    let resource = r#""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"py"}}]}"#;
    let trace = "1af7651916cd43dd8448eb211c80319c";
    let spans = format!(
        r#"{{"resourceSpans":[{{{resource},"scopeSpans":[{{"spans":[{{"traceId":"{trace}","spanId":"b7ad6b7169203331","name":"work","kind":1,"startTimeUnixNano":"{0}000","endTimeUnixNano":"{0}900"}}]}}]}}]}}"#,
        now()
    );
    let logs = format!(
        r#"{{"resourceLogs":[{{{resource},"scopeLogs":[{{"logRecords":[{{"timeUnixNano":"{}000","severityNumber":17,"traceId":"{trace}","body":{{"stringValue":"broken"}}}}]}}]}}]}}"#,
        now()
    );
    assert_eq!(post(otlp, "/v1/traces", &headers, spans.as_bytes()), 200);
    assert_eq!(post(otlp, "/v1/logs", &headers, logs.as_bytes()), 200);
    let one = || dashboard.get(&format!("/api/v1/traces/{trace}")).json();
    eventually("span and log are there", || one()["logs"].as_array().is_some_and(|logs| !logs.is_empty()));
    assert_eq!(one()["logs"][0]["text"], "broken");
    assert_eq!(one()["rows"][0]["app"], "py");
}

#[test]
fn what_apps_send_themselves_has_a_page() {
    let dashboard = Dashboard::start();
    let otlp = dashboard.receiving[1].port;
    let headers = ["host: 127.0.0.1:4318", JSON];
    let resource = r#""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"py"}}]}"#;
    let logs = format!(
        r#"{{"resourceLogs":[{{{resource},"scopeLogs":[{{"logRecords":[{{"timeUnixNano":"{0}000","severityNumber":17,"body":{{"stringValue":"<script>broken"}}}},{{"timeUnixNano":"{0}000","body":{{"stringValue":"well"}}}}]}}]}}]}}"#,
        now()
    );
    let point = |ago: u64, value: f64| {
        let attributes = r#"[{"key":"room","value":{"stringValue":"7"}}]"#;
        format!(r#"{{"timeUnixNano":"{}000","asDouble":{value},"attributes":{attributes}}}"#, now() - ago)
    };
    let metrics = format!(
        r#"{{"resourceMetrics":[{{{resource},"scopeMetrics":[{{"metrics":[{{"name":"warmth","gauge":{{"dataPoints":[{},{}]}}}}]}}]}}]}}"#,
        point(2_000_000, 20.5),
        point(0, 21.5)
    );
    assert_eq!(post(otlp, "/v1/logs", &headers, logs.as_bytes()), 200);
    assert_eq!(post(otlp, "/v1/metrics", &headers, metrics.as_bytes()), 200);
    let all = || dashboard.get("/api/v1/traces/received").json();
    eventually("metrics are there", || all()["metrics"].as_array().is_some_and(|rows| !rows.is_empty()));
    let all = all();
    assert_eq!(all["apps"], serde_json::json!(["py"]));
    assert_eq!(all["logs"].as_array().unwrap().len(), 2);
    assert_eq!(all["metrics"][0]["last"], 21.5);
    assert_eq!(all["metrics"][0]["points"][0][1], 20.5);
    assert_eq!(all["metrics"][0]["labels"], r#"{"room":"7"}"#);
    let found = dashboard.get("/api/v1/traces/received?app=py&search=BROKEN").json();
    assert_eq!(found["logs"][0]["text"], "<script>broken");
    assert_eq!(found["metrics"].as_array().unwrap().len(), 0);
    assert_eq!(
        dashboard.get("/api/v1/traces/received?app=other").json()["logs"].as_array().unwrap().len(),
        0
    );
    let page = dashboard.get("/traces/received").body;
    assert!(
        page.contains("&lt;script&gt;broken") && page.contains("warmth") && page.contains("21.5"),
        "{page}"
    );
}

#[test]
fn pages_in_a_browser_can_tell_nothing() {
    let dashboard = Dashboard::start();
    let zipkin = dashboard.receiving[0].port;
    let send = |headers: &[&str]| post(zipkin, "/api/v2/spans", headers, chain(now()).as_bytes());
    assert_eq!(send(&["host: localhost", "content-type: text/plain"]), 400);
    assert_eq!(send(&["host: localhost"]), 400);
    assert_eq!(send(&["host: evil.example", JSON]), 400);
    assert_eq!(post(zipkin, "/api/v2/spans", &["host: localhost", JSON], b"{"), 400);
    assert_eq!(dashboard.get("/api/v1/traces").json()["total"], 0);
}

#[test]
fn history_survives_a_restart() {
    let context = super::support::TestContext::new();
    let mut first = Dashboard::of(context, |_| {});
    assert_eq!(
        post(first.receiving[0].port, "/api/v2/spans", &["host: localhost", JSON], chain(now()).as_bytes()),
        202
    );
    let context = first.end();
    let second = Dashboard::of(context, |_| {});
    assert_eq!(second.get("/api/v1/traces").json()["total"], 1);
}
