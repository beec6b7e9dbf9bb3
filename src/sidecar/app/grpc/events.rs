//! Events handed to the app: `OnTopicEvent`, and the message that an event becomes.

use dapr::dapr::proto::runtime::v1::topic_event_response::TopicEventResponseStatus;
use dapr::dapr::proto::runtime::v1::{TopicEventRequest, TopicEventResponse};
use prost_types::Struct;
use tonic::metadata::MetadataMap;

use super::{Failure, Grpc, metadata, put_trace};
use crate::sidecar::app::CallError;
use crate::sidecar::app::events::{Event, Verdict};
use crate::sidecar::blocks::cloudevent::Parts;
use crate::sidecar::resiliency::Refusal;
use crate::sidecar::trace::Span;
use crate::wire::value::from_json;

const PATH: &str = "/dapr.proto.runtime.v1.AppCallback/OnTopicEvent";

impl Grpc<'_> {
    /// Hands one event to the app. `span` learns how the call ended.
    pub async fn event(&self, event: Event<'_>, span: Option<&mut Span>) -> Verdict {
        let mut headers = metadata(event.metadata);
        if let Ok(pubsub) = event.pubsub.parse() {
            headers.insert("pubsubname", pubsub);
        }
        put_trace(&mut headers, event.trace);
        let message = match Parts::of(event.event) {
            Ok(parts) => message(parts, event.pubsub, event.topic, event.path),
            Err(cause) => return Verdict::failed(format!("the event can't be taken apart: {cause}")),
        };
        match self.call(PATH, message, MetadataMap::from_headers(headers)).await {
            Ok(answer) => verdict(*answer.get_ref()),
            Err(failure) => {
                if let Some(span) = span {
                    span.fail(&failure);
                }
                failed(&failure)
            }
        }
    }
}

/// The verdict that an answer stands for.
pub fn verdict(answer: TopicEventResponse) -> Verdict {
    match TopicEventResponseStatus::try_from(answer.status) {
        Ok(TopicEventResponseStatus::Success) => Verdict::Success,
        Ok(TopicEventResponseStatus::Retry) => Verdict::Retry,
        Ok(TopicEventResponseStatus::Drop) => Verdict::Drop,
        Err(_) => Verdict::Unknown(answer.status.to_string()),
    }
}

/// The verdict that a call without an answer stands for.
pub fn failed(failure: &Failure) -> Verdict {
    match failure {
        Failure::Call(CallError::Broken(cause)) => Verdict::Broken(cause.clone()),
        Failure::Call(error) => Verdict::Unreachable(error.to_string()),
        Failure::Status(_) if failure.is_unimplemented() => Verdict::NoHandler(failure.to_string()),
        Failure::Status(_) => Verdict::Failed(Refusal { code: failure.code(), cause: failure.to_string() }),
    }
}

/// The message that an event becomes.
pub fn message(event: Parts, pubsub: &str, topic: &str, path: &str) -> TopicEventRequest {
    let Parts { id, source, kind, spec_version, data_content_type, data, extensions } = event;
    let fields = extensions.into_iter().map(|(name, value)| (name, from_json(value)));
    TopicEventRequest {
        id,
        source,
        r#type: kind,
        spec_version,
        data_content_type,
        data: data.into(),
        topic: topic.to_owned(),
        pubsub_name: pubsub.to_owned(),
        path: path.to_owned(),
        extensions: Some(Struct { fields: fields.collect() }),
    }
}

#[cfg(test)]
mod tests {
    use prost_types::value::Kind;

    use super::*;

    #[test]
    fn an_event_becomes_a_message() {
        let event =
            br#"{"id":"1","source":"s","type":"x","specversion":"1.0","datacontenttype":"application/json",
            "data":{"a":[1,null]},"topic":"t","n":5,"o":{"k":true},"traceid":"tr"}"#;
        let message = message(Parts::of(event).unwrap(), "mem", "t", "/p");
        assert_eq!((message.id.as_str(), message.source.as_str(), message.r#type.as_str()), ("1", "s", "x"));
        assert_eq!((message.spec_version.as_str(), message.path.as_str()), ("1.0", "/p"));
        assert_eq!((message.topic.as_str(), message.pubsub_name.as_str()), ("t", "mem"));
        assert_eq!(message.data, br#"{"a":[1,null]}"#);
        let fields = message.extensions.unwrap().fields;
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["n", "o", "topic", "traceid"]);
        assert_eq!(fields["n"].kind, Some(Kind::NumberValue(5.0)));
        assert_eq!(fields["topic"].kind, Some(Kind::StringValue("t".into())));
    }
}
