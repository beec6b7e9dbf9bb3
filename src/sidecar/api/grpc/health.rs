//! The standard health service: whether the API can be used.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::Health as Service;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::sidecar::core::Core;

/// The service that clients may ask about, beside the server as a whole.
const DAPR: &str = "dapr.proto.runtime.v1.Dapr";

/// The health of one sidecar.
pub struct Health(pub Arc<Core>);

fn is_known(service: &str) -> bool {
    service.is_empty() || service == DAPR
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

fn status(loaded: bool) -> ServingStatus {
    if loaded { ServingStatus::Serving } else { ServingStatus::NotServing }
}

#[async_trait]
impl Service for Health {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let service = &request.get_ref().service;
        if !is_known(service) {
            return Err(Status::not_found(format!("no service {service} here")));
        }
        Ok(Response::new(answer(status(*self.0.loaded.borrow()))))
    }

    type WatchStream = BoxStream<HealthCheckResponse>;

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        if !is_known(&request.get_ref().service) {
            // It could still appear, says the protocol.
            let unknown = stream::iter([Ok(answer(ServingStatus::ServiceUnknown))]);
            return Ok(Response::new(Box::pin(unknown.chain(stream::pending()))));
        }
        let told = (self.0.loaded.subscribe(), None);
        let changes = stream::unfold(told, async |(mut loaded, last)| {
            let now = *loaded.wait_for(|now| Some(*now) != last).await.ok()?;
            Some((Ok(answer(status(now))), (loaded, Some(now))))
        });
        Ok(Response::new(Box::pin(changes)))
    }
}
