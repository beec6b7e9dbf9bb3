//! Distributed lock over gRPC (grpc-api reference, 3.7).

use std::sync::Arc;

use dapr::dapr::proto::runtime::v1::{
    TryLockRequest, TryLockResponse, UnlockRequest, UnlockResponse, unlock_response,
};
use tonic::{Request, Response, Status};

use crate::components::lock::Unlocked;
use crate::sidecar::blocks::lock;
use crate::sidecar::core::Core;

pub async fn try_lock(
    core: &Arc<Core>,
    request: Request<TryLockRequest>,
) -> Result<Response<TryLockResponse>, Status> {
    let TryLockRequest { store_name, resource_id, lock_owner, expiry_in_seconds } = request.into_inner();
    let taken = lock::try_lock(&core.shared, &store_name, &resource_id, &lock_owner, expiry_in_seconds);
    Ok(Response::new(TryLockResponse { success: taken.await? }))
}

pub async fn unlock(
    core: &Arc<Core>,
    request: Request<UnlockRequest>,
) -> Result<Response<UnlockResponse>, Status> {
    let UnlockRequest { store_name, resource_id, lock_owner } = request.into_inner();
    let status = match lock::unlock(&core.shared, &store_name, &resource_id, &lock_owner).await? {
        Unlocked::Success => unlock_response::Status::Success,
        Unlocked::Missing => unlock_response::Status::LockDoesNotExist,
        Unlocked::OfOther => unlock_response::Status::LockBelongsToOthers,
    };
    Ok(Response::new(UnlockResponse { status: status.into() }))
}
