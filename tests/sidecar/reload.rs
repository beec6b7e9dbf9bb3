use std::collections::BTreeMap;

use dapr_cli::sidecar::{Ended, Options};
use hyper::StatusCode;

use crate::support::{Recorder, Sidecar, alone, beside, component, eventually};

/// A sidecar over a folder whose files the test writes.
struct Reloading {
    sidecar: Sidecar,
    folder: tempfile::TempDir,
}

impl Reloading {
    async fn start(files: &[(&str, &str)]) -> Self {
        Self::with(alone("app"), files).await
    }

    async fn with(options: Options, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs_err::write(folder.path().join(name), text).unwrap();
        }
        let options = Options { resources_paths: vec![folder.path().to_owned()], ..options };
        Self { sidecar: Sidecar::ready(options).await, folder }
    }

    fn write(&self, name: &str, text: &str) {
        fs_err::write(self.folder.path().join(name), text).unwrap();
    }

    fn remove(&self, name: &str) {
        fs_err::remove_file(self.folder.path().join(name)).unwrap();
    }

    /// Names and types of the components.
    async fn components(&self) -> String {
        let metadata = self.sidecar.get("/v1.0/metadata").await.body;
        let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
        let components = metadata["components"].as_array().cloned().unwrap_or_default();
        let names = components.iter().map(|component| {
            format!("{}={}", component["name"].as_str().unwrap(), component["type"].as_str().unwrap())
        });
        names.collect::<Vec<_>>().join(" ")
    }

    /// The routes of each topic as the metadata API has them.
    async fn routes(&self) -> String {
        let metadata = self.sidecar.get("/v1.0/metadata").await.body;
        let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
        let subscriptions = metadata["subscriptions"].as_array().cloned().unwrap_or_default();
        let all: BTreeMap<String, String> = subscriptions
            .iter()
            .map(|one| {
                let rules = one["rules"].as_array().unwrap().iter();
                let paths: Vec<&str> = rules.map(|rule| rule["path"].as_str().unwrap()).collect();
                (one["topic"].as_str().unwrap().to_owned(), paths.join(","))
            })
            .collect();
        all.into_iter().map(|(topic, paths)| format!("{topic}:{paths}")).collect::<Vec<_>>().join(" ")
    }

    async fn until_routes(&self, routes: &str) {
        eventually(async || self.routes().await == routes).await;
    }

    async fn publish(&self, topic: &str, data: &str) {
        let answer = self.sidecar.post(&format!("/v1.0/publish/bus/{topic}"), data).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    }

    async fn until(&self, components: &str) {
        eventually(async || self.components().await == components).await;
    }
}

fn state(name: &str) -> String {
    component(name, "state.in-memory", &[])
}

fn sqlite(name: &str, file: &str) -> String {
    component(name, "state.sqlite", &[("connectionString", file)])
}

#[tokio::test]
async fn components_come_change_and_go() {
    let it = Reloading::start(&[("a.yaml", &state("a"))]).await;
    assert_eq!(it.sidecar.post("/v1.0/state/a", r#"[{"key":"k","value":1}]"#).await.status, 204);
    it.write("b.yaml", &(sqlite("b", ":memory:") + "---\n" + &state("c")));
    it.until("a=state.in-memory b=state.sqlite c=state.in-memory").await;
    assert_eq!(it.sidecar.post("/v1.0/state/b", r#"[{"key":"k","value":2}]"#).await.status, 204);
    // What did not change has kept what it held.
    assert_eq!(it.sidecar.get("/v1.0/state/a/k").await.body, "1");

    it.write("b.yaml", &state("b"));
    it.until("a=state.in-memory b=state.in-memory").await;
    assert_eq!(it.sidecar.get("/v1.0/state/b/k").await.status, StatusCode::NO_CONTENT);
    // A new name of the file is no new component.
    fs_err::rename(it.folder.path().join("a.yaml"), it.folder.path().join("z.yaml")).unwrap();
    it.remove("b.yaml");
    it.until("a=state.in-memory").await;
    assert_eq!(it.sidecar.get("/v1.0/state/a/k").await.body, "1");
    assert_eq!(it.sidecar.get("/v1.0/state/b/k").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_does_not_work_changes_nothing() {
    let it = Reloading::start(&[("a.yaml", &state("a"))]).await;
    it.sidecar.post("/v1.0/state/a", r#"[{"key":"k","value":1}]"#).await;
    let holds = async || assert_eq!(it.sidecar.get("/v1.0/state/a/k").await.body, "1");
    for (number, broken) in [
        "kind: [Component".to_owned(),
        state("a").replace("metadata: {name: a}", "metadata: {name: a/b}"),
        sqlite("a", "/nowhere/at/all/x.db"),
        component("a", "state.unknown", &[]),
        // Twice the same name.
        state("a") + "---\n" + &sqlite("a", ":memory:"),
    ]
    .into_iter()
    .enumerate()
    {
        it.write("a.yaml", &broken);
        // Something that can be seen, so that the broken file has been read.
        let other = format!("n{number}");
        it.write("n.yaml", &state(&other));
        if number == 4 {
            // Such files make no sense as a whole.
            it.write("a.yaml", &state("a"));
        }
        it.until(&format!("a=state.in-memory {other}=state.in-memory")).await;
        holds().await;
    }
}

#[tokio::test]
async fn a_component_waits_for_its_secret_store() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("secrets.json");
    let database = folder.path().join("x.db");
    fs_err::write(&secrets, serde_json::json!({"db": database.display().to_string()}).to_string()).unwrap();
    let store = "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {name: s}\nspec: {type: state.sqlite, metadata: [{name: connectionString, secretKeyRef: {name: db}}]}\nauth: {secretStore: vault}\n";
    let it = Reloading::start(&[("a.yaml", &state("a")), ("s.yaml", store)]).await;
    assert_eq!(it.components().await, "a=state.in-memory");
    let path = secrets.display().to_string();
    it.write("vault.yaml", &component("vault", "secretstores.local.file", &[("secretsFile", &path)]));
    it.until("a=state.in-memory s=state.sqlite vault=secretstores.local.file").await;
    assert_eq!(it.sidecar.post("/v1.0/state/s", r#"[{"key":"k","value":2}]"#).await.status, 204);
    assert!(database.exists());
}

const RESILIENCY: &str = "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: {name: r}\nspec: {policies: {timeouts: {t: 5s}}}\n";

#[tokio::test]
async fn other_kinds_begin_a_new_life() {
    let it = Reloading::start(&[("r.yaml", RESILIENCY)]).await;
    it.write("r.yaml", &RESILIENCY.replace("5s", "soon"));
    it.write("a.yaml", &state("a"));
    it.until("a=state.in-memory").await;
    it.write("r.yaml", &RESILIENCY.replace("5s", "6s"));
    assert_eq!(it.sidecar.ended().await.unwrap(), Ended::Restarting);

    let it = Reloading::start(&[("r.yaml", RESILIENCY)]).await;
    it.remove("r.yaml");
    assert_eq!(it.sidecar.ended().await.unwrap(), Ended::Restarting);
}

#[tokio::test]
async fn it_can_be_switched_off() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.yaml");
    fs_err::write(&config, "spec: {features: [{name: HotReload, enabled: false}]}").unwrap();
    let resources = tempfile::tempdir().unwrap();
    let options = |config_files| Options {
        resources_paths: vec![resources.path().to_owned()],
        config_files,
        ..alone("app")
    };
    let off = Sidecar::ready(options(vec![config])).await;
    let on = Sidecar::ready(options(Vec::new())).await;
    fs_err::write(resources.path().join("a.yaml"), state("a")).unwrap();
    eventually(async || on.get("/v1.0/state/a/k").await.status == StatusCode::NO_CONTENT).await;
    assert_eq!(off.get("/v1.0/state/a/k").await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

fn bus(kind: &str, file: &std::path::Path) -> String {
    let file = file.display().to_string();
    let metadata = [("connectionString", file.as_str())];
    component("bus", kind, if kind == "pubsub.sqlite" { &metadata } else { &[] })
}

fn subscription(name: &str, topic: &str, spec: &str) -> String {
    format!(
        "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: {{name: {name}}}\nspec: {{pubsubname: bus, topic: {topic}, {spec}}}\n"
    )
}

#[tokio::test]
async fn subscriptions_come_change_and_go() {
    let mut app = Recorder::content("[]").await;
    let old = "apiVersion: dapr.io/v1alpha1\nkind: Subscription\nmetadata: {name: old}\nspec: {pubsubname: bus, topic: a, route: /a}\n";
    let files = [("bus.yaml", bus("pubsub.in-memory", "".as_ref())), ("a.yaml", old.to_owned())];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let it = Reloading::with(beside("app", app.address), &files).await;
    it.until_routes("a:/a").await;
    let mut gets = async |topic: &str, data: &str, path: &str| {
        it.publish(topic, data).await;
        let event = app.next().await;
        assert_eq!(event.path, path);
        event.body
    };
    gets("a", "1", "/a").await;

    it.write("a.yaml", &old.replace("/a}", "/new}"));
    it.until_routes("a:/new").await;
    gets("a", "2", "/new").await;
    let rules = "routes: {rules: [{match: 'event.data == \"3\"', path: /three}], default: /rest}";
    it.write("b.yaml", &subscription("b", "b", rules));
    it.until_routes("a:/new b:/three,/rest").await;
    gets("b", "3", "/three").await;
    gets("b", "4", "/rest").await;
    // Two of a file, one of them for many at a time.
    let bulk = "routes: {default: /many}, bulkSubscribe: {enabled: true, maxMessagesCount: 1}";
    it.write("b.yaml", &(subscription("b", "b", bulk) + "---\n" + &subscription("c", "c", rules)));
    it.until_routes("a:/new b:/many c:/three,/rest").await;
    assert!(gets("b", "5", "/many").await.contains("entries"));

    // What can't be used changes nothing.
    for broken in [
        "kind: [Subscription".to_owned(),
        subscription("b", "b", "routes: {default: [1, 2]}"),
        subscription("b", "b", "routes: {rules: [{match: 'event.', path: /x}]}"),
        subscription("b", "b", "deadLetterTopic: no-route"),
    ] {
        it.write("b.yaml", &(broken + "\n---\n" + &subscription("c", "c", "routes: {default: /c}")));
        it.until_routes("a:/new b:/many c:/c").await;
        it.write("b.yaml", &(subscription("b", "b", bulk) + "---\n" + &subscription("c", "c", rules)));
        it.until_routes("a:/new b:/many c:/three,/rest").await;
    }
    assert!(gets("b", "6", "/many").await.contains("entries"));

    it.remove("b.yaml");
    it.until_routes("a:/new").await;
    it.publish("b", "nobody").await;
    gets("a", "7", "/new").await;
    it.remove("a.yaml");
    it.until_routes("").await;
    it.sidecar.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_is_lost_while_subscriptions_and_their_component_change() {
    for kind in ["pubsub.in-memory", "pubsub.sqlite"] {
        let data = tempfile::tempdir().unwrap();
        let bus = bus(kind, &data.path().join("bus.sqlite"));
        let mut app = Recorder::content("[]").await;
        let start = subscription("s", "t", "routes: {default: /0}");
        let it = Reloading::with(beside("app", app.address), &[("bus.yaml", &bus), ("s.yaml", &start)]).await;
        it.until_routes("t:/0").await;
        let url = it.sidecar.url("/v1.0/publish/bus/t");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let publishing = tokio::spawn(async move {
            let mut published = 0_u64;
            while !stop.is_closed() {
                let answer = crate::support::send("POST", &url, &[], published.to_string()).await;
                assert_eq!(answer.status, StatusCode::NO_CONTENT);
                published += 1;
            }
            published
        });
        for n in 1..=12 {
            let bulk =
                if n % 3 == 0 { ", bulkSubscribe: {enabled: true, maxAwaitDurationMs: 5}" } else { "" };
            let route = format!("routes: {{default: /{n}}}{bulk}");
            it.write("s.yaml", &subscription("s", "t", &route));
            it.until_routes(&format!("t:/{n}")).await;
            if kind == "pubsub.sqlite" && n % 4 == 0 {
                // Says nothing new to the component, but it is made again.
                it.write("bus.yaml", &bus.replace("version: v1", &format!("version: v1, initTimeout: {n}s")));
            }
        }
        drop(stopped);
        let published = publishing.await.unwrap();
        let mut missing: std::collections::BTreeSet<u64> = (0..published).collect();
        while !missing.is_empty() {
            let body: serde_json::Value = serde_json::from_str(&app.next().await.body).unwrap();
            let mut note = |event: &serde_json::Value| {
                missing.remove(&event["data"].as_str().unwrap().parse().unwrap());
            };
            match body["entries"].as_array() {
                Some(entries) => entries.iter().for_each(|entry| note(&entry["event"])),
                None => note(&body),
            }
        }
        it.sidecar.stop().await.unwrap();
    }
}

#[tokio::test]
async fn input_bindings_come_change_and_go() {
    let cron = |name: &str, route: &str| {
        component(
            name,
            "bindings.cron",
            &[("schedule", "@every 1s"), ("direction", "input"), ("route", route)],
        )
    };
    let mut app = Recorder::content("[]").await;
    let it = Reloading::with(beside("app", app.address), &[("a.yaml", &cron("a", "/first"))]).await;
    assert_eq!(app.next().await.path, "/first");
    it.write("a.yaml", &cron("a", "/second"));
    while app.next().await.path != "/second" {}
    it.write("b.yaml", &cron("b", "/other"));
    while app.next().await.path != "/other" {}
    it.remove("a.yaml");
    it.until("b=bindings.cron").await;
    // What had begun may still come in.
    let mut others = 0;
    while others < 2 {
        others = if app.next().await.path == "/other" { others + 1 } else { 0 };
    }
    it.sidecar.stop().await.unwrap();
}
