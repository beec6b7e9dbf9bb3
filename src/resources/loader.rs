//! Finds resources in directories and parses them (daprd reference, section 9).

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Audience, Component, HttpEndpoint, Subscription};

/// Why resources could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory that isn't there or can't be read.
    #[error("{}", read_error(path, source))]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Not YAML, or not the expected shape.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser said, with line and column.
        message: String,
    },
    /// Two components with one name; one line per duplicate.
    #[error("{0}")]
    Duplicate(String),
}

fn read_error(path: &Path, source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::NotFound => format!("stat {}: no such file or directory", path.display()),
        io::ErrorKind::PermissionDenied => format!("open {}: permission denied", path.display()),
        _ => source.to_string(),
    }
}

/// What the directories hold for an app.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Components in directory order, then file order, then document order.
    pub components: Vec<Component>,
    /// Declarative subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// Services outside that have a name.
    pub endpoints: Vec<HttpEndpoint>,
    /// What was skipped, each with its reason.
    pub warnings: Vec<Warning>,
}

/// Something that was skipped; as text it is the stock runtime's warning line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// A file of another kind.
    #[error("A non-YAML Component file {0} was detected, it will not be loaded")]
    NotYaml(String),
    /// A document that can't be a resource.
    #[error("daprd load Component error when parsing manifests yaml resource in {} : {message}", file.display())]
    Broken {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        message: String,
    },
}

/// Loads every `.yaml` and `.yml` file of the directories, not recursively. What is scoped to other apps is
/// left out, after the test for duplicate names. Documents that don't parse become warnings.
pub fn load<P: AsRef<Path>>(directories: &[P], audience: &Audience) -> Result<Loaded, Error> {
    let mut loaded = Loaded::default();
    let mut names: HashMap<String, String> = HashMap::new();
    let mut duplicates = Vec::new();
    for directory in directories {
        for file in files(directory.as_ref())? {
            load_file(&file, audience, &mut loaded, &mut names, &mut duplicates)?;
        }
    }
    if duplicates.is_empty() { Ok(loaded) } else { Err(Error::Duplicate(duplicates.join("\n"))) }
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let wrap = |source| Error::Read { path: directory.to_owned(), source };
    // `std` on purpose: the path is already part of our error.
    let entries = std::fs::read_dir(directory).map_err(wrap)?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(wrap)?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn load_file(
    file: &Path,
    audience: &Audience,
    loaded: &mut Loaded,
    names: &mut HashMap<String, String>,
    duplicates: &mut Vec<String>,
) -> Result<(), Error> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        loaded.warnings.push(Warning::NotYaml(name));
        return Ok(());
    }
    #[expect(clippy::disallowed_methods, reason = "the path is part of our own error")]
    let text =
        std::fs::read_to_string(file).map_err(|source| Error::Read { path: file.to_owned(), source })?;
    for document in documents(&text) {
        let skip = |message: &str| Warning::Broken { file: file.to_owned(), message: message.to_owned() };
        let value = match parse(&document) {
            Ok(value) => value,
            Err(message) => {
                loaded.warnings.push(skip(&message));
                continue;
            }
        };
        let field = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let scopes: Vec<String> = match value.get("scopes") {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let admitted = audience.admits(Some(field("/metadata/namespace")), &scopes);
        match (field("/kind"), field("/apiversion")) {
            ("Component", "dapr.io/v1alpha1") => {
                let name = field("/metadata/name").to_owned();
                if let Err(message) = check_name(&name) {
                    loaded.warnings.push(skip(&message));
                    continue;
                }
                let component = match serde_json::from_value::<super::component::raw::Manifest>(value) {
                    Ok(manifest) => manifest.into_component(name, scopes, file),
                    Err(error) => {
                        loaded.warnings.push(skip(&error.to_string()));
                        continue;
                    }
                };
                let about = component.type_and_version();
                if let Some(existing) = names.get(&component.name) {
                    duplicates.push(format!(
                        "duplicate definition of Component name {} ({about}) with existing {} ({existing})",
                        component.name, component.name
                    ));
                    continue;
                }
                names.insert(component.name.clone(), about);
                if admitted {
                    loaded.components.push(component);
                }
            }
            ("HTTPEndpoint", "dapr.io/v1alpha1") if admitted => {
                let name = field("/metadata/name").to_owned();
                let manifest = check_name(&name).and_then(|()| {
                    serde_json::from_value::<super::http_endpoint::raw::Manifest>(value)
                        .map_err(|error| error.to_string())
                });
                match manifest {
                    Ok(_) if loaded.endpoints.iter().any(|other| other.name == name) => {
                        duplicates.push(format!("duplicate definition of HTTPEndpoint name {name}"));
                    }
                    Ok(manifest) => loaded.endpoints.push(manifest.into_endpoint(name, file)),
                    Err(message) => loaded.warnings.push(skip(&message)),
                }
            }
            ("Subscription", "dapr.io/v1alpha1" | "dapr.io/v2alpha1") if admitted => {
                let name = field("/metadata/name").to_owned();
                match serde_json::from_value::<super::subscription::raw::Manifest>(value) {
                    Ok(manifest) => loaded.subscriptions.push(manifest.into_subscription(name, file)),
                    Err(error) => loaded.warnings.push(skip(&error.to_string())),
                }
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn check_name(name: &str) -> Result<(), String> {
    match name {
        "" => Err("metadata.name is required".into()),
        "." | ".." => Err(format!("invalid resource name {name:?}")),
        _ if name.contains(['/', '%']) => {
            Err(format!("invalid resource name {name:?}: it may not contain '/' or '%'"))
        }
        _ => Ok(()),
    }
}

/// Splits a file at lines that are exactly `---` (trailing blanks allowed); empty documents are left out. The others
/// have blank lines before them, so that a place in them is a place in the file.
pub(super) fn documents(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for (number, line) in text.lines().enumerate() {
        if line.trim_end() == "---" {
            documents.push("\n".repeat(number + 1));
        } else if let Some(last) = documents.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    let has_content = |document: &String| {
        document.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with('#'))
    };
    documents.retain(has_content);
    documents
}

/// YAML to JSON with lower-cased keys, because the stock loader matches field names case-insensitively.
/// Keys below `spec.metadata` items and free maps keep nothing of their case that matters: items are
/// `name`/`value` pairs. Subscription metadata is the exception and keeps its own keys.
pub(super) fn parse(document: &str) -> Result<Value, String> {
    let value: Value = serde_yaml::from_str(document).map_err(|error| error.to_string())?;
    let subscription = value
        .as_object()
        .and_then(|map| map.iter().find(|(key, _)| key.eq_ignore_ascii_case("kind")))
        .is_some_and(|(_, kind)| kind == "Subscription");
    Ok(lower_keys(
        value,
        &|path| match path {
            // The value of a metadata item is a value, whatever its shape; and the keys of a metric's rule are what
            // is put into labels.
            [.., "value"] | [.., "labels", "regex"] => true,
            [.., "spec", "metadata"] => subscription,
            _ => false,
        },
        &mut Vec::new(),
    ))
}

fn lower_keys(value: Value, keep: &dyn Fn(&[&str]) -> bool, path: &mut Vec<String>) -> Value {
    let here: Vec<&str> = path.iter().map(String::as_str).collect();
    if keep(&here) {
        return value;
    }
    match value {
        Value::Object(map) => {
            let lowered = map.into_iter().map(|(key, value)| {
                let key = key.to_lowercase();
                path.push(key.clone());
                let value = lower_keys(value, keep, path);
                path.pop();
                (key, value)
            });
            Value::Object(lowered.collect())
        }
        Value::Array(list) => {
            Value::Array(list.into_iter().map(|value| lower_keys(value, keep, path)).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
