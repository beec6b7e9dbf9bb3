//! `dapr components`, `configurations`, `subscriptions` and `mcpservers`.

use crate::support::{FakeSidecar, Process, TestContext, eventually};

/// The time at which a file was written can't be known here.
fn without_times(text: &str) -> String {
    let is_time = |word: &str| word.len() == 10 && word.starts_with("20") && word.matches('-').count() == 2;
    let is_clock = |word: &str| word.len() == 8 && word.matches(':').count() == 2;
    text.lines()
        .map(|line| {
            let words = line.split(' ').map(|word| match word {
                word if is_time(word) => "[DATE]",
                word if is_clock(word) => "[TIME]",
                word => word,
            });
            words.collect::<Vec<_>>().join(" ").trim_end().to_owned() + "\n"
        })
        .collect()
}

#[test]
fn the_default_folder_is_listed() {
    let context = TestContext::new();
    assert_eq!(context.dapr(["init", "--embedded"]).code, Some(0));
    let all = context.dapr(["components"]).stdout;
    let outcome = context.dapr(["components", "--resources-path", ".dapr/components"]);
    // Nobody at home here runs; those of other homes on this machine are not looked at.
    assert_eq!(all, outcome.stdout);
    insta::assert_snapshot!(without_times(&outcome.stdout), @"
    NAME        TYPE           VERSION  CREATED
    pubsub      pubsub.sqlite  v1       [DATE] [TIME]
    statestore  state.sqlite   v1       [DATE] [TIME]
    ");
    let outcome = context.dapr(["configurations", "-o", "wide"]);
    insta::assert_snapshot!(without_times(&outcome.stdout), @"
    NAME        TRACING-ENABLED  METRICS-ENABLED  CREATED              TRACING-EXPORTER  FILE
    daprConfig  true             true             [DATE] [TIME]  zipkin            [HOME]/.dapr/config.yaml
    ");
    let one = context.dapr([
        "components",
        "-n",
        "StateStore",
        "--resources-path",
        ".dapr/components",
        "-o",
        "json",
    ]);
    let one: serde_json::Value = serde_json::from_str(&one.stdout).unwrap();
    assert_eq!(
        (one[0]["name"].as_str(), one[0]["spec"]["type"].as_str()),
        (Some("statestore"), Some("state.sqlite"))
    );
}

#[test]
fn another_folder_is_listed_by_itself_and_what_is_broken_is_named() {
    let context = TestContext::new();
    let folder = context.home().join("res");
    fs_err::create_dir_all(&folder).unwrap();
    let memory = "kind: Component\nmetadata:\n  name: mine\nspec:\n  type: state.in-memory\n  version: v1\n  metadata:\n  - name: password\n    value: hunter2\nscopes: [one, two]\n";
    fs_err::write(folder.join("mine.yaml"), memory).unwrap();
    let outcome = context.dapr(["components", "--resources-path", "res"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    insta::assert_snapshot!(without_times(&outcome.stdout), @"
    NAME  TYPE             VERSION  SCOPES   CREATED
    mine  state.in-memory  v1       one,two  [DATE] [TIME]
    ");
    let yaml = context.dapr(["components", "--resources-path", "res", "-o", "yaml"]).stdout;
    assert!(yaml.contains("type: state.in-memory") && !yaml.contains("hunter2"), "{yaml}");
    fs_err::write(folder.join("bad.yaml"), "kind: [\n").unwrap();
    let outcome = context.dapr(["components", "--resources-path", "res"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stdout.contains("mine"), "{outcome}");
    assert!(outcome.stderr.starts_with("❌  res/bad.yaml: "), "{outcome}");
    let outcome = context.dapr(["components", "-n", "nothing", "--resources-path", "res"]);
    assert!(outcome.stderr.starts_with("❌  no component is called nothing\n"), "{outcome}");
    let outcome = context.dapr(["components", "--resources-path", "gone"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("gone: there is no such file or directory"), "{outcome}");
}

#[test]
fn a_component_that_a_sidecar_lacks_is_told_of() {
    let context = TestContext::new();
    fs_err::create_dir_all(context.install().components()).unwrap();
    let file = context.install().components().join("store.yaml");
    fs_err::write(file, "kind: Component\nmetadata: {name: lacking}\nspec: {type: state.x}\n").unwrap();
    let told = r#"{"id":"lister","components":[],"subscriptions":[{"pubsubname":"p","topic":"t","rules":[{"match":"event.type == \"a\"","path":"/a"},{"path":"/b"}],"deadLetterTopic":"dead","type":"PROGRAMMATIC"}]}"#;
    let sidecar = FakeSidecar::start(&format!("HTTP/1.1 200 OK\ncontent-type: application/json\n\n{told}"));
    context.record("lister", std::process::id(), |record| record.http_port = sidecar.port);
    let outcome = context.dapr(["components", "-n", "lacking"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    let told = "lacking is not loaded by lister; dapr logs --sidecar -a lister says why";
    assert!(outcome.stderr.contains(told) || outcome.stdout.contains(told), "{outcome}");
    let outcome = context.dapr(["subscriptions", "-a", "lister", "-o", "wide"]);
    insta::assert_snapshot!(without_times(&outcome.stdout), @r#"
    APP ID  PUBSUB  TOPIC  ROUTE                        DEAD LETTER TOPIC  KIND
    lister  p       t      /a if event.type == "a", /b  dead               programmatic
    "#);
}

#[test]
fn mcp_servers_are_found_below_the_folder() {
    let context = TestContext::new();
    let folder = context.home().join("res/below");
    fs_err::create_dir_all(&folder).unwrap();
    let server = "kind: MCPServer\nmetadata: {name: tools, namespace: n}\nspec:\n  endpoint:\n    streamableHTTP:\n      url: http://localhost:1\n";
    fs_err::write(folder.join("tools.YML"), server).unwrap();
    let outcome = context.dapr(["mcpservers", "--resources-path", "res", "-o", "json"]);
    let found: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(found[0]["spec"]["endpoint"]["streamableHTTP"]["url"], "http://localhost:1");
    let table = context.dapr(["mcpservers", "--resources-path", "res"]).stdout;
    assert!(table.contains("streamable_http") && table.contains("http://localhost:1"), "{table}");
    assert_eq!(context.dapr(["mcpservers", "--resources-path", "gone", "-o", "json"]).stdout, "[]");
    let outcome = context.dapr(["mcpservers", "-o", "table"]);
    assert!(outcome.stderr.contains("Valid values are: json, yaml, or list"), "{outcome}");
    fs_err::write(folder.join("bad.yaml"), "a: [").unwrap();
    assert_eq!(context.dapr(["mcpservers", "--resources-path", "res"]).code, Some(1));
}

#[test]
fn sidecars_of_other_homes_are_none_of_ours() {
    let (context, other) = (TestContext::new(), TestContext::new());
    let told = r#"{"id":"res-stranger","components":[{"name":"res-memory","type":"state.in-memory","version":"v1"}]}"#;
    let sidecar = FakeSidecar::start(&format!("HTTP/1.1 200 OK\n\n{told}"));
    let port = format!("--dapr-http-port={}", sidecar.port);
    let args = ["--app-id", "res-stranger", &port];
    let _daprd = Process::named_daprd_of(other.home(), &args);
    let is_listed =
        |context: &TestContext, verb: &str, what: &str| context.dapr([verb]).stdout.contains(what);
    // It is a sidecar of this machine, so it is in the list of all; the components are those of the home.
    eventually("the process has its name", || is_listed(&context, "list", "res-stranger"));
    assert!(is_listed(&other, "components", "res-memory"));
    assert!(!is_listed(&context, "components", "res-memory"));
}
