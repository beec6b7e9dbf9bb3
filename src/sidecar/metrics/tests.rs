use super::*;

fn request(metrics: &Metrics, path: &str) {
    let (method, status) = (&Method::GET, StatusCode::OK);
    let took = Duration::from_millis(3);
    metrics.request(&Request { method, path, status, took, received: 0, sent: Some(7) });
}

fn app_call(metrics: &Metrics, path: &str) {
    metrics.app_call(&Method::POST, path, StatusCode::OK, Duration::from_millis(3), [Some(5), None]);
}

/// Without the buckets.
fn text(metrics: &Metrics) -> String {
    let page = metrics.text();
    let lines: Vec<&str> = page.lines().filter(|line| !line.contains("_bucket{")).collect();
    lines.join("\n")
}

fn with(http: &str) -> Metrics {
    let spec = format!(r#"{{"metrics": {{"http": {http}}}}}"#);
    let configuration = crate::resources::Configuration {
        spec: serde_json::from_str(&spec).unwrap(),
        ..crate::resources::Configuration::default()
    };
    Metrics::with("a", Settings::of(&configuration, true))
}

#[test]
fn only_what_was_recorded_is_shown() {
    let metrics = Metrics::new("a\"b");
    assert_eq!(metrics.text(), "");
    metrics.component_loaded();
    request(&metrics, "/v1.0/state/s/key");
    request(&metrics, "/v1.0/state/s/other");
    app_call(&metrics, "/orders?x=1");
    insta::assert_snapshot!(text(&metrics), @r#"
    # TYPE dapr_http_client_completed_count counter
    dapr_http_client_completed_count{app_id="a\"b",method="POST",path="/orders",status="200"} 1
    # TYPE dapr_http_server_request_count counter
    dapr_http_server_request_count{app_id="a\"b",method="GET",path="/v1.0/state/s",status="200"} 2
    # TYPE dapr_http_server_response_count counter
    dapr_http_server_response_count{app_id="a\"b",method="GET",path="/v1.0/state/s",status="200"} 2
    # TYPE dapr_runtime_component_loaded counter
    dapr_runtime_component_loaded{app_id="a\"b"} 1
    # TYPE dapr_http_client_roundtrip_latency histogram
    dapr_http_client_roundtrip_latency_sum{app_id="a\"b",method="POST",path="/orders",status="200"} 3
    dapr_http_client_roundtrip_latency_count{app_id="a\"b",method="POST",path="/orders",status="200"} 1
    # TYPE dapr_http_client_sent_bytes histogram
    dapr_http_client_sent_bytes_sum{app_id="a\"b",method="POST",path="/orders"} 5
    dapr_http_client_sent_bytes_count{app_id="a\"b",method="POST",path="/orders"} 1
    # TYPE dapr_http_server_latency histogram
    dapr_http_server_latency_sum{app_id="a\"b",method="GET",path="/v1.0/state/s",status="200"} 6
    dapr_http_server_latency_count{app_id="a\"b",method="GET",path="/v1.0/state/s",status="200"} 2
    # TYPE dapr_http_server_request_bytes histogram
    dapr_http_server_request_bytes_sum{app_id="a\"b"} 0
    dapr_http_server_request_bytes_count{app_id="a\"b"} 2
    # TYPE dapr_http_server_response_bytes histogram
    dapr_http_server_response_bytes_sum{app_id="a\"b"} 14
    dapr_http_server_response_bytes_count{app_id="a\"b"} 2
    "#);
}

#[test]
fn invented_names_share_one_series() {
    let metrics = Metrics::new("a");
    for number in 0..MOST + 10 {
        request(&metrics, &format!("/{number}"));
        let method = Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
        metrics.app_call(&method, "/x", StatusCode::OK, Duration::ZERO, [None; 2]);
        metrics.invoke_sent(&number.to_string());
        metrics.rpc_client.method(&format!("/{number}")).ended(0, Duration::ZERO);
    }
    let text = metrics.text();
    let shared = "request_count{app_id=\"a\",method=\"GET\",path=\"\",status=\"200\"} 10\n";
    assert!(text.contains(shared), "{text}");
    let other = format!(
        "completed_count{{app_id=\"a\",method=\"OTHER\",path=\"/x\",status=\"200\"}} {}\n",
        MOST + 10
    );
    assert!(text.contains(&other));
    assert_eq!(text.matches("\ndapr_runtime_service_invocation_req_sent_total{").count(), MOST);
    assert!(
        text.contains("completed_rpcs{app_id=\"a\",grpc_client_method=\"\",grpc_client_status=\"OK\"} 10\n")
    );
}

#[test]
fn paths_can_be_left_out_and_joined() {
    let low = with(r#"{"increasedcardinality": false}"#);
    request(&low, "/v1.0/metadata");
    app_call(&low, "/orders/1");
    let counts = |metrics: &Metrics| {
        let page = metrics.text();
        let lines = page.lines().filter(|line| line.contains("_count{") && !line.contains("_bytes"));
        lines.map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(counts(&low), @r#"
    dapr_http_client_completed_count{app_id="a",method="POST",status="200"} 1
    dapr_http_server_request_count{app_id="a",method="GET",status="200"} 1
    dapr_http_client_roundtrip_latency_count{app_id="a",method="POST",status="200"} 1
    dapr_http_server_latency_count{app_id="a",method="GET",status="200"} 1
    "#);
    let joined =
        with(r#"{"increasedcardinality": false, "excludeverbs": true, "pathmatching": ["/orders/{id}"]}"#);
    for path in ["/v1.0/invoke/shop/method/orders/1", "/v1.0/invoke/shop/method/orders/2", "/v1.0/metadata"] {
        request(&joined, path);
    }
    app_call(&joined, "/orders/1?x=2");
    insta::assert_snapshot!(counts(&joined), @r#"
    dapr_http_client_completed_count{app_id="a",method="",path="/orders/{id}",status="200"} 1
    dapr_http_server_request_count{app_id="a",method="",path="",status="200"} 1
    dapr_http_server_request_count{app_id="a",method="",path="/orders/{id}",status="200"} 2
    dapr_http_client_roundtrip_latency_count{app_id="a",method="",path="/orders/{id}",status="200"} 1
    dapr_http_server_latency_count{app_id="a",method="",path="",status="200"} 1
    dapr_http_server_latency_count{app_id="a",method="",path="/orders/{id}",status="200"} 2
    "#);
}

#[test]
fn what_is_switched_off_counts_nothing() {
    let metrics = Metrics::with("a", Settings { enabled: false, ..Settings::default() });
    request(&metrics, "/x");
    metrics.component_loaded();
    assert_eq!(metrics.text(), "");
}

#[test]
fn error_codes_are_counted_when_they_are_wanted() {
    let metrics = Metrics::new("a");
    metrics.error_code("ERR_STATE_GET");
    assert_eq!(metrics.text(), "");
    let metrics = Metrics::with("a", Settings { error_codes: true, ..Settings::default() });
    for code in ["ERR_STATE_GET", "ERR_STATE_GET", "ERR_TRY_LOCK", "ERR_BAD_REQUEST"] {
        metrics.error_code(code);
    }
    insta::assert_snapshot!(metrics.text(), @r#"
    # TYPE dapr_error_code_total counter
    dapr_error_code_total{app_id="a",category="common",error_code="ERR_BAD_REQUEST"} 1
    dapr_error_code_total{app_id="a",category="lock",error_code="ERR_TRY_LOCK"} 1
    dapr_error_code_total{app_id="a",category="state",error_code="ERR_STATE_GET"} 2
    "#);
}
