use std::collections::BTreeMap;
use std::net::SocketAddr;

use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use hyper::StatusCode;
use serde_json::Value;

use crate::support::{Recorder, Sidecar, beside, component, resources, send};

pub const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TO_T: &str = r#"[{"pubsubname":"bus","topic":"t","route":"/t"}]"#;

/// A configuration file that has spans sent to this address.
pub fn tracing(folder: &tempfile::TempDir, zipkin: SocketAddr, rate: &str) -> std::path::PathBuf {
    let file = folder.path().join("config.yaml");
    let text = format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {{name: c}}\nspec:\n  tracing:\n    samplingRate: '{rate}'\n    zipkin: {{endpointAddress: 'http://{zipkin}/api/v2/spans'}}\n"
    );
    fs_err::write(&file, text).unwrap();
    file
}

/// A Zipkin that keeps what it gets, by the span's name.
pub struct Zipkin {
    pub recorder: Recorder,
    spans: BTreeMap<String, Value>,
}

impl Zipkin {
    pub async fn start() -> Self {
        let recorder = Recorder::start("[]", async |_| (202, String::new())).await;
        Self { recorder, spans: BTreeMap::new() }
    }

    /// The span of this name; waits for it.
    pub async fn span(&mut self, name: &str) -> Value {
        while !self.spans.contains_key(name) {
            let request = self.recorder.next().await;
            assert_eq!(request.path, "/api/v2/spans");
            assert_eq!(request.header("content-type"), Some("application/json"));
            let spans: Vec<Value> = serde_json::from_str(&request.body).unwrap();
            for span in spans {
                self.spans.insert(span["name"].as_str().unwrap().to_owned(), span);
            }
        }
        self.spans[name].clone()
    }
}

/// What a `traceparent` says of trace and span.
pub fn ids(traceparent: &str) -> (&str, &str) {
    (&traceparent[3..35], &traceparent[36..52])
}

async fn traced(
    app_id: &str,
    app: SocketAddr,
    zipkin: SocketAddr,
    rate: &str,
    env: Env,
) -> (Sidecar, tempfile::TempDir) {
    let folder =
        resources(&[component("bus", "pubsub.in-memory", &[]), component("memory", "state.in-memory", &[])]);
    let config = tracing(&folder, zipkin, rate);
    let resources = folder.path().join("resources");
    fs_err::create_dir(&resources).unwrap();
    fs_err::rename(folder.path().join("resources.yaml"), resources.join("resources.yaml")).unwrap();
    let options =
        Options { resources_paths: vec![resources], config_files: vec![config], ..beside(app_id, app) };
    let sidecar = Sidecar::start_with(options, env).await;
    sidecar.until_ready().await;
    (sidecar, folder)
}

#[tokio::test]
async fn an_event_is_traced_from_its_publisher_to_the_app() {
    let mut zipkin = Zipkin::start().await;
    let mut app = Recorder::content(TO_T).await;
    let (sidecar, _folder) = traced("a", app.address, zipkin.recorder.address, "1", Env::of([])).await;
    let headers = [("traceparent", PARENT), ("content-type", "application/json")];
    let answer = send("POST", &sidecar.url("/v1.0/publish/bus/t"), &headers, "{}").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let published = zipkin.span("/v1.0/publish/bus/t").await;
    let delivered = zipkin.span("pubsub/t").await;
    let (trace, caller) = ids(PARENT);
    assert_eq!((published["traceId"].as_str(), published["parentId"].as_str()), (Some(trace), Some(caller)));
    assert_eq!(answer.header("traceparent").map(ids), Some((trace, published["id"].as_str().unwrap())));
    assert_eq!(delivered["parentId"], published["id"]);
    let event = app.next().await;
    assert_eq!(event.header("traceparent").map(ids), Some((trace, delivered["id"].as_str().unwrap())));
    assert_eq!(published["tags"]["messaging.system"], "pubsub");
    assert_eq!(published["tags"]["dapr.status_code"], "204");
    assert_eq!(published["localEndpoint"]["serviceName"], "a");
    assert_eq!(delivered["kind"], "CLIENT");
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn a_call_is_traced_through_both_sidecars() {
    let mut zipkin = Zipkin::start().await;
    let mut tea = Recorder::start("[]", async |_| (418, "no".into())).await;
    let caller = Recorder::content("[]").await;
    let (first, _one) = traced("b", tea.address, zipkin.recorder.address, "1", Env::of([])).await;
    let home = first.home.path().to_string_lossy().into_owned();
    let env = Env::of([("HOME", home.as_str())]);
    let (second, _other) = traced("a", caller.address, zipkin.recorder.address, "1", env).await;
    let answer = second.get("/v1.0/invoke/b/method/tea/pot?x=1").await;
    assert_eq!(answer.status.as_u16(), 418);
    let call = tea.next().await;
    let sent = loop {
        let span = zipkin.span("calllocal/b/tea/pot").await;
        if span["kind"] == "CLIENT" {
            break span;
        }
        zipkin.spans.clear();
    };
    assert_eq!(sent.get("parentId"), None);
    assert_eq!(sent["remoteEndpoint"]["serviceName"], "b");
    assert_eq!(sent["tags"]["url.full"], "/v1.0/invoke/b/method/tea/pot?x=1");
    assert_eq!(sent["tags"]["error"], "Code(418): I'm a teapot");
    // The app gets the span of its own sidecar, which is in the same trace and neither the caller's.
    let (trace, own) = call.header("traceparent").map(ids).unwrap();
    assert_eq!(sent["traceId"], trace);
    assert_ne!(sent["id"], own);
    first.stop().await.unwrap();
    second.stop().await.unwrap();
}

#[tokio::test]
async fn the_last_spans_are_sent_at_the_end_and_health_has_none() {
    let mut zipkin = Zipkin::start().await;
    let app = Recorder::content("[]").await;
    let (sidecar, _folder) = traced("a", app.address, zipkin.recorder.address, "1", Env::of([])).await;
    sidecar.get("/v1.0/healthz").await;
    sidecar.get("/v1.0/state/memory/key").await;
    sidecar.stop().await.unwrap();
    let span = zipkin.span("/v1.0/state/memory/key").await;
    assert_eq!(span["tags"]["db.system"], "state");
    assert_eq!(span["tags"]["db.name"], "memory");
    assert_eq!(span["tags"]["db.statement"], "GET /v1.0/state/memory/key");
    assert!(!zipkin.spans.contains_key("/v1.0/healthz"));
}

#[tokio::test]
async fn a_caller_who_is_not_sampled_is_not_told_of() {
    let mut zipkin = Zipkin::start().await;
    let app = Recorder::content("[]").await;
    let (sidecar, _folder) = traced("a", app.address, zipkin.recorder.address, "1", Env::of([])).await;
    let parent = PARENT.replace("-01", "-00");
    let url = sidecar.url("/v1.0/state/memory/quiet");
    let answer = send("GET", &url, &[("traceparent", &parent)], "").await;
    let own = answer.header("traceparent").unwrap();
    assert!(own.ends_with("-00") && own[..36] == parent[..36] && own != parent, "{own}");
    sidecar.get("/v1.0/state/memory/loud").await;
    sidecar.stop().await.unwrap();
    zipkin.span("/v1.0/state/memory/loud").await;
    assert!(!zipkin.spans.contains_key("/v1.0/state/memory/quiet"));
}

#[tokio::test]
async fn a_call_by_headers_is_named_like_one_by_its_url() {
    let mut zipkin = Zipkin::start().await;
    let app = Recorder::content("[]").await;
    let (sidecar, _folder) = traced("a", app.address, zipkin.recorder.address, "1", Env::of([])).await;
    let headers = [("dapr-app-id", "a"), ("dapr-x", "y"), ("dapr-api-token", "secret")];
    let answer = send("POST", &sidecar.url("/orders/1?x=1"), &headers, "").await;
    assert_eq!(answer.status, StatusCode::OK);
    let span = zipkin.span("calllocal/a/orders/1").await;
    assert_eq!(span["tags"]["net.peer.name"], "a");
    assert_eq!(span["tags"]["rpc.service"], "ServiceInvocation");
    assert_eq!((&span["tags"]["dapr-x"], &span["tags"]["dapr-api-token"]), (&"y".into(), &Value::Null));
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn every_event_of_a_bulk_has_a_span() {
    let mut zipkin = Zipkin::start().await;
    let mut app = Recorder::content(TO_T).await;
    let (sidecar, _folder) = traced("a", app.address, zipkin.recorder.address, "1", Env::of([])).await;
    let entry = r#"[{"entryId":"1","event":"x","contentType":"text/plain"}]"#;
    let headers = [("traceparent", PARENT)];
    let answer = send("POST", &sidecar.url("/v1.0/publish/bulk/bus/t"), &headers, entry).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let event: Value = serde_json::from_str(&app.next().await.body).unwrap();
    let (trace, span) = ids(event["traceparent"].as_str().unwrap());
    let produced = zipkin.span("/v1.0/publish/bulk/bus/t/").await;
    assert_eq!((&produced["id"], &produced["kind"]), (&Value::from(span), &Value::from("PRODUCER")));
    let call = zipkin.span("/v1.0/publish/bulk/bus/t").await;
    assert_eq!((&produced["parentId"], &produced["traceId"]), (&call["id"], &Value::from(trace)));
}

#[tokio::test]
async fn a_request_with_several_events_names_the_trace_of_the_first() {
    let mut zipkin = Zipkin::start().await;
    let mut app = Recorder::content(
        r#"[{"pubsubname":"bus","topic":"t","route":"/t","bulkSubscribe":{"enabled":true,"maxAwaitDurationMs":1}}]"#,
    )
    .await;
    let (sidecar, _folder) = traced("a", app.address, zipkin.recorder.address, "1", Env::of([])).await;
    let headers = [("traceparent", PARENT), ("content-type", "application/json")];
    send("POST", &sidecar.url("/v1.0/publish/bus/t"), &headers, "{}").await;
    let request = app.next().await;
    let delivered = zipkin.span("pubsub/t").await;
    let own = (ids(PARENT).0, delivered["id"].as_str().unwrap());
    assert_eq!(request.header("traceparent").map(ids), Some(own));
    assert_eq!(request.header("pubsubname"), Some("bus"));
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn the_event_of_a_binding_begins_a_trace() {
    let mut zipkin = Zipkin::start().await;
    let mut app = Recorder::content("[]").await;
    let tick = component("tick", "bindings.cron", &[("schedule", "@every 20ms"), ("direction", "input")]);
    let (folder, config) = (resources(&[tick]), tempfile::tempdir().unwrap());
    let options = Options {
        resources_paths: vec![folder.path().into()],
        config_files: vec![tracing(&config, zipkin.recorder.address, "1")],
        ..beside("a", app.address)
    };
    let sidecar = Sidecar::ready(options).await;
    let first = app.next().await;
    let span = zipkin.span("bindings/tick").await;
    sidecar.stop().await.unwrap();
    let told = (span["traceId"].as_str().unwrap(), span["id"].as_str().unwrap());
    let events = std::iter::once(first).chain(std::iter::from_fn(|| app.more()));
    assert!(events.into_iter().any(|event| event.header("traceparent").map(ids) == Some(told)));
    assert_eq!((&span["kind"], &span["tags"]["db.name"]), (&"CLIENT".into(), &"tick".into()));
}
