//! Which parts of the API the configuration allows: `spec.api` (daprd reference, section 12).

use serde_json::Value;

use crate::resources::Configuration;

/// The rules about one protocol.
pub struct Rules {
    allowed: Vec<Rule>,
    denied: Vec<Rule>,
}

/// A group of operations, such as `state`, in one version.
struct Rule {
    group: String,
    stage: String,
}

impl Rules {
    /// The rules about `http` or `grpc`; `None` when there are none.
    pub fn of(configuration: &Configuration, protocol: &str) -> Option<Self> {
        let rules = |name: &str| -> Vec<Rule> {
            let list = configuration.spec.pointer(&format!("/api/{name}")).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(|rule| Rule::read(rule, protocol)).collect()
        };
        let (allowed, denied) = (rules("allowed"), rules("denied"));
        (!allowed.is_empty() || !denied.is_empty()).then_some(Self { allowed, denied })
    }

    /// Whether they allow a group in a version: `v1.0-alpha1`, `v1`, or a name that ends so, such as
    /// `get_job_alpha1`.
    pub fn allow(&self, group: &str, version: &str) -> bool {
        let listed =
            |rules: &[Rule]| rules.iter().any(|rule| rule.group == group && rule.stage == stage(version));
        (self.allowed.is_empty() || listed(&self.allowed)) && !listed(&self.denied)
    }
}

impl Rule {
    fn read(rule: &Value, protocol: &str) -> Option<Self> {
        let text = |name: &str| rule.get(name).and_then(Value::as_str).unwrap_or_default();
        text("protocol")
            .eq_ignore_ascii_case(protocol)
            .then(|| Self { group: text("name").to_owned(), stage: stage(text("version")).to_owned() })
    }
}

/// `alpha1` and the like; empty for what is stable.
fn stage(version: &str) -> &str {
    ["alpha", "beta"]
        .iter()
        .find_map(|stage| version.rfind(stage).map(|at| &version[at..]))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(api: &str, protocol: &str) -> Option<Rules> {
        let spec = serde_json::from_str(&format!("{{\"api\": {api}}}")).unwrap();
        Rules::of(&Configuration { spec, ..Configuration::default() }, protocol)
    }

    #[test]
    fn what_is_denied_is_not_allowed() {
        let api = r#"{"denied": [{"name": "state", "version": "v1", "protocol": "grpc"}]}"#;
        assert!(rules(api, "http").is_none());
        let rules = rules(api, "grpc").unwrap();
        assert!(!rules.allow("state", "v1.0") && !rules.allow("state", "get_state"));
        assert!(rules.allow("state", "v1.0-alpha1") && rules.allow("secrets", "v1.0"));
    }

    #[test]
    fn a_list_of_what_is_allowed_denies_the_rest() {
        let api = r#"{"allowed": [{"name": "publish", "version": "v1.0-alpha1", "protocol": "HTTP"}, {"name": "state", "version": "v1.0", "protocol": "http"}]}"#;
        let rules = rules(api, "http").unwrap();
        assert!(rules.allow("publish", "v1.0-alpha1") && rules.allow("state", "v1.0"));
        assert!(!rules.allow("publish", "v1.0") && !rules.allow("secrets", "v1.0"));
    }
}
