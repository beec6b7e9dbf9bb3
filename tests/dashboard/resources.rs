//! Components and configurations: what files declare, what sidecars loaded, and no secret.

use super::Dashboard;
use super::support::FakeSidecar;

#[test]
fn components_come_from_files_and_from_sidecars() {
    let dashboard = Dashboard::start();
    let install = dashboard.context().install();
    fs_err::create_dir_all(install.components()).unwrap();
    let store = "kind: Component\nmetadata:\n  name: shown-store\nspec:\n  type: state.redis\n  version: v1\n  metadata:\n  - name: redisPassword\n    value: hunter2\n";
    fs_err::write(install.components().join("store.yaml"), store).unwrap();
    fs_err::write(install.components().join("broken.yaml"), "kind: [").unwrap();
    let config = "kind: Configuration\nmetadata:\n  name: shown-config\nspec:\n  tracing:\n    samplingRate: \"1\"\n    zipkin:\n      endpointAddress: http://localhost:9411/api/v2/spans\n";
    fs_err::write(install.config(), config).unwrap();
    let told = r#"{"id":"shown-app","components":[{"name":"shown-memory","type":"state.in-memory","version":"v1"}]}"#;
    let sidecar = FakeSidecar::start(&format!("HTTP/1.1 200 OK\ncontent-type: application/json\n\n{told}"));
    dashboard.context().record("shown-app", std::process::id(), |record| record.http_port = sidecar.port);
    let list = dashboard.get("/api/v1/components").json();
    let row = |name: &str| {
        let rows = list["components"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}: {list}")).clone()
    };
    assert_eq!(row("shown-store")["notLoadedBy"][0], "shown-app");
    assert_eq!(row("shown-memory")["loadedBy"][0], "shown-app");
    assert_eq!(row("shown-memory")["file"], "");
    assert!(list["broken"][0]["file"].as_str().unwrap().ends_with("broken.yaml"), "{list}");
    for path in ["/components", "/components/shown-store", "/api/v1/components/shown-store"] {
        let answer = dashboard.get(path);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(!answer.body.contains("hunter2"), "{}", answer.body);
    }
    assert_eq!(dashboard.get("/components/nothing").status, 404);
    let config = dashboard.get("/api/v1/configurations/shown-config").json();
    assert_eq!(config["configurations"][0]["tracingEnabled"], true);
    assert_eq!(config["configurations"][0]["tracingExporter"], "zipkin");
}

#[test]
fn every_page_of_the_menu_is_there_without_anything_running() {
    let dashboard = Dashboard::start();
    let front = dashboard.get("/").body;
    let menu = front.split("<nav").nth(1).unwrap().split("</nav>").next().unwrap();
    let paths: Vec<String> = menu
        .split("href=\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap().replace("&#x2f;", "/"))
        .collect();
    assert!(paths.len() >= 6, "{paths:?}");
    for path in paths {
        let answer = dashboard.get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(answer.body.contains("aria-current=\"page\""), "{path}");
        let data = dashboard.get(&format!("/api/v1{}", if path == "/" { "/overview" } else { &path }));
        assert!(data.json().is_object(), "{path}");
    }
}
