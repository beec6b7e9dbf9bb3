//! Output bindings over gRPC (grpc-api reference, 3.4).

use std::sync::Arc;

use bytes::Bytes;
use dapr::dapr::proto::runtime::v1::{InvokeBindingRequest, InvokeBindingResponse};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use tonic::metadata::{KeyAndValueRef, MetadataMap};
use tonic::{Request, Response, Status};

use super::trace;
use crate::components::{Metadata, bindings};
use crate::sidecar::app::message::sorted;
use crate::sidecar::blocks;
use crate::sidecar::core::Core;

pub async fn invoke(
    core: &Arc<Core>,
    request: Request<InvokeBindingRequest>,
) -> Result<Response<InvokeBindingResponse>, Status> {
    let trace = trace::of_call(request.metadata(), &core.shared.tracer);
    let (of_call, _, message) = request.into_parts();
    let InvokeBindingRequest { name, data, metadata, operation } = message;
    let baggage = of_call.get("baggage").and_then(|baggage| baggage.to_str().ok());
    let mut metadata = sorted(metadata);
    for (name, value) in custom(&of_call) {
        metadata.entry(name).or_insert(value);
    }
    let request = bindings::Request { operation, data: Bytes::from(data), metadata };
    match blocks::bindings::invoke(&core.shared, &name, request, &trace, baggage).await {
        Ok(answer) => {
            let given = given(&answer.metadata);
            let mut response = Response::new(InvokeBindingResponse {
                data: answer.data.unwrap_or_default().into(),
                metadata: answer.metadata.into_iter().collect(),
            });
            *response.metadata_mut() = given;
            Ok(response)
        }
        Err(failed) => {
            let mut status = Status::from(failed.error);
            *status.metadata_mut() = given(&failed.metadata);
            Err(status)
        }
    }
}

/// What the caller has put beside the call, without what its client has.
fn custom(metadata: &MetadataMap) -> impl Iterator<Item = (String, String)> {
    let is_own =
        |name: &str| name.starts_with("grpc-") || matches!(name, "te" | "content-type" | "user-agent");
    metadata.iter().filter_map(move |pair| match pair {
        KeyAndValueRef::Ascii(name, value) if !is_own(name.as_str()) => {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        }
        _ => None,
    })
}

/// The component's metadata as metadata of the response: `metadata.<name>`.
fn given(metadata: &Metadata) -> MetadataMap {
    let mut headers = HeaderMap::with_capacity(metadata.len());
    for (name, value) in metadata {
        let name = HeaderName::from_bytes(format!("metadata.{name}").to_lowercase().as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    MetadataMap::from_headers(headers)
}
