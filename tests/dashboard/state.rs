//! Keys and values of an app, through its own sidecar.

use dapr_cli::records::Runtime;

use super::Dashboard;
use super::support::FakeSidecar;

#[test]
fn state_is_read_and_written_by_the_apps_own_sidecar() {
    let dashboard = Dashboard::start();
    // The same answer for everything: to the metadata and to the state API.
    let told =
        r#"{"id":"state-app","components":[{"name":"store","type":"state.in-memory","version":"v1"}]}"#;
    let sidecar = FakeSidecar::start(&format!("HTTP/1.1 200 OK\netag: 7\n\n{told}"));
    dashboard.context().record("state-app", std::process::id(), |record| record.http_port = sidecar.port);
    let found = dashboard.get("/api/v1/state?app=state-app&store=store&key=a%2Fb").json();
    assert_eq!((found["asked"].as_bool(), found["etag"].as_str()), (Some(true), Some("7")), "{found}");
    let (session, kind) = (dashboard.session(), "content-type: application/json");
    let body = r#"{"app":"state-app","store":"store","key":"k","value":"{\"n\":1}","etag":"7"}"#;
    let answer = dashboard.send("POST", "/api/v1/state/set", &[&session, kind], body);
    assert_eq!(answer.json()["message"], "k was written.", "{}", answer.body);
    let mut requests = std::iter::from_fn(|| Some(sidecar.request()));
    let written = requests.find(|request| request.starts_with("POST /v1.0/state/store ")).unwrap();
    assert!(written.contains(r#""value":{"n":1}"#) && written.contains(r#""etag":"7""#), "{written}");
    let answer = dashboard.send("POST", "/api/v1/state/set", &[&session, kind], r#"{"app":"state-app"}"#);
    assert_eq!((answer.status, answer.json()["detail"].as_str()), (400, Some("store is missing")));
}

#[test]
fn keys_are_listed_by_an_embedded_sidecar() {
    let dashboard = Dashboard::start();
    // One answer for everything that is asked.
    let told = r#"{"id":"keys-app","components":[{"name":"the store","type":"state.in-memory","version":"v1"}],
        "keys":["a","<script>","cat||tom||mood"],"next":"n e"}"#;
    let sidecar = FakeSidecar::start(&format!("HTTP/1.1 200 OK\n\n{told}"));
    dashboard.context().record("keys-app", std::process::id(), |record| record.http_port = sidecar.port);
    let path = "state?app=keys-app&store=the+store&prefix=a%26b&after=x&count=7";
    let found = dashboard.get(&format!("/api/v1/{path}")).json();
    assert_eq!(found["keys"], serde_json::json!(["a", "<script>", "cat||tom||mood"]), "{found}");
    assert_eq!((found["next"].as_str(), found["unlisted"].as_str()), (Some("n e"), None), "{found}");
    let mut requests = std::iter::from_fn(|| Some(sidecar.request()));
    let asked = requests.find(|request| request.contains("/keys?")).unwrap();
    let wanted = "GET /v1.0-alpha1/state/the%20store/keys?prefix=a%26b&after=x&limit=7 ";
    assert!(asked.starts_with(wanted), "{asked}");
    let page = dashboard.get(&format!("/{path}")).body;
    assert!(!page.contains("<script>"), "{page}");
    assert!(page.contains("after=n%20e"), "{page}");
    // What the API has no way to is shown without a way to it.
    assert!(page.contains(">cat||tom||mood</span>"), "{page}");
}

#[test]
fn a_stock_sidecar_lists_nothing_and_the_page_says_so() {
    let dashboard = Dashboard::start();
    let told = r#"{"id":"stock-app","components":[{"name":"store","type":"state.redis","version":"v1"}]}"#;
    let sidecar = FakeSidecar::start(&format!("HTTP/1.1 200 OK\n\n{told}"));
    dashboard.context().record("stock-app", std::process::id(), |record| {
        record.http_port = sidecar.port;
        record.runtime = Runtime::Installed;
    });
    let found = dashboard.get("/api/v1/state?app=stock-app&key=k").json();
    assert_eq!((found["store"].as_str(), found["asked"].as_bool()), (Some("store"), Some(true)), "{found}");
    assert!(found["unlisted"].as_str().unwrap().contains("can't list keys"), "{found}");
    let page = dashboard.get("/state?app=stock-app").body;
    assert!(page.contains("can&#x27;t list keys") && page.contains("name=\"key\""), "{page}");
}
