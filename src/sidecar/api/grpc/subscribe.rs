//! Subscriptions by a stream that the app holds open (grpc-api reference, section 4).

use std::sync::Arc;

use dapr::dapr::proto::runtime::v1::subscribe_topic_events_request_alpha1::SubscribeTopicEventsRequestType;
use dapr::dapr::proto::runtime::v1::subscribe_topic_events_response_alpha1::SubscribeTopicEventsResponseType;
use dapr::dapr::proto::runtime::v1::{
    SubscribeTopicEventsRequestAlpha1, SubscribeTopicEventsRequestInitialAlpha1,
    SubscribeTopicEventsRequestProcessedAlpha1, SubscribeTopicEventsResponseAlpha1,
    SubscribeTopicEventsResponseInitialAlpha1,
};
use futures_util::stream::{self, StreamExt};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use crate::sidecar::app::grpc::events::{message, verdict};
use crate::sidecar::app::message::sorted;
use crate::sidecar::blocks::subscriptions::streaming::{
    self, Answers, Events, FAREWELL, PATH, Refusal, Streamed,
};
use crate::sidecar::core::Core;

const SCOPE: &str = "dapr.runtime.processor.subscription";

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Plain(text) => Self::unknown(text),
            Refusal::Api(error) => error.into(),
            Refusal::Ending => Self::unavailable(FAREWELL),
        }
    }
}

pub async fn stream(
    core: &Arc<Core>,
    request: Request<Streaming<SubscribeTopicEventsRequestAlpha1>>,
) -> Result<Response<BoxStream<SubscribeTopicEventsResponseAlpha1>>, Status> {
    let mut requests = request.into_inner();
    let first = requests.message().await?.and_then(|first| first.subscribe_topic_events_request_type);
    let Some(SubscribeTopicEventsRequestType::InitialRequest(initial)) = first else {
        return Err(Status::unknown("initial request is required"));
    };
    let SubscribeTopicEventsRequestInitialAlpha1 { pubsub_name, topic, metadata, dead_letter_topic } =
        initial;
    let request = streaming::Request {
        pubsub: pubsub_name,
        topic,
        metadata: sorted(metadata),
        dead_letter_topic: dead_letter_topic.unwrap_or_default(),
    };
    let (events, answers) = core.subscriptions.stream(&core.shared, request).await?;
    let (end, closed) = oneshot::channel();
    // Answers are read whether or not the client takes further events at the moment.
    let reading = tokio::spawn(async move {
        // The stream may have ended from this side.
        let _ = end.send(read(requests, &answers).await);
    });
    let open = Open { events, closed, _reading: AbortOnDropHandle::new(reading) };
    let initial = SubscribeTopicEventsResponseInitialAlpha1 {};
    let initial = response(SubscribeTopicEventsResponseType::InitialResponse(initial));
    let answers = stream::unfold(Some(open), async |open| open?.next().await);
    Ok(Response::new(Box::pin(stream::iter([Ok(initial)]).chain(answers))))
}

fn response(kind: SubscribeTopicEventsResponseType) -> SubscribeTopicEventsResponseAlpha1 {
    SubscribeTopicEventsResponseAlpha1 { subscribe_topic_events_response_type: Some(kind) }
}

/// Takes the client's answers until it closes its side; the error is something that it must not send.
async fn read(
    mut requests: Streaming<SubscribeTopicEventsRequestAlpha1>,
    answers: &Answers,
) -> Result<(), Status> {
    // A client that is gone has closed its side.
    while let Ok(Some(request)) = requests.message().await {
        match request.subscribe_topic_events_request_type {
            Some(SubscribeTopicEventsRequestType::EventProcessed(processed)) => {
                let SubscribeTopicEventsRequestProcessedAlpha1 { id, status } = processed;
                if !answers.answer(&id, verdict(status.unwrap_or_default())) {
                    tracing::warn!(target: SCOPE, "nothing waits for an answer to the event {id}");
                }
            }
            Some(SubscribeTopicEventsRequestType::InitialRequest(_)) => {
                return Err(Status::unknown("duplicate initial request received"));
            }
            None => {}
        }
    }
    Ok(())
}

/// A stream that is open. Dropped, it unsubscribes.
struct Open {
    events: Events,
    closed: oneshot::Receiver<Result<(), Status>>,
    _reading: AbortOnDropHandle<()>,
}

type Next = Result<SubscribeTopicEventsResponseAlpha1, Status>;

impl Open {
    /// What the client gets next, and what comes after that.
    async fn next(mut self) -> Option<(Next, Option<Self>)> {
        tokio::select! {
            ended = &mut self.closed => match ended {
                Ok(Err(status)) => Some((Err(status), None)),
                Ok(Ok(())) | Err(_) => None,
            },
            event = self.events.next() => match event {
                Some(Streamed { pubsub, topic, event }) => {
                    let event = message(event, &pubsub, &topic, PATH);
                    Some((Ok(response(SubscribeTopicEventsResponseType::EventMessage(event))), Some(self)))
                }
                None => Some((Err(Status::unavailable(self.events.farewell())), None)),
            },
        }
    }
}
