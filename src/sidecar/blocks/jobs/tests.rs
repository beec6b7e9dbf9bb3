//! Tests of [`super`]: what is due is run, by real instances that share a file.

use std::collections::HashMap;

use tempfile::TempDir;

use super::*;
use crate::env::Env;
use crate::sidecar::app::Target;
use crate::sidecar::blocks::testing::{Received, TestApp, channel, eventually};

const PATIENCE: Duration = Duration::from_secs(5);

fn install(home: &TempDir) -> InstallDir {
    InstallDir::resolve(None, &Env::of([("HOME", home.path().to_str().unwrap())])).unwrap()
}

fn jobs(home: &TempDir) -> Arc<Jobs> {
    Arc::new(Jobs::new("shop", "", Some(&install(home))))
}

fn start(jobs: &Arc<Jobs>, app: &TestApp) -> Arc<Metrics> {
    let metrics = Arc::new(Metrics::new("shop"));
    jobs.start(&app.channel(), &metrics);
    metrics
}

fn request(name: &str, rules: Rules) -> Request {
    Request { name: name.into(), rules, ..Request::default() }
}

fn once(name: &str) -> Request {
    request(name, Rules { due_time: Some("0s".into()), ..Rules::default() })
}

fn often(name: &str, repeats: u32) -> Request {
    let schedule = Some("@every 20ms".into());
    request(name, Rules { schedule, repeats: Some(repeats), ..Rules::default() })
}

async fn content() -> TestApp {
    TestApp::start(|_| (200, String::new())).await
}

/// Until no job is left.
async fn until_done(jobs: &Jobs) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while !jobs.list().await.unwrap().is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "jobs are left");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn by_path(requests: &[Received]) -> HashMap<&str, usize> {
    requests.iter().fold(HashMap::new(), |mut counts, request| {
        *counts.entry(request.path.as_str()).or_default() += 1;
        counts
    })
}

#[tokio::test]
async fn the_app_gets_what_it_has_scheduled_as_often_as_it_wanted() {
    let home = TempDir::new().unwrap();
    let (jobs, app) = (jobs(&home), content().await);
    let metrics = start(&jobs, &app);
    let payload = Payload::Json("{\"b\": 1, \"a\": 12345678901234567890}".into());
    jobs.schedule(Request { payload, ..often("prod-db backup:1", 3) }).await.unwrap();
    until_done(&jobs).await;
    let got = app.take();
    assert_eq!(by_path(&got), HashMap::from([("/job/prod-db%20backup:1", 3)]));
    for request in got {
        assert_eq!(request.method, "POST");
        assert_eq!(request.headers["content-type"], "application/json");
        assert_eq!(request.body, "{\"b\": 1, \"a\": 12345678901234567890}");
    }
    let labels = r#"app_id="shop",namespace="default",operation="job_trigger_op""#;
    let text = metrics.text();
    assert!(text.contains(&format!("dapr_component_job_success_count{{{labels}}} 3\n")), "{text}");
    assert!(text.contains(&format!("dapr_component_job_latencies_count{{{labels},success=\"true\"}} 3\n")));
    assert!(!text.contains("job_failure_count"));
    assert!(jobs.stop(PATIENCE).await);
}

#[tokio::test]
async fn messages_come_as_json_or_as_the_bytes_they_are() {
    let home = TempDir::new().unwrap();
    let (jobs, app) = (jobs(&home), content().await);
    start(&jobs, &app);
    let value = crate::wire::value::encode(br#"{"a":[1,"x"]}"#).unwrap();
    let any =
        |type_url: &str, value: Vec<u8>| Payload::Any { type_url: type_url.into(), value: value.into() };
    let cases = [
        (Payload::None, ""),
        (any(crate::wire::value::TYPE_URL, value), r#"{"a":[1,"x"]}"#),
        (any("type.googleapis.com/google.protobuf.StringValue", b" text\n".to_vec()), "text"),
    ];
    for (payload, body) in cases {
        jobs.schedule(Request { payload, ..once("j") }).await.unwrap();
        until_done(&jobs).await;
        assert_eq!(app.take()[0].body, body);
    }
}

#[tokio::test]
async fn a_run_that_fails_is_tried_again_and_a_missing_handler_is_not() {
    let home = TempDir::new().unwrap();
    let jobs = jobs(&home);
    let app = TestApp::start(|request| {
        let status = match request.path.as_str() {
            "/job/missing" => 404,
            "/job/failing" | "/job/dropped" => 500,
            _ => 200,
        };
        (status, String::new())
    })
    .await;
    let metrics = start(&jobs, &app);
    let constant = Policy::Constant { interval: Duration::from_millis(1), max_retries: Some(2) };
    for (name, policy) in [("failing", constant), ("dropped", Policy::Drop), ("missing", constant)] {
        jobs.schedule(Request { policy: Some(policy), ..often(name, 2) }).await.unwrap();
    }
    until_done(&jobs).await;
    // Two runs each; each failing one with two more tries.
    let expected = HashMap::from([("/job/failing", 6), ("/job/dropped", 2), ("/job/missing", 2)]);
    assert_eq!(by_path(&app.take()), expected);
    assert!(metrics.text().contains(
        "job_failure_count{app_id=\"shop\",namespace=\"default\",operation=\"job_trigger_op\"} 10\n"
    ));
}

#[tokio::test]
async fn an_app_that_cannot_be_reached_costs_no_run() {
    let home = TempDir::new().unwrap();
    let jobs = jobs(&home);
    let metrics = Arc::new(Metrics::new("shop"));
    let nobody = Target { host: "127.0.0.1".into(), port: free_port() };
    jobs.start(&Arc::new(Channel::new(nobody, 0, None).counted(Arc::clone(&metrics))), &metrics);
    for name in ["a", "b", "c"] {
        jobs.schedule(Request { policy: Some(Policy::Drop), ..once(name) }).await.unwrap();
    }
    eventually("it was tried", || metrics.text().contains("http_client_completed_count")).await;
    jobs.stop(PATIENCE).await;
    assert_eq!(jobs.list().await.unwrap().len(), 3);
    assert!(!metrics.text().contains("job_failure_count"));
    let app = content().await;
    start(&jobs, &app);
    until_done(&jobs).await;
    assert_eq!(app.count(), 3);
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn each_run_is_one_instance_s() {
    let home = TempDir::new().unwrap();
    let (one, other) = (jobs(&home), jobs(&home));
    let (app_of_one, app_of_other) = (content().await, content().await);
    for number in 0..200 {
        one.schedule(often(&format!("j{number}"), 3)).await.unwrap();
    }
    start(&one, &app_of_one);
    start(&other, &app_of_other);
    until_done(&one).await;
    let (got, more) = (app_of_one.take(), app_of_other.take());
    assert!(!got.is_empty() && !more.is_empty(), "both take part: {} and {}", got.len(), more.len());
    let all: Vec<Received> = got.into_iter().chain(more).collect();
    let counts = by_path(&all);
    assert_eq!(counts.len(), 200);
    assert!(counts.values().all(|count| *count == 3), "{counts:?}");
}

#[tokio::test]
async fn jobs_wait_for_their_app_and_for_no_other() {
    let home = TempDir::new().unwrap();
    let (shop, app) = (jobs(&home), content().await);
    shop.schedule(once("j")).await.unwrap();
    let other = Arc::new(Jobs::new("other", "", Some(&install(&home))));
    start(&other, &app);
    other.schedule(once("own")).await.unwrap();
    until_done(&other).await;
    assert_eq!(by_path(&app.take()), HashMap::from([("/job/own", 1)]));
    assert_eq!(shop.list().await.unwrap().len(), 1);
    // It is found by an instance that begins later.
    let late = jobs(&home);
    start(&late, &app);
    until_done(&shop).await;
    assert_eq!(by_path(&app.take()), HashMap::from([("/job/j", 1)]));
}

#[tokio::test]
async fn what_the_app_is_working_on_at_the_end_is_given_back() {
    let home = TempDir::new().unwrap();
    let jobs = jobs(&home);
    // An app that takes the request and never answers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    jobs.start(&channel(listener.local_addr().unwrap().port()), &Arc::new(Metrics::new("shop")));
    jobs.schedule(once("j")).await.unwrap();
    let _connection = listener.accept().await.unwrap();
    assert!(!jobs.stop(Duration::from_millis(20)).await, "the app had its time");
    let app = content().await;
    start(&jobs, &app);
    until_done(&jobs).await;
    assert_eq!(app.count(), 1);
}

#[tokio::test]
async fn a_job_that_is_deleted_or_replaced_runs_no_more() {
    let home = TempDir::new().unwrap();
    let (jobs, app) = (jobs(&home), content().await);
    start(&jobs, &app);
    jobs.schedule(often("j", u32::MAX)).await.unwrap();
    eventually("it runs", || app.count() > 2).await;
    let later = Rules { due_time: Some("1h".into()), ..Rules::default() };
    jobs.schedule(Request { overwrite: true, ..request("j", later) }).await.unwrap();
    jobs.stop(PATIENCE).await;
    let stored = jobs.get("j").await.unwrap();
    assert_eq!(stored.progress.count, 0, "it began anew");
    jobs.delete("j").await.unwrap();
    assert_eq!(jobs.list().await.unwrap(), []);
}

#[tokio::test]
async fn nothing_starts_after_the_end() {
    let home = TempDir::new().unwrap();
    let (jobs, app) = (jobs(&home), content().await);
    assert!(jobs.close(PATIENCE).await);
    start(&jobs, &app);
    jobs.schedule(once("j")).await.unwrap();
    assert!(jobs.current().is_none());
    assert_eq!(jobs.list().await.unwrap().len(), 1);
    jobs.close_store().await;
    assert!(jobs.list().await.unwrap_err().message.ends_with("component is closed"));
}
