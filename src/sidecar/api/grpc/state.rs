//! State over gRPC (grpc-api reference, 3.2).

use std::sync::Arc;

use dapr::dapr::proto::runtime::v1::{
    BulkStateItem, DeleteBulkStateRequest, DeleteStateRequest, ExecuteStateTransactionRequest,
    GetBulkStateRequest, GetBulkStateResponse, GetStateRequest, GetStateResponse, QueryStateRequest,
    QueryStateResponse, SaveStateRequest,
};
use tonic::{Request, Response, Status};

use crate::sidecar::app::message::{etag, options, removal, sorted, write};
use crate::sidecar::blocks::state::{Removal, StateStore, Step, unsupported_operation};
use crate::sidecar::core::Core;
use crate::sidecar::error::ApiError;

pub async fn get(
    core: &Arc<Core>,
    request: Request<GetStateRequest>,
) -> Result<Response<GetStateResponse>, Status> {
    let GetStateRequest { store_name, key, metadata, .. } = request.into_inner();
    let store = StateStore::open(&core.shared, &store_name)?;
    let item = store.get(&key, &sorted(metadata)).await?;
    Ok(Response::new(item.map_or_else(GetStateResponse::default, |item| GetStateResponse {
        data: item.value.into(),
        etag: item.etag.unwrap_or_default(),
        metadata: item.metadata.into_iter().collect(),
    })))
}

pub async fn bulk_get(
    core: &Arc<Core>,
    request: Request<GetBulkStateRequest>,
) -> Result<Response<GetBulkStateResponse>, Status> {
    let GetBulkStateRequest { store_name, keys, metadata, .. } = request.into_inner();
    let store = StateStore::open(&core.shared, &store_name)?;
    let items = store.bulk_get(&keys, &sorted(metadata)).await?;
    let items = keys.into_iter().zip(items).map(|(key, item)| {
        let empty = BulkStateItem { key, ..BulkStateItem::default() };
        match item {
            Err(cause) => BulkStateItem { error: cause.to_string(), ..empty },
            Ok(None) => empty,
            Ok(Some(item)) => BulkStateItem {
                data: item.value.into(),
                etag: item.etag.unwrap_or_default(),
                metadata: item.metadata.into_iter().collect(),
                ..empty
            },
        }
    });
    Ok(Response::new(GetBulkStateResponse { items: items.collect() }))
}

pub async fn save(core: &Arc<Core>, request: Request<SaveStateRequest>) -> Result<Response<()>, Status> {
    let SaveStateRequest { store_name, states } = request.into_inner();
    let store = StateStore::open(&core.shared, &store_name)?;
    let writes = states.into_iter().map(write).collect();
    store.save(writes).await.map_err(in_grpc_words)?;
    Ok(Response::new(()))
}

pub async fn delete(core: &Arc<Core>, request: Request<DeleteStateRequest>) -> Result<Response<()>, Status> {
    let DeleteStateRequest { store_name, key, etag: expected, options: wanted, metadata } =
        request.into_inner();
    let store = StateStore::open(&core.shared, &store_name)?;
    let removal =
        Removal { key, etag: etag(expected), metadata: sorted(metadata), options: options(wanted.as_ref()) };
    store.delete(removal).await.map_err(in_grpc_words)?;
    Ok(Response::new(()))
}

pub async fn bulk_delete(
    core: &Arc<Core>,
    request: Request<DeleteBulkStateRequest>,
) -> Result<Response<()>, Status> {
    let DeleteBulkStateRequest { store_name, states } = request.into_inner();
    let store = StateStore::open(&core.shared, &store_name)?;
    let removals = states.into_iter().map(removal).collect();
    store.bulk_delete(removals).await.map_err(in_grpc_words)?;
    Ok(Response::new(()))
}

pub async fn transact(
    core: &Arc<Core>,
    request: Request<ExecuteStateTransactionRequest>,
) -> Result<Response<()>, Status> {
    let ExecuteStateTransactionRequest { store_name, operations, metadata } = request.into_inner();
    let store = StateStore::open_transactional(&core.shared, &store_name)?;
    let mut steps = Vec::with_capacity(operations.len());
    for operation in operations {
        let item = operation.request.unwrap_or_default();
        steps.push(match operation.operation_type.as_str() {
            "upsert" => Step::Upsert(write(item)),
            "delete" => Step::Delete(removal(item)),
            other => return Err(unsupported_operation(other).into()),
        });
    }
    store.transact(steps, &sorted(metadata)).await.map_err(in_grpc_words)?;
    Ok(Response::new(()))
}

#[expect(clippy::unused_async, reason = "as all methods")]
pub async fn query(
    core: &Arc<Core>,
    request: Request<QueryStateRequest>,
) -> Result<Response<QueryStateResponse>, Status> {
    let store = StateStore::open(&core.shared, &request.get_ref().store_name)?;
    store.query()?;
    Ok(Response::new(QueryStateResponse::default()))
}

/// A missing key is told otherwise than over HTTP, where it is a field of a JSON text.
fn in_grpc_words(error: ApiError) -> ApiError {
    if error.code == "ERR_MALFORMED_REQUEST" && error.details.is_empty() {
        return ApiError { code: "ERR_STATE_SAVE", message: "state key cannot be empty".into(), ..error };
    }
    error
}
