//! Jobs over gRPC (grpc-api reference, 3.8): every method has an older twin.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dapr::dapr::proto::common::v1::job_failure_policy;
use dapr::dapr::proto::common::v1::{JobFailurePolicy, JobFailurePolicyConstant, JobFailurePolicyDrop};
use dapr::dapr::proto::runtime::v1::{
    DeleteJobRequest, DeleteJobResponse, DeleteJobsByPrefixRequest, DeleteJobsByPrefixRequestAlpha1,
    DeleteJobsByPrefixResponse, DeleteJobsByPrefixResponseAlpha1, GetJobRequest, GetJobResponse, Job,
    ListJobsRequest, ListJobsRequestAlpha1, ListJobsResponse, ListJobsResponseAlpha1, ScheduleJobRequest,
    ScheduleJobResponse,
};
use tonic::{Request, Response, Status};

use crate::components::jobs::{Payload, Policy, Stored};
use crate::components::schedule::Rules;
use crate::sidecar::app::message::any;
use crate::sidecar::blocks::jobs;
use crate::sidecar::core::Core;

pub async fn schedule(
    core: &Arc<Core>,
    request: Request<ScheduleJobRequest>,
) -> Result<Response<ScheduleJobResponse>, Status> {
    let ScheduleJobRequest { job, overwrite } = request.into_inner();
    let job = job.ok_or_else(|| core.jobs.missing())?;
    let Job { name, schedule, repeats, due_time, ttl, data, failure_policy } = job;
    let payload = data.map_or(Payload::None, |data| Payload::Any {
        type_url: data.type_url,
        value: Bytes::from(data.value),
    });
    let rules = Rules { schedule, due_time, ttl, repeats };
    let policy = failure_policy.and_then(policy);
    core.jobs.schedule(jobs::Request { name, rules, payload, policy, overwrite }).await?;
    Ok(Response::new(ScheduleJobResponse {}))
}

fn policy(policy: JobFailurePolicy) -> Option<Policy> {
    Some(match policy.policy? {
        job_failure_policy::Policy::Drop(_) => Policy::Drop,
        job_failure_policy::Policy::Constant(JobFailurePolicyConstant { interval, max_retries }) => {
            let interval = interval.and_then(|interval| Duration::try_from(interval).ok());
            Policy::Constant { interval: interval.unwrap_or_default(), max_retries }
        }
    })
}

fn told(stored: Stored) -> Job {
    let Rules { schedule, due_time, ttl, repeats } = stored.job.rules;
    let policy = match stored.job.policy {
        Policy::Drop => job_failure_policy::Policy::Drop(JobFailurePolicyDrop {}),
        Policy::Constant { interval, max_retries } => {
            let interval = prost_types::Duration::try_from(interval).ok();
            job_failure_policy::Policy::Constant(JobFailurePolicyConstant { interval, max_retries })
        }
    };
    Job {
        name: stored.key.name,
        schedule,
        repeats,
        due_time,
        ttl,
        data: any(&stored.job.payload),
        failure_policy: Some(JobFailurePolicy { policy: Some(policy) }),
    }
}

pub async fn get(
    core: &Arc<Core>,
    request: Request<GetJobRequest>,
) -> Result<Response<GetJobResponse>, Status> {
    let stored = core.jobs.get(&request.get_ref().name).await?;
    Ok(Response::new(GetJobResponse { job: Some(told(stored)) }))
}

pub async fn delete(
    core: &Arc<Core>,
    request: Request<DeleteJobRequest>,
) -> Result<Response<DeleteJobResponse>, Status> {
    core.jobs.delete(&request.get_ref().name).await?;
    Ok(Response::new(DeleteJobResponse {}))
}

async fn all(core: &Core) -> Result<Vec<Job>, Status> {
    Ok(core.jobs.list().await?.into_iter().map(told).collect())
}

pub async fn list(
    core: &Arc<Core>,
    _: Request<ListJobsRequest>,
) -> Result<Response<ListJobsResponse>, Status> {
    Ok(Response::new(ListJobsResponse { jobs: all(core).await? }))
}

pub async fn list_alpha1(
    core: &Arc<Core>,
    _: Request<ListJobsRequestAlpha1>,
) -> Result<Response<ListJobsResponseAlpha1>, Status> {
    Ok(Response::new(ListJobsResponseAlpha1 { jobs: all(core).await? }))
}

pub async fn delete_by_prefix(
    core: &Arc<Core>,
    request: Request<DeleteJobsByPrefixRequest>,
) -> Result<Response<DeleteJobsByPrefixResponse>, Status> {
    core.jobs.delete_by_prefix(request.get_ref().name_prefix()).await?;
    Ok(Response::new(DeleteJobsByPrefixResponse {}))
}

pub async fn delete_by_prefix_alpha1(
    core: &Arc<Core>,
    request: Request<DeleteJobsByPrefixRequestAlpha1>,
) -> Result<Response<DeleteJobsByPrefixResponseAlpha1>, Status> {
    core.jobs.delete_by_prefix(request.get_ref().name_prefix()).await?;
    Ok(Response::new(DeleteJobsByPrefixResponseAlpha1 {}))
}
