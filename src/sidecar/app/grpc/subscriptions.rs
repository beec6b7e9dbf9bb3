//! What the app wants to receive: `ListTopicSubscriptions`.

use dapr::dapr::proto::runtime::v1::{ListTopicSubscriptionsResponse, TopicSubscription};

use super::Grpc;
use crate::resources::{Route, Subscription};
use crate::sidecar::app::channel::ANSWER;
use crate::sidecar::app::subscriptions::SCOPE;

const PATH: &str = "/dapr.proto.runtime.v1.AppCallback/ListTopicSubscriptions";
/// Of a bulk subscription, when the app gives none: messages, and milliseconds of waiting for them.
const BULK: (u32, u32) = (100, 1000);

impl Grpc<'_> {
    /// What the app wants to receive; nothing, with a line in the log, when it can't be asked.
    pub async fn subscriptions(&self) -> Vec<Subscription> {
        match self.ask_patiently::<ListTopicSubscriptionsResponse>(PATH).await {
            Some(Ok(answer)) => answer.subscriptions.into_iter().map(subscription).collect(),
            Some(Err(failure)) if failure.is_unimplemented() => Vec::new(),
            Some(Err(failure)) => {
                tracing::error!(target: SCOPE, "error getting app subscriptions: {failure}");
                Vec::new()
            }
            None => {
                tracing::error!(
                    target: SCOPE,
                    "error getting app subscriptions: no answer to ListTopicSubscriptions within {} seconds",
                    ANSWER.as_secs()
                );
                Vec::new()
            }
        }
    }
}

/// An app that speaks gRPC may give no route: it has one method for all events.
fn subscription(wanted: TopicSubscription) -> Subscription {
    let TopicSubscription { pubsub_name, topic, metadata, routes, dead_letter_topic, bulk_subscribe } =
        wanted;
    let routes = routes.unwrap_or_default();
    let rules = routes.rules.into_iter().map(|rule| Route { matches: rule.r#match, path: rule.path });
    let rules: Vec<Route> = rules.collect();
    let has_default = rules.is_empty() || !routes.default.is_empty();
    let default = has_default.then_some(Route { matches: String::new(), path: routes.default });
    let bulk = bulk_subscribe.filter(|bulk| bulk.enabled);
    let or = |given: i32, default| u32::try_from(given).ok().filter(|given| *given > 0).unwrap_or(default);
    Subscription {
        pubsub_name,
        topic,
        routes: rules.into_iter().chain(default).collect(),
        metadata: metadata.into_iter().collect(),
        dead_letter_topic,
        bulk: bulk.map(|bulk| (or(bulk.max_messages_count, BULK.0), or(bulk.max_await_duration_ms, BULK.1))),
        ..Subscription::default()
    }
}

#[cfg(test)]
mod tests {
    use dapr::dapr::proto::runtime::v1::{BulkSubscribeConfig, TopicRoutes, TopicRule};

    use super::*;

    #[test]
    fn subscriptions_are_those_of_http() {
        let rule = TopicRule { r#match: "event.type == \"x\"".into(), path: "x".into() };
        let wanted = TopicSubscription {
            pubsub_name: "mem".into(),
            topic: "t".into(),
            metadata: [("a".to_owned(), "b".to_owned())].into(),
            routes: Some(TopicRoutes { rules: vec![rule], default: "d".into() }),
            dead_letter_topic: "dlq".into(),
            bulk_subscribe: Some(BulkSubscribeConfig {
                enabled: true,
                max_messages_count: 5,
                max_await_duration_ms: 0,
            }),
        };
        let route = |matches: &str, path: &str| Route { matches: matches.into(), path: path.into() };
        let expected = Subscription {
            pubsub_name: "mem".into(),
            topic: "t".into(),
            routes: vec![route("event.type == \"x\"", "x"), route("", "d")],
            metadata: [("a".to_owned(), "b".to_owned())].into(),
            dead_letter_topic: "dlq".into(),
            bulk: Some((5, 1000)),
            ..Subscription::default()
        };
        assert_eq!(subscription(wanted), expected);
        assert_eq!(subscription(TopicSubscription::default()).routes, [route("", "")]);
    }
}
