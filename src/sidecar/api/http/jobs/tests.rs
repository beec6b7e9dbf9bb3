//! Tests of [`super`]: requests and answers, without anything being run.

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::env::Env;
use crate::paths::InstallDir;
use crate::sidecar::blocks::testing::send;

fn app(home: &TempDir) -> (Router, Arc<Jobs>) {
    let env = Env::of([("HOME", home.path().to_str().unwrap())]);
    let install = InstallDir::resolve(None, &env).unwrap();
    let jobs = Arc::new(Jobs::new("shop", "", Some(&install)));
    (routes().with_state(Arc::clone(&jobs)), jobs)
}

async fn post(app: &Router, path: &str, body: &str) -> (u16, String) {
    let answer = send(app, "POST", path, &[], body.to_owned()).await;
    (answer.status, answer.body)
}

/// The body of an error.
fn error(reason: &str, message: &str) -> String {
    let info = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "domain": "dapr.io", "metadata": {"appID": "shop", "namespace": "default"}, "reason": reason,
    });
    json!({"errorCode": reason, "message": message, "details": [info]}).to_string()
}

fn as_json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_job_is_told_as_it_was_scheduled() {
    let home = TempDir::new().unwrap();
    let (app, _) = app(&home);
    let body = r#"{"schedule":"@every 2s","repeats":2,"due_time":"1h","ttl":"24h","data":{"b":1, "a":[1.50]},
        "failurePolicy":{"constant":{"interval":"1.5s","max_retries":9}},"unknown":1}"#;
    assert_eq!(post(&app, "/v1.0/jobs/j1", body).await, (204, String::new()));
    let answer = send(&app, "GET", "/v1.0-alpha1/jobs/j1", &[], "").await;
    let expected = r#"{"name":"j1","schedule":"@every 2s","repeats":2,"dueTime":"1h","ttl":"24h","data":{"@type":"type.googleapis.com/google.protobuf.Value","value":{"b":1, "a":[1.50]}},"failurePolicy":{"constant":{"interval":"1.500s","maxRetries":9}}}"#;
    assert_eq!((answer.status, answer.body.trim_end()), (200, expected));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn policies_are_told_too() {
    let home = TempDir::new().unwrap();
    let (app, _) = app(&home);
    let cases = [
        ("null", r#"{"constant":{"interval":"1s","maxRetries":3}}"#),
        ("{}", r#"{"constant":{"interval":"1s","maxRetries":3}}"#),
        (r#"{"drop":{}}"#, r#"{"drop":{}}"#),
        (r#"{"constant":{}}"#, r#"{"constant":{"interval":"0s"}}"#),
    ];
    for (given, told) in cases {
        let body = format!(r#"{{"dueTime":"1h","overwrite":true,"failurePolicy":{given}}}"#);
        assert_eq!(post(&app, "/v1.0/jobs/j", &body).await.0, 204, "{given}");
        let answer = send(&app, "GET", "/v1.0/jobs/j", &[], "").await;
        let expected = format!(r#"{{"name":"j","dueTime":"1h","failurePolicy":{told}}}"#);
        assert_eq!(answer.body.trim_end(), expected, "{given}");
    }
}

#[tokio::test]
async fn numbers_may_be_texts_and_data_may_be_null() {
    let home = TempDir::new().unwrap();
    let (app, _) = app(&home);
    let body = r#"{"schedule":"@every 1h","repeats":"3","data":null,"failurePolicy":{"constant":{"maxRetries":"2"}}}"#;
    assert_eq!(post(&app, "/v1.0/jobs/j", body).await, (204, String::new()));
    let answer = send(&app, "GET", "/v1.0/jobs/j", &[], "").await;
    let expected = r#"{"name":"j","schedule":"@every 1h","repeats":3,"data":{"@type":"type.googleapis.com/google.protobuf.Value","value":null},"failurePolicy":{"constant":{"interval":"0s","maxRetries":2}}}"#;
    assert_eq!(answer.body.trim_end(), expected);
    for wrong in [r#"{"dueTime":"1s","repeats":"x"}"#, r#"{"dueTime":"1s","repeats":-1}"#] {
        let (status, body) = post(&app, "/v1.0/jobs/k", wrong).await;
        assert_eq!(status, 400, "{body}");
        assert!(body.contains("ERR_MALFORMED_REQUEST"), "{body}");
    }
}

#[tokio::test]
async fn messages_of_other_types_are_told_in_base64() {
    let home = TempDir::new().unwrap();
    let (app, jobs) = app(&home);
    let rules = || Rules { due_time: Some("1h".into()), ..Rules::default() };
    let cases = [
        ("type.googleapis.com/x.Y", Bytes::from_static(b"\x00\x01"), r#""AAE=""#),
        (wire::value::TYPE_URL, wire::value::encode(br#"{"a":1}"#).unwrap().into(), r#"{"a":1}"#),
    ];
    for (type_url, value, told) in cases {
        let payload = Payload::Any { type_url: type_url.into(), value };
        let request =
            jobs::Request { name: "j".into(), rules: rules(), payload, overwrite: true, policy: None };
        jobs.schedule(request).await.unwrap();
        let answer = as_json(&send(&app, "GET", "/v1.0/jobs/j", &[], "").await.body);
        assert_eq!(answer["data"], json!({"@type": type_url, "value": as_json(told)}));
    }
}

#[tokio::test]
async fn a_job_that_exists_is_replaced_only_on_demand() {
    let home = TempDir::new().unwrap();
    let (app, _) = app(&home);
    assert_eq!(post(&app, "/v1.0/jobs/j", r#"{"dueTime":"1h"}"#).await.0, 204);
    let (status, body) = post(&app, "/v1.0/jobs/j", r#"{"dueTime":"2h"}"#).await;
    let cause = "rpc error: code = AlreadyExists desc = job already exists: 'app||default||shop||j'";
    let expected = error("DAPR_SCHEDULER_SCHEDULE_JOB", &format!("failed to schedule job due to: {cause}"));
    assert_eq!((status, as_json(&body)), (409, as_json(&expected)));
    assert_eq!(post(&app, "/v1.0/jobs/j", r#"{"dueTime":"2h","overwrite":true}"#).await.0, 204);
    let answer = send(&app, "GET", "/v1.0/jobs/j", &[], "").await;
    assert!(answer.body.contains(r#""dueTime":"2h""#), "{}", answer.body);
}

#[tokio::test]
async fn a_job_that_outlives_its_ttl_before_the_first_run_is_gone_at_once() {
    let home = TempDir::new().unwrap();
    let (app, _) = app(&home);
    assert_eq!(post(&app, "/v1.0/jobs/j", r#"{"schedule":"@every 1h","ttl":"1m"}"#).await.0, 204);
    let answer = send(&app, "GET", "/v1.0/jobs/j", &[], "").await;
    let cause = "rpc error: code = NotFound desc = job not found: j";
    let expected = error("DAPR_SCHEDULER_GET_JOB", &format!("failed to get job due to: {cause}"));
    assert_eq!((answer.status, as_json(&answer.body)), (500, as_json(&expected)));
}

#[tokio::test]
async fn what_cannot_be_scheduled_says_why() {
    let home = TempDir::new().unwrap();
    let (app, _) = app(&home);
    let failed = |cause: &str| {
        let cause = format!("failed to schedule job due to: rpc error: code = Unknown desc = {cause}");
        error("DAPR_SCHEDULER_SCHEDULE_JOB", &cause)
    };
    let cases = [
        (
            "j",
            r#"{"name":"x","dueTime":"1s"}"#,
            400,
            error("DAPR_SCHEDULER_JOB_NAME", "Set the job name in the url only")
                .replace(r#","namespace":"default""#, ""),
        ),
        ("%20", r#"{"dueTime":"1s"}"#, 400, error("DAPR_SCHEDULER_JOB_NAME_EMPTY", "Name is empty")),
        ("j", "", 400, error("DAPR_SCHEDULER_SCHEDULE_EMPTY", "Schedule is empty")),
        (
            "j",
            r#"{"schedule":"bad"}"#,
            500,
            failed("job failed validation: expected exactly 6 fields, found 1: [bad]"),
        ),
        ("j", r#"{"dueTime":"x"}"#, 500, failed("job failed validation: due time format not recognized")),
        (
            "a%7Cb",
            r#"{"dueTime":"1s"}"#,
            500,
            failed(
                "job name is invalid \"a|b\": it must have letters or digits, and beside them only '-', '_', ':', '.' and spaces",
            ),
        ),
        (
            "j",
            "{bad",
            400,
            json!({"errorCode": "ERR_MALFORMED_REQUEST", "message": "failed deserializing HTTP body: invalid character 'b' looking for beginning of object key string"}).to_string(),
        ),
        (
            "j",
            r#"{"dueTime":"1s","failurePolicy":{"drop":{},"constant":{}}}"#,
            400,
            json!({"errorCode": "ERR_MALFORMED_REQUEST", "message": "failed deserializing HTTP body: failurePolicy is either constant or drop, not both"}).to_string(),
        ),
    ];
    for (name, body, status, expected) in cases {
        let answer = post(&app, &format!("/v1.0/jobs/{name}"), body).await;
        assert_eq!((answer.0, as_json(&answer.1)), (status, as_json(&expected)), "{name} {body}");
    }
}

#[tokio::test]
async fn deleting_works_whether_or_not_there_is_a_job() {
    let home = TempDir::new().unwrap();
    let (app, jobs) = app(&home);
    for name in ["a-1", "a-2", "b-1"] {
        assert_eq!(post(&app, &format!("/v1.0/jobs/{name}"), r#"{"dueTime":"1h"}"#).await.0, 204);
    }
    for _ in 0..2 {
        assert_eq!(send(&app, "DELETE", "/v1.0/jobs/a-1", &[], "").await.status, 204);
    }
    let names = async || {
        let jobs = jobs.list().await.unwrap();
        jobs.iter().map(|job| job.key.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["a-2", "b-1"]);
    jobs.delete_by_prefix("a-").await.unwrap();
    assert_eq!(names().await, ["b-1"]);
    jobs.delete_by_prefix("").await.unwrap();
    assert_eq!(names().await, [] as [&str; 0]);
}

#[tokio::test]
async fn without_a_home_the_error_says_what_to_set() {
    let app = routes().with_state(Arc::new(Jobs::new("shop", "", None)));
    let (status, body) = post(&app, "/v1.0/jobs/j", r#"{"dueTime":"1s"}"#).await;
    assert_eq!(status, 500);
    assert!(body.contains("set HOME or DAPR_RUNTIME_PATH"), "{body}");
}
