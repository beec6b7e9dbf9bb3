//! Publishing over gRPC (grpc-api reference, 3.3).

use std::sync::Arc;

use bytes::Bytes;
use dapr::dapr::proto::runtime::v1::PublishEventRequest;
use tonic::{Request, Response, Status};

use super::trace;
use crate::sidecar::app::message::sorted;
use crate::sidecar::blocks::pubsub;
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
