//! From a publish call to the subscriber's handler, through the default durable broker and two sidecars.

use std::net::TcpListener;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use crate::Result;
use crate::http::{Client, Message, serve};
use crate::machine::Machine;
use crate::report::{Budget, Report};

const WARM_UP: usize = 100;
const COUNT: usize = 2000;
const PATH: &str = "/v1.0/publish/pubsub/bench";

/// Adds the rows of this file. The stock runtime has no such broker, so there is no peer.
pub fn measure(ours: &Machine, report: &mut Report) -> Result<()> {
    let mut latencies = latencies(ours)?;
    latencies.sort_by(f64::total_cmp);
    let at = |part: usize| latencies[latencies.len() * part / 100];
    let what = "publish until the handler runs, `pubsub.sqlite`, two sidecars";
    report.add(format!("{what}, median"), Budget::AtMost(0.5, "ms"), at(50), None);
    report.add(format!("{what}, p99"), Budget::AtMost(1.5, "ms"), at(99), None);
    Ok(())
}

/// One event at a time, in milliseconds.
fn latencies(machine: &Machine) -> Result<Vec<f64>> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port().to_string();
    let (sender, arrivals) = mpsc::channel();
    serve(listener, move |request: &Message| {
        let arrived = Instant::now();
        if request.line.starts_with("GET /dapr/subscribe ") {
            return r#"[{"pubsubname":"pubsub","topic":"bench","route":"/bench"}]"#.into();
        }
        if request.line.starts_with("POST /bench ") {
            // Nobody waits for it any more when the measurement is over.
            let _ = sender.send((arrived, request.body.len()));
        }
        "{}".into()
    });
    let _subscriber = machine.run("bench-subscriber", &["--app-port", &port], &["sleep", "600"])?;
    let publisher = machine.run("bench-publisher", &[], &["sleep", "600"])?;
    let mut client = Client::new(publisher.port)?;

    let mut latencies = Vec::with_capacity(COUNT);
    for n in 0..WARM_UP + COUNT {
        let started = Instant::now();
        client.call("POST", PATH, &format!(r#"{{"n":{n}}}"#))?;
        let arrived = arrival(&arrivals)?;
        if n >= WARM_UP {
            latencies.push(arrived.saturating_duration_since(started).as_secs_f64() * 1000.0);
        }
    }
    Ok(latencies)
}

fn arrival(arrivals: &Receiver<(Instant, usize)>) -> Result<Instant> {
    let (arrived, size) = arrivals
        .recv_timeout(Duration::from_secs(30))
        .map_err(|_| "an event did not arrive within 30 s".to_owned())?;
    if size > 0 { Ok(arrived) } else { Err("an event without a body arrived".into()) }
}
