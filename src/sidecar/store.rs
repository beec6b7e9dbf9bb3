//! Components of a running sidecar, by name.

mod retired;

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;

pub use retired::Retired;
use unpoisoned::RwLock;

use crate::components::bindings::{Input, Output};
use crate::components::pubsub::PubSub;
use crate::components::secretstores::SecretStore;
use crate::components::state::Store;
use crate::components::{configuration, lock};
use crate::resources::Component;
use crate::sidecar::metrics::component::{self, Meter};
use crate::sidecar::resiliency::{Direction, Policy, Resiliency};

mod unpoisoned {
    //! `std`'s lock, without poisoning: a panic while a map is read leaves the map whole.
    use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};

    #[derive(Debug, Default)]
    pub struct RwLock<T>(std::sync::RwLock<T>);

    impl<T> RwLock<T> {
        pub fn read(&self) -> RwLockReadGuard<'_, T> {
            self.0.read().unwrap_or_else(PoisonError::into_inner)
        }

        pub fn write(&self) -> RwLockWriteGuard<'_, T> {
            self.0.write().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

/// A loaded component: its manifest, what serves it, and what makes calls robust.
pub struct Entry<T: ?Sized> {
    /// The manifest.
    pub manifest: Component,
    /// The provider.
    pub provider: Arc<T>,
    /// For calls to the component, if anything is wanted.
    pub outbound: Option<Policy>,
    /// For what comes from the component, if anything is wanted.
    pub inbound: Option<Policy>,
    /// Where its operations are counted.
    pub meter: Meter,
}

type Map<T> = RwLock<BTreeMap<String, Arc<Entry<T>>>>;

/// Declares the contracts: the field, how one is added, how all are listed, the trait, what it is called, what
/// resiliency calls it, what the metrics call it, its operations there, and how one is closed.
macro_rules! contracts {
    ($($field:ident, $insert:ident, $all:ident, $trait:path, $what:literal, $kind:literal, $metric:expr, $operations:expr, $close:expr;)*) => {
        /// Everything that was loaded, by contract and name.
        #[derive(Default)]
        pub struct Components {
            resiliency: Arc<Resiliency>,
            namespace: String,
            $($field: Map<dyn $trait>,)*
        }

        /// What serves a component, made and not in use yet: a binding may be two things.
        #[derive(Default)]
        pub struct Made {
            $(#[doc = concat!("As a ", $what, ".")] pub $field: Option<Arc<dyn $trait>>,)*
        }

        impl Components {
            $(
                #[doc = concat!("The ", $what, " with this name.")]
                pub fn $field(&self, name: &str) -> Option<Arc<Entry<dyn $trait>>> {
                    self.$field.read().get(name).cloned()
                }

                #[doc = concat!("Adds or replaces a ", $what, ".")]
                pub fn $insert(
                    &self,
                    manifest: Component,
                    provider: Arc<dyn $trait>,
                ) -> Option<Arc<Entry<dyn $trait>>> {
                    let policy = |direction| self.resiliency.component(&manifest.name, $kind, direction);
                    let (outbound, inbound) = (policy(Direction::Outbound), policy(Direction::Inbound));
                    let name = manifest.name.clone();
                    let operations: fn(&dyn $trait) -> &'static [&'static str] = $operations;
                    let operations = operations(provider.as_ref());
                    let metrics = self.resiliency.metrics();
                    let meter = Meter::new(metrics, &name, &self.namespace, $metric, operations);
                    let entry = Entry { manifest, provider, outbound, inbound, meter };
                    self.$field.write().insert(name, Arc::new(entry))
                }

                #[doc = concat!("Every ", $what, ", sorted by name.")]
                pub fn $all(&self) -> Vec<Arc<Entry<dyn $trait>>> {
                    self.$field.read().values().cloned().collect()
                }
            )*

            /// The manifest of the component with this name.
            pub fn manifest(&self, name: &str) -> Option<Component> {
                $(
                    if let Some(entry) = self.$field.read().get(name) {
                        return Some(entry.manifest.clone());
                    }
                )*
                None
            }

            /// Puts a component into use in the place of what had its name; that is returned, to be closed.
            pub fn install(&self, manifest: &Component, made: Made) -> Vec<Retired> {
                let mut retired = Vec::new();
                $(
                    let old = match made.$field {
                        Some(provider) => self.$insert(manifest.clone(), provider),
                        None => self.$field.write().remove(&manifest.name),
                    };
                    retired.extend(old.map(|entry| Retired::new(entry, $close)));
                )*
                retired
            }

            /// Takes a component out of use; it is returned, to be closed.
            pub fn remove(&self, name: &str) -> Vec<Retired> {
                let mut retired = Vec::new();
                $(
                    let old = self.$field.write().remove(name);
                    retired.extend(old.map(|entry| Retired::new(entry, $close)));
                )*
                retired
            }
        }
    };
}

/// The contracts have `close` in common, but no trait.
macro_rules! close {
    () => {
        |provider| Box::pin(async move { provider.close().await })
    };
}

contracts! {
    pubsub, insert_pubsub, all_pubsub, PubSub, "pub/sub component", "Pubsub",
        component::PUBSUB, |_| &[], close!();
    state, insert_state, all_state, Store, "state store", "Statestore",
        component::STATE, |_| &["get", "set", "delete", "bulk_get", "bulk_delete", "transaction"], close!();
    input, insert_input, all_input, Input, "input binding", "Binding",
        component::INPUT, |_| &[""], close!();
    output, insert_output, all_output, Output, "output binding", "Binding",
        component::OUTPUT, |binding| binding.operations(), close!();
    configuration, insert_configuration, all_configuration, configuration::Store, "configuration store", "Configuration",
        component::CONFIGURATION, |_| &["get", "subscribe", "unsubscribe"], close!();
    lock, insert_lock, all_lock, lock::Store, "lock store", "Lock",
        component::LOCK, |_| &[], close!();
    secretstores, insert_secretstore, all_secretstores, SecretStore, "secret store", "Secretstore",
        component::SECRET, |_| &["get", "bulk_get"], |_| Box::pin(ready(()));
}

impl Components {
    /// None yet; those that come get their policies from here.
    pub fn new(resiliency: Arc<Resiliency>, namespace: &str) -> Self {
        Self { resiliency, namespace: namespace.to_owned(), ..Self::default() }
    }
}
