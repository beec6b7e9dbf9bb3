//! Requests per second of the sidecar, with 16 connections: health, and state set and get for both stores.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::http::Client;
use crate::machine::{Machine, text};
use crate::report::{Budget, Report};

const CONNECTIONS: usize = 16;
const DURATION: Duration = Duration::from_secs(3);

/// Adds all rows of this file.
pub fn measure(ours: &Machine, peer: Option<&Machine>, report: &mut Report) -> Result<()> {
    let own = rates(ours)?;
    let stock = peer.map(rates).transpose()?;
    let rows = [
        ("health", 2.3),
        ("state set, `state.in-memory`", 2.0),
        ("state get, `state.in-memory`", 2.8),
        ("state set, `state.sqlite`", 8.0),
        ("state get, `state.sqlite`", 3.0),
    ];
    for (index, (what, factor)) in rows.into_iter().enumerate() {
        let stock = stock.as_ref().map(|rates| rates[index]);
        report.add(
            format!("{what}, {CONNECTIONS} connections"),
            Budget::Times(factor, "/s"),
            own[index],
            stock,
        );
    }
    Ok(())
}

fn rates(machine: &Machine) -> Result<Vec<f64>> {
    let resources = machine.home().join("state-resources");
    let database = machine.home().join("bench.db");
    component(&resources, "memory", "state.in-memory", "")?;
    let place = format!("\n  - name: connectionString\n    value: {}", database.display());
    component(&resources, "disk", "state.sqlite", &place)?;
    let path = resources.display().to_string();
    let run = machine.run("state", &["--resources-path", &path], &["sleep", "600"])?;

    let mut rates = vec![rate(run.port, |client, _| client.call("GET", "/v1.0/healthz", "").map(drop))?];
    for store in ["memory", "disk"] {
        let path = format!("/v1.0/state/{store}");
        rates.push(rate(run.port, |client, connection| {
            let body =
                format!(r#"[{{"key":"k{connection}","value":{{"a":1,"b":"some text of a usual length"}}}}]"#);
            client.call("POST", &path, &body).map(drop)
        })?);
        rates.push(rate(run.port, |client, connection| {
            let body = client.call("GET", &format!("{path}/k{connection}"), "")?;
            if body.is_empty() { Err("no value".into()) } else { Ok(()) }
        })?);
    }
    Ok(rates)
}

fn component(directory: &Path, name: &str, kind: &str, metadata: &str) -> Result<()> {
    let file = directory.join(format!("{name}.yaml"));
    let metadata = if metadata.is_empty() { " []" } else { metadata };
    let yaml = format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n\
         spec:\n  type: {kind}\n  version: v1\n  metadata:{metadata}\n"
    );
    std::fs::create_dir_all(directory).and_then(|()| std::fs::write(&file, yaml)).map_err(text(&file))
}

/// Calls as fast as the answers come, on all connections; the first second warms up.
fn rate(port: u16, call: impl Fn(&mut Client, usize) -> Result<()> + Sync) -> Result<f64> {
    let (done, counting, ended) = (AtomicU64::new(0), AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|connection| {
                let (call, done, counting, ended) = (&call, &done, &counting, &ended);
                scope.spawn(move || -> Result<()> {
                    let mut client = Client::new(port)?;
                    while !ended.load(Ordering::Relaxed) {
                        call(&mut client, connection)?;
                        if counting.load(Ordering::Relaxed) {
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    Ok(())
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
