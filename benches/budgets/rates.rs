//! Requests per second of the sidecar, with 16 connections: health, invocation, state, publishing.

use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::http::{Client, serve};
use crate::machine::{Machine, text, until};
use crate::report::{Budget, Report};

const CONNECTIONS: usize = 16;
const DURATION: Duration = Duration::from_secs(3);
const SLEEP: &[&str] = &["sleep", "600"];

/// What is measured for both programs, and how many times the stock rate ours has to be.
const ROWS: [(&str, f64); 5] = [
    ("health", 2.3),
    ("invoke of a small app", 4.0),
    ("state get, `state.in-memory`", 2.8),
    ("state set, `state.sqlite`", 8.0),
    ("state get, `state.sqlite`", 3.0),
];

/// Adds all rows of this file.
pub fn measure(ours: &Machine, peer: Option<&Machine>, report: &mut Report) -> Result<()> {
    let own = rates(ours)?;
    let stock = peer.map(rates).transpose()?;
    for (index, (what, factor)) in ROWS.into_iter().enumerate() {
        let stock = stock.map(|rates| rates[index]);
        let what = format!("{what}, {CONNECTIONS} connections");
        report.add(what, Budget::Times(factor, "/s"), own[index], stock);
    }
    // The stock runtime has no such broker.
    let run = ours.run("publisher", &[], SLEEP)?;
    let published = rate(run.port, |client, connection| {
        let body = format!(r#"{{"n":{connection}}}"#);
        client.call("POST", "/v1.0/publish/pubsub/rates", &body).map(drop)
    })?;
    let what = format!("publish, `pubsub.sqlite`, {CONNECTIONS} connections");
    report.add(what, Budget::AtLeast(15_000.0, "/s"), published, None);
    Ok(())
}

/// One figure for each of [`ROWS`].
fn rates(machine: &Machine) -> Result<[f64; ROWS.len()]> {
    let resources = machine.home().join("rates");
    let database = machine.home().join("rates.db");
    component(&resources, "memory", "state.in-memory", " []")?;
    // The stock store's own limit of 2 s fails a write of sixteen at a time now and then.
    let place = format!(
        "\n  - name: connectionString\n    value: {}\n  - name: busyTimeout\n    value: 30s\n  \
         - name: timeout\n    value: 60s",
        database.display()
    );
    component(&resources, "disk", "state.sqlite", &place)?;
    let resources = resources.display().to_string();

    let app = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let app_port = app.local_addr().map_err(|error| error.to_string())?.port().to_string();
    serve(app, |_| r#"{"hello":"world"}"#.into());
    let run = machine.run("rates", &["--resources-path", &resources, "--app-port", &app_port], SLEEP)?;
    until("the sidecar is ready", || get(&mut Client::new(run.port).ok()?, "/v1.0/healthz").ok())?;

    let health = rate(run.port, |client, _| get(client, "/v1.0/healthz").map(drop))?;
    let invoke = rate(run.port, |client, _| filled(&get(client, "/v1.0/invoke/rates/method/hello")?))?;
    let mut client = Client::new(run.port)?;
    (0..CONNECTIONS).try_for_each(|connection| set(&mut client, "memory", connection))?;
    let memory_get = rate(run.port, |client, connection| filled(&get(client, &key("memory", connection))?))?;
    let disk_set = rate(run.port, |client, connection| set(client, "disk", connection))?;
    let disk_get = rate(run.port, |client, connection| filled(&get(client, &key("disk", connection))?))?;
    Ok([health, invoke, memory_get, disk_set, disk_get])
}

fn get(client: &mut Client, path: &str) -> Result<Vec<u8>> {
    client.call("GET", path, "")
}

fn key(store: &str, connection: usize) -> String {
    format!("/v1.0/state/{store}/k{connection}")
}

fn set(client: &mut Client, store: &str, connection: usize) -> Result<()> {
    let body = format!(r#"[{{"key":"k{connection}","value":{{"a":1,"b":"some text of a usual length"}}}}]"#);
    client.call("POST", &format!("/v1.0/state/{store}"), &body).map(drop)
}

/// An empty answer would be fast, and wrong.
fn filled(body: &[u8]) -> Result<()> {
    if body.is_empty() { Err("an answer without a body".into()) } else { Ok(()) }
}

fn component(directory: &Path, name: &str, kind: &str, metadata: &str) -> Result<()> {
    let file = directory.join(format!("{name}.yaml"));
    let yaml = format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n\
         spec:\n  type: {kind}\n  version: v1\n  metadata:{metadata}\n"
    );
    std::fs::create_dir_all(directory).and_then(|()| std::fs::write(&file, yaml)).map_err(text(&file))
}

/// Calls as fast as the answers come, on all connections; the first second warms up.
fn rate(port: u16, call: impl Fn(&mut Client, usize) -> Result<()> + Sync) -> Result<f64> {
    let (done, counting, ended) = (AtomicU64::new(0), AtomicBool::new(false), AtomicBool::new(false));
    let connect = |connection: usize| -> Result<()> {
        let mut client = Client::new(port)?;
        while !ended.load(Ordering::Relaxed) {
            call(&mut client, connection)?;
            if counting.load(Ordering::Relaxed) {
                done.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|connection| {
                scope.spawn({
                    let connect = &connect;
                    move || connect(connection)
                })
            })
            .collect();
        thread::sleep(Duration::from_secs(1));
        counting.store(true, Ordering::Relaxed);
        let started = Instant::now();
        thread::sleep(DURATION);
        ended.store(true, Ordering::Relaxed);
        let seconds = started.elapsed().as_secs_f64();
        for worker in workers {
            worker.join().map_err(|_| "a connection panicked".to_owned())??;
        }
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        Ok(done.load(Ordering::Relaxed) as f64 / seconds)
    })
}
