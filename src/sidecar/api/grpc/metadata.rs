//! Metadata and shutdown over gRPC (grpc-api reference, 3.13).

use std::sync::Arc;

use dapr::dapr::proto::runtime::v1::actor_runtime::ActorRuntimeStatus;
use dapr::dapr::proto::runtime::v1::{
    ActorRuntime, AppConnectionHealthProperties, AppConnectionProperties, GetMetadataRequest,
    GetMetadataResponse, MetadataHttpEndpoint, MetadataWorkflows, PubsubSubscription, PubsubSubscriptionRule,
    PubsubSubscriptionRules, PubsubSubscriptionType, RegisteredComponents, SetMetadataRequest,
    ShutdownRequest,
};
use tonic::{Request, Response, Status};

use crate::env::is_true;
use crate::sidecar::blocks::metadata::{AppConnection, AppHealth, HttpEndpoint, Loaded, Metadata};
use crate::sidecar::blocks::subscriptions::{Active, Origin};
use crate::sidecar::core::Core;

#[expect(clippy::unused_async, reason = "as all methods")]
pub async fn get(
    core: &Arc<Core>,
    _: Request<GetMetadataRequest>,
) -> Result<Response<GetMetadataResponse>, Status> {
    let metadata = core.metadata();
    let Metadata {
        id,
        runtime_version,
        enabled_features,
        components,
        extended,
        subscriptions,
        http_endpoints,
        app_connection_properties,
        ..
    } = metadata;
    let endpoint = |endpoint: HttpEndpoint| MetadataHttpEndpoint { name: endpoint.name };
    Ok(Response::new(GetMetadataResponse {
        id,
        registered_components: components.into_iter().map(component).collect(),
        extended_metadata: extended.into_iter().collect(),
        subscriptions: subscriptions.into_iter().map(subscription).collect(),
        http_endpoints: http_endpoints.into_iter().map(endpoint).collect(),
        app_connection_properties: Some(connection(app_connection_properties)),
        runtime_version: runtime_version.into(),
        enabled_features: enabled_features.into_iter().map(str::to_owned).collect(),
        actor_runtime: Some(ActorRuntime {
            runtime_status: ActorRuntimeStatus::Disabled.into(),
            active_actors: Vec::new(),
            host_ready: metadata.actor_runtime.host_ready,
            placement: metadata.actor_runtime.placement.into(),
        }),
        workflows: Some(MetadataWorkflows::default()),
        ..GetMetadataResponse::default()
    }))
}

fn component(loaded: Loaded) -> RegisteredComponents {
    let Loaded { name, r#type, version, capabilities } = loaded;
    let capabilities = capabilities.into_iter().map(str::to_owned).collect();
    RegisteredComponents { name, r#type, version, capabilities }
}

fn subscription(active: Active) -> PubsubSubscription {
    let rules = active.rules.into_iter();
    let rules = rules.map(|rule| PubsubSubscriptionRule { r#match: rule.r#match, path: rule.path });
    PubsubSubscription {
        pubsub_name: active.pubsubname,
        topic: active.topic,
        metadata: active.metadata.into_iter().collect(),
        rules: Some(PubsubSubscriptionRules { rules: rules.collect() }),
        dead_letter_topic: active.dead_letter_topic,
        r#type: match active.r#type {
            Origin::Declarative => PubsubSubscriptionType::Declarative,
            Origin::Programmatic => PubsubSubscriptionType::Programmatic,
            Origin::Streaming => PubsubSubscriptionType::Streaming,
        }
        .into(),
    }
}

fn connection(connection: AppConnection) -> AppConnectionProperties {
    let AppConnection { port, protocol, channel_address, max_concurrency, health } = connection;
    AppConnectionProperties {
        port: port.unwrap_or_default().into(),
        protocol: protocol.into(),
        channel_address,
        max_concurrency: max_concurrency.and_then(|most| most.try_into().ok()).unwrap_or_default(),
        health: health.map(|AppHealth { path, interval, timeout, threshold }| {
            AppConnectionHealthProperties {
                health_check_path: path,
                health_probe_interval: interval,
                health_probe_timeout: timeout,
                health_threshold: threshold.try_into().unwrap_or(i32::MAX),
            }
        }),
    }
}

#[expect(clippy::unused_async, reason = "as all methods")]
pub async fn set(core: &Arc<Core>, request: Request<SetMetadataRequest>) -> Result<Response<()>, Status> {
    let SetMetadataRequest { key, value } = request.into_inner();
    core.extended.set(key, value);
    Ok(Response::new(()))
}

/// Answers first, then ends; at once with `dapr-force-shutdown: true`.
#[expect(clippy::unused_async, reason = "as all methods")]
pub async fn shutdown(core: &Arc<Core>, request: Request<ShutdownRequest>) -> Result<Response<()>, Status> {
    let force = request.metadata().get("dapr-force-shutdown").and_then(|value| value.to_str().ok());
    core.end(force.is_some_and(is_true));
    Ok(Response::new(()))
}
