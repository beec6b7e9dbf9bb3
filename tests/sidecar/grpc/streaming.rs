//! Subscriptions by a stream.

use std::collections::HashMap;

use dapr::dapr::proto::runtime::v1::subscribe_topic_events_request_alpha1::SubscribeTopicEventsRequestType;
use dapr::dapr::proto::runtime::v1::subscribe_topic_events_response_alpha1::SubscribeTopicEventsResponseType;
use dapr::dapr::proto::runtime::v1::topic_event_response::TopicEventResponseStatus;
use dapr::dapr::proto::runtime::v1::{
    GetMetadataRequest, PubsubSubscriptionType, SubscribeTopicEventsRequestAlpha1,
    SubscribeTopicEventsRequestInitialAlpha1, SubscribeTopicEventsRequestProcessedAlpha1,
    SubscribeTopicEventsResponseAlpha1, TopicEventRequest, TopicEventResponse,
};
use dapr_cli::sidecar::{Ended, Options};
use futures_util::stream;
use prost_types::value::Kind;
use tokio::sync::mpsc;
use tonic::{Code, Status, Streaming};

use super::{client, parts};
use crate::support::{Sidecar, alone, component, eventually, resources, send, within};

/// The client's side of a stream.
struct Stream {
    requests: Option<mpsc::UnboundedSender<SubscribeTopicEventsRequestAlpha1>>,
    responses: Streaming<SubscribeTopicEventsResponseAlpha1>,
}

fn initial(pubsub: &str, topic: &str) -> SubscribeTopicEventsRequestInitialAlpha1 {
    SubscribeTopicEventsRequestInitialAlpha1 {
        pubsub_name: pubsub.into(),
        topic: topic.into(),
        ..SubscribeTopicEventsRequestInitialAlpha1::default()
    }
}

fn first(initial: SubscribeTopicEventsRequestInitialAlpha1) -> SubscribeTopicEventsRequestAlpha1 {
    let request = SubscribeTopicEventsRequestType::InitialRequest(initial);
    SubscribeTopicEventsRequestAlpha1 { subscribe_topic_events_request_type: Some(request) }
}

impl Stream {
    async fn open(
        sidecar: &Sidecar,
        request: SubscribeTopicEventsRequestInitialAlpha1,
    ) -> Result<Self, Status> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        sender.send(first(request)).unwrap();
        let requests = stream::poll_fn(move |context| receiver.poll_recv(context));
        let responses =
            within(client(sidecar).await.subscribe_topic_events_alpha1(requests)).await?.into_inner();
        let mut stream = Self { requests: Some(sender), responses };
        match stream.response().await? {
            Some(SubscribeTopicEventsResponseType::InitialResponse(_)) => Ok(stream),
            other => panic!("{other:?}"),
        }
    }

    async fn response(&mut self) -> Result<Option<SubscribeTopicEventsResponseType>, Status> {
        let response = within(self.responses.message()).await?;
        Ok(response.map(|response| response.subscribe_topic_events_response_type.unwrap()))
    }

    async fn event(&mut self) -> TopicEventRequest {
        match self.response().await.unwrap() {
            Some(SubscribeTopicEventsResponseType::EventMessage(event)) => event,
            other => panic!("{other:?}"),
        }
    }

    fn answer(&self, id: &str, status: TopicEventResponseStatus) {
        let processed = SubscribeTopicEventsRequestProcessedAlpha1 {
            id: id.into(),
            status: Some(TopicEventResponse { status: status.into() }),
        };
        let request = SubscribeTopicEventsRequestType::EventProcessed(processed);
        let request =
            SubscribeTopicEventsRequestAlpha1 { subscribe_topic_events_request_type: Some(request) };
        self.requests.as_ref().unwrap().send(request).unwrap();
    }
}

async fn with_broker(kind: &str) -> (Sidecar, [tempfile::TempDir; 2]) {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("bus.sqlite").to_string_lossy().into_owned();
    let metadata: &[(&str, &str)] =
        if kind == "pubsub.sqlite" { &[("connectionString", &file)] } else { &[] };
    let folder = resources(&[component("mem", kind, metadata)]);
    let options = Options { resources_paths: vec![folder.path().into()], ..alone("a") };
    (Sidecar::ready(options).await, [folder, data])
}

#[tokio::test]
async fn events_come_by_a_stream_without_any_app_port() {
    let (sidecar, _folder) = with_broker("pubsub.in-memory").await;
    let mut stream = Stream::open(&sidecar, initial("mem", "t")).await.unwrap();
    let metadata = client(&sidecar).await.get_metadata(GetMetadataRequest {}).await.unwrap().into_inner();
    let subscription = &metadata.subscriptions[0];
    assert_eq!(subscription.r#type(), PubsubSubscriptionType::Streaming);
    assert_eq!(subscription.rules.as_ref().unwrap().rules[0].path, "/");
    let url = sidecar.url("/v1.0/publish/mem/t?metadata.cloudevent.type=own");
    send("POST", &url, &[("content-type", "application/json")], r#"{"a":1}"#).await;
    let event = stream.event().await;
    assert_eq!((event.data.as_slice(), event.r#type.as_str()), (br#"{"a":1}"#.as_slice(), "own"));
    assert_eq!((event.topic.as_str(), event.pubsub_name.as_str(), event.path.as_str()), ("t", "mem", "/"));
    let extensions = event.extensions.unwrap().fields;
    assert_eq!(extensions["topic"].kind, Some(Kind::StringValue("t".into())));
    stream.answer("unknown", TopicEventResponseStatus::Success);
    stream.answer(&event.id, TopicEventResponseStatus::Success);
    sidecar.post("/v1.0/publish/mem/t", "next").await;
    assert_eq!(stream.event().await.data, b"next");
    // Closing one's side is the way to unsubscribe.
    stream.requests = None;
    assert_eq!(stream.response().await.unwrap(), None);
    eventually(async || !sidecar.get("/v1.0/metadata").await.body.contains("STREAMING")).await;
}

#[tokio::test]
async fn each_stream_is_a_subscription() {
    let (sidecar, _folder) = with_broker("pubsub.in-memory").await;
    let mut one = Stream::open(&sidecar, initial("mem", "t")).await.unwrap();
    let mut other = Stream::open(&sidecar, initial("mem", "t")).await.unwrap();
    sidecar.post("/v1.0/publish/mem/t", "x").await;
    for stream in [&mut one, &mut other] {
        let event = stream.event().await;
        assert_eq!(event.data, b"x");
        stream.answer(&event.id, TopicEventResponseStatus::Success);
    }
}

#[tokio::test]
async fn what_is_not_answered_comes_again() {
    let (sidecar, _folder) = with_broker("pubsub.sqlite").await;
    sidecar.post("/v1.0/publish/mem/t", "once").await;
    let mut stream = Stream::open(&sidecar, initial("mem", "t")).await.unwrap();
    let event = stream.event().await;
    drop(stream);
    let mut stream = Stream::open(&sidecar, initial("mem", "t")).await.unwrap();
    let again = stream.event().await;
    assert_eq!((again.id.as_str(), again.data.as_slice()), (event.id.as_str(), b"once".as_slice()));
    stream.answer(&again.id, TopicEventResponseStatus::Retry);
    assert_eq!(stream.event().await.id, event.id);
    stream.answer(&again.id, TopicEventResponseStatus::Success);
    sidecar.post("/v1.0/publish/mem/t", "next").await;
    assert_eq!(stream.event().await.data, b"next");
}

#[tokio::test]
async fn what_is_dropped_goes_to_the_dead_letters() {
    let (sidecar, _folder) = with_broker("pubsub.in-memory").await;
    let mut dead = Stream::open(&sidecar, initial("mem", "dead")).await.unwrap();
    let wanted = SubscribeTopicEventsRequestInitialAlpha1 {
        dead_letter_topic: Some("dead".into()),
        metadata: HashMap::from([("rawPayload".into(), "true".into())]),
        ..initial("mem", "t")
    };
    let mut stream = Stream::open(&sidecar, wanted).await.unwrap();
    sidecar.post("/v1.0/publish/mem/t", "x").await;
    let event = stream.event().await;
    stream.answer(&event.id, TopicEventResponseStatus::Drop);
    assert_eq!(dead.event().await.data, b"x");
}

#[tokio::test]
async fn what_is_not_a_stream_is_refused() {
    let (sidecar, _folder) = with_broker("pubsub.in-memory").await;
    let refused = async |request| parts(&Stream::open(&sidecar, request).await.err().unwrap()).1.to_owned();
    assert_eq!(refused(initial("", "t")).await, "pubsubName is required");
    assert_eq!(refused(initial("mem", "")).await, "topic is required");
    let error = Stream::open(&sidecar, initial("nope", "t")).await.err().unwrap();
    assert_eq!((error.code(), error.message()), (Code::InvalidArgument, "pubsub nope is not found"));
    let mut dapr = client(&sidecar).await;
    let nothing = SubscribeTopicEventsRequestAlpha1 { subscribe_topic_events_request_type: None };
    let error = dapr.subscribe_topic_events_alpha1(stream::iter([nothing])).await.unwrap_err();
    assert_eq!(parts(&error), (Code::Unknown, "initial request is required", None));
    let mut stream = Stream::open(&sidecar, initial("mem", "t")).await.unwrap();
    stream.requests.as_ref().unwrap().send(first(initial("mem", "t"))).unwrap();
    let error = stream.response().await.unwrap_err();
    assert_eq!(parts(&error), (Code::Unknown, "duplicate initial request received", None));
}

#[tokio::test]
async fn an_event_that_is_worked_on_is_answered_before_the_end() {
    let (sidecar, _folder) = with_broker("pubsub.sqlite").await;
    let mut stream = Stream::open(&sidecar, initial("mem", "t")).await.unwrap();
    sidecar.post("/v1.0/publish/mem/t", "x").await;
    let event = stream.event().await;
    sidecar.handle.shutdown();
    stream.answer(&event.id, TopicEventResponseStatus::Success);
    let end = stream.response().await.unwrap_err();
    assert_eq!(parts(&end), (Code::Unavailable, "the sidecar is shutting down", None));
    assert_eq!(sidecar.ended().await.unwrap(), Ended::Gracefully);
}

#[tokio::test]
async fn a_stream_outlives_its_component_and_ends_without_one() {
    let (sidecar, [folder, _data]) = with_broker("pubsub.sqlite").await;
    let file = folder.path().join("resources.yaml");
    let text = fs_err::read_to_string(&file).unwrap();
    let mut stream = Stream::open(&sidecar, initial("mem", "t")).await.unwrap();
    for round in 1..=3_u8 {
        // Says nothing new to the component, but it is made again.
        let changed = text.replace("version: v1", &format!("version: v1, initTimeout: {round}s"));
        fs_err::write(&file, changed).unwrap();
        let other = component(&format!("n{round}"), "state.in-memory", &[]);
        fs_err::write(folder.path().join("n.yaml"), other).unwrap();
        let mut sent = 0;
        let is_there =
            async || sidecar.get("/v1.0/metadata").await.body.contains(&format!(r#""name":"n{round}""#));
        while !is_there().await || sent < 5 {
            sidecar.post("/v1.0/publish/mem/t", &format!("{round} {sent}")).await;
            let event = stream.event().await;
            assert_eq!(event.data, format!("{round} {sent}").into_bytes());
            stream.answer(&event.id, TopicEventResponseStatus::Success);
            sent += 1;
        }
    }
    fs_err::remove_file(&file).unwrap();
    let end = stream.response().await.unwrap_err();
    assert_eq!(parts(&end), (Code::Unavailable, "pubsub mem was removed", None));
    assert_eq!(sidecar.stop().await.unwrap(), Ended::Gracefully);
}
