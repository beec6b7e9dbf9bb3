//! What the stock scheduler keeps in etcd (scheduler reference, A.2).

use prost::{Message, Oneof};
use prost_types::{Any, Duration, Timestamp};

/// A job in the store.
#[derive(Clone, PartialEq, Message)]
pub struct StoredJob {
    /// Names this very job: one that replaces it has another number.
    #[prost(uint64, tag = "1")]
    pub partition_id: u64,
    #[prost(oneof = "Begin", tags = "2, 3")]
    pub begin: Option<Begin>,
    #[prost(message, optional, tag = "4")]
    pub expiration: Option<Timestamp>,
    #[prost(message, optional, tag = "5")]
    pub job: Option<Job>,
}

/// Where its clock began.
#[derive(Clone, Copy, PartialEq, Oneof)]
pub enum Begin {
    /// When it was created.
    #[prost(message, tag = "2")]
    Start(Timestamp),
    /// Its due time.
    #[prost(message, tag = "3")]
    DueTime(Timestamp),
}

/// A job as it was asked for.
#[derive(Clone, PartialEq, Message)]
pub struct Job {
    #[prost(string, optional, tag = "1")]
    pub schedule: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub due_time: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub ttl: Option<String>,
    #[prost(uint32, optional, tag = "4")]
    pub repeats: Option<u32>,
    /// A [`JobMetadata`].
    #[prost(message, optional, tag = "5")]
    pub metadata: Option<Any>,
    #[prost(message, optional, tag = "6")]
    pub payload: Option<Any>,
    #[prost(message, optional, tag = "7")]
    pub failure_policy: Option<FailurePolicy>,
}

/// What a failed run means.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct FailurePolicy {
    #[prost(oneof = "Policy", tags = "1, 2")]
    pub policy: Option<Policy>,
}

/// One of two policies.
#[derive(Clone, Copy, PartialEq, Oneof)]
pub enum Policy {
    #[prost(message, tag = "1")]
    Drop(Drop),
    #[prost(message, tag = "2")]
    Constant(Constant),
}

/// The run is over.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Drop {}

/// It is tried again.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Constant {
    #[prost(message, optional, tag = "1")]
    pub interval: Option<Duration>,
    /// Absent: without end.
    #[prost(uint32, optional, tag = "2")]
    pub max_retries: Option<u32>,
}

/// Who scheduled a job, and who runs it.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct JobMetadata {
    #[prost(string, tag = "1")]
    pub app_id: String,
    #[prost(string, tag = "2")]
    pub namespace: String,
    #[prost(message, optional, tag = "3")]
    pub target: Option<Target>,
}

/// Type URL of a [`JobMetadata`] in an `Any`.
pub const METADATA_URL: &str = "type.googleapis.com/dapr.proto.scheduler.v1.JobMetadata";

/// Who runs it.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Target {
    #[prost(oneof = "Kind", tags = "1, 2")]
    pub kind: Option<Kind>,
}

/// The app, or an actor.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum Kind {
    #[prost(message, tag = "1")]
    Job(TargetJob),
    #[prost(message, tag = "2")]
    Actor(TargetActor),
}

/// The app.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct TargetJob {}

/// An actor.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TargetActor {
    #[prost(string, tag = "1")]
    pub id: String,
    #[prost(string, tag = "2")]
    pub kind: String,
}

/// How far a job has got.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Counter {
    /// Of which job.
    #[prost(uint64, tag = "1")]
    pub job_partition_id: u64,
    #[prost(uint32, tag = "2")]
    pub count: u32,
    #[prost(message, optional, tag = "3")]
    pub last_trigger: Option<Timestamp>,
    #[prost(uint32, tag = "4")]
    pub attempts: u32,
}
