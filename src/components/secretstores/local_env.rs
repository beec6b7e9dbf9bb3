//! `secretstores.local.env`: secrets from the sidecar's environment (components reference, section 10).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Error, Secret, SecretStore};
use crate::components::{Init, InitError, Metadata};
use crate::env::{APP_API_TOKEN, Env};

const KIND: &str = "secretstores.local.env";

/// Makes the store. Property `prefix` is put in front of every name.
pub fn make(init: Init) -> Result<Arc<dyn SecretStore>, InitError> {
    let prefix = init.properties.get("prefix").unwrap_or_default().to_owned();
    Ok(Arc::new(LocalEnv { prefix, label: init.label(KIND), env: init.env }))
}

struct LocalEnv {
    prefix: String,
    label: String,
    env: Env,
}

/// The sidecar's own settings, tokens among them, are nobody's secrets to read.
fn is_allowed(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name != APP_API_TOKEN && !name.starts_with("DAPR_")
}

#[async_trait]
impl SecretStore for LocalEnv {
    async fn get(&self, name: &str, _metadata: &Metadata) -> Result<Secret, Error> {
        let variable = format!("{}{name}", self.prefix);
        let value = if is_allowed(&variable) {
            self.env.raw(&variable).unwrap_or_default()
        } else {
            tracing::warn!(target: "dapr.contrib", component = %self.label, "Access to env var {variable} is forbidden");
            ""
        };
        Ok(Secret::from([(name.to_owned(), value.to_owned())]))
    }

    async fn bulk(&self, _metadata: &Metadata) -> Result<BTreeMap<String, Secret>, Error> {
        let allowed = self.env.iter().filter(|(name, _)| is_allowed(name));
        let named = allowed.filter_map(|(name, value)| Some((name.strip_prefix(&self.prefix)?, value)));
        Ok(named
            .filter(|(name, _)| !name.is_empty())
            .map(|(name, value)| (name.to_owned(), Secret::from([(name.to_owned(), value.to_owned())])))
            .collect())
    }
}
