//! Several events handed to the app at once: `OnBulkTopicEvent`, or the method that it was before it was stable.

use dapr::dapr::proto::runtime::v1::topic_event_bulk_request_entry::Event as Form;
use dapr::dapr::proto::runtime::v1::{
    TopicEventBulkRequest, TopicEventBulkRequestEntry, TopicEventBulkResponse, TopicEventCeRequest,
    TopicEventRequest, TopicEventResponse,
};
use hyper::header::HeaderMap;
use tonic::metadata::MetadataMap;

use super::events::{failed, verdict};
use super::{Grpc, put_trace};
use crate::sidecar::app::bulk_events::{BulkEvent, Content, Entry, TYPE, by_entry, new_id};
use crate::sidecar::app::events::Verdict;
use crate::sidecar::blocks::cloudevent::Parts;

const STABLE: &str = "/dapr.proto.runtime.v1.AppCallback/OnBulkTopicEvent";
const ALPHA: &str = "/dapr.proto.runtime.v1.AppCallbackAlpha/OnBulkTopicEventAlpha1";

impl Grpc<'_> {
    /// Hands events to the app; the verdicts are in their order.
    pub async fn bulk_event(&self, bulk: BulkEvent<'_>) -> Vec<Verdict> {
        let message = match message(&bulk) {
            Ok(message) => message,
            Err(cause) => return vec![Verdict::failed(cause); bulk.entries.len()],
        };
        let metadata = || {
            let mut headers = HeaderMap::new();
            if let Ok(pubsub) = bulk.pubsub.parse() {
                headers.insert("pubsubname", pubsub);
            }
            put_trace(&mut headers, &bulk.trace);
            MetadataMap::from_headers(headers)
        };
        let mut answer = self.call::<_, TopicEventBulkResponse>(STABLE, message.clone(), metadata()).await;
        if answer.as_ref().is_err_and(super::Failure::is_unimplemented) {
            answer = self.call(ALPHA, message, metadata()).await;
        }
        match answer {
            Ok(answer) => {
                let statuses = answer.into_inner().statuses.into_iter();
                let of = |status| verdict(TopicEventResponse { status });
                let said = statuses.map(|one| (one.entry_id, of(one.status)));
                by_entry(&bulk, said)
            }
            Err(failure) => vec![failed(&failure); bulk.entries.len()],
        }
    }
}

/// The message that the events become; the error is the reason why one of them isn't an event.
fn message(bulk: &BulkEvent<'_>) -> Result<TopicEventBulkRequest, String> {
    Ok(TopicEventBulkRequest {
        id: new_id(),
        entries: bulk.entries.iter().map(|one| entry(bulk, one)).collect::<Result<_, _>>()?,
        metadata: [("pubsubName".to_owned(), bulk.pubsub.to_owned())].into(),
        topic: bulk.topic.to_owned(),
        pubsub_name: bulk.pubsub.to_owned(),
        r#type: TYPE.to_owned(),
        path: bulk.path.to_owned(),
    })
}

fn entry(bulk: &BulkEvent<'_>, entry: &Entry<'_>) -> Result<TopicEventBulkRequestEntry, String> {
    let form = match entry.content {
        Content::Raw(data, _) => Form::Bytes(data.to_vec()),
        Content::Event(event) => {
            let parts =
                Parts::of(event).map_err(|cause| format!("the event can't be taken apart: {cause}"))?;
            let TopicEventRequest {
                id,
                source,
                r#type,
                spec_version,
                data_content_type,
                data,
                extensions,
                ..
            } = super::events::message(parts, bulk.pubsub, bulk.topic, bulk.path);
            Form::CloudEvent(TopicEventCeRequest {
                id,
                source,
                r#type,
                spec_version,
                data_content_type,
                data,
                extensions,
            })
        }
    };
    Ok(TopicEventBulkRequestEntry {
        entry_id: entry.id.clone(),
        content_type: entry.content.content_type().to_owned(),
        metadata: entry.metadata.clone().into_iter().collect(),
        event: Some(form),
    })
}
