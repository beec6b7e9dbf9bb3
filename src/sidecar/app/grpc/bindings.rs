//! Input bindings: `ListInputBindings` and `OnBindingEvent`.

use std::collections::HashSet;

use bytes::Bytes;
use dapr::dapr::proto::runtime::v1::binding_event_response::BindingEventConcurrency;
use dapr::dapr::proto::runtime::v1::{BindingEventRequest, BindingEventResponse, ListInputBindingsResponse};
use tonic::metadata::MetadataMap;

use super::{Failure, Grpc, metadata, put_trace};
use crate::resources::Component;
use crate::sidecar::app::bindings::SCOPE;
use crate::sidecar::app::channel::ANSWER;
use crate::sidecar::app::message;
use crate::sidecar::blocks::bindings::{Answer, Delivery};
use crate::sidecar::resiliency::Refusal;
use crate::sidecar::trace::Context;

const LIST: &str = "/dapr.proto.runtime.v1.AppCallback/ListInputBindings";
const EVENT: &str = "/dapr.proto.runtime.v1.AppCallback/OnBindingEvent";

impl Grpc<'_> {
    /// The names of those bindings whose events the app wants.
    pub async fn wanted_bindings(&self, bindings: &[&Component]) -> HashSet<String> {
        let listed = match self.ask_patiently::<ListInputBindingsResponse>(LIST).await {
            Some(Ok(answer)) => answer.bindings,
            Some(Err(failure)) if failure.is_unimplemented() => Vec::new(),
            Some(Err(failure)) => {
                tracing::error!(target: SCOPE, "error asking the app about bindings: {failure}");
                Vec::new()
            }
            None => {
                tracing::error!(
                    target: SCOPE,
                    "error asking the app about bindings: no answer to ListInputBindings within {} seconds",
                    ANSWER.as_secs()
                );
                Vec::new()
            }
        };
        let known = |name: &String| bindings.iter().any(|binding| binding.name == *name);
        listed.into_iter().filter(known).collect()
    }

    /// Hands an event over. The error is the reason for which it isn't handled.
    pub async fn binding_event(&self, delivery: Delivery<'_>) -> Result<Answer, Refusal> {
        let Delivery { name, event, parent, .. } = delivery;
        let request = BindingEventRequest {
            name: name.to_owned(),
            data: event.data.to_vec(),
            metadata: event.metadata.clone().into_iter().collect(),
        };
        let mut headers = metadata(&event.metadata);
        let state = event.metadata.get("tracestate").cloned().unwrap_or_default();
        put_trace(&mut headers, &Context { parent: parent.to_owned(), state });
        let answer = self.call(EVENT, request, MetadataMap::from_headers(headers)).await;
        answer.map(|answer| read(answer.into_inner())).map_err(|failure| Refusal {
            code: failure.code(),
            cause: match failure {
                Failure::Call(error) => error.to_string(),
                Failure::Status(_) => format!("error invoking app: {failure}"),
            },
        })
    }
}

fn read(answer: BindingEventResponse) -> Answer {
    let in_order = answer.concurrency() == BindingEventConcurrency::Sequential;
    let BindingEventResponse { store_name, states, to, data, .. } = answer;
    let data = Bytes::from(data);
    Answer {
        data: data.clone(),
        store: store_name,
        states: states.into_iter().map(message::write).collect(),
        to,
        output: data,
        in_order,
    }
}

#[cfg(test)]
mod tests {
    use dapr::dapr::proto::common::v1::StateItem;

    use super::*;

    #[test]
    fn an_answer_may_ask_for_more() {
        let answer = read(BindingEventResponse {
            store_name: "s".into(),
            states: vec![StateItem { key: "k".into(), value: b"v".to_vec(), ..StateItem::default() }],
            to: vec!["out".into()],
            data: b"d".to_vec(),
            concurrency: BindingEventConcurrency::Parallel.into(),
        });
        assert_eq!((answer.store.as_str(), answer.states[0].key.as_str()), ("s", "k"));
        assert_eq!((answer.data, answer.output.clone()), (answer.output, Bytes::from_static(b"d")));
        assert_eq!((answer.to, answer.in_order), (vec!["out".to_owned()], false));
    }
}
