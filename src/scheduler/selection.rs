//! What `dapr scheduler delete-all` is to delete, as the texts with which keys begin.

use super::Error;
use super::name::{activity_type, workflow_type};
use crate::components::jobs::Key;

/// The jobs that an argument names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    prefixes: Vec<String>,
    /// Whether, of what begins so, only what belongs to the workflow engine is meant.
    only_engine: bool,
}

impl Selection {
    /// Reads `all`, `app`, `app/<app>`, `actor/<type>`, `actor/<type>/<id>`, `workflow`, `workflow/<app>` or
    /// `workflow/<app>/<instance>`.
    pub fn parse(text: &str, namespace: &str) -> Result<Self, Error> {
        let app = |rest: &str| format!("app||{namespace}||{rest}");
        let actor = |rest: &str| format!("actorreminder||{namespace}||{rest}");
        let workflow = |id: &str| workflow_type(namespace, id);
        let activity = |id: &str| activity_type(namespace, id);
        let parts: Vec<&str> = text.split('/').collect();
        let prefixes = match parts.as_slice() {
            ["all"] => vec![app(""), actor("")],
            ["app"] => vec![app("")],
            ["app", id] => vec![app(&format!("{id}||"))],
            ["actor", kind] => vec![actor(&format!("{kind}||"))],
            ["actor", kind, id] => vec![actor(&format!("{kind}||{id}||"))],
            ["workflow"] => vec![actor(&format!("dapr.internal.{namespace}."))],
            ["workflow", id] => {
                vec![actor(&format!("{}||", workflow(id))), actor(&format!("{}||", activity(id)))]
            }
            ["workflow", id, instance] => vec![
                actor(&format!("{}||{instance}||", workflow(id))),
                actor(&format!("{}||{instance}::", activity(id))),
            ],
            ["all" | "app" | "actor" | "workflow", ..] => {
                return Err(Error::Malformed(format!("invalid key format: {text}")));
            }
            [other, ..] => return Err(Error::Malformed(format!("unknown key prefix: {other}"))),
            [] => return Err(Error::Malformed(format!("unknown key prefix: {text}"))),
        };
        Ok(Self { prefixes, only_engine: text == "workflow" })
    }

    /// What the keys begin with.
    pub fn prefixes(&self) -> &[String] {
        &self.prefixes
    }

    /// Whether a job is meant.
    pub fn has(&self, key: &Key) -> bool {
        let text = key.to_string();
        let begins = self.prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()));
        begins && (!self.only_engine || !matches!(super::kind(key), super::Kind::App | super::Kind::Actor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 8] = [
        "app||ns||shop||a",
        "app||ns||shop-2||a",
        "app||other||shop||a",
        "actorreminder||ns||cat||tom||feed",
        "actorreminder||ns||cat||tim||feed",
        "actorreminder||ns||dapr.internal.ns.shop.workflow||i||start",
        "actorreminder||ns||dapr.internal.ns.shop.activity||i::0||run-activity",
        "actorreminder||ns||dapr.internal.ns.other||x||r",
    ];

    #[test]
    fn each_argument_means_its_jobs() {
        let cases: [(&str, &[usize]); 8] = [
            ("all", &[0, 1, 3, 4, 5, 6, 7]),
            ("app", &[0, 1]),
            ("app/shop", &[0]),
            ("actor/cat", &[3, 4]),
            ("actor/cat/tom", &[3]),
            ("workflow", &[5, 6]),
            ("workflow/shop", &[5, 6]),
            ("workflow/shop/i", &[5, 6]),
        ];
        for (argument, expected) in cases {
            let selection = Selection::parse(argument, "ns").unwrap();
            let has = |index: &usize| selection.has(&Key::parse(KEYS[*index]).unwrap());
            let found: Vec<usize> = (0..KEYS.len()).filter(has).collect();
            assert_eq!(found, expected, "{argument}");
        }
    }

    #[test]
    fn other_arguments_are_refused() {
        let cases = [
            ("", "unknown key prefix: "),
            ("foo", "unknown key prefix: foo"),
            ("foo/bar", "unknown key prefix: foo"),
            ("actor", "invalid key format: actor"),
            ("app/a/b", "invalid key format: app/a/b"),
            ("all/x", "invalid key format: all/x"),
            ("workflow/a/b/c", "invalid key format: workflow/a/b/c"),
        ];
        for (argument, error) in cases {
            assert_eq!(Selection::parse(argument, "ns").unwrap_err().to_string(), error);
        }
    }
}
