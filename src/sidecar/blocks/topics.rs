//! Which topics of a pub/sub component an app may use (daprd reference, section 14).

use crate::resources::Component;

/// Whether the app may publish to the topic.
pub fn may_publish(manifest: &Component, app_id: &str, topic: &str) -> bool {
    allowed(manifest, "publishingScopes", app_id, topic)
}

/// Whether the app may subscribe to the topic.
pub fn may_subscribe(manifest: &Component, app_id: &str, topic: &str) -> bool {
    allowed(manifest, "subscriptionScopes", app_id, topic)
}

fn allowed(manifest: &Component, scopes: &str, app_id: &str, topic: &str) -> bool {
    let list = |name: &str| -> Vec<&str> {
        let text = manifest.value(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
    };
    let whitelist = list("allowedTopics");
    if !whitelist.is_empty() && !whitelist.contains(&topic) {
        return false;
    }
    match scope(manifest.value(scopes).unwrap_or_default(), app_id) {
        Some(topics) => topics.contains(&topic),
        // An app that isn't listed is free, but for protected topics.
        None => !list("protectedTopics").contains(&topic),
    }
}

/// The topics of an app in `app1=topic1,topic2;app2=`; `None` when the app isn't listed.
fn scope<'a>(text: &'a str, app_id: &str) -> Option<Vec<&'a str>> {
    text.split(';').find_map(|entry| {
        let (app, topics) = entry.split_once('=')?;
        (app.trim() == app_id)
            .then(|| topics.split(',').map(str::trim).filter(|topic| !topic.is_empty()).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::{Item, Source};

    fn component(pairs: &[(&str, &str)]) -> Component {
        let item = |(name, value): &(&str, &str)| Item {
            name: (*name).into(),
            source: Source::Value((*value).into()),
        };
        Component {
            name: "p".into(),
            kind: "pubsub.in-memory".into(),
            version: "v1".into(),
            ignore_errors: false,
            init_timeout: String::new(),
            metadata: pairs.iter().map(item).collect(),
            secret_store: None,
            scopes: Vec::new(),
            file: std::path::PathBuf::new(),
        }
    }

    #[test]
    fn scopes_whitelist_and_protection() {
        let scoped = component(&[("publishingScopes", "a=t1, t2;b="), ("protectedTopics", "t3")]);
        assert!(may_publish(&scoped, "a", "t2") && !may_publish(&scoped, "a", "t3"));
        assert!(!may_publish(&scoped, "b", "t1"));
        assert!(may_publish(&scoped, "c", "t1") && !may_publish(&scoped, "c", "t3"));
        assert!(may_subscribe(&scoped, "b", "t1"));
        let listed = component(&[("allowedTopics", "t1")]);
        assert!(may_publish(&listed, "a", "t1") && !may_publish(&listed, "a", "t2"));
    }
}
