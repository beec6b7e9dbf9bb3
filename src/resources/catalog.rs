//! Every resource of some files, whatever its kind is: for lists and pages. Nothing is left out, resolved or checked
//! for names; a document that can't be read is in the list with its error.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::check::files;
use super::loader::documents;

/// Words in the name of a metadata item whose value nobody may see.
const SECRETS: [&str; 9] = [
    "password",
    "secret",
    "token",
    "connectionstring",
    "accesskey",
    "sharedkey",
    "privatekey",
    "accountkey",
    "apikey",
];
/// What is shown in the place of a secret.
pub const MASK: &str = "••••••";

/// One document of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// `Component`, `Configuration`, `Subscription` and so on; empty when it can't be read.
    pub kind: String,
    /// `apiVersion`.
    pub api_version: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; may be empty.
    pub namespace: String,
    /// App ids that may use it; empty for all.
    pub scopes: Vec<String>,
    /// The whole document, keys as they are written.
    pub value: Value,
    /// The file.
    pub file: PathBuf,
    /// When the file was written.
    pub modified: Option<SystemTime>,
    /// What keeps it from being read.
    pub error: Option<String>,
}

impl Document {
    /// A text below `spec`, by the names of its keys; the first spelling counts, whatever its case.
    pub fn spec(&self, path: &[&str]) -> Option<&Value> {
        let spec = get(&self.value, "spec")?;
        path.iter().try_fold(spec, |value, name| get(value, name))
    }

    /// The same as a text; empty when it isn't there.
    pub fn spec_text(&self, path: &[&str]) -> String {
        self.spec(path).map(text).unwrap_or_default()
    }

    /// The document without the values of secrets.
    pub fn masked(&self) -> Value {
        let mut value = self.value.clone();
        mask(&mut value);
        value
    }
}

/// The value of a key, whatever its case is.
fn get<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let map: &Map<String, Value> = value.as_object()?;
    map.get(name)
        .or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Hides values of metadata items and of plain keys that are called like secrets. References to secret stores stay.
fn mask(value: &mut Value) {
    match value {
        Value::Object(map) => {
            let item = map.get("name").and_then(Value::as_str).is_some_and(is_secret);
            for (key, value) in map {
                let hides = is_secret(key) || (item && key.eq_ignore_ascii_case("value"));
                let full = value.as_str().is_some_and(|text| !text.is_empty()) || value.is_number();
                if hides && full {
                    *value = MASK.into();
                } else {
                    mask(value);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(mask),
        _ => {}
    }
}

/// Whether somebody may have put a secret under this name. Keys that only name a secret or its store are none.
fn is_secret(name: &str) -> bool {
    let name: String = name.to_ascii_lowercase().replace(['_', '-', '.'], "");
    !matches!(name.as_str(), "secretkeyref" | "secretstore" | "secretsfile" | "secrets" | "secretstores")
        && SECRETS.iter().any(|word| name.contains(word))
}

/// All documents of these files and of the YAML files in these directories, in the order of their names. A path that
/// isn't there has none.
pub fn catalog<P: AsRef<Path>>(paths: &[P]) -> Vec<Document> {
    let mut found = Vec::new();
    for path in paths {
        for file in files(path.as_ref()) {
            read(&file, &mut found);
        }
    }
    found
}

fn read(file: &Path, found: &mut Vec<Document>) {
    let modified = fs_err::metadata(file).and_then(|file| file.modified()).ok();
    let empty = |error: String| Document {
        kind: String::new(),
        api_version: String::new(),
        name: String::new(),
        namespace: String::new(),
        scopes: Vec::new(),
        value: Value::Null,
        file: file.to_owned(),
        modified,
        error: Some(error),
    };
    let whole = match fs_err::read_to_string(file) {
        Ok(whole) => whole,
        Err(error) => return found.push(empty(error.to_string())),
    };
    for document in documents(&whole) {
        let value: Value = match serde_yaml::from_str(&document) {
            Ok(value) => value,
            Err(error) => {
                found.push(empty(error.to_string()));
                continue;
            }
        };
        let of = |name| get(&value, name).map(text).unwrap_or_default();
        let metadata =
            |name| get(&value, "metadata").and_then(|meta| get(meta, name)).map(text).unwrap_or_default();
        let scopes = get(&value, "scopes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        found.push(Document {
            kind: of("kind"),
            api_version: of("apiVersion"),
            name: metadata("name"),
            namespace: metadata("namespace"),
            scopes: scopes.iter().map(text).collect(),
            file: file.to_owned(),
            modified,
            error: None,
            value,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_is_there_also_a_broken_one() {
        let folder = tempfile::tempdir().unwrap();
        let text = "kind: Component\nmetadata: {name: a}\nspec: {type: state.x}\nscopes: [one]\n---\nkind: [\n---\nKind: Subscription\n";
        fs_err::write(folder.path().join("a.yaml"), text).unwrap();
        fs_err::write(folder.path().join("b.txt"), "kind: Component").unwrap();
        let found = catalog(&[folder.path(), Path::new("/no/such/place")]);
        let kinds: Vec<&str> = found.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!(kinds, ["Component", "", "Subscription"]);
        assert_eq!(
            (found[0].name.as_str(), found[0].scopes.as_slice()),
            ("a", ["one".to_owned()].as_slice())
        );
        assert_eq!(found[0].spec_text(&["type"]), "state.x");
        assert!(found[1].error.is_some());
    }

    #[test]
    fn secrets_are_masked_and_references_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let text = "
kind: Component
spec:
  metadata:
  - {name: redisHost, value: localhost}
  - {name: redisPassword, value: hunter2}
  - {name: connectionString, value: postgres://u:p@h}
  - {name: emptyPassword, value: ''}
  - {name: apiKey, secretKeyRef: {name: store-key, key: k}}
auth: {secretStore: vault}
";
        fs_err::write(folder.path().join("a.yaml"), text).unwrap();
        let shown = catalog(&[folder.path()])[0].masked().to_string();
        assert!(!shown.contains("hunter2") && !shown.contains("postgres"), "{shown}");
        assert!(
            shown.contains("localhost") && shown.contains("store-key") && shown.contains("vault"),
            "{shown}"
        );
        assert_eq!(shown.matches(MASK).count(), 2, "{shown}");
    }
}
