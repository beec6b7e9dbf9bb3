//! A component's metadata with secrets, variables and templates filled in (daprd reference, 9.4). Values are
//! never logged.

use super::PROCESSOR;
use crate::components::secretstores::SecretStore;
use crate::components::{Metadata, Properties};
use crate::env::Env;
use crate::resources::{Component, Source, Templates, resolve_env, resolve_templates};
use crate::sidecar::Shared;
use crate::sidecar::store::Components;

/// The secret store that a component needs and that isn't there.
pub fn missing_store<'a>(component: &'a Component, components: &Components) -> Option<&'a str> {
    let store = component.secret_store.as_deref()?;
    let needed = component.metadata.iter().any(|item| matches!(item.source, Source::Secret(_)));
    (needed && components.secretstores(store).is_none()).then_some(store)
}

/// All values. What can't be had is empty, with a line in the log; only a template can fail.
pub async fn resolve(component: &Component, shared: &Shared, env: &Env) -> Result<Properties, String> {
    let templates = Templates::new(&shared.app_id, env);
    let store = component.secret_store.as_deref().and_then(|name| shared.components.secretstores(name));
    let mut values = Vec::with_capacity(component.metadata.len());
    for item in &component.metadata {
        let value = match &item.source {
            Source::Value(value) => resolve_templates(value, &templates)?,
            Source::Env(name) => resolve_env(name, env).unwrap_or_else(|name| {
                tracing::warn!(
                    target: PROCESSOR,
                    "Component {} references an env variable that isn't allowed: {name}", component.name
                );
                String::new()
            }),
            Source::Secret(reference) => {
                if let Some(store) = &store {
                    secret(store.provider.as_ref(), &reference.name, reference.key()).await
                } else {
                    tracing::warn!(
                        target: PROCESSOR,
                        "Component {} references a secret store that isn't loaded: ", component.name
                    );
                    String::new()
                }
            }
        };
        values.push((item.name.as_str(), value));
    }
    Ok(values.into_iter().collect())
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
