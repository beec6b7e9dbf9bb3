use std::cell::Cell;

use tokio::time::Instant;

use super::outcome::Interrupted;
use super::*;
use crate::resources::{Audience, Code};

/// The policies of a resource with this spec.
pub fn resiliency(spec: &str) -> (Arc<Metrics>, Resiliency) {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("kind: Resiliency\nmetadata: {{name: res, namespace: ns}}\nspec: {spec}\n");
    fs_err::write(folder.path().join("r.yaml"), text).unwrap();
    let audience = Audience { app_id: "a".into(), namespace: None };
    let (resources, found) = resources::resiliency(&[folder.path()], &audience);
    assert_eq!(found, []);
    let metrics = Arc::new(Metrics::new("a"));
    (Arc::clone(&metrics), Resiliency::load(resources, metrics))
}

/// A status that an operation came back with.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Status(u16);

impl Outcome for Status {
    fn verdict(&self) -> Verdict {
        match self.0 {
            200..300 => Verdict::Well,
            403 => Verdict::Permanent,
            status => Verdict::Failed(Some(Code::Http(status))),
        }
    }

    fn cause(&self) -> String {
        self.0.to_string()
    }
}

/// Runs an operation that gives these, one after the other and the last one for ever; returns what came of it, the
/// number of tries, and the seconds that it took.
async fn run(policy: &Policy, statuses: &[u16]) -> (Result<u16, Interrupted>, usize, u64) {
    let (tries, began) = (Cell::new(0), Instant::now());
    let result = policy
        .run(async || {
            let index = tries.replace(tries.get() + 1);
            Status(statuses[index.min(statuses.len() - 1)])
        })
        .await;
    (result.map(|status| status.0), tries.get(), began.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_and_the_last_one_is_the_result() {
    let (_, all) = resiliency(
        "{policies: {retries: {r: {duration: 2s, maxRetries: 2, matching: {httpStatusCodes: '500-599'}}}}, targets: {apps: {x: {retry: r}}}}",
    );
    let policy = all.app("x", "m").unwrap();
    assert!(policy.repeats());
    assert_eq!(run(&policy, &[500, 503, 200]).await, (Ok(200), 3, 4));
    assert_eq!(run(&policy, &[500]).await, (Ok(500), 3, 4));
    assert_eq!(run(&policy, &[404, 200]).await, (Ok(404), 1, 0));
    assert_eq!(run(&policy, &[403, 200]).await, (Ok(403), 1, 0));
    assert_eq!(run(&policy.once(), &[500]).await, (Ok(500), 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_is_for_each_try() {
    let (metrics, all) = resiliency(
        "{policies: {timeouts: {t: 3s}, retries: {r: {duration: 1s, maxRetries: 1, matching: {httpStatusCodes: '500'}}}}, targets: {components: {c: {outbound: {timeout: t, retry: r}}}}}",
    );
    let policy = all.component("c", "Statestore", Direction::Outbound).unwrap();
    let began = Instant::now();
    let result = policy.run(std::future::pending::<Status>).await;
    assert_eq!((result, began.elapsed().as_secs()), (Err(Interrupted::TimedOut), 7));
    assert!(all.component("c", "Statestore", Direction::Inbound).is_none());
    insta::assert_snapshot!(metrics.text(), @r#"
    # TYPE dapr_resiliency_activations_total counter
    dapr_resiliency_activations_total{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="retry",status="",target="statestore_c"} 1
    dapr_resiliency_activations_total{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="timeout",status="",target="statestore_c"} 2
    # TYPE dapr_resiliency_count counter
    dapr_resiliency_count{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="retry",status="",target="statestore_c"} 1
    dapr_resiliency_count{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="timeout",status="",target="statestore_c"} 1
    # TYPE dapr_resiliency_loaded counter
    dapr_resiliency_loaded{app_id="a",name="res",namespace="ns"} 1
    "#);
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_ends_the_tries() {
    let (metrics, all) = resiliency(
        "{policies: {retries: {r: {duration: 1s}}, circuitBreakers: {cb: {trip: consecutiveFailures >= 3, timeout: 30s}}}, targets: {apps: {x: {retry: r, circuitBreaker: cb}}}}",
    );
    assert_eq!(run(&all.app("x", "m").unwrap(), &[500]).await, (Err(Interrupted::Open), 3, 3));
    assert_eq!(run(&all.app("x", "m").unwrap(), &[200]).await, (Err(Interrupted::Open), 0, 0));
    // Another method has a breaker of its own.
    assert_eq!(run(&all.app("x", "n").unwrap(), &[200]).await, (Ok(200), 1, 0));
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(run(&all.app("x", "m").unwrap(), &[200]).await, (Ok(200), 1, 0));
    insta::assert_snapshot!(metrics.text(), @r#"
    # TYPE dapr_resiliency_activations_total counter
    dapr_resiliency_activations_total{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="circuitbreaker",status="closed",target="app_x"} 1
    dapr_resiliency_activations_total{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="circuitbreaker",status="half-open",target="app_x"} 1
    dapr_resiliency_activations_total{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="circuitbreaker",status="open",target="app_x"} 1
    dapr_resiliency_activations_total{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="retry",status="",target="app_x"} 3
    # TYPE dapr_resiliency_count counter
    dapr_resiliency_count{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="circuitbreaker",status="closed",target="app_x"} 2
    dapr_resiliency_count{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="circuitbreaker",status="half-open",target="app_x"} 1
    dapr_resiliency_count{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="circuitbreaker",status="open",target="app_x"} 1
    dapr_resiliency_count{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="retry",status="",target="app_x"} 4
    # TYPE dapr_resiliency_loaded counter
    dapr_resiliency_loaded{app_id="a",name="res",namespace="ns"} 1
    # TYPE dapr_resiliency_cb_state gauge
    dapr_resiliency_cb_state{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="circuitbreaker",status="closed",target="app_x"} 1
    dapr_resiliency_cb_state{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="circuitbreaker",status="half-open",target="app_x"} 0
    dapr_resiliency_cb_state{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="circuitbreaker",status="open",target="app_x"} 0
    dapr_resiliency_cb_state{app_id="a",flow_direction="outbound",name="res",namespace="ns",policy="circuitbreaker",status="unknown",target="app_x"} 0
    "#);
}

#[tokio::test(start_paused = true)]
async fn default_policies_apply_to_what_is_not_named() {
    let (_, all) = resiliency(
        "{policies: {timeouts: {DefaultTimeoutPolicy: 9s, DefaultAppTimeoutPolicy: 8s, DefaultComponentOutboundTimeoutPolicy: 7s, DefaultPubsubComponentOutboundTimeoutPolicy: 6s, own: 1s}}, targets: {apps: {x: {timeout: own}, y: {}}, components: {c: {inbound: {timeout: own}}}}}",
    );
    let seconds = |policy: Option<Policy>| policy.map(|policy| policy.limit().unwrap().as_secs());
    assert_eq!(seconds(all.app("x", "m")), Some(1));
    assert_eq!(seconds(all.app("y", "m")), None);
    assert_eq!(seconds(all.app("z", "m")), Some(8));
    let component = |name, kind, direction| seconds(all.component(name, kind, direction));
    assert_eq!(component("c", "Pubsub", Direction::Inbound), Some(1));
    assert_eq!(component("c", "Pubsub", Direction::Outbound), None);
    assert_eq!(component("d", "Pubsub", Direction::Outbound), Some(6));
    assert_eq!(component("d", "Statestore", Direction::Outbound), Some(7));
    assert_eq!(component("d", "Statestore", Direction::Inbound), Some(9));
}

#[test]
fn the_built_in_retries_can_be_replaced_but_not_weakened() {
    let first = |spec: &str| resiliency(spec).1.initialization_retries().most;
    assert_eq!(first("{}"), Some(3));
    assert_eq!(first("{policies: {retries: {DaprBuiltInInitializationRetries: {maxRetries: 0}}}}"), Some(3));
    assert_eq!(first("{policies: {retries: {DaprBuiltInInitializationRetries: {maxRetries: 9}}}}"), Some(9));
    let most = |spec: &str| resiliency(spec).1.service_retries().most;
    assert_eq!(most("{}"), Some(3));
    assert_eq!(most("{policies: {retries: {DaprBuiltInServiceRetries: {maxRetries: 1}}}}"), Some(3));
    assert_eq!(most("{policies: {retries: {DaprBuiltInServiceRetries: {maxRetries: 5}}}}"), Some(5));
    assert_eq!(most("{policies: {retries: {DaprBuiltInServiceRetries: {}}}}"), None);
}

#[test]
fn breakers_of_invented_methods_do_not_fill_the_memory() {
    let (_, all) = resiliency(
        "{policies: {circuitBreakers: {cb: {trip: totalFailures > 0}}}, targets: {apps: {x: {circuitBreaker: cb, circuitBreakerCacheSize: 3}}}}",
    );
    for number in 0..10 {
        assert!(all.app("x", &format!("m{number}")).is_some());
    }
    assert!(all.apps["x"].breakers() <= 3);
}

#[tokio::test(start_paused = true)]
async fn no_time_is_no_limit() {
    let (_, all) = resiliency("{policies: {timeouts: {t: 0s}}, targets: {apps: {x: {timeout: t}}}}");
    let policy = all.app("x", "m").unwrap();
    let slow = async || {
        tokio::time::sleep(Duration::from_hours(1)).await;
        Status(200)
    };
    assert_eq!(policy.run(slow).await, Ok(Status(200)));
}
