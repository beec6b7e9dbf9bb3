//! `kind: Component` (daprd reference, section 10.1).

use serde::Deserialize;
use serde_json::Value;

/// A component as a file declares it; secrets are not looked up yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// `metadata.name`: how the API addresses it.
    pub name: String,
    /// `spec.type`, for example `state.redis`.
    pub kind: String,
    /// `spec.version`, as written.
    pub version: String,
    /// Go on without it when it cannot start.
    pub ignore_errors: bool,
    /// `spec.initTimeout`, as written (a Go duration); empty means 5 s.
    pub init_timeout: String,
    /// `spec.metadata`, in order.
    pub metadata: Vec<Item>,
    /// `auth.secretStore`: where `secretKeyRef` looks.
    pub secret_store: Option<String>,
    /// App ids that may use it; empty means all.
    pub scopes: Vec<String>,
    /// File that declares it.
    pub file: std::path::PathBuf,
}

impl Component {
    /// `<type>/<version>`, or `<type>` alone when there is no version.
    pub fn type_and_version(&self) -> String {
        if self.version.is_empty() { self.kind.clone() } else { format!("{}/{}", self.kind, self.version) }
    }

    /// The form used in log lines and errors: `<name> (<type>/<version>)`.
    pub fn log_name(&self) -> String {
        format!("{} ({})", self.name, self.type_and_version())
    }

    /// Category: what comes before the last part of the type (`state`, `pubsub`, `middleware.http`).
    pub fn category(&self) -> &str {
        self.kind.rsplit_once('.').map_or("", |_| {
            if self.kind.starts_with("middleware.http.") {
                "middleware.http"
            } else {
                self.kind.split('.').next().unwrap_or_default()
            }
        })
    }

    /// The plain value of a metadata item; names are case-insensitive.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.metadata.iter().find(|item| item.name.eq_ignore_ascii_case(name)).and_then(|item| {
            match &item.source {
                Source::Value(value) => Some(value.as_str()),
                _ => None,
            }
        })
    }
}

/// One entry of `spec.metadata`.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Name as written; components match it case-insensitively.
    pub name: String,
    /// Where its value comes from.
    pub source: Source,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// Written in the file; anything but a string is its JSON text.
    Value(String),
    /// In a secret store.
    Secret(SecretKeyRef),
    /// In an environment variable.
    Env(String),
}

/// Reference to a secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SecretKeyRef {
    /// Name of the secret.
    pub name: String,
    /// Key within it; the name when left out.
    #[serde(default)]
    pub key: String,
}

impl SecretKeyRef {
    /// The key, which defaults to the name.
    pub fn key(&self) -> &str {
        if self.key.is_empty() { &self.name } else { &self.key }
    }
}

/// A scalar's text: strings as they are, everything else as JSON text.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub(super) mod raw {
    //! The shape of the YAML. Keys were lower-cased by the loader.
    use super::{Component, Item, SecretKeyRef, Source, text};
    use serde::Deserialize;
    use serde_json::Value;

    #[derive(Deserialize)]
    pub struct Manifest {
        #[serde(default)]
        spec: Spec,
        #[serde(default)]
        auth: Auth,
    }

    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Spec {
        #[serde(rename = "type")]
        kind: String,
        version: String,
        ignoreerrors: bool,
        inittimeout: String,
        metadata: Vec<RawItem>,
    }

    #[derive(Deserialize, Default)]
    #[serde(default)]
    pub struct Auth {
        secretstore: String,
    }

    impl Auth {
        /// The secret store, if one is named.
        pub fn store(self) -> Option<String> {
            Some(self.secretstore).filter(|store| !store.is_empty())
        }
    }

    #[derive(Deserialize)]
    pub struct RawItem {
        name: String,
        value: Option<Value>,
        secretkeyref: Option<SecretKeyRef>,
        #[serde(default)]
        envref: String,
    }

    impl Manifest {
        pub fn into_component(self, name: String, scopes: Vec<String>, file: &std::path::Path) -> Component {
            let metadata = self.spec.metadata.into_iter().map(RawItem::into_item).collect();
            Component {
                name,
                kind: self.spec.kind,
                version: self.spec.version,
                ignore_errors: self.spec.ignoreerrors,
                init_timeout: self.spec.inittimeout,
                metadata,
                secret_store: self.auth.store(),
                scopes,
                file: file.to_owned(),
            }
        }
    }

    impl RawItem {
        pub fn into_item(self) -> Item {
            let secret = self.secretkeyref.filter(|secret| !secret.name.is_empty());
            let source = match (secret, self.value) {
                (Some(secret), _) => Source::Secret(secret),
                (None, None) if !self.envref.is_empty() => Source::Env(self.envref),
                (None, value) => Source::Value(value.as_ref().map(text).unwrap_or_default()),
            };
            Item { name: self.name, source }
        }
    }
}
