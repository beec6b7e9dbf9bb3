//! `kind: Subscription`, both versions (daprd reference, section 10.3), and the shape that an app's
//! `GET /dapr/subscribe` shares with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::check::key;
use crate::lint::{self, Node};

/// One rule: events that match go to the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// CEL expression; empty for the default route.
    pub matches: String,
    /// Path on the app, as given.
    pub path: String,
}

/// A wish to receive a topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscription {
    /// Name of the resource; empty for one that the app asked for.
    pub name: String,
    /// Pub/sub component.
    pub pubsub_name: String,
    /// Topic.
    pub topic: String,
    /// Rules in order; the default route is the one without an expression and comes last.
    pub routes: Vec<Route>,
    /// Metadata for the component, and `rawPayload`.
    pub metadata: BTreeMap<String, String>,
    /// Where undeliverable events go; empty for nowhere.
    pub dead_letter_topic: String,
    /// Bulk settings, when enabled: most messages, longest wait in milliseconds.
    pub bulk: Option<(u32, u32)>,
    /// Where it was declared; empty for one that the app asked for.
    pub file: PathBuf,
}

impl Subscription {
    /// Whether both want the same, wherever they stand and whatever they are called.
    pub fn says_the_same(&self, other: &Self) -> bool {
        *self == Self { file: self.file.clone(), name: self.name.clone(), ..other.clone() }
    }

    /// Where it says this as an expression, for messages: file, line and column; the file alone when that isn't found
    /// there.
    pub fn place(&self, expression: &str) -> String {
        if self.file == Path::new("") {
            return "the answer of the app".to_owned();
        }
        let text = fs_err::read_to_string(&self.file).unwrap_or_default();
        let (documents, _) = lint::parse(&self.file, &text);
        let said = documents.iter().find_map(|document| {
            let rules = key(key(key(document, "spec")?, "routes")?, "rules")?;
            let says =
                |rule: &Node| key(rule, "match").filter(|said| said.text() == expression).map(|said| said.at);
            rules.items().iter().find_map(says)
        });
        let file = self.file.display();
        said.map_or_else(|| file.to_string(), |(line, column)| format!("{file}:{line}:{column}"))
    }
}

pub(super) mod raw {
    //! The shape of the YAML. Keys were lower-cased by the loader.
    use std::path::Path;

    use super::{BTreeMap, Route, Subscription};
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Deserialize)]
    pub struct Manifest {
        #[serde(default)]
        spec: Spec,
    }

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Spec {
        pubsubname: String,
        topic: String,
        route: String,
        routes: Routes,
        metadata: BTreeMap<String, Value>,
        deadlettertopic: String,
        bulksubscribe: Bulk,
    }

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Routes {
        rules: Vec<Rule>,
        default: String,
    }

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Rule {
        r#match: String,
        path: String,
    }

    #[derive(Deserialize)]
    #[serde(default)]
    struct Bulk {
        enabled: bool,
        maxmessagescount: u32,
        maxawaitdurationms: u32,
    }

    impl Default for Bulk {
        fn default() -> Self {
            Self { enabled: false, maxmessagescount: 100, maxawaitdurationms: 1000 }
        }
    }

    impl Manifest {
        pub fn into_subscription(self, name: String, file: &Path) -> Subscription {
            let spec = self.spec;
            let rules =
                spec.routes.rules.into_iter().map(|rule| Route { matches: rule.r#match, path: rule.path });
            let default = if spec.routes.default.is_empty() { spec.route } else { spec.routes.default };
            let default = Some(default).filter(|path| !path.is_empty());
            let default = default.map(|path| Route { matches: String::new(), path });
            Subscription {
                name,
                pubsub_name: spec.pubsubname,
                topic: spec.topic,
                routes: rules.chain(default).collect(),
                metadata: spec
                    .metadata
                    .iter()
                    .map(|(key, value)| (key.clone(), super::super::component::text(value)))
                    .collect(),
                dead_letter_topic: spec.deadlettertopic,
                bulk: spec
                    .bulksubscribe
                    .enabled
                    .then_some((spec.bulksubscribe.maxmessagescount, spec.bulksubscribe.maxawaitdurationms)),
                file: file.to_owned(),
            }
        }
    }
}
