//! Proxies, which must not come between an app and its sidecar.

use super::Finding;
use crate::env::{Env, HTTP_PROXY, HTTPS_PROXY, NO_PROXY};

const CHECK: &str = "proxies";
/// What apps call their sidecar.
const LOCAL: [&str; 2] = ["localhost", "127.0.0.1"];

/// Looks at the variables, in capitals or not.
pub fn check(env: &Env) -> Vec<Finding> {
    let set: Vec<String> = [HTTP_PROXY, HTTPS_PROXY]
        .into_iter()
        .flat_map(|name| [name.to_owned(), name.to_lowercase()])
        .filter(|name| env.get(name).is_some())
        .collect();
    if set.is_empty() {
        return vec![Finding::ok(CHECK, "none is set")];
    }
    let set = set.join(" and ");
    let exceptions = env.get(NO_PROXY).or_else(|| env.get(&NO_PROXY.to_lowercase())).unwrap_or_default();
    let excepted =
        |host: &&str| exceptions.split(',').map(str::trim).any(|entry| entry == *host || entry == "*");
    let missing: Vec<&str> = LOCAL.into_iter().filter(|host| !excepted(host)).collect();
    let finding = if missing.is_empty() {
        Finding::ok(CHECK, format!("{set} is set, and {NO_PROXY} excepts this machine"))
    } else {
        let value = [LOCAL.as_slice(), &[exceptions]].concat().join(",");
        let value = value.trim_end_matches(',');
        Finding::warning(
            CHECK,
            format!("{set} is set, and {NO_PROXY} lacks {}", missing.join(" and ")),
            format!("set {NO_PROXY}={value}, or apps may not reach their sidecar"),
        )
    };
    vec![finding]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::self_hosted::doctor::Verdict;

    fn of<const N: usize>(vars: [(&str, &str); N]) -> Finding {
        check(&Env::of(vars)).remove(0)
    }

    #[test]
    fn a_proxy_needs_exceptions_for_this_machine() {
        assert_eq!(of([(NO_PROXY, "x")]).result, Verdict::Ok);
        let finding = of([("http_proxy", "http://me:secret@proxy"), (NO_PROXY, "corp.example,localhost")]);
        assert_eq!(finding.detail, "http_proxy is set, and NO_PROXY lacks 127.0.0.1");
        assert_eq!(
            finding.advice.unwrap(),
            "set NO_PROXY=localhost,127.0.0.1,corp.example,localhost, or apps may not reach their sidecar"
        );
        let finding = of([(HTTPS_PROXY, "p")]);
        assert_eq!(
            finding.advice.unwrap(),
            "set NO_PROXY=localhost,127.0.0.1, or apps may not reach their sidecar"
        );
    }

    #[test]
    fn exceptions_count_in_either_spelling() {
        for exceptions in ["localhost, 127.0.0.1", "127.0.0.1,x,localhost", "*"] {
            assert_eq!(of([(HTTP_PROXY, "p"), ("no_proxy", exceptions)]).result, Verdict::Ok, "{exceptions}");
        }
    }
}
