//! `kind: Configuration` (daprd reference, section 12): the parts that the embedded sidecar uses.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::Error;
use crate::env::Env;

/// Settings of a sidecar. Several files merge in order; what a later one sets wins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Configuration {
    /// `spec.secrets.scopes`.
    pub secret_scopes: Vec<SecretScope>,
    /// `spec.mtls.enabled`.
    pub mtls: bool,
    /// `spec.logging.apiLogging.enabled`.
    pub api_logging: bool,
    /// `spec.logging.apiLogging.omitHealthChecks`.
    pub api_logging_omit_health: bool,
    /// `spec.nameResolution.component`; empty means the default.
    pub name_resolution: String,
    /// `spec.components.deny`: types, with or without a version, that are not loaded.
    pub denied_components: Vec<String>,
    /// `spec.features` that are switched, by name.
    pub features: Vec<(String, bool)>,
    /// The whole `spec`, for parts that are not read yet (keys lower-cased).
    pub spec: Value,
}

/// Which secrets of a store the app may read (section 14).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SecretScope {
    /// Secret store.
    #[serde(rename = "storename")]
    pub store_name: String,
    /// `allow` (default) or `deny`.
    #[serde(default, rename = "defaultaccess")]
    pub default_access: String,
    /// If there are any, only these are allowed.
    #[serde(default, rename = "allowedsecrets")]
    pub allowed: Vec<String>,
    /// Never allowed.
    #[serde(default, rename = "deniedsecrets")]
    pub denied: Vec<String>,
}

impl SecretScope {
    /// Whether the app may read this secret.
    pub fn allows(&self, secret: &str) -> bool {
        if !self.allowed.is_empty() {
            return self.allowed.iter().any(|name| name == secret);
        }
        !self.denied.iter().any(|name| name == secret) && !self.default_access.eq_ignore_ascii_case("deny")
    }
}

impl Configuration {
    /// Whether a feature is on; one that isn't mentioned is as `default` says.
    pub fn feature(&self, name: &str, default: bool) -> bool {
        let said = self.features.iter().rev().find(|(feature, _)| feature == name);
        said.map_or(default, |(_, enabled)| *enabled)
    }

    /// A flag of `spec`, by a pointer with its keys in lower case; one that isn't there is off.
    pub fn flag(&self, pointer: &str) -> bool {
        self.spec.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
    }

    /// Reads and merges files. Only the first document of each counts, `$VAR` and `${VAR}` are expanded over
    /// the whole text, kind and version are not checked.
    pub fn load<P: AsRef<Path>>(files: &[P], env: &Env) -> Result<Self, Error> {
        let mut merged = Value::Object(serde_json::Map::new());
        for file in files {
            let file = file.as_ref();
            let text =
                fs_err::read_to_string(file).map_err(|source| Error::Read { path: file.into(), source })?;
            let text = expand(&text, env);
            let document = super::loader::documents(&text).into_iter().next().unwrap_or_default();
            let value = super::loader::parse(&document)
                .map_err(|message| Error::Syntax { path: file.into(), message })?;
            if let Some(spec) = value.get("spec") {
                merge(&mut merged, spec);
            }
        }
        Self::from_spec(merged).map_err(|message| Error::Syntax {
            path: files.last().map(|file| file.as_ref().into()).unwrap_or_default(),
            message,
        })
    }

    fn from_spec(spec: Value) -> Result<Self, String> {
        let scopes = spec.pointer("/secrets/scopes").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
        let denied = spec.pointer("/components/deny").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
        let flag = |pointer: &str| spec.pointer(pointer).and_then(Value::as_bool).unwrap_or_default();
        let features = spec.get("features").and_then(Value::as_array).cloned().unwrap_or_default();
        let features = features.iter().filter_map(|feature| {
            Some((feature.get("name")?.as_str()?.to_owned(), feature.get("enabled")?.as_bool()?))
        });
        Ok(Self {
            secret_scopes: serde_json::from_value(scopes)
                .map_err(|error| format!("spec.secrets.scopes: {error}"))?,
            denied_components: serde_json::from_value(denied)
                .map_err(|error| format!("spec.components.deny: {error}"))?,
            mtls: flag("/mtls/enabled"),
            api_logging: flag("/logging/apilogging/enabled"),
            api_logging_omit_health: flag("/logging/apilogging/omithealthchecks"),
            name_resolution: spec
                .pointer("/nameresolution/component")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            features: features.collect(),
            spec,
        })
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// Expands `$NAME` and `${NAME}`; an unset variable becomes empty.
fn expand(text: &str, env: &Env) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, after) = if let Some(braced) = rest.strip_prefix('{') {
            let Some(pair) = braced.split_once('}') else {
                result.push('$');
                continue;
            };
            pair
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            rest.split_at(end)
        };
        if name.is_empty() {
            result.push('$');
        } else {
            result.push_str(env.raw(name).unwrap_or_default());
        }
        rest = after;
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_expanded_in_both_forms() {
        let env = Env::of([("HOST", "h"), ("P", "1")]);
        assert_eq!(expand("http://$HOST:${P}/$NONE.$", &env), "http://h:1/.$");
    }

    #[test]
    fn later_files_win_field_by_field() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a.yaml"), folder.path().join("b.yaml"));
        fs_err::write(&a, "spec:\n  mtls: {enabled: true}\n  logging: {apiLogging: {enabled: true}}\n")
            .unwrap();
        fs_err::write(&b, "spec:\n  mtls: {enabled: false}\n").unwrap();
        let configuration = Configuration::load(&[a, b], &Env::of([])).unwrap();
        assert!(!configuration.mtls && configuration.api_logging);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Configuration::load(&["/nowhere/config.yaml"], &Env::of([])).unwrap_err();
        assert_eq!(error.to_string(), "stat /nowhere/config.yaml: no such file or directory");
    }

    #[test]
    fn secret_scopes_follow_their_order() {
        let scope = |default: &str, allowed: &[&str], denied: &[&str]| SecretScope {
            store_name: "s".into(),
            default_access: default.into(),
            allowed: allowed.iter().map(ToString::to_string).collect(),
            denied: denied.iter().map(ToString::to_string).collect(),
        };
        assert!(scope("deny", &["a"], &["a"]).allows("a"));
        assert!(!scope("", &["a"], &[]).allows("b"));
        assert!(!scope("", &[], &["a"]).allows("a"));
        assert!(scope("", &[], &["a"]).allows("b"));
        assert!(!scope("deny", &[], &[]).allows("b"));
    }
}
