//! What is wrong with resource files, before anybody loads them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::loader::check_name;
use super::{Audience, Resiliency, Rule, shapes, types};
use crate::env::Env;
use crate::lint::{self, Diagnostic, Node, Severity, Shape};
use crate::suggest;

/// Kinds of documents whose shape is known.
const KINDS: &[&str] = &["Component", "Configuration", "HTTPEndpoint", "Resiliency", "Subscription"];

/// How strict the check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// Only what keeps a sidecar from doing its work is an error.
    Run,
    /// So is what the author can't have meant, such as a key that nobody knows.
    #[default]
    Lint,
}

/// Checks files and directories; of a directory its `.yaml` and `.yml` files. With an audience, what is scoped to
/// others counts only for duplicate names. Findings are sorted by file and place.
pub fn check(paths: &[PathBuf], audience: Option<&Audience>, strictness: Strictness) -> Vec<Diagnostic> {
    check_within(None, paths, audience, strictness)
}

/// The same in the environment of the sidecar: secrets that it does not hold are named.
pub fn check_within(
    env: Option<&Env>,
    paths: &[PathBuf],
    audience: Option<&Audience>,
    strictness: Strictness,
) -> Vec<Diagnostic> {
    let mut check = Check { env, audience, strictness, ..Check::default() };
    for path in paths {
        for file in files(path) {
            check.file(&file);
        }
    }
    check.references();
    check.found.sort_by(|one, other| {
        (&one.file, one.line, one.column).cmp(&(&other.file, other.line, other.column))
    });
    check.found
}

/// The YAML files of a directory, sorted; a file alone stands for itself.
pub fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs_err::read_dir(path).into_iter().flatten().flatten();
    let is_yaml =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(is_yaml).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// A component that was found.
struct Component {
    file: PathBuf,
    at: (usize, usize),
    kind: String,
    /// What `secretstores.local.env` puts in front of names.
    prefix: String,
}

/// Something that has to name a component.
struct Reference {
    file: PathBuf,
    at: (usize, usize),
    name: String,
    /// What it has to be: `pubsub` or `secretstores`.
    category: &'static str,
    /// What is wanted of a secret store, and the place where it says so.
    secret: Option<(String, (usize, usize))>,
}

#[derive(Default)]
struct Check<'a> {
    env: Option<&'a Env>,
    audience: Option<&'a Audience>,
    strictness: Strictness,
    found: Vec<Diagnostic>,
    components: HashMap<String, Component>,
    references: Vec<Reference>,
    resiliency: Resiliency,
}

impl Check<'_> {
    fn file(&mut self, file: &Path) {
        let text = match fs_err::read_to_string(file) {
            Ok(text) => text,
            Err(error) => return self.found.push(Diagnostic::error(file, (1, 1), error.to_string())),
        };
        let (documents, found) = lint::parse(file, &text);
        self.found.extend(found);
        for document in &documents {
            self.document(file, document);
        }
    }

    fn document(&mut self, file: &Path, node: &Node) {
        let (kind, version) = (key(node, "kind"), key(node, "apiVersion"));
        let text = |node: Option<&Node>| node.map(Node::text).unwrap_or_default().to_owned();
        let (kind, version) = (text(kind), text(version));
        let Some((shape, versions)) = shape(&kind, &version) else {
            return self.unknown_kind(file, node, &kind, &version);
        };
        // The runtime knows this kind in every version.
        if kind != "Resiliency" && !versions.contains(&version.as_str()) {
            let text =
                format!("this {kind} is not loaded: its apiVersion is {version:?}, not {:?}", versions[0]);
            return self.found.push(Diagnostic::error(file, node.at, text));
        }
        let unknown = match self.strictness {
            Strictness::Run => Severity::Warning,
            Strictness::Lint => Severity::Error,
        };
        let admitted = self.audience.is_none_or(|audience| {
            let namespace = key(node, "metadata").and_then(|metadata| key(metadata, "namespace"));
            let scopes = key(node, "scopes").map(Node::items).unwrap_or_default();
            let scopes: Vec<String> = scopes.iter().map(|scope| scope.text().to_owned()).collect();
            audience.admits(namespace.map(Node::text), &scopes)
        });
        if admitted {
            let findings = lint::check(file, node, shape, unknown, true);
            let broken = findings.iter().any(Diagnostic::is_error);
            self.found.extend(findings);
            if !broken {
                self.meaning(file, node, &kind);
            }
        }
        if kind == "Component" {
            self.name(file, node);
        }
    }

    /// Documents of others may stand in the same files; one that says that it is Dapr's may be mistyped.
    fn unknown_kind(&mut self, file: &Path, node: &Node, kind: &str, version: &str) {
        const UNCHECKED: &[&str] = &["MCPServer", "WorkflowAccessPolicy"];
        if self.strictness == Strictness::Run || UNCHECKED.contains(&kind) || !version.starts_with("dapr.io/")
        {
            return;
        }
        let at = key(node, "kind").map_or(node.at, |kind| kind.at);
        let hint = suggest::question(kind, KINDS.iter().chain(UNCHECKED).copied());
        let text = format!("there is no kind {kind:?}: this document is not loaded");
        self.found.push(Diagnostic::warning(file, at, text).hint(hint));
    }

    /// What the shape does not tell.
    fn meaning(&mut self, file: &Path, node: &Node, kind: &str) {
        let Some(spec) = key(node, "spec") else { return };
        match kind {
            "Component" => self.component(file, node, spec),
            "Subscription" => {
                if let Some(name) = key(spec, "pubsubname") {
                    self.refer(file, name, "pubsub", None);
                }
                let rules = key(spec, "routes").and_then(|routes| key(routes, "rules"));
                for rule in rules.map(Node::items).unwrap_or_default() {
                    let Some(expression) = key(rule, "match") else { continue };
                    if let Err(error) = Rule::compile(expression.text()) {
                        let text = format!("this is no expression that can be matched: {error}");
                        self.found.push(self.doubt(file, expression.at, &text));
                    }
                }
            }
            "Resiliency" => match Resiliency::of(file, node) {
                Ok(resource) => self.resiliency.merge(resource),
                Err(found) => self.doubt_all(found),
            },
            _ => {}
        }
    }

    fn component(&mut self, file: &Path, node: &Node, spec: &Node) {
        let Some(kind) = key(spec, "type") else { return };
        let items = key(spec, "metadata").map(Node::items).unwrap_or_default();
        // An empty value is as good as none; a secret or a variable is known only when it is read.
        let is_given = |item: &Node| {
            let empty = key(item, "value").is_none_or(Node::is_blank);
            !empty || key(item, "secretKeyRef").is_some() || key(item, "envRef").is_some()
        };
        let has = |name: &str| {
            items.iter().any(|item| {
                key(item, "name").is_some_and(|own| own.text().eq_ignore_ascii_case(name)) && is_given(item)
            })
        };
        let ignored = key(spec, "ignoreErrors").and_then(Node::boolean) == Some(true);
        match types::find(kind.text()) {
            Some(known) => {
                for names in known.required.iter().filter(|names| !names.iter().any(|name| has(name))) {
                    let text = format!("{} needs the metadata {}", kind.text(), names.join(" or "));
                    let severity = if ignored { Severity::Warning } else { Severity::Error };
                    self.found.push(Diagnostic { severity, ..Diagnostic::error(file, kind.at, text) });
                }
            }
            None => self.unknown_type(file, kind),
        }
        let store = key(node, "auth").and_then(|auth| key(auth, "secretStore"));
        for item in items {
            let Some(reference) = key(item, "secretKeyRef") else { continue };
            if let Some(store) = store {
                let secret = key(reference, "name").map(|name| (name.text().to_owned(), name.at));
                self.refer(file, store, "secretstores", secret);
            } else {
                let text = "this secret can't be read: auth.secretStore names no secret store";
                self.found.push(self.doubt(file, reference.at, text));
            }
        }
    }

    fn unknown_type(&mut self, file: &Path, kind: &Node) {
        let category = kind.text().split('.').next().unwrap_or_default();
        if !types::CATEGORIES.contains(&category) {
            let hint = suggest::question(category, types::CATEGORIES.iter().copied());
            let text = format!("there are no components of the category {category:?}");
            return self.found.push(Diagnostic::error(file, kind.at, text).hint(hint));
        }
        let near = suggest::question(kind.text(), types::TYPES.iter().map(|known| known.kind));
        if let (Strictness::Lint, Some(hint)) = (self.strictness, near) {
            let text = format!("component type {:?} is not known here", kind.text());
            self.found.push(Diagnostic::warning(file, kind.at, text).hint(hint));
        }
    }

    fn name(&mut self, file: &Path, node: &Node) {
        let Some(name) = key(node, "metadata").and_then(|metadata| key(metadata, "name")) else { return };
        if let Err(text) = check_name(name.text()) {
            return self.found.push(self.doubt(file, name.at, &text));
        }
        let kind = key(node, "spec").and_then(|spec| key(spec, "type")).map(Node::text).unwrap_or_default();
        if let Some(first) = self.components.get(name.text()) {
            let (place, line) = (first.file.display(), first.at.0);
            let text =
                format!("component {:?} is defined twice; the first one is in {place}:{line}", name.text());
            return self.found.push(Diagnostic::error(file, name.at, text));
        }
        let items =
            key(node, "spec").and_then(|spec| key(spec, "metadata")).map(Node::items).unwrap_or_default();
        let is_prefix =
            |item: &&Node| key(item, "name").is_some_and(|name| name.text().eq_ignore_ascii_case("prefix"));
        let prefix = items.iter().find(is_prefix).and_then(|item| key(item, "value")).map(Node::text);
        let prefix = prefix.unwrap_or_default().to_owned();
        let component = Component { file: file.to_owned(), at: name.at, kind: kind.to_owned(), prefix };
        self.components.insert(name.text().to_owned(), component);
    }

    fn refer(
        &mut self,
        file: &Path,
        node: &Node,
        category: &'static str,
        secret: Option<(String, (usize, usize))>,
    ) {
        let (file, name) = (file.to_owned(), node.text().to_owned());
        self.references.push(Reference { file, at: node.at, name, category, secret });
    }

    /// References that name nothing, or something else.
    fn references(&mut self) {
        self.doubt_all(self.resiliency.dangling());
        for reference in std::mem::take(&mut self.references) {
            let Reference { file, at, name, category, secret } = reference;
            let what = if category == "pubsub" { "pub/sub component" } else { "secret store" };
            let of_kind = |component: &Component| component.kind.split('.').next() == Some(category);
            match self.components.get(&name) {
                Some(component) if of_kind(component) => {
                    let unset = secret.and_then(|(name, at)| Some((self.unset(component, &name)?, at)));
                    let finding = unset.map(|(variable, at)| {
                        let text =
                            format!("the environment variable {variable} is not set: the secret is empty");
                        Diagnostic::warning(&file, at, text)
                    });
                    self.found.extend(finding);
                }
                Some(component) => {
                    let text = format!("{name:?} is no {what}: its type is {}", component.kind);
                    self.found.push(self.doubt(&file, at, &text));
                }
                None => {
                    let names = self.components.iter().filter(|(_, component)| of_kind(component));
                    let hint = suggest::question(&name, names.map(|(name, _)| name.as_str()));
                    let text = format!("no {what} {name:?} is defined here");
                    self.found.push(self.doubt(&file, at, &text).hint(hint));
                }
            }
        }
    }

    /// The variable behind a secret of `secretstores.local.env`, when it is not set.
    fn unset(&self, store: &Component, secret: &str) -> Option<String> {
        let env = self.env.filter(|_| store.kind == "secretstores.local.env")?;
        let variable = format!("{}{secret}", store.prefix);
        env.raw(&variable).is_none().then_some(variable)
    }

    /// As [`Self::doubt`], of findings that are made.
    fn doubt_all(&mut self, found: Vec<Diagnostic>) {
        let severity = match self.strictness {
            Strictness::Run => Severity::Warning,
            Strictness::Lint => Severity::Error,
        };
        self.found.extend(found.into_iter().map(|finding| Diagnostic { severity, ..finding }));
    }

    /// The sidecar starts in spite of it, and it can't be meant so.
    fn doubt(&self, file: &Path, at: (usize, usize), text: &str) -> Diagnostic {
        match self.strictness {
            Strictness::Run => Diagnostic::warning(file, at, text),
            Strictness::Lint => Diagnostic::error(file, at, text),
        }
    }
}

/// Keys count in any spelling of upper and lower case.
pub(super) fn key<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let entry = node.entries().iter().find(|(key, _)| key.text().eq_ignore_ascii_case(name));
    entry.map(|(_, value)| value).filter(|value| !value.is_null())
}

fn shape(kind: &str, version: &str) -> Option<(&'static Shape, &'static [&'static str])> {
    const V1: &[&str] = &["dapr.io/v1alpha1"];
    match kind {
        "Component" => Some((&shapes::COMPONENT, V1)),
        "Configuration" => Some((&shapes::CONFIGURATION, V1)),
        "HTTPEndpoint" => Some((&shapes::HTTP_ENDPOINT, V1)),
        "Resiliency" => Some((&shapes::RESILIENCY, V1)),
        "Subscription" if version == "dapr.io/v1alpha1" => Some((&shapes::SUBSCRIPTION_V1, V1)),
        "Subscription" => Some((&shapes::SUBSCRIPTION_V2, &["dapr.io/v2alpha1"])),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
