//! `spec.metric` and `spec.metrics` of the configuration (daprd reference, section 12; observability reference,
//! section 4).

use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use super::histogram::LATENCIES;
use super::paths::Template;
use crate::resources::Configuration;

/// What is counted, and how it is shown.
#[expect(clippy::struct_excessive_bools, reason = "the switches of the configuration are so many")]
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether anything is counted.
    pub enabled: bool,
    /// Whether errors of the API are counted by their codes.
    pub error_codes: bool,
    /// Upper ends of the buckets of latencies, in milliseconds.
    pub latencies: Arc<[u64]>,
    /// Whether HTTP calls are counted by their paths.
    pub by_path: bool,
    /// Paths that are counted as one.
    pub templates: Vec<Template>,
    /// Whether HTTP calls are counted without their methods.
    pub without_verbs: bool,
    /// What becomes of the values of labels.
    pub rules: Vec<Rule>,
    /// What the log says of it at the beginning.
    pub greeting: Vec<String>,
}

/// Rewrites the values of one label of one metric.
#[derive(Debug, Clone)]
pub struct Rule {
    metric: String,
    label: String,
    /// What is found, and what comes in its place.
    replacements: Vec<(Regex, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enabled: true,
            error_codes: false,
            latencies: LATENCIES.into(),
            by_path: true,
            templates: Vec::new(),
            without_verbs: false,
            rules: Vec::new(),
            greeting: Vec::new(),
        }
    }
}

impl Settings {
    /// As the configuration has it; what can't be read is told of and left out. `served` is whether anybody can ask.
    pub fn of(configuration: &Configuration, served: bool) -> Self {
        let at = |name: &str| {
            // A field of the newer section counts more.
            let of = |section: &str| configuration.spec.pointer(&format!("/{section}/{name}"));
            of("metrics").or_else(|| of("metric"))
        };
        let flag = |name: &str| at(name).and_then(Value::as_bool);
        let list = |name: &str| at(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let enabled = served && flag("enabled").unwrap_or(true);
        let mut greeting = vec![format!("metric spec: {{\"enabled\":{enabled}}}")];
        let buckets = list("latencydistributionbuckets");
        let ends: Vec<u64> = buckets.iter().filter_map(Value::as_u64).collect();
        let is_usable = ends.len() == buckets.len() && ends.is_sorted_by(|one, next| one < next);
        let latencies: Arc<[u64]> =
            if ends.is_empty() || !is_usable { LATENCIES.into() } else { ends.into() };
        if !is_usable {
            tracing::warn!(
                target: "dapr.runtime",
                "spec.metrics.latencyDistributionBuckets has to be whole numbers of milliseconds that grow; the default buckets are used"
            );
        }
        let origin = if buckets.is_empty() || !is_usable { "default" } else { "custom" };
        let shown: Vec<String> = latencies.iter().map(ToString::to_string).collect();
        greeting.push(format!("Using {origin} latency distribution buckets: [{}]", shown.join(" ")));
        let templates = list("http/pathmatching");
        Self {
            enabled,
            error_codes: flag("recorderrorcodes").unwrap_or_default(),
            latencies,
            by_path: flag("http/increasedcardinality").unwrap_or(true),
            templates: templates.iter().filter_map(Value::as_str).map(Template::of).collect(),
            without_verbs: flag("http/excludeverbs").unwrap_or_default(),
            rules: list("rules").iter().flat_map(rules).collect(),
            greeting,
        }
    }

    /// The value of a label, as the rules have it.
    pub fn rewritten(&self, metric: &str, label: &str, value: &str) -> String {
        let mut value = value.to_owned();
        for rule in self.rules.iter().filter(|rule| rule.metric == metric && rule.label == label) {
            for (pattern, replacement) in &rule.replacements {
                value = pattern.replace_all(&value, regex::NoExpand(replacement)).into_owned();
            }
        }
        value
    }
}

/// The rules of one metric.
fn rules(of_metric: &Value) -> Vec<Rule> {
    let name = of_metric.get("name").and_then(Value::as_str).unwrap_or_default();
    // With and without the start that all have, and in the spelling of the stock programs' sources.
    let metric = name.replace(['/', '.'], "_");
    let metric = metric.strip_prefix("dapr_").unwrap_or(&metric).to_owned();
    let labels = of_metric.get("labels").and_then(Value::as_array).cloned().unwrap_or_default();
    let rule = |label: &Value| {
        let regex = label.get("regex").and_then(Value::as_object).cloned().unwrap_or_default();
        let replacements = regex.iter().filter_map(|(replacement, pattern)| {
            let pattern = pattern.as_str()?;
            match Regex::new(pattern) {
                Ok(pattern) => Some((pattern, replacement.clone())),
                Err(error) => {
                    tracing::warn!(
                        target: "dapr.runtime",
                        "a rule of metric {name} is left out: {pattern:?} is no regular expression: {error}"
                    );
                    None
                }
            }
        });
        Rule {
            metric: metric.clone(),
            label: label.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            replacements: replacements.collect(),
        }
    };
    labels.iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(yaml: &str) -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        fs_err::write(&file, format!("spec: {yaml}\n")).unwrap();
        let configuration = Configuration::load(&[file], &crate::env::Env::of([])).unwrap();
        Settings::of(&configuration, true)
    }

    #[test]
    fn the_newer_section_wins_field_by_field() {
        let both = settings("{metric: {enabled: false, recordErrorCodes: true}, metrics: {enabled: true}}");
        assert!(both.enabled && both.error_codes);
        let none = settings("{}");
        assert!(none.enabled && none.by_path && !none.without_verbs && !none.error_codes);
        assert_eq!(*none.latencies, *LATENCIES);
        assert!(!Settings::of(&Configuration::default(), false).enabled);
    }

    #[test]
    fn buckets_have_to_grow() {
        let ends =
            |list: &str| settings(&format!("{{metrics: {{latencyDistributionBuckets: {list}}}}}")).latencies;
        assert_eq!(*ends("[5, 50, 500]"), [5, 50, 500]);
        for wrong in ["[5, 5]", "[5, 1]", "[a]", "[-1]"] {
            assert_eq!(*ends(wrong), *LATENCIES, "{wrong}");
        }
    }

    #[test]
    fn rules_rewrite_the_values_of_a_label() {
        let settings = settings(
            "{metrics: {rules: [{name: http/server/request_count, labels: [{name: path, regex: {'/orders/{ID}': '/orders/[0-9]+'}}]}, {name: dapr_x, labels: [{name: y, regex: {'z': '['}}]}]}}",
        );
        let path = |metric, label| settings.rewritten(metric, label, "/v1.0/orders/17");
        assert_eq!(path("http_server_request_count", "path"), "/v1.0/orders/{ID}");
        assert_eq!(path("http_server_request_count", "method"), "/v1.0/orders/17");
        assert_eq!(path("http_server_latency", "path"), "/v1.0/orders/17");
        assert_eq!(settings.rewritten("x", "y", "z"), "z");
    }
}
