//! Jobs handed to the app: `OnJobEvent`, or its older name.

use dapr::dapr::proto::common::v1::HttpExtension;
use dapr::dapr::proto::common::v1::http_extension::Verb;
use dapr::dapr::proto::runtime::v1::{JobEventRequest, JobEventResponse};
use tonic::Code;
use tonic::metadata::MetadataMap;

use super::{Failure, Grpc};
use crate::components::jobs::Payload;
use crate::sidecar::app::CallError;
use crate::sidecar::app::jobs::Reply;
use crate::sidecar::app::message::any;

const PATHS: [&str; 2] = [
    "/dapr.proto.runtime.v1.AppCallback/OnJobEvent",
    "/dapr.proto.runtime.v1.AppCallbackAlpha/OnJobEventAlpha1",
];

impl Grpc<'_> {
    /// Hands one job to the app.
    pub async fn job(&self, name: &str, payload: &Payload) -> Reply {
        let data = any(payload);
        let request = JobEventRequest {
            name: name.to_owned(),
            content_type: data.as_ref().map(|data| data.type_url.clone()).unwrap_or_default(),
            data,
            method: format!("job/{name}"),
            http_extension: Some(HttpExtension { verb: Verb::Post.into(), querystring: String::new() }),
        };
        let mut failure = None;
        for path in PATHS {
            match self.call::<_, JobEventResponse>(path, request.clone(), MetadataMap::new()).await {
                Ok(_) => return Reply::Done,
                Err(error) => {
                    let is_unimplemented = error.is_unimplemented();
                    failure = Some(error);
                    if !is_unimplemented {
                        break;
                    }
                }
            }
        }
        failure.map_or(Reply::Done, reply)
    }
}

fn reply(failure: Failure) -> Reply {
    match failure {
        Failure::Status(status) if status.code() == Code::NotFound => {
            Reply::NoHandler(Failure::Status(status).to_string())
        }
        Failure::Status(_) => Reply::Failed(failure.to_string()),
        Failure::Call(CallError::Broken(cause)) => Reply::Failed(cause),
        Failure::Call(error) => Reply::Unreachable(error.to_string()),
    }
}
