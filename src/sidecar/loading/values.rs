//! A component's metadata with secrets, variables and templates filled in (daprd reference, 9.4). Values are
//! never logged.

use std::sync::Arc;

use super::PROCESSOR;
use crate::components::secretstores::SecretStore;
use crate::components::{Metadata, Properties};
use crate::env::Env;
use crate::resources::{Component, Source, Templates, resolve_env, resolve_templates};
use crate::sidecar::Shared;
use crate::sidecar::store::{Components, Entry};

/// The secret store that a component needs and that isn't there.
pub fn missing_store<'a>(component: &'a Component, components: &Components) -> Option<&'a str> {
    let store = component.secret_store.as_deref()?;
    let needed = component.metadata.iter().any(|item| matches!(item.source, Source::Secret(_)));
    (needed && components.secretstores(store).is_none()).then_some(store)
}

/// All values. What can't be had is empty, with a line in the log; only a template can fail.
pub async fn resolve(component: &Component, shared: &Shared, env: &Env) -> Result<Properties, String> {
    let templates = Templates::new(&shared.app_id, env);
    let owner = format!("Component {}", component.name);
    let from = Values::of(owner, component.secret_store.as_deref(), shared, &templates, env);
    let mut values = Vec::with_capacity(component.metadata.len());
    for item in &component.metadata {
        values.push((item.name.as_str(), from.get(&item.source).await?));
    }
    Ok(values.into_iter().collect())
}

/// Where the values of one resource come from.
pub struct Values<'a> {
    /// Kind and name of the resource, for the log.
    owner: String,
    store: Option<Arc<Entry<dyn SecretStore>>>,
    templates: &'a Templates,
    env: &'a Env,
}

impl<'a> Values<'a> {
    /// Values of a resource whose secrets are in the store with that name.
    pub fn of(
        owner: String,
        store: Option<&str>,
        shared: &Shared,
        templates: &'a Templates,
        env: &'a Env,
    ) -> Self {
        let store = store.and_then(|name| shared.components.secretstores(name));
        Self { owner, store, templates, env }
    }

    /// One value.
    pub async fn get(&self, source: &Source) -> Result<String, String> {
        let owner = &self.owner;
        match source {
            Source::Value(value) => resolve_templates(value, self.templates),
            Source::Env(name) => Ok(resolve_env(name, self.env).unwrap_or_else(|name| {
                tracing::warn!(
                    target: PROCESSOR,
                    "{owner} references an env variable that isn't allowed: {name}"
                );
                String::new()
            })),
            Source::Secret(reference) => {
                if let Some(store) = &self.store {
                    return Ok(secret(store.provider.as_ref(), &reference.name, reference.key()).await);
                }
                tracing::warn!(
                    target: PROCESSOR,
                    "{owner} references a secret store that isn't loaded: "
                );
                Ok(String::new())
            }
        }
    }
}

async fn secret(store: &dyn SecretStore, name: &str, key: &str) -> String {
    match store.get(name, &Metadata::new()).await {
        Ok(mut secret) => secret.remove(key).unwrap_or_default(),
        Err(error) => {
            tracing::error!(target: PROCESSOR, "Error getting secret: {error}");
            String::new()
        }
    }
}
