//! Who gets in, and who may change something.

use std::net::{IpAddr, Ipv4Addr};

use dapr_cli::dashboard::Service;

use super::support::TestContext;
use super::{Dashboard, options};

#[test]
fn only_this_hosts_own_names_are_answered() {
    let dashboard = Dashboard::start();
    let status = |host: &str| dashboard.send("GET", "/", &[&format!("host: {host}")], "").status;
    let port = dashboard.port;
    for own in ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"] {
        assert_eq!(status(&format!("{own}:{port}")), 200, "{own}");
    }
    let foreign = ["evil.example", "localhost.evil.example", "192.168.0.7", ""];
    for foreign in foreign {
        assert_eq!(status(&format!("{foreign}:{port}")), 421, "{foreign}");
    }
    assert_eq!(status("localhost:1"), 421);
    assert_eq!(status("localhost"), 421);
}

#[test]
fn only_own_pages_change_anything() {
    let dashboard = Dashboard::start();
    let stop = |headers: &[&str]| dashboard.send("POST", "/api/v1/apps/x/stop", headers, "");
    let session = dashboard.session();
    let refused = [
        vec![],
        vec!["x-dashboard-session: 0"],
        vec![&session, "sec-fetch-site: cross-site"],
        vec![&session, "sec-fetch-site: same-site"],
        vec![&session, "origin: http://evil.example"],
        vec![&session, "origin: null"],
    ];
    for headers in refused {
        assert_eq!(stop(&headers).status, 403, "{headers:?}");
    }
    // It got in: only the app is missing.
    let own = format!("origin: http://localhost:{}", dashboard.port);
    let answer = stop(&[&session, &own, "sec-fetch-site: same-origin"]);
    assert_eq!(answer.status, 404, "{}", answer.body);
    assert_eq!(answer.json()["detail"], "no app with the id x is running");
}

#[test]
fn a_form_has_its_session_in_a_field() {
    let dashboard = Dashboard::start();
    let session = dashboard.session().replace(": ", "=");
    let kind = "content-type: application/x-www-form-urlencoded";
    let answer = dashboard.send("POST", "/apps/x/stop", &[kind], &session);
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(answer.head.contains("location: /?note=1"), "{}", answer.head);
    let page = dashboard.get("/?note=1").body;
    assert!(page.contains(r#"<p class="note failed">no app with the id x is running</p>"#), "{page}");
    // Said once.
    assert!(!dashboard.get("/?note=1").body.contains("class=\"note"));
    assert_eq!(dashboard.send("POST", "/apps/x/stop", &[kind], "").status, 403);
}

#[test]
fn read_only_changes_nothing_and_offers_nothing() {
    let dashboard = Dashboard::with(|options| options.read_only = true);
    let session = dashboard.session();
    assert_eq!(dashboard.send("POST", "/api/v1/apps/x/stop", &[&session], "").status, 403);
    assert!(dashboard.get("/").body.contains("read-only"));
}

#[test]
fn a_token_is_asked_for_and_kept_in_a_cookie() {
    let dashboard = Dashboard::with(|options| options.token = Some("s;cret ü".into()));
    assert_eq!(dashboard.get("/").status, 401);
    assert_eq!(dashboard.get("/?token=wrong").status, 401);
    let answer = dashboard.get("/apps?token=s%3Bcret+%C3%BC");
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(answer.head.contains("location: /apps\r\n"), "{}", answer.head);
    assert!(answer.head.contains("HttpOnly; SameSite=Strict"), "{}", answer.head);
    let cookie = answer.head.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap();
    assert_eq!(dashboard.send("GET", "/", &[&format!("cookie: a=b; {cookie}")], "").status, 200);
    assert_eq!(dashboard.send("GET", "/", &["cookie: dashboard-token=x"], "").status, 401);
    // No way to another host.
    let answer = dashboard.get("//evil.example/?token=s%3Bcret+%C3%BC");
    assert!(answer.head.contains("location: /evil.example/\r\n"), "{}", answer.head);
}

#[test]
fn programs_send_the_token_with_every_request() {
    let dashboard = Dashboard::with(|options| options.token = Some("secret".into()));
    let with = |token: &str, path: &str| {
        dashboard.send("GET", path, &[&format!("authorization: Bearer {token}")], "").status
    };
    for path in
        ["/", "/api/v1/apps", "/events", "/apps/x/logs/events", "/assets/1/dashboard.js", "/no/such/page"]
    {
        assert_eq!(dashboard.get(path).status, 401, "{path}");
        assert_eq!(with("secre", path), 401, "{path}");
    }
    assert_eq!(with("secret", "/api/v1/apps"), 200);
    // The word of our pages is no token, and the token is not that word.
    let headers = ["x-dashboard-session: secret"];
    assert_eq!(dashboard.send("POST", "/api/v1/apps/x/stop", &headers, "").status, 401);
    let headers = ["x-dashboard-session: secret", "authorization: Bearer secret"];
    assert_eq!(dashboard.send("POST", "/api/v1/apps/x/stop", &headers, "").status, 403);
}

#[test]
fn an_open_address_is_asked_for_by_address_and_with_the_token() {
    let dashboard = Dashboard::with(|options| {
        options.address = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        options.token = Some("secret".into());
    });
    let status = |host: &str, token: &str| {
        let host = format!("host: {host}:{}", dashboard.port);
        dashboard.send("GET", "/", &[&host, &format!("authorization: Bearer {token}")], "").status
    };
    assert_eq!(status("192.168.0.7", "secret"), 200);
    assert_eq!(status("192.168.0.7", "wrong"), 401);
    // Any name can be made to lead here.
    assert_eq!(status("evil.example", "secret"), 421);
    assert_eq!(status("192.168.0.7.nip.example", "secret"), 421);
}

#[test]
fn other_origins_get_no_permission_and_no_stream() {
    let dashboard = Dashboard::start();
    let asked = ["origin: http://evil.example", "access-control-request-method: POST"];
    for (method, path) in [("OPTIONS", "/api/v1/apps/x/stop"), ("OPTIONS", "/"), ("GET", "/api/v1/apps")] {
        let head = dashboard.send(method, path, &asked, "").head;
        assert!(!head.contains("access-control-allow"), "{head}");
    }
    for path in ["/events", "/apps/x/logs/events", "/api/v1/apps"] {
        assert_eq!(dashboard.send("GET", path, &["host: evil.example"], "").status, 421, "{path}");
    }
    // What changes something is never a link.
    let session = dashboard.session();
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let answer = dashboard.send(method, "/apps/x/stop", &[&session], "");
        assert_eq!(answer.status, 405, "{method}");
    }
}

#[test]
fn an_open_address_needs_a_token() {
    let context = TestContext::new();
    let mut options = options(&context);
    options.address = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let error = runtime.block_on(Service::bind(options)).err().unwrap();
    assert!(error.to_string().contains("0.0.0.0 is reachable from other machines"), "{error}");
    assert!(error.hints()[0].contains("--token"));
}

#[test]
fn every_answer_forbids_what_no_page_needs() {
    let dashboard = Dashboard::start();
    for path in ["/", "/api/v1/apps", "/no/such/page", "/assets/1/dashboard.js"] {
        let head = dashboard.get(path).head;
        assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self';"), "{head}");
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
    }
}
