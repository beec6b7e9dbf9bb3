//! `secretstores.local.file`: secrets from a JSON file, read once (components reference, section 11).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::{Error, Feature, Secret, SecretStore};
use crate::components::{Init, InitError, Metadata};

/// Reads the file named by property `secretsFile`.
pub fn make(init: &Init) -> Result<Arc<dyn SecretStore>, InitError> {
    let properties = &init.properties;
    let file = properties
        .any(&["secretsFile"])
        .ok_or_else(|| InitError::new("missing local secrets file in metadata"))?;
    let text = fs_err::read(file).map_err(InitError::new)?;
    let content: Map<String, Value> =
        serde_json::from_slice(&text).map_err(|error| match error.classify() {
            // The parser would quote the value that it didn't expect.
            serde_json::error::Category::Data => InitError(format!("{file} does not hold a JSON object")),
            _ => InitError(format!("{file}: {error}")),
        })?;
    let separator = properties.any(&["nestedSeparator"]).unwrap_or(":");
    let multi_valued = properties.flag("multiValued");
    let secrets = if multi_valued { multiple(content, separator) } else { single(content, separator) };
    Ok(Arc::new(LocalFile { secrets, multi_valued }))
}

struct LocalFile {
    secrets: BTreeMap<String, Secret>,
    multi_valued: bool,
}

/// Every leaf is a secret of one pair; names of nested ones are joined by the separator.
fn single(content: Map<String, Value>, separator: &str) -> BTreeMap<String, Secret> {
    let mut leaves = Secret::new();
    flatten(Value::Object(content), String::new(), separator, &mut leaves);
    leaves.into_iter().map(|(name, value)| (name.clone(), Secret::from([(name, value)]))).collect()
}

/// Every top-level text or object is a secret; leaves of an object are its pairs.
fn multiple(content: Map<String, Value>, separator: &str) -> BTreeMap<String, Secret> {
    let secret = |(name, value): (String, Value)| match value {
        Value::String(text) => Some((name.clone(), Secret::from([(name, text)]))),
        nested @ Value::Object(_) => {
            let mut pairs = Secret::new();
            flatten(nested, String::new(), separator, &mut pairs);
            Some((name, pairs))
        }
        _ => None,
    };
    content.into_iter().filter_map(secret).collect()
}

fn flatten(value: Value, name: String, separator: &str, into: &mut Secret) {
    let below = |key: &str| {
        if name.is_empty() { key.to_owned() } else { format!("{name}{separator}{key}") }
    };
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                flatten(member, below(&key), separator, into);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.into_iter().enumerate() {
                flatten(item, below(&index.to_string()), separator, into);
            }
        }
        Value::String(text) => {
            into.insert(name, text);
        }
        other => {
            into.insert(name, other.to_string());
        }
    }
}

#[async_trait]
impl SecretStore for LocalFile {
    fn features(&self) -> Vec<Feature> {
        if self.multi_valued { vec![Feature::MultipleKeyValuesPerSecret] } else { Vec::new() }
    }

    async fn get(&self, name: &str, _metadata: &Metadata) -> Result<Secret, Error> {
        self.secrets.get(name).cloned().ok_or_else(|| Error(format!("secret {name} not found")))
    }

    async fn bulk(&self, _metadata: &Metadata) -> Result<BTreeMap<String, Secret>, Error> {
        Ok(self.secrets.clone())
    }
}
