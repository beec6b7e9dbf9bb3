use std::collections::BTreeMap;

use async_trait::async_trait;

use super::*;
use crate::components::secretstores::{Error as SecretError, Secret, SecretStore};
use crate::components::{Metadata, Properties};
use crate::resources::{Item, SecretKeyRef, Source};
use crate::sidecar::store::Components;

fn component(kind: &str, version: &str) -> Component {
    Component {
        name: "c".into(),
        kind: kind.into(),
        version: version.into(),
        ignore_errors: false,
        init_timeout: String::new(),
        metadata: Vec::new(),
        secret_store: None,
        scopes: Vec::new(),
        file: "c.yaml".into(),
    }
}

fn shared(env: Env) -> Shared {
    Shared {
        app_id: "a".into(),
        namespace: String::new(),
        configuration: crate::resources::Configuration::default(),
        env,
        tracer: crate::sidecar::trace::Tracer::default(),
        components: Components::default(),
        app: None,
    }
}

fn item(name: &str, source: Source) -> Item {
    Item { name: name.into(), source }
}

fn secret(name: &str, key: &str) -> Source {
    Source::Secret(SecretKeyRef { name: name.into(), key: key.into() })
}

/// Knows one secret.
struct OneSecret;

#[async_trait]
impl SecretStore for OneSecret {
    async fn get(&self, name: &str, _: &Metadata) -> Result<Secret, SecretError> {
        match name {
            "known" => Ok(Secret::from([("known".into(), "s3cret".into()), ("part".into(), "p".into())])),
            other => Err(SecretError(format!("secret {other} not found"))),
        }
    }

    async fn bulk(&self, _: &Metadata) -> Result<BTreeMap<String, Secret>, SecretError> {
        Ok(BTreeMap::new())
    }
}

#[test]
fn a_type_is_denied_in_all_or_one_version() {
    let denied = ["state.a".to_owned(), "state.b/v1".to_owned()];
    assert!(is_denied(&component("state.a", "v2"), &denied));
    assert!(is_denied(&component("state.b", "v1"), &denied));
    assert!(!is_denied(&component("state.b", "v2"), &denied));
}

#[tokio::test]
async fn unknown_types_have_the_stock_texts() {
    let cases = [
        ("state.nope", "couldn't find state store state.nope/v1"),
        ("pubsub.nope", "couldn't find message bus pubsub.nope/v1"),
        ("secretstores.nope", "couldn't find secret store secretstores.nope/v1"),
        ("bindings.cron", "couldn't find output binding bindings.cron/v1"),
        ("configuration.redis", "couldn't find configuration store configuration.redis/v1"),
        ("lock.redis", "couldn't find lock store lock.redis/v1"),
        ("crypto.x", "couldn't find crypto provider crypto.x/v1"),
        ("conversation.echo", "couldn't find conversation conversation.echo/v1"),
        ("middleware.http.x", "couldn't find HTTP middleware middleware.http.x/v1"),
        ("moon.x", "incorrect type moon.x"),
    ];
    let (shared, registry, metrics) = (shared(Env::of([])), Registry::default(), Metrics::new("a"));
    for (kind, text) in cases {
        let result = all(vec![component(kind, "v1")], &registry, &shared, &shared.env, &metrics).await;
        let expected = format!(
            "process component c error: [INIT_COMPONENT_FAILURE]: initialization error occurred for c ({kind}/v1): [CREATE_COMPONENT_FAILURE]: initialization error occurred for c ({kind}/v1): {text} (defined in c.yaml)"
        );
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn what_waits_for_a_missing_store_or_is_denied_is_left_out() {
    let mut shared = shared(Env::of([]));
    shared.configuration.denied_components = vec!["state.denied".into()];
    let mut waiting = component("state.nope", "v1");
    waiting.secret_store = Some("nowhere".into());
    waiting.metadata = vec![item("password", secret("known", ""))];
    let (registry, metrics) = (Registry::default(), Metrics::new("a"));
    let components = vec![waiting, component("state.denied", "v1")];
    assert_eq!(all(components, &registry, &shared, &shared.env, &metrics).await, Ok(()));
    assert_eq!(metrics.text(), "");
}

#[tokio::test]
async fn values_come_from_files_secrets_and_variables() {
    let shared = shared(Env::of([("OPEN", "o"), ("DAPR_API_TOKEN", "hidden")]));
    shared.components.insert_secretstore(component("secretstores.one", "v1"), Arc::new(OneSecret));
    let mut user = component("state.x", "v1");
    user.secret_store = Some("c".into());
    user.metadata = vec![
        item("plain", Source::Value("{appID}!".into())),
        item("whole", secret("known", "")),
        item("part", secret("known", "part")),
        item("noKey", secret("known", "other")),
        item("noSecret", secret("unknown", "")),
        item("open", Source::Env("OPEN".into())),
        item("token", Source::Env("DAPR_API_TOKEN".into())),
    ];
    assert_eq!(values::missing_store(&user, &shared.components), None);
    let properties = values::resolve(&user, &shared, &shared.env).await.unwrap();
    let get = |name| properties.get(name).unwrap();
    assert_eq!([get("plain"), get("whole"), get("part"), get("open")], ["a!", "s3cret", "p", "o"]);
    assert_eq!([get("noKey"), get("noSecret"), get("token")], ["", "", ""]);

    // Without a store the value is empty, and nothing is waited for.
    user.secret_store = None;
    user.metadata = vec![item("password", secret("known", ""))];
    assert_eq!(values::missing_store(&user, &shared.components), None);
    let properties: Properties = values::resolve(&user, &shared, &shared.env).await.unwrap();
    assert_eq!(properties.get("password"), Some(""));
}

#[tokio::test(start_paused = true)]
async fn a_component_has_its_time_to_start() {
    let shared = shared(Env::of([]));
    let (registry, metrics) = (Registry::default(), Metrics::new("a"));
    let loader = Loader { registry: &registry, shared: &shared, env: &shared.env, metrics: &metrics };
    let fails: Make<dyn SecretStore> =
        |init| Box::pin(async move { Err(InitError(format!("{} can't", init.name))) });
    let Err(Failure::Init(text)) = loader.run(&component("secretstores.x", "v1"), fails).await else {
        panic!("it was made");
    };
    assert_eq!(text, "c can't");
    let hangs: Make<dyn SecretStore> = |_| Box::pin(std::future::pending());
    let mut slow = component("secretstores.x", "v1");
    slow.init_timeout = "1m".into();
    let Err(Failure::Init(text)) = loader.run(&slow, hangs).await else { panic!("it was made") };
    assert_eq!(text, "init timeout for component c (secretstores.x/v1) exceeded after 1m0s");
}
