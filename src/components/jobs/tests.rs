//! Tests of [`super`].

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::*;
use crate::components::schedule::Rules;

const ALL: Claim = Claim { alone: 100, shared: 2 };

fn app() -> Receiver {
    Receiver::app("default", "shop")
}

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

fn every(schedule: &str, repeats: Option<u32>) -> Rules {
    Rules { schedule: Some(schedule.into()), repeats, ..Rules::default() }
}

/// A job that is scheduled at [`start`].
fn stored(name: &str, rules: Rules, policy: Policy) -> Stored {
    let payload = Payload::Json("{\"a\":1}".into());
    let (job, due) = Job::new(rules, payload, policy, start()).unwrap();
    let key = Key { receiver: app(), name: name.into() };
    Stored { id: 0, key, job, progress: Progress::default(), due: due.unwrap(), scheduled_by: None }
}

fn simple(name: &str, schedule: &str, repeats: Option<u32>) -> Stored {
    stored(name, every(schedule, repeats), Policy::default())
}

/// The same job after a run.
fn then(job: &Stored, update: Update) -> Option<Stored> {
    match update {
        Update::Done => None,
        Update::Again { progress, due } => Some(Stored { progress, due, ..job.clone() }),
    }
}

async fn store(directory: &TempDir) -> Store {
    Store::open(&directory.path().join("data/jobs.sqlite")).await.unwrap()
}

fn names(jobs: &[Stored]) -> Vec<&str> {
    jobs.iter().map(|job| job.key.name.as_str()).collect()
}

#[test]
fn keys_are_those_of_the_stock_scheduler() {
    let keys = [
        ("app||default||shop||backup", app()),
        (
            "actorreminder||ns||cat||id||with||bars||feed",
            Receiver::Actor { namespace: "ns".into(), kind: "cat".into(), id: "id||with||bars".into() },
        ),
    ];
    for (text, receiver) in keys {
        let key = Key::parse(text).unwrap();
        assert_eq!(key.receiver, receiver);
        assert_eq!(key.to_string(), text);
    }
    for text in
        ["", "backup", "app||default", "app||default||shop", "actorreminder||ns||cat||feed", "x||a||b||c"]
    {
        assert_eq!(Key::parse(text), None, "{text}");
    }
}

#[test]
fn runs_count_and_the_last_one_ends_the_job() {
    let job = simple("j", "@every 10s", Some(2));
    assert_eq!(job.due, after(10));
    let once = then(&job, job.ran()).unwrap();
    assert_eq!(once.progress, Progress { count: 1, last: Some(after(10)), attempts: 0 });
    assert_eq!(once.due, after(20));
    assert_eq!(once.ran(), Update::Done);
}

#[test]
fn a_failed_run_is_tried_again_and_then_counts() {
    let policy = Policy::Constant { interval: Duration::from_secs(3), max_retries: Some(2) };
    let mut job = stored("j", every("@every 10s", Some(2)), policy);
    for attempt in 1..=2 {
        job = then(&job, job.failed(after(50))).unwrap();
        assert_eq!(job.progress, Progress { count: 0, last: None, attempts: attempt });
        assert_eq!(job.due, after(53));
    }
    job = then(&job, job.failed(after(60))).unwrap();
    // The schedule goes on as if nothing had happened.
    assert_eq!(job.progress, Progress { count: 1, last: Some(after(10)), attempts: 0 });
    assert_eq!(job.due, after(20));
}

#[test]
fn a_policy_may_drop_runs_or_never_give_up() {
    let job = stored("j", every("@every 10s", None), Policy::Drop);
    assert_eq!(job.failed(after(11)), job.ran());
    let endless = Policy::Constant { interval: Duration::ZERO, max_retries: None };
    let mut job = stored("j", every("@every 10s", None), endless);
    job.progress.attempts = u32::MAX;
    let Update::Again { due, .. } = job.failed(after(11)) else { panic!("it is tried again") };
    assert!(due > after(11), "there is always a pause");
}

#[test]
fn a_run_that_did_not_take_place_is_no_failure() {
    let mut job = simple("j", "@every 10s", None);
    job.progress.attempts = 1;
    assert_eq!(job.postponed(after(12)), Update::Again { progress: job.progress, due: after(12) });
}

#[tokio::test]
async fn what_was_put_in_comes_out_again() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory).await;
    let rules = Rules {
        schedule: Some("@every 1h".into()),
        due_time: Some("10s".into()),
        ttl: Some("P1D".into()),
        repeats: Some(7),
    };
    let policy = Policy::Constant { interval: Duration::from_millis(1500), max_retries: Some(9) };
    let mut full = stored("full", rules, policy);
    full.job.payload =
        Payload::Any { type_url: "type.googleapis.com/x.Y".into(), value: vec![0, 255].into() };
    full.progress = Progress { count: 3, last: Some(after(10)), attempts: 2 };
    full.scheduled_by = Some("other".into());
    let mut bare = stored("bare", Rules { due_time: Some("1s".into()), ..Rules::default() }, Policy::Drop);
    bare.job.payload = Payload::None;
    for job in [&full, &bare] {
        store.put(job.clone(), false).await.unwrap();
        let found = store.get(&job.key).await.unwrap().unwrap();
        assert_eq!(found, Stored { id: found.id, ..job.clone() });
    }
    assert_eq!(names(&store.of_receiver(&app()).await.unwrap()), ["bare", "full"]);
    assert_eq!(store.of_receiver(&Receiver::app("default", "other")).await.unwrap(), []);
    assert_eq!(store.all().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_job_is_replaced_only_when_that_is_wanted() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory).await;
    let mut job = simple("j", "@every 10s", None);
    job.progress.count = 5;
    store.put(job.clone(), false).await.unwrap();
    let refused = store.put(simple("j", "@every 20s", None), false).await.unwrap_err();
    assert_eq!(refused.to_string(), "job already exists: 'app||default||shop||j'");
    assert_eq!(store.get(&job.key).await.unwrap().unwrap().progress.count, 5);
    store.put(simple("j", "@every 20s", None), true).await.unwrap();
    let replaced = store.get(&job.key).await.unwrap().unwrap();
    assert_eq!((replaced.progress.count, replaced.due), (0, after(20)));
}

#[tokio::test]
async fn jobs_are_deleted_by_name_or_by_how_names_begin() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory).await;
    for name in ["a-1", "a-2", "A-3", "b_1", "ä1"] {
        store.put(simple(name, "@every 10s", None), false).await.unwrap();
    }
    let key = |name: &str| Key { receiver: app(), name: name.into() };
    assert!(store.delete(&key("a-1")).await.unwrap());
    assert!(!store.delete(&key("a-1")).await.unwrap());
    assert_eq!(store.delete_prefix(&app(), "a-").await.unwrap(), 1);
    assert_eq!(store.delete_prefix(&app(), "ä").await.unwrap(), 1);
    assert_eq!(store.delete_prefix(&Receiver::app("other", "shop"), "").await.unwrap(), 0);
    assert_eq!(store.delete_all(vec![key("b_1"), key("absent")]).await.unwrap(), [key("b_1")]);
    assert_eq!(store.delete_prefix(&app(), "").await.unwrap(), 1);
}

#[tokio::test]
async fn a_job_is_claimed_once_and_what_became_of_it_stays() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory).await;
    store.put(simple("late", "@every 20s", None), false).await.unwrap();
    store.put(simple("soon", "@every 10s", Some(1)), false).await.unwrap();
    let (one, other) = (store.watch(&app()), store.watch(&app()));
    assert_eq!(one.next_due().await.unwrap(), Some(after(10)));
    assert_eq!(one.claim(after(9), ALL).await.unwrap(), []);
    let claimed = one.claim(after(30), ALL).await.unwrap();
    assert_eq!(names(&claimed), ["soon", "late"]);
    assert_eq!(other.claim(after(30), ALL).await.unwrap(), []);
    assert_eq!(other.next_due().await.unwrap(), None);
    for job in &claimed {
        one.finish(job.id, job.ran()).await.unwrap();
    }
    assert_eq!(names(&store.all().await.unwrap()), ["late"]);
    assert_eq!(other.next_due().await.unwrap(), Some(after(40)));
    assert_eq!(other.claim(after(40), ALL).await.unwrap()[0].progress.count, 1);
}

#[tokio::test]
async fn several_watchers_take_few_jobs_each() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory).await;
    for name in ["1", "2", "3", "4", "5"] {
        store.put(simple(name, "@every 10s", None), false).await.unwrap();
    }
    let (one, other) = (store.watch(&app()), store.watch(&app()));
    // A watcher is known to others from its first claim on.
    assert_eq!(other.claim(after(0), ALL).await.unwrap(), []);
    assert_eq!(one.claim(after(10), ALL).await.unwrap().len(), 2);
    assert_eq!(other.claim(after(10), ALL).await.unwrap().len(), 2);
    other.leave().await.unwrap();
    assert_eq!(one.claim(after(10), ALL).await.unwrap().len(), 3);
}

#[tokio::test]
async fn jobs_of_a_dead_watcher_are_free_again() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory).await;
    store.put(simple("j", "@every 10s", None), false).await.unwrap();
    let mut dead = store.watch(&app());
    // The same PID, in an earlier life.
    dead.pretend_to_be(crate::records::ProcessId { started: 1, ..crate::records::ProcessId::current() });
    assert_eq!(dead.claim(after(10), ALL).await.unwrap().len(), 1);
    let heir = store.watch(&app());
    assert_eq!(heir.next_due().await.unwrap(), Some(Timestamp::MIN));
    let claimed = heir.claim(after(10), ALL).await.unwrap();
    assert_eq!(names(&claimed), ["j"]);
    // What the dead one still says is not heard.
    dead.finish(claimed[0].id, Update::Done).await.unwrap();
    heir.finish(claimed[0].id, claimed[0].ran()).await.unwrap();
    assert_eq!(store.all().await.unwrap()[0].progress.count, 1);
}

#[tokio::test]
async fn a_job_that_was_replaced_while_it_ran_keeps_its_new_life() {
    let directory = TempDir::new().unwrap();
    let store = store(&directory).await;
    store.put(simple("j", "@every 10s", Some(1)), false).await.unwrap();
    let watcher = store.watch(&app());
    let claimed = watcher.claim(after(10), ALL).await.unwrap();
    store.put(simple("j", "@every 30s", None), true).await.unwrap();
    watcher.finish(claimed[0].id, claimed[0].ran()).await.unwrap();
    assert_eq!(watcher.next_due().await.unwrap(), Some(after(30)));
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let directory = TempDir::new().unwrap();
    let first = store(&directory).await;
    first.put(simple("j", "@every 10s", Some(3)), false).await.unwrap();
    let watcher = first.watch(&app());
    let claimed = watcher.claim(after(10), ALL).await.unwrap();
    watcher.finish(claimed[0].id, claimed[0].ran()).await.unwrap();
    watcher.leave().await.unwrap();
    first.close().await;

    let second = store(&directory).await;
    let watcher = second.watch(&app());
    // Two runs were missed: they come one after the other.
    let mut runs = Vec::new();
    while let Some(job) = watcher.claim(after(500), ALL).await.unwrap().pop() {
        runs.push(job.due);
        watcher.finish(job.id, job.ran()).await.unwrap();
    }
    assert_eq!(runs, [after(20), after(30)]);
    assert_eq!(second.all().await.unwrap(), []);
}
