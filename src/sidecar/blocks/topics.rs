//! Who may use which topic of a pub/sub component (daprd reference, section 14), and what a topic is called at
//! the broker (section 11).

use std::borrow::Cow;

use crate::resources::{Component, Source};

/// Topic rules of one component. A text that is empty rules nothing.
#[derive(Debug, Clone, Copy)]
pub struct Scopes<'a> {
    publishing: &'a str,
    subscription: &'a str,
    allowed: &'a str,
    protected: &'a str,
}

impl<'a> Scopes<'a> {
    /// The rules in a manifest.
    pub fn of(manifest: &'a Component) -> Self {
        let text = |name| manifest.value(name).unwrap_or_default().trim();
        Self {
            publishing: text("publishingScopes"),
            subscription: text("subscriptionScopes"),
            allowed: text("allowedTopics"),
            protected: text("protectedTopics"),
        }
    }

    /// Whether the app may publish to the topic.
    pub fn may_publish(&self, app_id: &str, topic: &str) -> bool {
        self.admits(self.publishing, app_id, topic)
    }

    /// Whether the app may subscribe to the topic.
    pub fn may_subscribe(&self, app_id: &str, topic: &str) -> bool {
        self.admits(self.subscription, app_id, topic)
    }

    fn admits(&self, scopes: &str, app_id: &str, topic: &str) -> bool {
        if !self.allowed.is_empty() && !lists(self.allowed, topic) {
            return false;
        }
        let mut listed = false;
        for topics in topics_of(scopes, app_id) {
            listed = true;
            if lists(topics, topic) {
                return true;
            }
        }
        !listed && !lists(self.protected, topic)
    }
}

/// The topics of an app in `app1=topic1,topic2;app2=`. Entries without `=` name nothing.
fn topics_of<'a>(scopes: &'a str, app_id: &str) -> impl Iterator<Item = &'a str> {
    scopes.split(';').filter_map(|scope| scope.split_once('=')).filter_map(move |(app, topics)| {
        // The stock runtime ignores spaces here.
        (app.trim() == app_id).then_some(topics)
    })
}

fn lists(topics: &str, topic: &str) -> bool {
    topics.split(',').any(|listed| listed.trim() == topic)
}

/// What the broker puts before the names of this component's topics: the namespace when the component's
/// metadata uses `{namespace}`, else nothing.
fn prefix<'a>(manifest: &Component, namespace: &'a str) -> &'a str {
    let scoped = |source: &Source| matches!(source, Source::Value(value) if value.contains("{namespace}"));
    if manifest.metadata.iter().any(|item| scoped(&item.source)) { namespace } else { "" }
}

/// What the broker calls a topic of the app.
pub fn at_broker<'a>(manifest: &Component, namespace: &str, topic: &'a str) -> Cow<'a, str> {
    match prefix(manifest, namespace) {
        "" => Cow::Borrowed(topic),
        prefix => Cow::Owned(format!("{prefix}{topic}")),
    }
}

/// What the app calls a topic of the broker.
pub fn at_app<'a>(manifest: &Component, namespace: &str, topic: &'a str) -> &'a str {
    topic.strip_prefix(prefix(manifest, namespace)).unwrap_or(topic)
}

/// The error text of a topic that the app may not use.
pub fn forbidden(topic: &str, app_id: &str) -> String {
    format!("topic {topic} is not allowed for app id {app_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(values: &[(&str, &str)]) -> Component {
        crate::sidecar::blocks::testing::manifest("mem", "pubsub.in-memory", values)
    }

    #[test]
    fn without_rules_everything_is_allowed() {
        let manifest = manifest(&[]);
        assert!(Scopes::of(&manifest).may_publish("a", "t"));
        assert!(Scopes::of(&manifest).may_subscribe("a", "t"));
    }

    #[test]
    fn an_app_that_is_listed_gets_only_its_topics() {
        let manifest = manifest(&[
            ("publishingScopes", "app1=t1, t2; app2 =t3;app3="),
            ("subscriptionScopes", "app1=t9"),
        ]);
        let scopes = Scopes::of(&manifest);
        for (app, topic, expected) in [
            ("app1", "t1", true),
            ("app1", "t2", true),
            ("app1", "t3", false),
            ("app2", "t3", true),
            ("app2", "t1", false),
            ("app3", "t1", false),
            ("other", "t1", true),
        ] {
            assert_eq!(scopes.may_publish(app, topic), expected, "{app} {topic}");
        }
        assert!(scopes.may_subscribe("app1", "t9"));
        assert!(!scopes.may_subscribe("app1", "t1"));
        assert!(scopes.may_subscribe("app2", "t1"));
    }

    #[test]
    fn allowed_and_protected_topics() {
        let manifest = manifest(&[
            ("allowedTopics", "t1,t2,secret"),
            ("protectedTopics", "secret"),
            ("publishingScopes", "app1=secret,t7"),
        ]);
        let scopes = Scopes::of(&manifest);
        assert!(scopes.may_publish("app1", "secret"));
        assert!(!scopes.may_publish("app1", "t1"), "not in its scope");
        assert!(!scopes.may_publish("app1", "t7"), "in its scope, but not allowed for anyone");
        assert!(scopes.may_publish("app2", "t1"));
        assert!(!scopes.may_publish("app2", "t3"));
        assert!(!scopes.may_publish("app2", "secret"));
        assert!(!scopes.may_subscribe("app1", "secret"), "scoped for publishing only");
    }

    #[test]
    fn the_namespace_is_put_in_front() {
        let plain = manifest(&[("consumerID", "x")]);
        let scoped = manifest(&[("consumerID", "{namespace}-x")]);
        assert_eq!(at_broker(&plain, "ns", "t"), "t");
        assert_eq!(at_broker(&scoped, "ns", "t"), "nst");
        assert_eq!(at_broker(&scoped, "", "t"), "t");
        assert_eq!(at_app(&scoped, "ns", "nst"), "t");
        assert_eq!(at_app(&scoped, "ns", "t"), "t");
        assert_eq!(at_app(&plain, "ns", "nst"), "nst");
    }
}
