use dapr::dapr::proto::common::v1::job_failure_policy::Policy;
use dapr::dapr::proto::common::v1::{JobFailurePolicy, JobFailurePolicyConstant, JobFailurePolicyDrop};
use dapr::dapr::proto::runtime::v1::{
    DeleteJobRequest, DeleteJobsByPrefixRequest, DeleteJobsByPrefixRequestAlpha1, GetJobRequest, Job,
    JobEventResponse, ListJobsRequest, ListJobsRequestAlpha1, ScheduleJobRequest,
};
use dapr_cli::sidecar::Options;
use dapr_cli::sidecar::options::Protocol;
use prost_types::Any;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use super::app::{Answers, Got, GrpcApp};
use super::{client, parts};
use crate::support::{Sidecar, alone, beside, eventually, send};

fn any(value: &[u8]) -> Any {
    Any { type_url: "type.googleapis.com/x.Y".into(), value: value.to_vec() }
}

fn job(name: &str) -> Job {
    Job {
        name: name.into(),
        schedule: Some("@every 1h".into()),
        data: Some(any(&[0, 255])),
        ..Job::default()
    }
}

fn schedule(job: Job, overwrite: bool) -> ScheduleJobRequest {
    ScheduleJobRequest { job: Some(job), overwrite }
}

fn named(name: &str) -> GetJobRequest {
    GetJobRequest { name: name.into() }
}

#[tokio::test]
#[expect(deprecated, reason = "clients still call the older names")]
async fn jobs_are_kept_as_they_were_given() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let mut dapr = client(&sidecar).await;
    let interval = Some(prost_types::Duration { seconds: 1, nanos: 500_000_000 });
    let constant = Policy::Constant(JobFailurePolicyConstant { interval, max_retries: Some(7) });
    let full = Job {
        repeats: Some(3),
        ttl: Some("2h".into()),
        failure_policy: Some(JobFailurePolicy { policy: Some(constant) }),
        ..job("full")
    };
    dapr.schedule_job(schedule(full.clone(), false)).await.unwrap();
    assert_eq!(dapr.get_job(named("full")).await.unwrap().into_inner().job, Some(full));
    let once = Job {
        schedule: None,
        due_time: Some("1h".into()),
        data: None,
        failure_policy: Some(JobFailurePolicy { policy: Some(Policy::Drop(JobFailurePolicyDrop {})) }),
        ..job("once")
    };
    dapr.schedule_job_alpha1(schedule(once.clone(), false)).await.unwrap();
    assert_eq!(dapr.get_job_alpha1(named("once")).await.unwrap().into_inner().job, Some(once.clone()));
    let error = dapr.schedule_job(schedule(once.clone(), false)).await.unwrap_err();
    assert_eq!(
        (error.code(), parts(&error).2.as_deref()),
        (Code::AlreadyExists, Some("DAPR_SCHEDULER_SCHEDULE_JOB"))
    );
    let later = Job { due_time: Some("2h".into()), ..once };
    dapr.schedule_job(schedule(later.clone(), true)).await.unwrap();
    assert_eq!(dapr.get_job(named("once")).await.unwrap().into_inner().job, Some(later));
    // JSON of the HTTP API is a message here.
    let body = r#"{"schedule":"@every 1h","data":{"a":1}}"#;
    assert_eq!(send("POST", &sidecar.url("/v1.0/jobs/json"), &[], body).await.status.as_u16(), 204);
    let data = dapr.get_job(named("json")).await.unwrap().into_inner().job.unwrap().data.unwrap();
    assert_eq!(data.type_url, "type.googleapis.com/google.protobuf.Value");
}

#[tokio::test]
#[expect(deprecated, reason = "clients still call the older names")]
async fn jobs_are_listed_and_deleted() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let mut dapr = client(&sidecar).await;
    for name in ["a-1", "a-2", "b-1"] {
        dapr.schedule_job(schedule(job(name), false)).await.unwrap();
    }
    let names = |jobs: Vec<Job>| jobs.into_iter().map(|job| job.name).collect::<Vec<_>>();
    assert_eq!(
        names(dapr.list_jobs(ListJobsRequest {}).await.unwrap().into_inner().jobs),
        ["a-1", "a-2", "b-1"]
    );
    dapr.delete_job(DeleteJobRequest { name: "a-1".into() }).await.unwrap();
    dapr.delete_job_alpha1(DeleteJobRequest { name: "a-1".into() }).await.unwrap();
    let error = dapr.get_job(named("a-1")).await.unwrap_err();
    assert_eq!((error.code(), parts(&error).2.as_deref()), (Code::Internal, Some("DAPR_SCHEDULER_GET_JOB")));
    assert!(error.message().contains("code = NotFound"), "{error}");
    let prefix = DeleteJobsByPrefixRequestAlpha1 { name_prefix: Some("a-".into()) };
    dapr.delete_jobs_by_prefix_alpha1(prefix).await.unwrap();
    assert_eq!(
        names(dapr.list_jobs_alpha1(ListJobsRequestAlpha1 {}).await.unwrap().into_inner().jobs),
        ["b-1"]
    );
    dapr.delete_jobs_by_prefix(DeleteJobsByPrefixRequest { name_prefix: None }).await.unwrap();
    assert!(dapr.list_jobs(ListJobsRequest {}).await.unwrap().into_inner().jobs.is_empty());
}

#[tokio::test]
async fn errors_have_their_codes_and_details() {
    let sidecar = Sidecar::ready(alone("a")).await;
    let mut dapr = client(&sidecar).await;
    let unscheduled = Job { schedule: None, ..job("j") };
    let cases = [
        (ScheduleJobRequest { job: None, overwrite: false }, "Job is empty", "DAPR_SCHEDULER_EMPTY"),
        (schedule(job(""), false), "Name is empty", "DAPR_SCHEDULER_JOB_NAME_EMPTY"),
        (schedule(unscheduled, false), "Schedule is empty", "DAPR_SCHEDULER_SCHEDULE_EMPTY"),
    ];
    for (request, message, reason) in cases {
        let error = dapr.schedule_job(request).await.unwrap_err();
        assert_eq!(parts(&error), (Code::InvalidArgument, message, Some(reason.into())));
        let info = error.get_details_error_info().unwrap();
        assert_eq!((info.metadata["appID"].as_str(), info.metadata["namespace"].as_str()), ("a", "default"));
    }
    let bad = Job { schedule: Some("bad".into()), ..job("j") };
    let error = dapr.schedule_job(schedule(bad, false)).await.unwrap_err();
    assert_eq!(error.code(), Code::Internal);
    assert!(error.message().contains("expected exactly 6 fields"), "{error}");
}

#[tokio::test]
async fn what_is_due_reaches_the_app() {
    let answers = Answers {
        job: Box::new(|event| match event.name.as_str() {
            "nobody" => Err(Status::not_found("no such job here")),
            _ => Ok(Response::new(JobEventResponse {})),
        }),
        ..Answers::default()
    };
    let mut app = GrpcApp::start(answers).await;
    let options = Options { app_protocol: Protocol::Grpc, ..beside("own", app.address) };
    let sidecar = Sidecar::ready(options).await;
    let mut dapr = client(&sidecar).await;
    for name in ["now", "nobody"] {
        let now = Job { schedule: None, due_time: Some("0s".into()), ..job(name) };
        dapr.schedule_job(schedule(now, false)).await.unwrap();
        let Got::Job(metadata, event) = app.next().await else { panic!("not a job") };
        assert!(metadata.get("traceparent").is_none(), "jobs have no trace");
        assert_eq!((event.name.as_str(), event.method), (name, format!("job/{name}")));
        assert_eq!(
            (event.data, event.content_type.as_str()),
            (Some(any(&[0, 255])), "type.googleapis.com/x.Y")
        );
        assert_eq!(event.http_extension.unwrap().verb().as_str_name(), "POST");
        eventually(async || client(&sidecar).await.get_job(named(name)).await.is_err()).await;
    }
}
