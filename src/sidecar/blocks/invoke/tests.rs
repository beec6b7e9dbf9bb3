use super::*;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pairs = pairs
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()));
    pairs.collect()
}

#[test]
fn only_end_to_end_headers_go_on() {
    let mut all = headers(&[
        ("connection", "close, x-once"),
        ("x-once", "1"),
        ("keep-alive", "1"),
        ("proxy-authorization", "1"),
        ("te", "trailers"),
        ("dapr-app-id", "a"),
        ("dapr-api-token", "t"),
        ("grpc-trace-bin", "x"),
        ("authorization", "Basic x"),
        ("content-length", "3"),
        ("x-own", "1"),
    ]);
    strip(&mut all);
    let mut left: Vec<_> = all.keys().map(HeaderName::as_str).collect();
    left.sort_unstable();
    assert_eq!(left, ["authorization", "content-length", "x-own"]);
}

#[test]
fn the_target_is_found_in_headers() {
    let target = |pairs: &[(&str, &str)]| target_in_headers(&headers(pairs));
    assert_eq!(target(&[("dapr-app-id", "a")]).as_deref(), Some("a"));
    // dapr-app-id:myapp
    assert_eq!(target(&[("authorization", "Basic ZGFwci1hcHAtaWQ6bXlhcHA=")]).as_deref(), Some("myapp"));
    // other:myapp
    assert_eq!(target(&[("authorization", "Basic b3RoZXI6bXlhcHA=")]), None);
    assert_eq!(target(&[("authorization", "Bearer x")]), None);
    assert_eq!(target(&[]), None);
}

#[test]
fn only_the_general_action_of_the_access_control_counts() {
    let closed = |spec: Value| is_closed(&Configuration { spec, ..Configuration::default() });
    let policy = serde_json::json!([{"appid": "a", "defaultaction": "allow"}]);
    assert!(!closed(serde_json::json!({})));
    assert!(closed(serde_json::json!({"accesscontrol": {"defaultaction": "deny"}})));
    assert!(!closed(serde_json::json!({"accesscontrol": {"defaultaction": "allow", "policies": policy}})));
    assert!(closed(serde_json::json!({"accesscontrol": {"policies": policy}})));
}
