//! Components that a runtime can't serve, since it doesn't have their type.

use std::path::{Path, PathBuf};

use super::check::{files, key};
use super::types;
use crate::lint::{self, Diagnostic, Node};
use crate::records::Runtime;

/// Finds them in files and directories, whatever app they are for. One whose errors are to be ignored is a warning.
pub fn unserved(paths: &[PathBuf], runtime: Runtime) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for file in paths.iter().flat_map(|path| files(path)) {
        let text = fs_err::read_to_string(&file).unwrap_or_default();
        let (documents, _) = lint::parse(&file, &text);
        found.extend(documents.iter().filter_map(|document| one(&file, document, runtime)));
    }
    found
}

fn one(file: &Path, document: &Node, runtime: Runtime) -> Option<Diagnostic> {
    let is = |name: &str, value: &str| key(document, name).is_some_and(|node| node.text() == value);
    if !is("kind", "Component") || !is("apiVersion", "dapr.io/v1alpha1") {
        return None;
    }
    let spec = key(document, "spec")?;
    let kind = key(spec, "type")?;
    let version = key(spec, "version").map(Node::text).unwrap_or_default();
    let serves = match runtime {
        // Name resolution is set in the configuration; these files are skipped.
        Runtime::Embedded if kind.text().starts_with("nameresolution.") => true,
        Runtime::Embedded => types::EMBEDDED.contains(&kind.text()) && matches!(version, "" | "v0" | "v1"),
        Runtime::Installed => !types::OURS.contains(&kind.text()),
    };
    if serves {
        return None;
    }
    let slash = if version.is_empty() { "" } else { "/" };
    let text = format!("the {runtime} runtime has no {}{slash}{version}", kind.text());
    let ignored = key(spec, "ignoreErrors").and_then(Node::boolean) == Some(true);
    Some(if ignored {
        Diagnostic::warning(file, kind.at, text)
    } else {
        Diagnostic::error(file, kind.at, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(runtime: Runtime) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let component = |kind: &str, more: &str| {
            format!(
                "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: c\nspec:\n  type: {kind}\n{more}---\n"
            )
        };
        let text = component("state.mysql", "  version: v1\n")
            + &component("state.sqlite", "  version: v2\n")
            + &component("pubsub.sqlite", "  version: v1\n")
            + &component("bindings.kafka", "  ignoreErrors: true\n")
            + &component("nameresolution.consul", "")
            + "kind: Configuration\napiVersion: dapr.io/v1alpha1\nspec: {type: x}\n";
        fs_err::write(folder.path().join("all.yaml"), text).unwrap();
        let prefix = format!("{}/", folder.path().display());
        let found = unserved(&[folder.path().to_owned()], runtime);
        found.iter().map(|finding| finding.to_string().replace(&prefix, "")).collect()
    }

    #[test]
    fn each_runtime_has_its_own_types() {
        insta::assert_snapshot!(found(Runtime::Embedded).join("\n"), @"
        all.yaml:6:9: error: the embedded runtime has no state.mysql/v1
        all.yaml:14:9: error: the embedded runtime has no state.sqlite/v2
        all.yaml:30:9: warning: the embedded runtime has no bindings.kafka
        ");
        insta::assert_snapshot!(found(Runtime::Installed).join("\n"), @"
        all.yaml:22:9: error: the installed runtime has no pubsub.sqlite/v1
        ");
    }
}
