use super::*;

fn findings(files: &[(&str, &str)], audience: Option<&Audience>, strictness: Strictness) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs_err::write(folder.path().join(name), text).unwrap();
    }
    let found = check(&[folder.path().to_owned()], audience, strictness);
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    lines.join("\n").replace(&format!("{}/", folder.path().display()), "")
}

fn component(name: &str, kind: &str, rest: &str) -> String {
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\nspec:\n  type: {kind}\n  version: v1\n{rest}"
    )
}

#[test]
fn the_default_resources_are_fine() {
    // As they are written: with a path in the place of its name.
    let state = include_str!("../../../templates/resources/statestore.yaml").replace('@', "");
    let pubsub = include_str!("../../../templates/resources/pubsub.yaml").replace('@', "");
    let config = include_str!("../../../templates/resources/config.yaml");
    let files = [("statestore.yaml", state.as_str()), ("pubsub.yaml", &pubsub), ("config.yaml", config)];
    assert_eq!(findings(&files, None, Strictness::Lint), "");
}

#[test]
fn everything_that_is_wrong_is_found() {
    let redis =
        component("store", "state.redis", "  metdata: []\n  metadata:\n  - nam: redisHost\n    value: x\n");
    let twice = component("store", "state.in-memory", "")
        + "---\n"
        + &component("file", "secretstores.local.file", "")
        + "---\n"
        + &component("other", "stat.redis", "");
    let secret = component(
        "bus",
        "pubsub.redis",
        "  metadata:\n  - name: redisHost\n    secretKeyRef: {name: host}\nauth:\n  secretStore: fiel\n",
    );
    let subscription = "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {name: s}\nspec:\n  pubsubname: store\n  topic: t\n  routes: {default: /x}\n";
    let files = [
        ("1.yaml", redis.as_str()),
        ("2.yaml", &twice),
        ("3.yaml", &secret),
        ("4.yaml", subscription),
        ("5.yaml", "kind: [Component\n"),
        ("notes.txt", "kind: ["),
    ];
    insta::assert_snapshot!(findings(&files, None, Strictness::Lint), @r#"
    1.yaml:8:3: error: spec has no key "metdata" (did you mean metadata?)
    1.yaml:10:5: error: metadata[0] has no key "nam" (did you mean name?)
    1.yaml:10:5: error: required field 'name' not found in metadata[0]: the name of the property
    2.yaml:4:9: error: component "store" is defined twice; the first one is in 1.yaml:4
    2.yaml:14:9: error: secretstores.local.file needs the metadata secretsFile
    2.yaml:22:9: error: there are no components of the category "stat" (did you mean state?)
    3.yaml:12:16: error: no secret store "fiel" is defined here (did you mean file?)
    4.yaml:5:15: error: "store" is no pub/sub component: its type is state.redis
    5.yaml:2:1: error: while parsing a flow sequence, expected ',' or ']'
    "#);
}

#[test]
fn a_run_takes_what_the_sidecar_takes() {
    let odd = component("a", "state.in-memory", "  future: 1\n")
        + "---\n"
        + &component("b", "state.sqlite", "  ignoreErrors: true\n");
    insta::assert_snapshot!(findings(&[("a.yaml", &odd)], None, Strictness::Run), @r#"
    a.yaml:8:3: warning: spec has no key "future"
    a.yaml:15:9: warning: state.sqlite needs the metadata connectionString or url
    "#);
}

#[test]
fn what_is_scoped_to_others_is_theirs() {
    let others = component("a", "state.sqlite", "scopes: [other]\n");
    let me = Audience { app_id: "me".into(), namespace: None };
    let other = Audience { app_id: "other".into(), namespace: None };
    assert_eq!(findings(&[("a.yaml", &others)], Some(&me), Strictness::Run), "");
    assert!(findings(&[("a.yaml", &others)], Some(&other), Strictness::Run).contains("connectionString"));
}

#[test]
fn documents_of_other_kinds_are_nobodys_business() {
    let files = [("a.yaml", "kind: Deployment\nspec: {x: 1}\n---\nversion: 1\n---\njust text\n")];
    assert_eq!(findings(&files, None, Strictness::Lint), "");
}

#[test]
fn an_old_version_is_not_loaded() {
    let files = [("a.yaml", "apiVersion: dapr.io/v1\nkind: Component\nmetadata: {name: x}\n")];
    assert_eq!(
        findings(&files, None, Strictness::Lint),
        "a.yaml:1:1: error: this Component is not loaded: its apiVersion is \"dapr.io/v1\", not \"dapr.io/v1alpha1\""
    );
}

#[test]
fn names_and_kinds_that_cannot_be_meant() {
    let name = component("a/b", "state.in-memory", "");
    let empty = component("c", "state.sqlite", "  metadata:\n  - {name: connectionString, value: ''}\n");
    let kind = component("d", "state.in-memory", "").replace("kind: Component", "kind: Componet");
    let other = kind.replace("kind: Componet", "kind: MCPServer");
    let files = [("1.yaml", name.as_str()), ("2.yaml", &empty), ("3.yaml", &kind), ("4.yaml", &other)];
    insta::assert_snapshot!(findings(&files, None, Strictness::Lint), @r#"
    1.yaml:4:9: error: invalid resource name "a/b": it may not contain '/' or '%'
    2.yaml:6:9: error: state.sqlite needs the metadata connectionString or url
    3.yaml:2:7: warning: there is no kind "Componet": this document is not loaded (did you mean Component?)
    "#);
    let run = findings(&[("1.yaml", &name), ("3.yaml", &kind)], None, Strictness::Run);
    assert_eq!(run, "1.yaml:4:9: warning: invalid resource name \"a/b\": it may not contain '/' or '%'");
}

#[test]
fn secrets_that_the_environment_does_not_hold_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.yaml");
    let store = component("env", "secretstores.local.env", "  metadata: [{name: Prefix, value: APP_}]\n");
    let user = component(
        "s",
        "state.redis",
        "  metadata:\n  - {name: redisHost, secretKeyRef: {name: HOST}}\n  - {name: redisPassword, secretKeyRef: {name: PASSWORD}}\nauth: {secretStore: env}\n",
    );
    fs_err::write(&file, store + "---\n" + &user).unwrap();
    let env = Env::of([("APP_HOST", "h")]);
    let found = |env| check_within(env, std::slice::from_ref(&file), None, Strictness::Lint);
    let lines: Vec<String> = found(Some(&env)).iter().map(ToString::to_string).collect();
    let expected = ":19:48: warning: the environment variable APP_PASSWORD is not set: the secret is empty";
    assert_eq!(lines, [format!("{}{expected}", file.display())]);
    assert_eq!(found(None), []);
}

#[test]
fn rules_that_cannot_be_read_are_found() {
    let file = "apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: s}
spec:
  pubsubname: bus
  topic: t
  routes:
    rules:
    - match: event.type == 'fine'
      path: /a
    - match: evnt.type == 'x'
      path: /b
    default: /c
";
    let bus = component("bus", "pubsub.in-memory", "");
    let text = "s.yaml:11:14: error: this is no expression that can be matched: evnt is not known: the only variable is event, as in event.type";
    assert_eq!(findings(&[("bus.yaml", &bus), ("s.yaml", file)], None, Strictness::Lint), text);
    let found = findings(&[("bus.yaml", &bus), ("s.yaml", file)], None, Strictness::Run);
    assert_eq!(found, text.replace("error", "warning"), "the sidecar starts without this subscription");
}
