//! The secret store contract (`secretstores.*`). One conformance suite, `tests/components/secretstores.rs`,
//! runs over every provider. Values are never logged.

pub mod local_env;
pub mod local_file;

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Metadata;

/// What a store can do, by the name that the metadata API shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// A secret may hold several pairs.
    MultipleKeyValuesPerSecret,
}

impl Feature {
    /// Name in the metadata API.
    pub fn name(self) -> &'static str {
        match self {
            Self::MultipleKeyValuesPerSecret => "MULTIPLE_KEY_VALUES_PER_SECRET",
        }
    }
}

/// Why a secret could not be read; the text never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// The pairs of one secret; single-valued stores use the secret's name as the key.
pub type Secret = BTreeMap<String, String>;

/// A secret store.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// What the store can do.
    fn features(&self) -> Vec<Feature> {
        Vec::new()
    }

    /// One secret.
    async fn get(&self, name: &str, metadata: &Metadata) -> Result<Secret, Error>;

    /// All secrets that may be read, by name.
    async fn bulk(&self, metadata: &Metadata) -> Result<BTreeMap<String, Secret>, Error>;
}
