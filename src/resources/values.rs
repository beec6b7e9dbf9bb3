//! Values inside component metadata: environment references and templates (daprd reference, section 9.4).

use crate::env::{APP_API_TOKEN, DAPR_ENV_KEYS, Env, POD_NAME};

/// What the templates stand for.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    /// `{appID}`.
    pub app_id: String,
    /// First part of `{namespace}`, which becomes `<namespace>.<app-id>`.
    pub namespace: String,
    /// `{podName}`; using it without a value is an error.
    pub pod_name: Option<String>,
}

impl Templates {
    /// Templates of an app in this environment.
    pub fn new(app_id: &str, env: &Env) -> Self {
        Self {
            app_id: app_id.to_owned(),
            namespace: env.get(crate::env::NAMESPACE).unwrap_or_default().to_owned(),
            pod_name: env.get(POD_NAME).map(str::to_owned),
        }
    }
}

/// Replaces `{uuid}` (anew at each place), `{podName}`, `{namespace}` and `{appID}`.
pub fn resolve_templates(value: &str, templates: &Templates) -> Result<String, String> {
    if !value.contains('{') {
        return Ok(value.to_owned());
    }
    let mut text = value.to_owned();
    while text.contains("{uuid}") {
        text = text.replacen("{uuid}", &uuid::Uuid::new_v4().to_string(), 1);
    }
    if text.contains("{podName}") {
        let name =
            templates.pod_name.as_deref().ok_or("found template value {podName} but POD_NAME is not set")?;
        text = text.replace("{podName}", name);
    }
    text = text.replace("{namespace}", &format!("{}.{}", templates.namespace, templates.app_id));
    Ok(text.replace("{appID}", &templates.app_id))
}

/// The variable behind an `envRef`. `Err` names a variable that components may not see: the app's token,
/// anything that starts with `DAPR_`, names with a space, and names missing from `DAPR_ENV_KEYS` when set.
pub fn resolve_env(name: &str, env: &Env) -> Result<String, String> {
    let listed = env.get(DAPR_ENV_KEYS).is_none_or(|keys| keys.split_whitespace().any(|key| key == name));
    let upper = name.to_uppercase();
    if upper == APP_API_TOKEN || upper.starts_with("DAPR_") || name.contains(' ') || !listed {
        return Err(name.to_owned());
    }
    Ok(env.raw(name).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_replaced() {
        let templates = Templates { app_id: "a".into(), namespace: "ns".into(), pod_name: None };
        assert_eq!(resolve_templates("{namespace}/{appID}", &templates).unwrap(), "ns.a/a");
        let two = resolve_templates("{uuid} {uuid}", &templates).unwrap();
        let (first, second) = two.split_once(' ').unwrap();
        assert_ne!(first, second);
        assert!(resolve_templates("{podName}", &templates).is_err());
    }

    #[test]
    fn tokens_are_never_given_away() {
        let env = Env::of([("APP_API_TOKEN", "t"), ("DAPR_X", "x"), ("OK", "fine")]);
        assert_eq!(resolve_env("OK", &env).unwrap(), "fine");
        for name in ["APP_API_TOKEN", "dapr_x", "A B"] {
            assert!(resolve_env(name, &env).is_err());
        }
    }
}
