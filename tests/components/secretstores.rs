//! Secret stores.

use std::sync::Arc;

use dapr_cli::components::Metadata;
use dapr_cli::components::secretstores::{Feature, SecretStore};

use crate::support::{Settings, init, registry};

async fn make(kind: &str, settings: Settings<'_>) -> Result<Arc<dyn SecretStore>, String> {
    let make = registry().secretstore(kind, "v1").unwrap();
    make(init("app", settings)).await.map_err(|error| error.to_string())
}

/// What every provider does: a secret that is listed can be read, with the same pairs.
async fn conformance(store: &dyn SecretStore) {
    let none = Metadata::new();
    let all = store.bulk(&none).await.unwrap();
    assert!(!all.is_empty());
    for (name, secret) in all {
        assert_eq!(store.get(&name, &none).await.unwrap(), secret, "{name}");
    }
}

struct File {
    _home: tempfile::TempDir,
    path: String,
}

fn file(content: &str) -> File {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("secrets.json");
    fs_err::write(&path, content).unwrap();
    File { path: path.to_str().unwrap().to_owned(), _home: home }
}

const NESTED: &str =
    r#"{"a":{"b":"c","d":{"e":"f"}},"list":["p",{"q":"r"}],"plain":"x","n":1,"yes":true,"nothing":null}"#;

fn pairs(secret: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    secret.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn every_provider_keeps_the_contract() {
    let file = file(NESTED);
    conformance(&*make("secretstores.local.env", &[]).await.unwrap()).await;
    conformance(&*make("secretstores.local.file", &[("secretsFile", &file.path)]).await.unwrap()).await;
    let multi = [("secretsFile", file.path.as_str()), ("multiValued", "true")];
    conformance(&*make("secretstores.local.file", &multi).await.unwrap()).await;
}

#[tokio::test]
async fn the_environment_without_the_sidecars_own_settings() {
    let store = make("secretstores.local.env", &[]).await.unwrap();
    let none = Metadata::new();
    assert!(store.features().is_empty());
    assert_eq!(store.get("PLAIN", &none).await.unwrap(), pairs(&[("PLAIN", "value")]));
    for empty in ["ABSENT", "APP_API_TOKEN", "app_api_token", "Dapr_x", "DAPR_API_TOKEN"] {
        assert_eq!(store.get(empty, &none).await.unwrap(), pairs(&[(empty, "")]));
    }
    let all: Vec<_> = store.bulk(&none).await.unwrap().into_keys().collect();
    assert_eq!(all, ["APP_SECRET", "PLAIN"]);
}

#[tokio::test]
async fn a_prefix_of_variables() {
    let store = make("secretstores.local.env", &[("prefix", "APP_")]).await.unwrap();
    let none = Metadata::new();
    assert_eq!(store.get("SECRET", &none).await.unwrap(), pairs(&[("SECRET", "s3cret")]));
    assert_eq!(store.get("API_TOKEN", &none).await.unwrap(), pairs(&[("API_TOKEN", "")]));
    let all = store.bulk(&none).await.unwrap();
    assert_eq!(all.into_values().collect::<Vec<_>>(), [pairs(&[("SECRET", "s3cret")])]);
}

#[tokio::test]
async fn nested_values_of_a_file_are_flattened() {
    let file = file(NESTED);
    let store = make("secretstores.local.file", &[("secretsFile", &file.path)]).await.unwrap();
    assert!(store.features().is_empty());
    let all: Vec<_> = store.bulk(&Metadata::new()).await.unwrap().into_values().flatten().collect();
    let expected = pairs(&[
        ("a:b", "c"),
        ("a:d:e", "f"),
        ("list:0", "p"),
        ("list:1:q", "r"),
        ("plain", "x"),
        ("n", "1"),
        ("yes", "true"),
        ("nothing", "null"),
    ]);
    assert_eq!(all, expected.into_iter().collect::<Vec<_>>());
    let error = store.get("a", &Metadata::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "secret a not found");
}

#[tokio::test]
async fn secrets_of_several_pairs() {
    let file = file(NESTED);
    let settings = [("secretsFile", file.path.as_str()), ("multiValued", "yes"), ("nestedSeparator", ".")];
    let store = make("secretstores.local.file", &settings).await.unwrap();
    assert_eq!(store.features(), [Feature::MultipleKeyValuesPerSecret]);
    let all = store.bulk(&Metadata::new()).await.unwrap();
    assert_eq!(all.keys().collect::<Vec<_>>(), ["a", "plain"]);
    assert_eq!(all["a"], pairs(&[("b", "c"), ("d.e", "f")]));
    assert_eq!(all["plain"], pairs(&[("plain", "x")]));
}

#[tokio::test]
async fn a_file_that_cannot_be_read() {
    let error = async |settings: Settings<'_>| make("secretstores.local.file", settings).await.err().unwrap();
    assert_eq!(error(&[]).await, "missing local secrets file in metadata");
    assert!(error(&[("secretsFile", "/no/such/file")]).await.contains("/no/such/file"));
    let broken = file("{\"a\": ");
    assert!(error(&[("secretsFile", &broken.path)]).await.contains("line 1 column"));
    let leaky = file("\"hunter2\"");
    assert!(!error(&[("secretsFile", &leaky.path)]).await.contains("hunter2"));
}
