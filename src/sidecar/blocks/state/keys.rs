//! Keys as they are stored: prefix, `||`, the caller's key (http-api reference, section 3.1).

use crate::resources::Component;
use crate::sidecar::Shared;

const SEPARATOR: &str = "||";

/// The stored key. The error is the key or the prefix that has the separator in it.
pub fn full<'a>(shared: &Shared, component: &'a Component, key: &'a str) -> Result<String, &'a str> {
    let legal = |text: &'a str| if text.contains(SEPARATOR) { Err(text) } else { Ok(text) };
    legal(key)?;
    let prefix = component.value("keyPrefix").unwrap_or_default();
    let is = |name: &str| prefix.eq_ignore_ascii_case(name);
    let parts: [&str; 5] = if is("none") {
        ["", "", "", "", key]
    } else if is("name") {
        ["", "", &component.name, SEPARATOR, key]
    } else if is("namespace") && !shared.namespace.is_empty() {
        [&shared.namespace, ".", &shared.app_id, SEPARATOR, key]
    } else if prefix.is_empty() || is("appid") || is("namespace") {
        ["", "", &shared.app_id, SEPARATOR, key]
    } else {
        ["", "", legal(prefix)?, SEPARATOR, key]
    };
    Ok(parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sidecar::blocks::testing::{manifest, shared};

    #[test]
    fn every_prefix_of_the_reference() {
        let mut sidecar = shared("app");
        let key = |sidecar: &Shared, prefix: &str| {
            full(sidecar, &manifest("store", "state.fake", &[("keyprefix", prefix)]), "k").unwrap()
        };
        assert_eq!(full(&sidecar, &manifest("store", "state.fake", &[]), "k").unwrap(), "app||k");
        assert_eq!(key(&sidecar, "AppID"), "app||k");
        assert_eq!(key(&sidecar, "NAME"), "store||k");
        assert_eq!(key(&sidecar, "none"), "k");
        assert_eq!(key(&sidecar, "mine"), "mine||k");
        assert_eq!(key(&sidecar, "namespace"), "app||k");
        sidecar.namespace = "ns".into();
        assert_eq!(key(&sidecar, "namespace"), "ns.app||k");
    }

    #[test]
    fn the_separator_is_refused_in_both_parts() {
        let sidecar = shared("app");
        let store = manifest("store", "state.fake", &[("keyPrefix", "p||q")]);
        assert_eq!(full(&sidecar, &store, "a||b"), Err("a||b"));
        assert_eq!(full(&sidecar, &store, "k"), Err("p||q"));
    }
}
