//! From a publish call to the subscriber's handler, one event at a time, for each broker.

use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use crate::Result;
use crate::http::{Client, Message, serve};
use crate::machine::{Machine, component, until};
use crate::redis::Redis;
use crate::report::{Budget, Report};

const WARM_UP: usize = 100;
const COUNT: usize = 2000;
const PATH: &str = "/v1.0/publish/broker/bench";
const SLEEP: &[&str] = &["sleep", "600"];

/// Type of the broker, number of sidecars, whether the stock runtime has it, budgets of median and p99 in ms.
const BROKERS: [(&str, usize, bool, f64, f64); 3] = [
    ("pubsub.in-memory", 1, true, 0.2, 0.8),
    ("pubsub.sqlite", 2, false, 0.5, 1.5),
    ("pubsub.redis", 2, true, 0.45, 1.5),
];

/// Adds the rows of this file.
pub fn measure(ours: &Machine, peer: Option<&Machine>, report: &mut Report) -> Result<()> {
    for (kind, sidecars, stock, median, p99) in BROKERS {
        let redis = if kind == "pubsub.redis" { Redis::start(ours)? } else { None };
        let metadata = match (kind, &redis) {
            ("pubsub.redis", None) => {
                report.leave_out(
                    "publish until the handler runs, `pubsub.redis`",
                    "redis-server is not installed",
                );
                continue;
            }
            (_, Some(redis)) => redis.metadata(),
            ("pubsub.sqlite", _) => {
                format!(
                    "\n  - name: connectionString\n    value: {}",
                    ours.home().join("events.db").display()
                )
            }
            _ => " []".into(),
        };
        let own = latencies(ours, kind, sidecars, &metadata)?;
        let theirs =
            peer.filter(|_| stock).map(|peer| latencies(peer, kind, sidecars, &metadata)).transpose()?;
        let what = format!("publish until the handler runs, `{kind}`, sidecars: {sidecars}");
        for (name, part, limit) in [("median", 50, median), ("p99", 99, p99)] {
            let at = |latencies: &Vec<f64>| latencies[latencies.len() * part / 100];
            report.add(
                format!("{what}, {name}"),
                Budget::AtMost(limit, "ms"),
                at(&own),
                theirs.as_ref().map(at),
            );
        }
    }
    Ok(())
}

/// One event at a time, in milliseconds, sorted.
fn latencies(machine: &Machine, kind: &str, sidecars: usize, metadata: &str) -> Result<Vec<f64>> {
    let resources = machine.home().join(format!("events-{kind}"));
    component(&resources, "broker", kind, metadata)?;
    let resources = resources.display().to_string();
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port().to_string();
    let (sender, arrivals) = mpsc::channel();
    serve(listener, move |request: &Message| {
        let arrived = Instant::now();
        if request.line.starts_with("GET /dapr/subscribe ") {
            return r#"[{"pubsubname":"broker","topic":"bench","route":"/bench"}]"#.into();
        }
        if request.line.starts_with("POST /bench ") {
            // Nobody waits for it any more when the measurement is over.
            let _ = sender.send((arrived, request.body.len()));
        }
        "{}".into()
    });
    let flags = ["--resources-path", &resources, "--app-port", &port];
    let subscriber = machine.run("bench-subscriber", &flags, SLEEP)?;
    let publisher = match sidecars {
        1 => None,
        _ => Some(machine.run("bench-publisher", &flags[..2], SLEEP)?),
    };
    let mut client = Client::new(publisher.as_ref().unwrap_or(&subscriber).port)?;
    // A broker without memory drops what is published before the subscription is there.
    until("the first event arrives", || {
        client.call("POST", PATH, r#"{"n":"first"}"#).ok()?;
        arrivals.recv_timeout(Duration::from_millis(100)).ok()
    })?;
    let mut latencies = Vec::with_capacity(COUNT);
    for n in 0..WARM_UP + COUNT {
        let started = Instant::now();
        client.call("POST", PATH, &format!(r#"{{"n":{n}}}"#))?;
        let arrived = arrival(&arrivals)?;
        if n >= WARM_UP {
            latencies.push(arrived.saturating_duration_since(started).as_secs_f64() * 1000.0);
        }
    }
    latencies.sort_by(f64::total_cmp);
    Ok(latencies)
}

fn arrival(arrivals: &Receiver<(Instant, usize)>) -> Result<Instant> {
    let (arrived, size) = arrivals
        .recv_timeout(Duration::from_secs(30))
        .map_err(|_| "an event did not arrive within 30 s".to_owned())?;
    if size > 0 { Ok(arrived) } else { Err("an event without a body arrived".into()) }
}
