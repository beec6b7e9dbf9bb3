use super::super::Source;
use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs_err::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn audience(app_id: &str) -> Audience {
    Audience { app_id: app_id.into(), namespace: None }
}

const TWO: &str = "
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: one}
spec:
  type: state.in-memory
  version: v1
  initTimeout: 2s
  metadata:
  - {name: plain, value: text}
  - {name: number, value: 5}
  - {name: truth, value: true}
  - {name: nested, value: {Key: 1}}
  - {name: secret, secretKeyRef: {name: s, key: k}}
  - {name: env, envRef: HOME}
auth: {secretStore: vault}
---
# nothing but a comment
---
apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: two}
spec: {type: pubsub.in-memory, version: v1}
scopes: [a]
";

#[test]
fn several_documents_and_every_kind_of_value() {
    let folder = folder(&[("all.yaml", TWO), ("README.md", "hi")]);
    let loaded = load(&[folder.path()], &audience("a")).unwrap();
    assert_eq!(loaded.warnings, [Warning::NotYaml("README.md".into())]);
    let names: Vec<_> = loaded.components.iter().map(Component::log_name).collect();
    assert_eq!(names, ["one (state.in-memory/v1)", "two (pubsub.in-memory/v1)"]);
    let one = &loaded.components[0];
    assert_eq!((one.init_timeout.as_str(), one.secret_store.as_deref()), ("2s", Some("vault")));
    let sources: Vec<_> = one.metadata.iter().map(|item| item.source.clone()).collect();
    let value = |text: &str| Source::Value(text.into());
    let secret = super::super::SecretKeyRef { name: "s".into(), key: "k".into() };
    let expected = [
        value("text"),
        value("5"),
        value("true"),
        value("{\"Key\":1}"),
        Source::Secret(secret),
        Source::Env("HOME".into()),
    ];
    assert_eq!(sources, expected);
}

#[test]
fn scopes_and_namespaces_filter() {
    let folder = folder(&[("all.yaml", TWO)]);
    let loaded = load(&[folder.path()], &audience("b")).unwrap();
    assert_eq!(loaded.components.len(), 1);
    let elsewhere = Audience { app_id: "a".into(), namespace: Some("ns".into()) };
    assert!(elsewhere.admits(None, &[]) && elsewhere.admits(Some("ns"), &[]));
    assert!(!elsewhere.admits(Some("other"), &[]));
}

#[test]
fn duplicates_are_reported_even_when_scoped_away() {
    let again = TWO.replace("pubsub.in-memory", "pubsub.redis");
    let folder = folder(&[("a.yaml", TWO), ("b.yaml", &again)]);
    let error = load(&[folder.path()], &audience("x")).unwrap_err().to_string();
    assert_eq!(
        error,
        "duplicate definition of Component name one (state.in-memory/v1) with existing one (state.in-memory/v1)\n\
         duplicate definition of Component name two (pubsub.redis/v1) with existing two (pubsub.in-memory/v1)"
    );
}

#[test]
fn a_broken_document_is_a_warning_that_names_the_file() {
    let folder = folder(&[("bad.yaml", "kind: [\n---\n"), ("good.yaml", TWO)]);
    let loaded = load(&[folder.path()], &audience("a")).unwrap();
    assert_eq!(loaded.components.len(), 2);
    assert!(loaded.warnings[0].to_string().contains("bad.yaml : "), "{}", loaded.warnings[0]);
}

#[test]
fn a_missing_directory_is_named() {
    let error = load(&["/nowhere"], &audience("a")).unwrap_err().to_string();
    assert_eq!(error, "stat /nowhere: no such file or directory");
}

#[test]
fn both_versions_of_a_subscription() {
    let text = "
apiVersion: dapr.io/v1alpha1
kind: Subscription
metadata: {name: s1}
spec: {pubsubname: p, topic: t, route: /r}
---
apiVersion: dapr.io/v2alpha1
kind: Subscription
metadata: {name: s2}
spec:
  pubsubName: p
  topic: t2
  routes:
    rules: [{match: 'event.type == \"x\"', path: /x}]
    default: /d
  metadata: {rawPayload: true, Mixed: a}
  deadLetterTopic: dead
  bulkSubscribe: {enabled: true}
";
    let folder = folder(&[("s.yaml", text)]);
    let loaded = load(&[folder.path()], &audience("a")).unwrap();
    let [first, second] = &loaded.subscriptions[..] else { panic!("{loaded:?}") };
    assert_eq!(first.routes[0].path, "/r");
    let paths: Vec<_> =
        second.routes.iter().map(|route| (route.matches.as_str(), route.path.as_str())).collect();
    assert_eq!(paths, [("event.type == \"x\"", "/x"), ("", "/d")]);
    assert_eq!(second.metadata.get("rawPayload").map(String::as_str), Some("true"));
    assert!(second.metadata.contains_key("Mixed"));
    assert_eq!((second.dead_letter_topic.as_str(), second.bulk), ("dead", Some((100, 1000))));
}

#[test]
fn what_is_wrong_is_found_in_the_file() {
    let folder = folder(&[("s.yaml", "kind: Subscription\n---\n# two\n---\na: b\nc: [\n")]);
    let loaded = load(&[folder.path()], &audience("a")).unwrap();
    let [Warning::Broken { message, .. }] = loaded.warnings.as_slice() else {
        panic!("{:?}", loaded.warnings)
    };
    assert!(message.contains("line 7"), "{message}");
}

#[test]
fn a_subscription_knows_where_its_rules_are() {
    let text = "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {name: s}\nspec:\n  pubsubname: p\n  topic: t\n  routes:\n    rules:\n    - {match: 'event.a == \"x\"', path: /a}\n    - match: event.b >\n      path: /b\n    default: /d\n";
    let folder = folder(&[("s.yaml", &format!("a: b\n---\n{text}"))]);
    let loaded = load(&[folder.path()], &audience("a")).unwrap();
    let [subscription] = loaded.subscriptions.as_slice() else { panic!("{loaded:?}") };
    let file = folder.path().join("s.yaml").display().to_string();
    assert_eq!(subscription.name, "s");
    assert_eq!(subscription.place("event.b >"), format!("{file}:12:14"));
    assert_eq!(subscription.place("event.a == \"x\""), format!("{file}:11:15"));
    assert_eq!(subscription.place("elsewhere"), file);
}
