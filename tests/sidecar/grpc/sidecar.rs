use std::collections::HashMap;

use dapr::dapr::proto::runtime::v1::actor_runtime::ActorRuntimeStatus;
use dapr::dapr::proto::runtime::v1::{
    GetMetadataRequest, PubsubSubscriptionType, SetMetadataRequest, ShutdownRequest,
};
use dapr_cli::sidecar::{Ended, Options};
use tonic::Request;

use super::client;
use crate::support::{Recorder, Sidecar, alone, beside, component, resources};

#[tokio::test]
async fn metadata_says_what_http_says() {
    let app = Recorder::content(r#"[{"pubsubname":"mem","topic":"t","route":"/t"}]"#).await;
    let folder =
        resources(&[component("mem", "pubsub.in-memory", &[]), component("store", "state.in-memory", &[])]);
    let options = Options {
        resources_paths: vec![folder.path().into()],
        app_max_concurrency: 5,
        ..beside("a", app.address)
    };
    let sidecar = Sidecar::ready(options).await;
    let mut dapr = client(&sidecar).await;
    dapr.set_metadata(SetMetadataRequest { key: "foo".into(), value: "bar".into() }).await.unwrap();
    let metadata = dapr.get_metadata(GetMetadataRequest {}).await.unwrap().into_inner();
    assert_eq!(
        (metadata.id.as_str(), metadata.runtime_version.as_str()),
        ("a", dapr_cli::sidecar::RUNTIME_VERSION)
    );
    let components: Vec<_> =
        metadata.registered_components.iter().map(|c| (c.name.as_str(), c.r#type.as_str())).collect();
    assert_eq!(components, [("mem", "pubsub.in-memory"), ("store", "state.in-memory")]);
    assert!(metadata.registered_components[1].capabilities.iter().any(|one| one == "ETAG"));
    let extended = [("daprRuntimeVersion", dapr_cli::sidecar::RUNTIME_VERSION), ("foo", "bar")];
    let extended: HashMap<_, _> = extended.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    assert_eq!(metadata.extended_metadata, extended);
    let subscription = &metadata.subscriptions[0];
    assert_eq!(
        (subscription.topic.as_str(), subscription.r#type()),
        ("t", PubsubSubscriptionType::Programmatic)
    );
    assert_eq!(subscription.rules.as_ref().unwrap().rules[0].path, "/t");
    let connection = metadata.app_connection_properties.unwrap();
    assert_eq!(connection.port, i32::from(app.address.port()));
    assert_eq!((connection.protocol.as_str(), connection.max_concurrency), ("http", 5));
    let actors = metadata.actor_runtime.unwrap();
    assert_eq!((actors.runtime_status(), actors.host_ready), (ActorRuntimeStatus::Disabled, false));
    assert!(metadata.workflows.is_some());
}

#[tokio::test]
async fn a_client_may_end_the_sidecar() {
    let sidecar = Sidecar::ready(alone("a")).await;
    client(&sidecar).await.shutdown(ShutdownRequest {}).await.unwrap();
    assert_eq!(sidecar.ended().await.unwrap(), Ended::Gracefully);
    let sidecar = Sidecar::ready(alone("a")).await;
    let mut request = Request::new(ShutdownRequest {});
    request.metadata_mut().insert("dapr-force-shutdown", "true".parse().unwrap());
    client(&sidecar).await.shutdown(request).await.unwrap();
    assert_eq!(sidecar.ended().await.unwrap(), Ended::Forced);
}
