use dapr_cli::env::Env;
use dapr_cli::sidecar::{Options, Service};
use hyper::StatusCode;
use tokio_util::sync::CancellationToken;

use crate::support::{Sidecar, alone, within};

fn unknown(ignore: bool) -> String {
    format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: s1}}\nspec: {{type: state.nope, version: v1, ignoreErrors: {ignore}}}\n"
    )
}

#[tokio::test]
async fn a_component_that_fails_ends_the_sidecar() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("a.yaml"), unknown(false)).unwrap();
    let options = Options { resources_paths: vec![folder.path().into()], ..alone("a") };
    let error = Sidecar::start(options).await.ended().await.unwrap_err();
    let file = folder.path().join("a.yaml").display().to_string();
    let text = "process component s1 error: [INIT_COMPONENT_FAILURE]: initialization error occurred for s1 (state.nope/v1): [CREATE_COMPONENT_FAILURE]: initialization error occurred for s1 (state.nope/v1): couldn't find state store state.nope/v1";
    assert_eq!(error.to_string(), format!("{text} (defined in {file})"));
}

#[tokio::test]
async fn its_failure_can_be_ignored() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("a.yaml"), unknown(true)).unwrap();
    let options = Options { resources_paths: vec![folder.path().into()], ..alone("a") };
    let sidecar = Sidecar::ready(options).await;
    assert_eq!(sidecar.get("/v1.0/healthz").await.status, StatusCode::NO_CONTENT);
    assert!(!sidecar.get("/v1.0/metadata").await.body.contains("\"components\""));
}

#[tokio::test]
async fn wrong_files_have_the_stock_texts() {
    let build = async |options: Options| {
        let home = tempfile::tempdir().unwrap();
        let env = Env::of([("HOME", &*home.path().to_string_lossy())]);
        match Service::build(options, env).await {
            Err(error) => error.to_string(),
            Ok(service) => within(service.run(CancellationToken::new())).await.unwrap_err().to_string(),
        }
    };
    let missing = Options { resources_paths: vec!["/nowhere".into()], ..alone("a") };
    let text = "failed to create watcher: failed to add target /nowhere: no such file or directory";
    assert_eq!(build(missing).await, text);

    let missing = Options { config_files: vec!["/nowhere.yaml".into()], ..alone("a") };
    let text = "error loading configuration: stat /nowhere.yaml: no such file or directory";
    assert_eq!(build(missing).await, text);

    let folder = tempfile::tempdir().unwrap();
    let twice = format!("{}---\n{}", unknown(true), unknown(true));
    fs_err::write(folder.path().join("a.yaml"), twice).unwrap();
    let double = Options { resources_paths: vec![folder.path().into()], ..alone("a") };
    let text = "failed to load components: duplicate definition of Component name s1 (state.nope/v1) with existing s1 (state.nope/v1)";
    assert_eq!(build(double).await, text);
}
