use super::*;

const ALL: &str = "
apiVersion: dapr.io/v1alpha1
kind: Resiliency
metadata: {name: myres}
spec:
  policies:
    timeouts: {General: 5s, fast: 250}
    retries:
      Steady: {policy: constant, duration: 2s, maxRetries: 3, matching: {httpStatusCodes: '429,500-599', gRPCStatusCodes: '1-4, 14'}}
      growing: {policy: exponential, maxInterval: 15s, maxRetries: '4'}
      forever: {}
    circuitBreakers:
      simple: {maxRequests: 2, interval: 8s, timeout: 30s, trip: consecutiveFailures >= 2}
      plain: {}
  targets:
    apps:
      appB: {timeout: General, retry: Steady, circuitBreaker: simple, circuitBreakerCacheSize: 100}
    actors:
      MyActor: {timeout: General, circuitBreakerScope: both}
    components:
      statestore1: {outbound: {retry: growing, circuitBreaker: simple}}
      pubsub1: {inbound: {retry: forever}, outbound: {timeout: fast}}
scopes: [app1, app2]
---
kind: Resiliency
metadata: {name: second}
spec: {policies: {timeouts: {General: 7s}}}
";

fn audience(app_id: &str) -> Audience {
    Audience { app_id: app_id.into(), namespace: None }
}

fn load(text: &str, app_id: &str) -> (Resiliency, String) {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("r.yaml"), text).unwrap();
    let (all, found) = resiliency(&[folder.path()], &audience(app_id));
    let mut merged = Resiliency::default();
    for resource in all {
        merged.merge(resource);
    }
    let found: Vec<String> = found.iter().chain(&merged.dangling()).map(ToString::to_string).collect();
    (merged, found.join("\n").replace(&format!("{}/", folder.path().display()), ""))
}

fn names(target: &Target) -> [&str; 3] {
    [&target.timeout, &target.retry, &target.breaker]
        .map(|policy| policy.as_ref().map_or("", |policy| policy.name.as_str()))
}

#[test]
fn names_keep_their_case_and_later_resources_win() {
    let (all, found) = load(ALL, "app1");
    assert_eq!(found, "");
    assert_eq!(all.name, "second");
    assert_eq!(all.timeouts["General"], Duration::from_secs(7));
    assert_eq!(all.timeouts["fast"], Duration::from_millis(250));
    let steady = &all.retries["Steady"];
    assert_eq!((&steady.pace, steady.most), (&Pace::Constant(Duration::from_secs(2)), Some(3)));
    let growing = &all.retries["growing"];
    let Pace::Exponential { initial, longest, total, .. } = growing.pace else { panic!("{growing:?}") };
    assert_eq!(
        (initial, longest, growing.most),
        (Duration::from_millis(500), Duration::from_secs(15), Some(4))
    );
    assert_eq!(total, Some(Duration::from_mins(15)));
    let forever = &all.retries["forever"];
    assert_eq!((&forever.pace, forever.most), (&Pace::Constant(Duration::from_secs(5)), None));
    let simple = &all.breakers["simple"];
    assert_eq!((simple.max_requests, simple.timeout), (2, Duration::from_secs(30)));
    assert_eq!(all.breakers["plain"].timeout, Duration::from_mins(1));
    assert_eq!(names(&all.apps["appB"]), ["General", "Steady", "simple"]);
    assert_eq!(all.apps["appB"].cache, Some(100));
    assert_eq!(names(&all.outbound["statestore1"]), ["", "growing", "simple"]);
    assert_eq!(names(&all.inbound["pubsub1"]), ["", "forever", ""]);
    assert!(!all.inbound.contains_key("statestore1"));
}

#[test]
fn what_is_scoped_to_others_is_left_out() {
    let (all, _) = load(ALL, "app3");
    assert_eq!((all.name.as_str(), all.apps.len()), ("second", 0));
}

#[test]
fn statuses_are_matched_by_ranges() {
    let (all, _) = load(ALL, "app1");
    let steady = &all.retries["Steady"].matching;
    for (code, expected) in [(429, true), (500, true), (599, true), (404, false), (499, false)] {
        assert_eq!(steady.admits(Code::Http(code)), expected, "{code}");
    }
    assert!(steady.admits(Code::Grpc(14)) && steady.admits(Code::Grpc(3)) && !steady.admits(Code::Grpc(5)));
    let all_of_them = &all.retries["growing"].matching;
    assert!(all_of_them.admits(Code::Http(404)) && all_of_them.admits(Code::Grpc(5)));
}

#[test]
fn everything_that_is_wrong_is_named_with_its_field() {
    let text = "kind: Resiliency
metadata: {name: broken}
spec:
  policies:
    timeouts: {soon: tomorrow}
    retries:
      a: {policy: sometimes}
      b: {duration: 5x, maxRetries: many, matching: {httpStatusCodes: '99,500-400,x', gRPCStatusCodes: 17}}
    circuitBreakers:
      c: {trip: 'failures > 1', maxRequests: -1}
    extra: 1
---
kind: Resiliency
metadata: {name: dangling}
spec:
  policies: {retries: {often: {}}}
  targets: {apps: {x: {retry: oftn, timeout: none}}, components: {y: {outbound: {circuitBreaker: cb}}}}
";
    insta::assert_snapshot!(load(text, "a").1, @r#"
  r.yaml:5:22: error: spec.policies.timeouts.soon: "tomorrow" is no duration (try 5s, or 500 for milliseconds)
  r.yaml:7:10: error: spec.policies.retries.a.policy: "sometimes" is no kind of retry: it is constant or exponential
  r.yaml:8:21: error: spec.policies.retries.b.duration: "5x" is no duration (try 5s, or 500 for milliseconds)
  r.yaml:8:37: error: spec.policies.retries.b.maxRetries: "many" is no such number
  r.yaml:8:71: error: spec.policies.retries.b.matching.httpStatusCodes: "99" is no status or range of them between 100 and 599
  r.yaml:8:71: error: spec.policies.retries.b.matching.httpStatusCodes: "500-400" is no status or range of them between 100 and 599
  r.yaml:8:71: error: spec.policies.retries.b.matching.httpStatusCodes: "x" is no status or range of them between 100 and 599
  r.yaml:8:104: error: spec.policies.retries.b.matching.gRPCStatusCodes: "17" is no status or range of them between 0 and 16
  r.yaml:10:17: error: spec.policies.circuitBreakers.c.trip: "failures > 1" is no condition: there is no failures; there are requests, totalSuccesses, totalFailures, consecutiveSuccesses, consecutiveFailures
  r.yaml:10:46: error: spec.policies.circuitBreakers.c.maxRequests: "-1" is no such number
  r.yaml:17:46: error: spec.targets.apps.x.timeout: no timeout policy "none" is defined
  r.yaml:17:31: error: spec.targets.apps.x.retry: no retry policy "oftn" is defined (did you mean often?)
  r.yaml:17:98: error: spec.targets.components.y.outbound.circuitBreaker: no circuit breaker policy "cb" is defined
  "#);
}
