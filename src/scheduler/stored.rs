//! Jobs between the two forms in which they are kept: ours, and the stock scheduler's messages.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use prost::Message as _;
use prost_types::{Any, Duration as ProtoDuration, Timestamp as ProtoTime};

use super::Error;
use crate::components::jobs::{Job, Key, Payload, Policy, Progress, Receiver, Stored};
use crate::components::schedule::{Begin, Rules};
use crate::wire;
use crate::wire::jobs::{self as proto, Counter, JobMetadata, StoredJob};

/// A job and its counter as the stock scheduler has them; there is no counter before the first try.
pub fn encode(stored: &Stored) -> (Vec<u8>, Option<Vec<u8>>) {
    let Stored { job, progress, .. } = stored;
    // Any number will do, as long as both have the same.
    let partition_id = stored.id.cast_unsigned();
    let Rules { schedule, due_time, ttl, repeats } = job.rules.clone();
    let message = StoredJob {
        partition_id,
        begin: Some(match job.begin {
            Begin::Start(time) => proto::Begin::Start(to_proto(time)),
            Begin::Due(time) => proto::Begin::DueTime(to_proto(time)),
        }),
        expiration: job.expiration.map(to_proto),
        job: Some(proto::Job {
            schedule,
            due_time,
            ttl,
            repeats,
            metadata: Some(metadata(stored)),
            payload: payload(&job.payload),
            failure_policy: Some(proto::FailurePolicy { policy: Some(policy(job.policy)) }),
        }),
    };
    let counter = (*progress != Progress::default()).then(|| {
        let counter = Counter {
            job_partition_id: partition_id,
            count: progress.count,
            last_trigger: progress.last.map(to_proto),
            attempts: progress.attempts,
        };
        counter.encode_to_vec()
    });
    (message.encode_to_vec(), counter)
}

fn metadata(stored: &Stored) -> Any {
    let (namespace, app_id, kind) = match &stored.key.receiver {
        Receiver::App { namespace, app_id } => {
            (namespace, app_id.clone(), proto::Kind::Job(proto::TargetJob {}))
        }
        Receiver::Actor { namespace, kind, id } => {
            let actor = proto::TargetActor { id: id.clone(), kind: kind.clone() };
            (namespace, stored.scheduled_by.clone().unwrap_or_default(), proto::Kind::Actor(actor))
        }
    };
    let target = Some(proto::Target { kind: Some(kind) });
    let metadata = JobMetadata { app_id, namespace: namespace.clone(), target };
    Any { type_url: proto::METADATA_URL.into(), value: metadata.encode_to_vec() }
}

fn payload(payload: &Payload) -> Option<Any> {
    match payload {
        Payload::None => None,
        Payload::Json(text) => {
            let value = wire::value::encode(text).unwrap_or_default();
            Some(Any { type_url: wire::value::TYPE_URL.into(), value })
        }
        Payload::Any { type_url, value } => Some(Any { type_url: type_url.clone(), value: value.to_vec() }),
    }
}

fn policy(policy: Policy) -> proto::Policy {
    match policy {
        Policy::Drop => proto::Policy::Drop(proto::Drop {}),
        Policy::Constant { interval, max_retries } => {
            let interval = ProtoDuration::try_from(interval).ok();
            proto::Policy::Constant(proto::Constant { interval, max_retries })
        }
    }
}

/// Reads a job and its counter. One whose runs are over is due at its end.
pub fn decode(key: &Key, job: &[u8], counter: Option<&[u8]>) -> Result<Stored, Error> {
    let unreadable = |what: &'static str, cause: &dyn std::fmt::Display| Error::Unreadable {
        what,
        key: key.to_string(),
        cause: cause.to_string(),
    };
    let message = StoredJob::decode(job).map_err(|error| unreadable("job", &error))?;
    let counter = counter.map(Counter::decode).transpose().map_err(|error| unreadable("counter", &error))?;
    let partition_id = message.partition_id;
    let begin = match message.begin {
        Some(proto::Begin::Start(time)) => from_proto(time).map(Begin::Start),
        Some(proto::Begin::DueTime(time)) => from_proto(time).map(Begin::Due),
        None => None,
    };
    let begin = begin.ok_or_else(|| unreadable("job", &"it has no beginning"))?;
    let asked = message.job.ok_or_else(|| unreadable("job", &"it is empty"))?;
    let scheduled_by = match &key.receiver {
        Receiver::App { .. } => None,
        Receiver::Actor { .. } => asked
            .metadata
            .and_then(|metadata| JobMetadata::decode(metadata.value.as_slice()).ok())
            .map(|metadata| metadata.app_id),
    };
    let proto::Job { schedule, due_time, ttl, repeats, .. } = asked;
    let job = Job {
        rules: Rules { schedule, due_time, ttl, repeats },
        begin,
        expiration: message.expiration.and_then(from_proto),
        payload: read_payload(asked.payload),
        policy: read_policy(asked.failure_policy),
    };
    // The counter of a job that was replaced is not this one's.
    let counter = counter.filter(|counter| counter.job_partition_id == partition_id);
    let progress = counter.map_or_else(Progress::default, |counter| Progress {
        count: counter.count,
        last: counter.last_trigger.and_then(from_proto),
        attempts: counter.attempts,
    });
    let plan = job.plan().map_err(|error| unreadable("job", &error))?;
    let due = plan.next(progress.count, progress.last);
    let due = due.or(progress.last).unwrap_or(begin.time());
    Ok(Stored { id: partition_id.cast_signed(), key: key.clone(), job, progress, due, scheduled_by })
}

fn read_payload(payload: Option<Any>) -> Payload {
    let Some(Any { type_url, value }) = payload else { return Payload::None };
    if type_url == wire::value::TYPE_URL
        && let Some(json) = wire::value::decode(&value).filter(|json| !json.is_empty())
    {
        return Payload::Json(json.into());
    }
    Payload::Any { type_url, value: Bytes::from(value) }
}

fn read_policy(policy: Option<proto::FailurePolicy>) -> Policy {
    match policy.and_then(|policy| policy.policy) {
        // The stock scheduler's way with a job that has none.
        None | Some(proto::Policy::Drop(_)) => Policy::Drop,
        Some(proto::Policy::Constant(proto::Constant { interval, max_retries })) => {
            let interval = interval.and_then(|interval| Duration::try_from(interval).ok());
            Policy::Constant { interval: interval.unwrap_or_default(), max_retries }
        }
    }
}

fn to_proto(time: Timestamp) -> ProtoTime {
    let (seconds, nanoseconds) = (time.as_second(), time.subsec_nanosecond());
    // Before 1970 ours counts down from the second, and theirs up.
    if nanoseconds < 0 {
        ProtoTime { seconds: seconds - 1, nanos: nanoseconds + 1_000_000_000 }
    } else {
        ProtoTime { seconds, nanos: nanoseconds }
    }
}

fn from_proto(time: ProtoTime) -> Option<Timestamp> {
    Timestamp::new(time.seconds, time.nanos).ok()
}
