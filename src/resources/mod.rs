//! Dapr YAML: components, subscriptions and the configuration, as they are on disk (daprd reference,
//! sections 9, 10 and 12). Knows nothing of what a component does.

mod catalog;
mod check;
mod component;
mod configuration;
mod expression;
mod fixed;
mod http_endpoint;
mod loader;
mod resiliency;
mod rule;
mod served;
mod shapes;
mod subscription;
mod types;
mod values;

pub use catalog::{Document, MASK, catalog};
pub use check::{Strictness, check, check_within, files};
pub use component::{Component, Item, SecretKeyRef, Source};
pub use configuration::{Configuration, SecretScope};
pub use fixed::{Fixed, fixed};
pub use http_endpoint::HttpEndpoint;
pub use loader::{Error, Loaded, Warning, load};
pub use resiliency::{
    Breaker, Code, Counts, Matching, Pace, Reference, Resiliency, Retry, Target, Trip, resiliency,
};
pub use rule::{Facts, Rule};
pub use served::unserved;
pub use subscription::{Route, Subscription};
pub use types::{EMBEDDED, OURS, TYPES, Type};
pub use values::{Templates, resolve_env, resolve_templates};

/// What a resource is loaded for: resources scoped to other apps or other namespaces are left out.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    /// The app's id.
    pub app_id: String,
    /// Value of `NAMESPACE`, when set.
    pub namespace: Option<String>,
}

impl Audience {
    /// Rules of section 9.3: a namespace counts only when both sides have one, scopes only when there are any.
    fn admits(&self, namespace: Option<&str>, scopes: &[String]) -> bool {
        let same_namespace = match (&self.namespace, namespace.filter(|name| !name.is_empty())) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        };
        same_namespace && (scopes.is_empty() || scopes.contains(&self.app_id))
    }
}
