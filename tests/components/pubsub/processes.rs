//! `pubsub.sqlite` and `state.sqlite` across processes: this test binary starts itself for that.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use dapr_cli::env::Env;

use super::*;

/// Directory that a child works in; absent in ordinary runs.
const PLACE: &str = "COMPONENTS_TEST_PLACE";

/// A child that does not outlive its test.
struct Victim(Child);

impl Victim {
    fn start(test: &str, log: &Log) -> Self {
        Self(child(test, log))
    }

    /// As `kill -9` does.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn child(test: &str, log: &Log) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("pubsub::processes::{test}"), "--ignored", "--nocapture"])
        .env(PLACE, &log.file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The log that the parent test named.
fn place() -> Option<String> {
    Env::process().raw(PLACE).map(str::to_owned)
}

/// Reads a child's output until a line says this.
fn wait_for_line(child: &mut Child, wanted: &str) {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let found = lines.map_while(Result::ok).any(|line| line.contains(wanted));
    assert!(found, "the child ended without saying {wanted:?}");
}

#[tokio::test]
#[ignore = "started by a_killed_process_loses_nothing"]
async fn take_and_never_finish() {
    let Some(file) = place() else { return };
    let broker = make("pubsub.sqlite", "app", &[("url", &file)]).await.unwrap();
    let handler: Handler = Arc::new(|message| {
        Box::pin(async move {
            if text(&message) == "2" {
                println!("took the third");
                std::future::pending::<()>().await;
            }
            Ok(())
        })
    });
    let _subscription = subscribe(&*broker, "t", handler).await;
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_process_loses_nothing() {
    let log = Log::new();
    let broker = log.open("app").await;
    for n in numbers(0..10) {
        publish(&*broker, "t", &n).await;
    }
    let mut victim = Victim::start("take_and_never_finish", &log);
    wait_for_line(&mut victim.0, "took the third");
    victim.kill();
    publish(&*broker, "t", "10").await;

    let mut inbox = Inbox::new();
    let _subscription = subscribe(&*broker, "t", inbox.handler()).await;
    let mut received = inbox.texts(1).await;
    // The first two were handled; that they were may not have been written yet.
    while received.last().unwrap() != "10" {
        received.extend(inbox.texts(1).await);
    }
    let first: usize = received[0].parse().unwrap();
    assert!(first <= 2);
    assert_eq!(received, numbers(first..11));
}

#[tokio::test]
async fn an_instance_that_runs_takes_over_from_a_killed_one() {
    let log = Log::new();
    let broker = log.open("app").await;
    for n in numbers(0..4) {
        publish(&*broker, "t", &n).await;
    }
    let mut victim = Victim::start("take_and_never_finish", &log);
    wait_for_line(&mut victim.0, "took the third");
    let mut inbox = Inbox::new();
    let _subscription = subscribe(&*broker, "t", inbox.handler()).await;
    publish(&*broker, "t", "4").await;
    assert_eq!(inbox.texts(1).await, ["4"], "the others are taken");
    victim.kill();
    let mut received = inbox.texts(1).await;
    while received.last().unwrap() != "3" {
        received.extend(inbox.texts(1).await);
    }
    assert!(received.ends_with(&numbers(2..4)), "{received:?}");
}

#[tokio::test]
#[ignore = "started by twenty_processes_open_new_files_at_once"]
async fn open_and_write() {
    let Some(file) = place() else { return };
    let broker = make("pubsub.sqlite", "app", &[("url", &file)]).await.unwrap();
    publish(&*broker, "t", "hello").await;
    let make = registry().state("state.sqlite", "v1").unwrap();
    let store = make(init("app", &[("url", &format!("{file}.state"))])).await.unwrap();
    let set = dapr_cli::components::state::Set {
        key: format!("k{}", std::process::id()),
        value: "1".into(),
        ..Default::default()
    };
    store.set(set).await.unwrap();
}

#[tokio::test]
async fn twenty_processes_open_new_files_at_once() {
    let log = Log::new();
    let children: Vec<Child> = (0..20).map(|_| child("open_and_write", &log)).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let mut inbox = Inbox::new();
    let broker = log.open("reader").await;
    let _subscription = subscribe(&*broker, "t", inbox.handler()).await;
    assert_eq!(inbox.texts(20).await, ["hello"; 20]);
    let db = rusqlite::Connection::open(format!("{}.state", log.file)).unwrap();
    let count: i64 = db.query_row("SELECT count(*) FROM state", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 20);
}

#[tokio::test]
#[ignore = "started by a_killed_process_keeps_every_acknowledged_write"]
async fn write_and_tell() {
    let Some(file) = place() else { return };
    let make = registry().state("state.sqlite", "v1").unwrap();
    let store = make(init("app", &[("url", &file)])).await.unwrap();
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let writer = || {
        let (store, next) = (Arc::clone(&store), Arc::clone(&next));
        async move {
            loop {
                let key = format!("k{}", next.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
                let set = dapr_cli::components::state::Set {
                    key: key.clone(),
                    value: "1".into(),
                    ..Default::default()
                };
                store.set(set).await.unwrap();
                println!("acknowledged {key} .");
            }
        }
    };
    for _ in 0..16 {
        tokio::spawn(writer());
    }
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_process_keeps_every_acknowledged_write() {
    let log = Log::new();
    let mut victim = Victim::start("write_and_tell", &log);
    let mut acknowledged = Vec::new();
    for line in BufReader::new(victim.0.stdout.take().unwrap()).lines().map_while(Result::ok) {
        // A line that the kill cut off has no end mark.
        if let Some(key) = line.strip_prefix("acknowledged ").and_then(|key| key.strip_suffix(" .")) {
            acknowledged.push(key.to_owned());
        }
        if acknowledged.len() == 1000 {
            victim.kill();
        }
    }
    assert!(acknowledged.len() >= 1000);
    let make = registry().state("state.sqlite", "v1").unwrap();
    let store = make(init("app", &[("url", &log.file)])).await.unwrap();
    for (key, item) in acknowledged.iter().zip(store.bulk_get(&acknowledged, &Metadata::new()).await) {
        assert!(item.unwrap().is_some(), "{key} is lost");
    }
}
