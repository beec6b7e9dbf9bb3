use std::collections::HashMap;

use dapr::dapr::proto::runtime::v1::{GetBulkSecretRequest, GetSecretRequest};
use dapr_cli::env::Env;
use dapr_cli::sidecar::Options;
use tonic::Code;

use super::{client, parts};
use crate::support::{Sidecar, alone, component, resources};

fn secret(store: &str, key: &str) -> GetSecretRequest {
    GetSecretRequest { store_name: store.into(), key: key.into(), metadata: HashMap::new() }
}

#[tokio::test]
async fn secrets_by_name_and_all() {
    let folder = resources(&[component("env", "secretstores.local.env", &[])]);
    let config = folder.path().join("../config-of-secrets.yaml");
    let configuration = "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {name: c}\nspec: {secrets: {scopes: [{storeName: env, deniedSecrets: [HIDDEN]}]}}\n";
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join(config.file_name().unwrap());
    fs_err::write(&config, configuration).unwrap();
    let options =
        Options { resources_paths: vec![folder.path().into()], config_files: vec![config], ..alone("a") };
    let sidecar = Sidecar::start_with(options, Env::of([("KNOWN", "value"), ("HIDDEN", "x")])).await;
    sidecar.until_ready().await;
    let mut dapr = client(&sidecar).await;
    let known = dapr.get_secret(secret("env", "KNOWN")).await.unwrap().into_inner();
    assert_eq!(known.data, HashMap::from([("KNOWN".to_owned(), "value".to_owned())]));
    let all = GetBulkSecretRequest { store_name: "env".into(), metadata: HashMap::new() };
    let all = dapr.get_bulk_secret(all).await.unwrap().into_inner().data;
    assert_eq!(all["KNOWN"].secrets["KNOWN"], "value");
    assert!(!all.contains_key("HIDDEN"));
    let error = dapr.get_secret(secret("env", "HIDDEN")).await.unwrap_err();
    assert_eq!(
        parts(&error),
        (Code::PermissionDenied, "access denied by policy to get \"HIDDEN\" from \"env\"", None)
    );
    let error = dapr.get_secret(secret("x", "KNOWN")).await.unwrap_err();
    assert_eq!(parts(&error), (Code::InvalidArgument, "failed finding secret store with key x", None));
}

#[tokio::test]
async fn without_a_store() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let error = client(&sidecar).await.get_secret(secret("x", "k")).await.unwrap_err();
    assert_eq!(parts(&error), (Code::FailedPrecondition, "secret store is not configured", None));
}
