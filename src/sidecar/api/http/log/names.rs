//! The names of endpoints, which stand in the log in the place of paths where these are to be kept out of it: keys, topics
//! and ids are part of them.

use hyper::Method;
use hyper::header::HeaderMap;

/// Methods, the path after its version (`*` is one segment, `**` at least one), and the name. The first that fits counts.
const NAMES: &[(&str, &str, &str)] = &[
    ("GET", "metadata", "GetMetadata"),
    ("PUT", "metadata/*", "PutMetadata"),
    ("GET", "healthz", "Healthz"),
    ("GET", "healthz/outbound", "HealthzOutbound"),
    ("POST", "shutdown", "Shutdown"),
    ("POST PUT", "state/*", "SaveState"),
    ("POST PUT", "state/*/bulk", "GetBulkState"),
    ("POST PUT", "state/*/transaction", "ExecuteStateTransaction"),
    ("POST PUT", "state/*/query", "QueryStateAlpha1"),
    ("GET", "state/*/*", "GetState"),
    ("DELETE", "state/*/*", "DeleteState"),
    ("POST PUT", "publish/bulk/*/**", "BulkPublishEvent"),
    ("POST PUT", "publish/*/**", "PublishEvent"),
    ("POST PUT", "bindings/*", "InvokeBinding"),
    ("GET", "secrets/*/bulk", "GetBulkSecret"),
    ("GET", "secrets/*/*", "GetSecret"),
    ("GET", "configuration/*", "GetConfiguration"),
    ("GET", "configuration/*/subscribe", "SubscribeConfiguration"),
    ("GET", "configuration/*/*/unsubscribe", "UnsubscribeConfiguration"),
    ("POST", "lock/*", "TryLock"),
    ("POST", "unlock/*", "Unlock"),
    ("POST", "jobs/*", "ScheduleJob"),
    ("GET", "jobs/*", "GetJob"),
    ("DELETE", "jobs/*", "DeleteJob"),
    ("GET", "actors/*/*/state/*", "GetActorState"),
    ("POST PUT", "actors/*/*/state", "ExecuteActorStateTransaction"),
    ("POST PUT", "actors/*/*/reminders/*", "RegisterActorReminder"),
    ("GET", "actors/*/*/reminders/*", "GetActorReminder"),
    ("DELETE", "actors/*/*/reminders/*", "UnregisterActorReminder"),
    ("POST PUT", "actors/*/*/timers/*", "RegisterActorTimer"),
    ("DELETE", "actors/*/*/timers/*", "UnregisterActorTimer"),
    ("POST", "workflows/*/*/start", "StartWorkflow"),
    ("GET", "workflows/*/*", "GetWorkflow"),
    ("POST", "workflows/*/*/terminate", "TerminateWorkflow"),
    ("POST", "workflows/*/*/raiseEvent/*", "RaiseEventWorkflow"),
    ("POST", "workflows/*/*/pause", "PauseWorkflow"),
    ("POST", "workflows/*/*/resume", "ResumeWorkflow"),
    ("POST", "workflows/*/*/purge", "PurgeWorkflow"),
    ("POST", "conversation/*/converse", "Converse"),
    ("PUT", "crypto/*/encrypt", "Encrypt"),
    ("PUT", "crypto/*/decrypt", "Decrypt"),
    ("POST", "subtlecrypto/*/getkey", "SubtleGetKey"),
    ("POST", "subtlecrypto/*/encrypt", "SubtleEncrypt"),
    ("POST", "subtlecrypto/*/decrypt", "SubtleDecrypt"),
    ("POST", "subtlecrypto/*/wrapkey", "SubtleWrapKey"),
    ("POST", "subtlecrypto/*/unwrapkey", "SubtleUnwrapKey"),
    ("POST", "subtlecrypto/*/sign", "SubtleSign"),
    ("POST", "subtlecrypto/*/verify", "SubtleVerify"),
];
/// What calls a method of an app.
const INVOKE: &str = "InvokeService";

/// The name of the endpoint that a request is for. What no endpoint takes is a call of the app that the headers name.
pub fn name(method: &Method, path: &str, headers: &HeaderMap) -> String {
    let path = path.trim_matches('/');
    let rest =
        path.split_once('/').filter(|(version, _)| version.starts_with("v1.0")).map_or("", |(_, rest)| rest);
    let segments: Vec<&str> = rest.split('/').collect();
    let fits = |(methods, pattern, _): &&(&str, &str, &str)| {
        methods.split(' ').any(|one| one == method.as_str()) && matches(pattern, &segments)
    };
    if let Some((_, _, name)) = NAMES.iter().find(fits) {
        return (*name).to_owned();
    }
    if let Some((target, _)) = rest.strip_prefix("invoke/").and_then(|call| call.split_once("/method")) {
        return format!("{INVOKE}/{target}");
    }
    if let ["actors", kind, id, "method", _, ..] = segments[..] {
        return format!("InvokeActor/{kind}.{id}");
    }
    match headers.get("dapr-app-id").and_then(|id| id.to_str().ok()) {
        Some(id) => format!("{INVOKE}/{id}"),
        None => INVOKE.to_owned(),
    }
}

fn matches(pattern: &str, segments: &[&str]) -> bool {
    let mut segments = segments.iter();
    for part in pattern.split('/') {
        match segments.next() {
            Some(segment) if part == "**" => return !segment.is_empty(),
            Some(segment) if part == "*" && !segment.is_empty() => {}
            Some(segment) if part == *segment => {}
            _ => return false,
        }
    }
    segments.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(method: &str, path: &str) -> String {
        name(&method.parse().unwrap(), path, &HeaderMap::new())
    }

    #[test]
    fn names_tell_nothing_of_keys_and_topics() {
        for (method, path, expected) in [
            ("GET", "/v1.0/metadata", "GetMetadata"),
            ("PUT", "/v1.0/metadata/secret", "PutMetadata"),
            ("PATCH", "/v1.0/metadata", "InvokeService"),
            ("GET", "/v1.0/healthz/outbound", "HealthzOutbound"),
            ("GET", "/v1.0/invoke/a/method/x/y", "InvokeService/a"),
            ("GET", "/v1.0/invoke/b.ns/method/x", "InvokeService/b.ns"),
            ("GET", "/v1.0/invoke/http://localhost:1/method/x", "InvokeService/http://localhost:1"),
            ("PUT", "/v1.0/state/s", "SaveState"),
            ("GET", "/v1.0/state/s/k", "GetState"),
            ("POST", "/v1.0/state/s/bulk", "GetBulkState"),
            ("POST", "/v1.0-alpha1/state/s/query", "QueryStateAlpha1"),
            ("PUT", "/v1.0/publish/mem/t/u", "PublishEvent"),
            ("POST", "/v1.0-alpha1/publish/bulk/mem/t", "BulkPublishEvent"),
            ("GET", "/v1.0/secrets/s/bulk", "GetBulkSecret"),
            ("GET", "/v1.0/secrets/s/k", "GetSecret"),
            ("GET", "/v1.0-alpha1/configuration/c/id/unsubscribe", "UnsubscribeConfiguration"),
            ("DELETE", "/v1.0-alpha1/jobs/j", "DeleteJob"),
            ("GET", "/v1.0-alpha1/jobs", "InvokeService"),
            ("PUT", "/v1.0/actors/t/i/method/m", "InvokeActor/t.i"),
            ("DELETE", "/v1.0/actors/t/i/timers/r", "UnregisterActorTimer"),
            ("POST", "/v1.0/workflows/dapr/i/raiseEvent/e", "RaiseEventWorkflow"),
            ("GET", "/nothing", "InvokeService"),
            ("POST", "/v1.0/shutdown", "Shutdown"),
        ] {
            assert_eq!(named(method, path), expected, "{method} {path}");
        }
        let headers = HeaderMap::from_iter([("dapr-app-id".parse().unwrap(), "b".parse().unwrap())]);
        assert_eq!(name(&Method::GET, "/some/path", &headers), "InvokeService/b");
    }
}
