//! What a scraper sees after calls of every kind.

use std::time::Instant;

use axum::Router;
use axum::routing::{any, get};
use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use dapr_cli::sidecar::options::Metrics;
use hyper::StatusCode;

use crate::support::{LIMIT, Recorder, Sidecar, alone, app, beside, component, eventually, resources, send};

pub fn measured(options: Options) -> Options {
    Options { metrics: Some(Metrics { port: 0, address: String::new(), explicit: true }), ..options }
}

/// Counters and counts of histograms, without buckets.
async fn page(sidecar: &Sidecar) -> String {
    let url = format!("http://127.0.0.1:{}/", sidecar.handle.addresses().metrics[0].port());
    send("GET", &url, &[], "").await.body
}

pub async fn has(sidecar: &Sidecar, lines: &[&str]) {
    let end = Instant::now() + LIMIT;
    loop {
        let page = page(sidecar).await;
        // A call is counted when its answer has gone: the caller may be faster.
        let Some(missing) = lines.iter().find(|line| !page.lines().any(|one| one == **line)) else { return };
        assert!(Instant::now() < end, "{missing} is not there:\n{page}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn components_are_counted_by_operation() {
    let secrets = tempfile::tempdir().unwrap();
    let folder = resources(&[
        component("mem", "state.in-memory", &[]),
        component("bus", "pubsub.in-memory", &[]),
        component("env", "secretstores.local.env", &[]),
        component("files", "bindings.localstorage", &[("rootPath", &secrets.path().display().to_string())]),
    ]);
    let options = Options { resources_paths: vec![folder.path().to_owned()], ..measured(alone("m")) };
    let sidecar = Sidecar::start_with(options, Env::of([("NAMESPACE", "ns"), ("KNOWN", "1")])).await;
    sidecar.until_ready().await;
    sidecar.post("/v1.0/state/mem", r#"[{"key":"k","value":1},{"key":"l","value":2}]"#).await;
    sidecar.get("/v1.0/state/mem/k").await;
    sidecar.post("/v1.0/state/mem/bulk", r#"{"keys":["k","l"]}"#).await;
    sidecar
        .post(
            "/v1.0/state/mem/transaction",
            r#"{"operations":[{"operation":"delete","request":{"key":"k"}}]}"#,
        )
        .await;
    send("DELETE", &sidecar.url("/v1.0/state/mem/l"), &[("if-match", "99")], "").await;
    sidecar.get("/v1.0/secrets/env/KNOWN").await;
    sidecar.post("/v1.0/publish/bus/orders", "{}").await;
    sidecar
        .post("/v1.0/publish/bulk/bus/orders", r#"[{"entryId":"1","event":"a","contentType":"text/plain"}]"#)
        .await;
    sidecar.post("/v1.0/bindings/files", r#"{"operation":"list"}"#).await;
    let state = |operation: &str, success: bool| {
        format!(
            r#"dapr_component_state_count{{app_id="m",component="mem",namespace="ns",operation="{operation}",success="{success}"}} 1"#
        )
    };
    let of_state = ["set", "get", "bulk_get", "transaction"].map(|operation| state(operation, true));
    let of_state: Vec<&str> = of_state.iter().map(String::as_str).collect();
    has(&sidecar, &of_state).await;
    has(
        &sidecar,
        &[
            &state("delete", false),
            r#"dapr_component_state_latencies_count{app_id="m",component="mem",namespace="ns",operation="get",success="true"} 1"#,
            r#"dapr_component_secret_count{app_id="m",component="env",namespace="ns",operation="get",success="true"} 1"#,
            r#"dapr_component_pubsub_egress_count{app_id="m",component="bus",namespace="ns",success="true",topic="orders"} 1"#,
            r#"dapr_component_pubsub_egress_bulk_count{app_id="m",component="bus",namespace="ns",success="true",topic="orders"} 1"#,
            r#"dapr_component_pubsub_egress_bulk_event_count{app_id="m",component="bus",namespace="ns",success="true",topic="orders"} 1"#,
            r#"dapr_component_output_binding_count{app_id="m",component="files",namespace="ns",operation="list",success="true"} 1"#,
            r#"dapr_runtime_component_init_total{app_id="m",component="state.in-memory"} 1"#,
            r#"dapr_runtime_component_loaded{app_id="m"} 4"#,
        ],
    )
    .await;
    let page = page(&sidecar).await;
    assert!(page.contains("\nprocess_resident_memory_bytes "), "{page}");
}

#[tokio::test]
async fn calls_are_counted_on_both_sides() {
    let router = Router::new()
        .route("/dapr/config", get(async || StatusCode::NOT_FOUND))
        .fallback(any(async || (StatusCode::CREATED, "fine")));
    let shop = Sidecar::ready(measured(beside("callee", app(router).await))).await;
    let home = Env::of([("HOME", &*shop.home.path().to_string_lossy())]);
    let caller = Sidecar::start_with(measured(alone("caller")), home).await;
    caller.until_ready().await;
    caller.post("/v1.0/invoke/callee/method/orders?x=1", "hello").await;
    has(
        &caller,
        &[
            r#"dapr_http_server_request_count{app_id="caller",method="POST",path="/v1.0/invoke/callee/method/orders",status="201"} 1"#,
            r#"dapr_runtime_service_invocation_req_sent_total{app_id="caller",dst_app_id="callee",type="unary"} 1"#,
            r#"dapr_runtime_service_invocation_res_recv_total{app_id="caller",src_app_id="callee",status="201",type="unary"} 1"#,
            r#"dapr_runtime_service_invocation_res_recv_latency_ms_count{app_id="caller",src_app_id="callee",status="201"} 1"#,
        ],
    )
    .await;
    has(
        &shop,
        &[
            r#"dapr_runtime_service_invocation_req_recv_total{app_id="callee",src_app_id="caller"} 1"#,
            r#"dapr_runtime_service_invocation_res_sent_total{app_id="callee",dst_app_id="caller",status="201"} 1"#,
            r#"dapr_http_client_completed_count{app_id="callee",method="POST",path="/orders",status="201"} 1"#,
            r#"dapr_http_client_sent_bytes_sum{app_id="callee",method="POST",path="/orders"} 5"#,
        ],
    )
    .await;
}

#[tokio::test]
async fn events_are_counted_by_what_the_app_says_of_them() {
    let wanted = r#"[{"pubsubname":"bus","topic":"fine","route":"/fine"},{"pubsubname":"bus","topic":"unwanted","route":"/unwanted"},
        {"pubsubname":"bus","topic":"gone","route":"/gone"},{"pubsubname":"bus","topic":"bad","route":"/bad"},
        {"pubsubname":"bus","topic":"many","route":"/many","bulkSubscribe":{"enabled":true,"maxAwaitDurationMs":1}}]"#;
    let app = Recorder::start(wanted, async |path| match path.as_str() {
        "/unwanted" => (200, r#"{"status":"DROP"}"#.to_owned()),
        "/gone" => (404, String::new()),
        "/bad" => (500, String::new()),
        _ => (200, String::new()),
    })
    .await;
    let folder = resources(&[component("bus", "pubsub.in-memory", &[])]);
    let options =
        Options { resources_paths: vec![folder.path().to_owned()], ..measured(beside("m", app.address)) };
    let sidecar = Sidecar::ready(options).await;
    for topic in ["fine", "unwanted", "gone", "bad", "many"] {
        sidecar.post(&format!("/v1.0/publish/bus/{topic}"), "{}").await;
    }
    let lines = [("fine", "success", "success"), ("unwanted", "drop", "success"), ("gone", "drop", "drop"), ("bad", "retry", "retry")]
        .map(|(topic, process, status)| {
            format!(
                r#"dapr_component_pubsub_ingress_count{{app_id="m",component="bus",namespace="",process_status="{process}",status="{status}",topic="{topic}"}} "#
            )
        });
    let bulk = r#"dapr_component_pubsub_ingress_bulk_event_count{app_id="m",component="bus",namespace="",process_status="success",topic="many"} 1"#;
    eventually(async || {
        let page = page(&sidecar).await;
        page.contains(bulk) && lines.iter().all(|line| page.contains(line.as_str()))
    })
    .await;
    sidecar.stop().await.unwrap();
}
