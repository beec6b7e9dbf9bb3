//! Publishing over gRPC (grpc-api reference, 3.3).

use std::sync::Arc;

use bytes::Bytes;
use dapr::dapr::proto::runtime::v1::{BulkPublishRequest, BulkPublishResponse, PublishEventRequest};
use tonic::{Request, Response, Status};

use super::trace;
use crate::sidecar::app::message::sorted;
use crate::sidecar::blocks::pubsub::{self, bulk};
use crate::sidecar::core::Core;

pub async fn publish(
    core: &Arc<Core>,
    request: Request<PublishEventRequest>,
) -> Result<Response<()>, Status> {
    let trace = trace::of_call(request.metadata(), &core.shared.tracer);
    let PublishEventRequest { pubsub_name, topic, data, data_content_type, metadata } = request.into_inner();
    let mut metadata = sorted(metadata);
    pubsub::put_trace_beside_raw(&mut metadata, &trace);
    let request = pubsub::Request {
        pubsub: &pubsub_name,
        topic: &topic,
        content_type: &data_content_type,
        data: Ok(Bytes::from(data)),
        metadata,
        trace,
    };
    pubsub::publish(&core.shared, request).await?;
    Ok(Response::new(()))
}

pub async fn bulk_publish(
    core: &Arc<Core>,
    request: Request<BulkPublishRequest>,
) -> Result<Response<BulkPublishResponse>, Status> {
    let trace = trace::of_call(request.metadata(), &core.shared.tracer);
    let BulkPublishRequest { pubsub_name, topic, entries, metadata } = request.into_inner();
    let entries = entries.into_iter().map(|entry| bulk::Entry {
        id: entry.entry_id,
        content_type: entry.content_type,
        data: Ok(Bytes::from(entry.event)),
        metadata: sorted(entry.metadata),
    });
    let request = bulk::Request {
        pubsub: &pubsub_name,
        topic: &topic,
        entries: Ok(entries.collect()),
        metadata: sorted(metadata),
        trace,
        call: "/dapr.proto.runtime.v1.Dapr/BulkPublishEvent",
    };
    match bulk::publish(&core.shared, request).await {
        Ok(()) => Ok(Response::new(BulkPublishResponse::default())),
        // Which entries failed can't be told beside an error.
        Err(bulk::Failure::Refused(error) | bulk::Failure::Entries { error, .. }) => Err(error.into()),
    }
}
