//! Secrets over gRPC (grpc-api reference, 3.5).

use std::sync::Arc;

use dapr::dapr::proto::runtime::v1::{
    GetBulkSecretRequest, GetBulkSecretResponse, GetSecretRequest, GetSecretResponse, SecretResponse,
};
use tonic::{Request, Response, Status};

use crate::sidecar::app::message::sorted;
use crate::sidecar::blocks::secrets;
use crate::sidecar::core::Core;

pub async fn get(
    core: &Arc<Core>,
    request: Request<GetSecretRequest>,
) -> Result<Response<GetSecretResponse>, Status> {
    let GetSecretRequest { store_name, key, metadata } = request.into_inner();
    let secret = secrets::get(&core.shared, &store_name, &key, &sorted(metadata)).await?;
    Ok(Response::new(GetSecretResponse { data: secret.into_iter().collect() }))
}

pub async fn bulk(
    core: &Arc<Core>,
    request: Request<GetBulkSecretRequest>,
) -> Result<Response<GetBulkSecretResponse>, Status> {
    let GetBulkSecretRequest { store_name, metadata } = request.into_inner();
    let secrets = secrets::bulk(&core.shared, &store_name, &sorted(metadata)).await?;
    let data = secrets.into_iter().map(|(name, secret)| {
        let secrets = secret.into_iter().collect();
        (name, SecretResponse { secrets })
    });
    Ok(Response::new(GetBulkSecretResponse { data: data.collect() }))
}
