//! Components of a running sidecar, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use unpoisoned::RwLock;

use crate::components::bindings::{Input, Output};
use crate::components::pubsub::PubSub;
use crate::components::secretstores::SecretStore;
use crate::components::state::Store;
use crate::components::{configuration, lock};
use crate::resources::Component;
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
}

type Map<T> = RwLock<BTreeMap<String, Arc<Entry<T>>>>;

/// Everything that was loaded, by contract and name.
#[derive(Default)]
pub struct Components {
    resiliency: Arc<Resiliency>,
    state: Map<dyn Store>,
    pubsub: Map<dyn PubSub>,
    secretstores: Map<dyn SecretStore>,
    configuration: Map<dyn configuration::Store>,
    lock: Map<dyn lock::Store>,
    input: Map<dyn Input>,
    output: Map<dyn Output>,
}

macro_rules! contract {
    ($field:ident, $insert:ident, $all:ident, $trait:path, $what:literal, $kind:literal) => {
        #[doc = concat!("The ", $what, " with this name.")]
        pub fn $field(&self, name: &str) -> Option<Arc<Entry<dyn $trait>>> {
            self.$field.read().get(name).cloned()
        }

        #[doc = concat!("Adds or replaces a ", $what, ".")]
        pub fn $insert(&self, manifest: Component, provider: Arc<dyn $trait>) {
            let policy = |direction| self.resiliency.component(&manifest.name, $kind, direction);
            let (outbound, inbound) = (policy(Direction::Outbound), policy(Direction::Inbound));
            let name = manifest.name.clone();
            self.$field.write().insert(name, Arc::new(Entry { manifest, provider, outbound, inbound }));
        }

        #[doc = concat!("Every ", $what, ", sorted by name.")]
        pub fn $all(&self) -> Vec<Arc<Entry<dyn $trait>>> {
            self.$field.read().values().cloned().collect()
        }
    };
}

impl Components {
    /// None yet; those that come get their policies from here.
    pub fn new(resiliency: Arc<Resiliency>) -> Self {
        Self { resiliency, ..Self::default() }
    }

    contract!(state, insert_state, all_state, Store, "state store", "Statestore");
    contract!(pubsub, insert_pubsub, all_pubsub, PubSub, "pub/sub component", "Pubsub");
    contract!(secretstores, insert_secretstore, all_secretstores, SecretStore, "secret store", "Secretstore");
    contract!(
        configuration,
        insert_configuration,
        all_configuration,
        configuration::Store,
        "configuration store",
        "Configuration"
    );
    contract!(lock, insert_lock, all_lock, lock::Store, "lock store", "Lock");
    contract!(input, insert_input, all_input, Input, "input binding", "Binding");
    contract!(output, insert_output, all_output, Output, "output binding", "Binding");
}
