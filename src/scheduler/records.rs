//! All jobs and counters as the stock scheduler keeps them: what an exported file holds.

use std::collections::BTreeMap;

use super::{Error, stored};
use crate::components::jobs::{Key, Receiver, Stored};

/// What the keys of jobs begin with in etcd.
pub const JOBS: &str = "dapr/jobs/";
/// What the keys of counters begin with.
pub const COUNTERS: &str = "dapr/counters/";

/// Messages by their keys in etcd.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Jobs.
    pub jobs: BTreeMap<String, Vec<u8>>,
    /// Counters.
    pub counters: BTreeMap<String, Vec<u8>>,
}

/// What was put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Jobs and counters.
    pub items: usize,
    /// Of the jobs, those that nobody runs there.
    pub idle: usize,
}

impl Records {
    /// Jobs of ours.
    pub fn of(all: &[Stored]) -> Self {
        let mut records = Self::default();
        for one in all {
            let (job, counter) = stored::encode(one);
            records.jobs.insert(format!("{JOBS}{}", one.key), job);
            records.counters.extend(counter.map(|counter| (format!("{COUNTERS}{}", one.key), counter)));
        }
        records
    }

    /// Jobs of ours again. Counters without a job are left out.
    pub fn stored(&self) -> Result<Vec<Stored>, Error> {
        let read = |(text, job): (&String, &Vec<u8>)| {
            let unreadable = || Error::Unreadable {
                what: "job",
                key: text.clone(),
                cause: "this is no key of a job".into(),
            };
            let name = text.strip_prefix(JOBS).ok_or_else(unreadable)?;
            let key = Key::parse(name).ok_or_else(unreadable)?;
            let counter = self.counters.get(&format!("{COUNTERS}{name}"));
            stored::decode(&key, job, counter.map(Vec::as_slice))
        };
        self.jobs.iter().map(read).collect()
    }

    /// Jobs and counters.
    pub fn len(&self) -> usize {
        self.jobs.len() + self.counters.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Whether the embedded runtime runs the jobs of this receiver.
pub fn runs_here(receiver: &Receiver) -> bool {
    matches!(receiver, Receiver::App { .. })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::components::jobs::{Job, Payload, Policy, Progress};
    use crate::components::schedule::Rules;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn job(key: &str, payload: Payload, policy: Policy, progress: Progress) -> Stored {
        let rules = Rules {
            schedule: Some("@every 10s".into()),
            due_time: Some("2026-01-01T00:00:05.5Z".into()),
            ttl: Some("1h".into()),
            repeats: Some(9),
        };
        let (job, _) = Job::new(rules, payload, policy, at("2026-01-01T00:00:00Z")).unwrap();
        let due = job.plan().unwrap().next(progress.count, progress.last).unwrap();
        Stored { id: 7, key: Key::parse(key).unwrap(), job, progress, due, scheduled_by: None }
    }

    #[test]
    fn jobs_survive_the_way_there_and_back() {
        let any = Payload::Any { type_url: "type.googleapis.com/x.Y".into(), value: vec![1, 2].into() };
        let constant = Policy::Constant { interval: Duration::from_millis(1500), max_retries: None };
        let progress = Progress { count: 2, last: Some(at("2026-01-01T00:00:15.5Z")), attempts: 1 };
        let mut reminder = job("actorreminder||ns||cat||tom||feed", any, Policy::Drop, progress);
        reminder.scheduled_by = Some("shop".into());
        let json = Payload::Json(r#"{"a":[1,"x"]}"#.into());
        let all = [reminder, job("app||default||shop||j", json, constant, Progress::default())];
        let records = Records::of(&all);
        assert_eq!((records.jobs.len(), records.counters.len(), records.len()), (2, 1, 3));
        assert_eq!(records.stored().unwrap(), all);
    }

    #[test]
    fn the_counter_of_an_earlier_job_of_that_name_does_not_count() {
        let progress = Progress { count: 2, last: Some(at("2026-01-01T00:00:15.5Z")), attempts: 0 };
        let key = "app||default||shop||j";
        let mut records = Records::of(&[job(key, Payload::None, Policy::Drop, progress)]);
        let other = Stored { id: 8, ..job(key, Payload::None, Policy::Drop, progress) };
        records.counters = Records::of(&[other]).counters;
        let stored = records.stored().unwrap();
        assert_eq!(stored[0].progress, Progress::default());
        assert_eq!(stored[0].due, at("2026-01-01T00:00:05.5Z"));
    }

    #[test]
    fn what_is_no_job_is_named() {
        let bad = |key: &str, value: &[u8]| {
            let records = Records { jobs: [(key.to_owned(), value.to_vec())].into(), ..Records::default() };
            records.stored().unwrap_err().to_string()
        };
        assert_eq!(bad("dapr/jobs/x", &[]), "unmarshal job \"dapr/jobs/x\": this is no key of a job");
        let error = bad("dapr/jobs/app||default||shop||j", &[0xff]);
        assert!(error.starts_with("unmarshal job \"app||default||shop||j\": "), "{error}");
    }
}
