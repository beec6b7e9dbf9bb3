//! Events handed to the app: `OnTopicEvent`, and the message that an event becomes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dapr::dapr::proto::runtime::v1::topic_event_response::TopicEventResponseStatus;
use dapr::dapr::proto::runtime::v1::{TopicEventRequest, TopicEventResponse};
use prost_types::value::Kind;
use prost_types::{ListValue, Struct};
use serde_json::{Map, Value};
use tonic::metadata::MetadataMap;

use super::{Failure, Grpc, metadata, put_trace};
use crate::sidecar::app::CallError;
use crate::sidecar::app::events::{Event, Verdict};
use crate::sidecar::blocks::cloudevent;
use crate::sidecar::trace::Span;

const PATH: &str = "/dapr.proto.runtime.v1.AppCallback/OnTopicEvent";

impl Grpc<'_> {
    /// Hands one event to the app. `span` learns how the call ended.
    pub async fn event(&self, event: Event<'_>, span: Option<&mut Span>) -> Verdict {
        let mut headers = metadata(event.metadata);
        if let Ok(pubsub) = event.pubsub.parse() {
            headers.insert("pubsubname", pubsub);
        }
        put_trace(&mut headers, event.trace);
        let message = match request(&event) {
            Ok(message) => message,
            Err(cause) => return Verdict::Failed(cause),
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

fn verdict(answer: TopicEventResponse) -> Verdict {
    match TopicEventResponseStatus::try_from(answer.status) {
        Ok(status) => of_status(status),
        Err(_) => Verdict::Unknown(answer.status.to_string()),
    }
}

/// The verdict that a status stands for.
pub fn of_status(status: TopicEventResponseStatus) -> Verdict {
    match status {
        TopicEventResponseStatus::Success => Verdict::Success,
        TopicEventResponseStatus::Retry => Verdict::Retry,
        TopicEventResponseStatus::Drop => Verdict::Drop,
    }
}

fn failed(failure: &Failure) -> Verdict {
    match failure {
        Failure::Call(CallError::Broken(cause)) => Verdict::Broken(cause.clone()),
        Failure::Call(error) => Verdict::Unreachable(error.to_string()),
        Failure::Status(_) if failure.is_unimplemented() => Verdict::NoHandler(failure.to_string()),
        Failure::Status(_) => Verdict::Failed(failure.to_string()),
    }
}

/// The message that an event becomes; the error is the reason why it isn't one.
pub fn request(event: &Event<'_>) -> Result<TopicEventRequest, String> {
    let mut attributes: Map<String, Value> =
        serde_json::from_slice(event.event).map_err(|error| error.to_string())?;
    let mut text = |name: &str| match attributes.remove(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    let mut message = TopicEventRequest {
        id: text("id"),
        source: text("source"),
        r#type: text("type"),
        spec_version: text("specversion"),
        data_content_type: text("datacontenttype"),
        topic: event.topic.to_owned(),
        pubsub_name: event.pubsub.to_owned(),
        path: event.path.to_owned(),
        ..TopicEventRequest::default()
    };
    let (plain, encoded) = (attributes.remove("data"), attributes.remove("data_base64"));
    message.data = match encoded {
        Some(Value::String(encoded)) => {
            STANDARD.decode(encoded).map_err(|error| format!("data_base64 is not base64: {error}"))?
        }
        _ => data(plain, &message.data_content_type),
    };
    message.extensions = Some(structure(attributes));
    Ok(message)
}

/// JSON is its text, a string under any other type its content.
fn data(data: Option<Value>, content_type: &str) -> Vec<u8> {
    match data {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if !cloudevent::is_json(content_type) => text.into_bytes(),
        Some(json) => json.to_string().into_bytes(),
    }
}

fn structure(object: Map<String, Value>) -> Struct {
    Struct { fields: object.into_iter().map(|(name, value)| (name, field(value))).collect() }
}

fn field(value: Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(truth) => Kind::BoolValue(truth),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(list) => Kind::ListValue(ListValue { values: list.into_iter().map(field).collect() }),
        Value::Object(object) => Kind::StructValue(structure(object)),
    };
    prost_types::Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::components::Metadata;
    use crate::sidecar::trace::Context;

    fn message(event: &'static str) -> Result<TopicEventRequest, String> {
        let (event, metadata, trace) =
            (Bytes::from_static(event.as_bytes()), Metadata::new(), Context::default());
        request(&Event {
            pubsub: "mem",
            topic: "t",
            path: "/p",
            event: &event,
            metadata: &metadata,
            trace: &trace,
        })
    }

    #[test]
    fn an_event_becomes_a_message() {
        let message = message(
            r#"{"id":"1","source":"s","type":"x","specversion":"1.0","datacontenttype":"application/json",
                "data":{"a":[1,null]},"topic":"t","n":5,"o":{"k":true},"traceid":"tr"}"#,
        )
        .unwrap();
        assert_eq!((message.id.as_str(), message.source.as_str(), message.r#type.as_str()), ("1", "s", "x"));
        assert_eq!((message.spec_version.as_str(), message.path.as_str()), ("1.0", "/p"));
        assert_eq!((message.topic.as_str(), message.pubsub_name.as_str()), ("t", "mem"));
        assert_eq!(message.data, br#"{"a":[1,null]}"#);
        let fields = message.extensions.unwrap().fields;
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["n", "o", "topic", "traceid"]);
        assert_eq!(fields["n"].kind, Some(Kind::NumberValue(5.0)));
        assert_eq!(fields["topic"].kind, Some(Kind::StringValue("t".into())));
    }

    #[test]
    fn data_are_the_bytes_that_were_published() {
        let data = |event| message(event).map(|message| String::from_utf8(message.data).unwrap());
        assert_eq!(data(r#"{"data":"a\nb","datacontenttype":"text/plain"}"#).unwrap(), "a\nb");
        assert_eq!(data(r#"{"data":"a","datacontenttype":"application/json"}"#).unwrap(), "\"a\"");
        assert_eq!(data(r#"{"data_base64":"aGk=","data":"x"}"#).unwrap(), "hi");
        assert_eq!(data("{}").unwrap(), "");
        assert!(data(r#"{"data_base64":"?"}"#).is_err());
    }
}
