//! A subscription as the metadata API shows it (http-api reference, section 1.2). The order of the fields is
//! part of the contract.

use serde::Serialize;

use crate::components::Metadata;
use crate::resources::{Route, Subscription};

/// A subscription that is in use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Active {
    pub(in crate::sidecar) pubsubname: String,
    pub(in crate::sidecar) topic: String,
    #[serde(skip_serializing_if = "Metadata::is_empty")]
    pub(in crate::sidecar) metadata: Metadata,
    pub(in crate::sidecar) rules: Vec<Rule>,
    #[serde(rename = "deadLetterTopic")]
    pub(in crate::sidecar) dead_letter_topic: String,
    pub(in crate::sidecar) r#type: Origin,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::sidecar) struct Rule {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(in crate::sidecar) r#match: String,
    pub(in crate::sidecar) path: String,
}

/// Where a subscription was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Origin {
    /// In a resource file.
    Declarative,
    /// By the app.
    Programmatic,
    /// By the app, for as long as it holds a stream open.
    Streaming,
}

impl Active {
    /// How this subscription is shown: paths as they were given.
    pub fn of(subscription: &Subscription, origin: Origin) -> Self {
        let rule = |route: &Route| Rule { r#match: route.matches.clone(), path: route.path.clone() };
        Self {
            pubsubname: subscription.pubsub_name.clone(),
            topic: subscription.topic.clone(),
            metadata: subscription.metadata.clone(),
            rules: subscription.routes.iter().map(rule).collect(),
            dead_letter_topic: subscription.dead_letter_topic.clone(),
            r#type: origin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_the_stock_one() {
        let route = |matches: &str, path: &str| Route { matches: matches.into(), path: path.into() };
        let mut subscription = Subscription {
            name: "orders".into(),
            pubsub_name: "mem".into(),
            topic: "t2".into(),
            routes: vec![route("event.type == \"x\"", "/t2x"), route("", "t2d")],
            metadata: Metadata::from([("a".into(), "b".into())]),
            dead_letter_topic: "dlq".into(),
            bulk: Some((1, 1)),
            file: "orders.yaml".into(),
        };
        let text = |origin, subscription: &Subscription| {
            serde_json::to_string(&Active::of(subscription, origin)).unwrap()
        };
        let expected = r#"{"pubsubname":"mem","topic":"t2","metadata":{"a":"b"},"rules":[{"match":"event.type == \"x\"","path":"/t2x"},{"path":"t2d"}],"deadLetterTopic":"dlq","type":"PROGRAMMATIC"}"#;
        assert_eq!(text(Origin::Programmatic, &subscription), expected);
        subscription.routes.remove(0);
        subscription.metadata.clear();
        subscription.dead_letter_topic.clear();
        let expected = r#"{"pubsubname":"mem","topic":"t2","rules":[{"path":"t2d"}],"deadLetterTopic":"","type":"DECLARATIVE"}"#;
        assert_eq!(text(Origin::Declarative, &subscription), expected);
    }
}
