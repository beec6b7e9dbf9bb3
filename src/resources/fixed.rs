//! Resources that a running sidecar can't take in one by one (daprd reference, section 13): when one of them changes,
//! it begins anew.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Audience;
use super::check::files;

/// Their kinds.
const KINDS: [&str; 3] = ["Configuration", "HTTPEndpoint", "Resiliency"];

/// Such a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// The file.
    pub file: PathBuf,
    /// All of it.
    content: Value,
}

impl Fixed {
    /// Whether both say the same, wherever they stand.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.content == other.content
    }
}

/// The resources of these kinds that are for an app, by kind and name. What can't be read is left out.
pub fn fixed<P: AsRef<Path>>(directories: &[P], audience: &Audience) -> BTreeMap<(String, String), Fixed> {
    let mut found = BTreeMap::new();
    for file in directories.iter().flat_map(|directory| files(directory.as_ref())) {
        let text = fs_err::read_to_string(&file).unwrap_or_default();
        if !KINDS.iter().any(|kind| text.contains(kind)) {
            continue;
        }
        for document in super::loader::documents(&text) {
            let Ok(value) = super::loader::parse(&document) else { continue };
            let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let (kind, name) = (text("/kind"), text("/metadata/name"));
            let scopes = value.get("scopes").and_then(Value::as_array).cloned().unwrap_or_default();
            let scopes: Vec<String> = scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            if KINDS.contains(&kind) && audience.admits(Some(text("/metadata/namespace")), &scopes) {
                let key = (kind.to_owned(), name.to_owned());
                // With the keys as they are: names are among them.
                let content = serde_yaml::from_str(&document).unwrap_or_default();
                found.insert(key, Fixed { file: file.clone(), content });
            }
        }
    }
    found
}
