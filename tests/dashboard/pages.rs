//! What pages and their JSON forms show.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;

use dapr_cli::records::{Directory, ProcessId, Stopped};

use super::Dashboard;
use super::support::FakeSidecar;

const SCRIPT: &str = "<script>alert(1)</script>";

#[test]
fn without_apps_a_page_says_how_to_start_one() {
    let dashboard = Dashboard::start();
    // Sidecars of others on this machine are shown as well, so only a page of its own can be empty.
    assert_eq!(dashboard.get("/apps").status, 200);
    let answer = dashboard.get("/apps/nobody");
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("no app with the id nobody is running"), "{}", answer.body);
    assert_eq!(dashboard.get("/api/v1/apps/nobody").json()["status"], 404);
    assert_eq!(dashboard.get("/api/v1/nothing").json()["detail"], "there is no page /api/v1/nothing");
}

#[test]
fn what_a_sidecar_tells_is_shown_and_never_run() {
    let dashboard = Dashboard::start();
    let told = format!(
        r#"{{"id":"shown-orders","runtimeVersion":"1.18.3",
            "components":[{{"name":"{SCRIPT}","type":"state.redis","version":"v1","capabilities":["ETAG"]}}],
            "subscriptions":[{{"pubsubname":"pubsub","topic":"paid","rules":[{{"path":"/paid"}}]}}],
            "extended":{{"note":"{SCRIPT}"}}}}"#
    );
    let sidecar = FakeSidecar::start(&format!("HTTP/1.1 200 OK\ncontent-type: application/json\n\n{told}"));
    dashboard.context().record("shown-orders", std::process::id(), |record| {
        record.http_port = sidecar.port;
        record.command = SCRIPT.into();
    });
    let app = dashboard.get("/api/v1/apps/shown-orders").json();
    assert_eq!(app["instances"][0]["runtimeVersion"], "1.18.3");
    assert_eq!(app["instances"][0]["components"][0]["type"], "state.redis");
    assert_eq!(app["instances"][0]["subscriptions"][0]["pubsubName"], "pubsub");
    for path in ["/", "/apps", "/apps/shown-orders"] {
        let page = dashboard.get(path);
        assert_eq!(page.status, 200);
        assert!(page.body.contains("shown-orders"), "{}", page.body);
        assert!(!page.body.contains(SCRIPT), "{}", page.body);
        assert!(page.body.contains("&lt;script&gt;alert(1)"), "{}", page.body);
    }
}

#[test]
fn logs_are_searched_and_never_run() {
    let dashboard = Dashboard::start();
    let log = dashboard.context().home().join("app.log");
    fs_err::write(&log, format!("INFO ready\n{SCRIPT}\nERROR \x1b[31mbroken\x1b[0m\n")).unwrap();
    dashboard.context().record("shown-orders", std::process::id(), |record| {
        record.app_log_path = Some(log);
    });
    let lines = |query: &str| {
        let answer = dashboard.get(&format!("/api/v1/apps/shown-orders/logs{query}")).json();
        let text = |line: &serde_json::Value| line["text"].as_str().unwrap().to_owned();
        answer["lines"].as_array().unwrap().iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(lines(""), ["INFO ready", SCRIPT, "ERROR broken"]);
    assert_eq!(lines("?level=error"), ["ERROR broken"]);
    assert_eq!(lines("?search=READY"), ["INFO ready"]);
    assert_eq!(lines("?count=1"), ["ERROR broken"]);
    assert_eq!(lines("?source=app"), ["INFO ready", SCRIPT, "ERROR broken"]);
    let page = dashboard.get("/apps/shown-orders/logs").body;
    assert!(!page.contains(SCRIPT), "{page}");
    assert!(page.contains(r#"<li class="error"><i>app</i>ERROR broken</li>"#), "{page}");
    assert_eq!(dashboard.get("/apps/shown-orders/logs?source=x").status, 400);
    assert_eq!(dashboard.get("/apps/nobody/logs").status, 404);
}

#[test]
fn the_environment_of_an_app_is_shown_without_its_secrets() {
    let dashboard = Dashboard::start();
    let mut app = std::process::Command::new("sleep")
        .arg("600")
        .env("SHOWN_PLACE", SCRIPT)
        .env("SHOWN_API_KEY", "hunter2-hunter2")
        .env("SHOWN_URL", "redis://me:hunter3@localhost/0")
        .spawn()
        .unwrap();
    dashboard.context().record("shown-env", std::process::id(), |record| {
        record.app = ProcessId::of(app.id());
        record.command = "python app.py --token hunter4 --port 8000".into();
    });
    let data = dashboard.get("/api/v1/apps/shown-env");
    let page = dashboard.get("/apps/shown-env").body;
    app.kill().unwrap();
    app.wait().unwrap();
    let variables = data.json()["instances"][0]["environment"].clone();
    let value = |name: &str| {
        let all = variables.as_array().unwrap();
        all.iter().find(|one| one["name"] == name).map(|one| one["value"].as_str().unwrap().to_owned())
    };
    assert_eq!(value("SHOWN_PLACE").as_deref(), Some(SCRIPT), "{variables}");
    assert_eq!(value("SHOWN_URL").as_deref(), Some("redis://me:••••••@localhost/0"));
    assert_eq!(data.json()["instances"][0]["command"], "python app.py --token •••••• --port 8000");
    assert!(page.contains("SHOWN_API_KEY") && !page.contains(SCRIPT), "{page}");
    assert!(!page.contains("hunter") && !data.body.contains("hunter"), "{page}");
}

#[test]
fn an_app_that_was_stopped_can_be_started() {
    let dashboard = Dashboard::start();
    let socket = dashboard.context().home().join("run.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let server = std::thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        writeln!(stream, "{{}}").unwrap();
        line
    });
    let stopped = Stopped {
        app_id: "shown-resting".into(),
        cli: ProcessId::current(),
        control: socket,
        command: "run --token hunter2".into(),
        run_template_path: "/x/dapr.yaml".into(),
    };
    Directory::of(&dashboard.context().install()).write_stopped(&stopped).unwrap();
    let page = dashboard.get("/apps").body;
    assert!(page.contains("shown-resting") && page.contains(">Start</button>"), "{page}");
    assert!(!page.contains("hunter2"), "{page}");
    let path = "/api/v1/apps/shown-resting/restart";
    let answer = dashboard.send("POST", path, &[&dashboard.session()], "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(server.join().unwrap(), "{\"action\":\"restart\",\"appId\":\"shown-resting\"}\n");
    let missing = dashboard.send("POST", "/api/v1/apps/nobody/restart", &[&dashboard.session()], "");
    assert_eq!(missing.status, 404, "{}", missing.body);
}
