use dapr_cli::sidecar::{Ended, Options};
use hyper::StatusCode;

use crate::support::{Sidecar, alone, component, eventually};

/// A sidecar over a folder whose files the test writes.
struct Reloading {
    sidecar: Sidecar,
    folder: tempfile::TempDir,
}

impl Reloading {
    async fn start(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs_err::write(folder.path().join(name), text).unwrap();
        }
        let options = Options { resources_paths: vec![folder.path().to_owned()], ..alone("app") };
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
