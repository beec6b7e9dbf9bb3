//! Many jobs at once: how late they come when thousands are due within seconds, and what a start costs that finds a
//! hundred thousand of them.

use std::net::TcpListener;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::Result;
use crate::http::{Client, Message, serve};
use crate::machine::{Machine, millis, until};
use crate::report::{Budget, Report};

/// Jobs that are due within [`WITHIN`].
const DUE: u32 = 10_000;
const WITHIN: Duration = Duration::from_secs(10);
/// Until the first of them is due: all have been scheduled by then.
const AHEAD: Duration = Duration::from_secs(10);
/// Jobs that lie there for another day.
const STORED: u32 = 100_000;
const APP: &str = "bench-jobs";
const SLEEP: &[&str] = &["sleep", "600"];

/// Adds the rows of this file.
pub fn measure(ours: &Machine, report: &mut Report) -> Result<()> {
    let late = due_at_once(ours)?;
    let at = |part: usize| late[(late.len() - 1) * part / 1000];
    for (name, part, limit) in [("median", 500, 20.0), ("p99", 990, 100.0), ("the last one", 1000, 500.0)] {
        report.add(
            format!("jobs, {DUE} due within {} s, none twice: lateness, {name}", WITHIN.as_secs()),
            Budget::AtMost(limit, "ms"),
            at(part),
            None,
        );
    }
    report.add(
        format!("jobs, {STORED} stored: from the start of the sidecar to its first answer about them"),
        Budget::AtMost(1000.0, "ms"),
        first_answer(ours)?,
        None,
    );
    Ok(())
}

/// How much later than asked each job came, in milliseconds, sorted. One that comes twice or not at all is an error.
fn due_at_once(machine: &Machine) -> Result<Vec<f64>> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port().to_string();
    let (sender, arrivals) = mpsc::channel();
    serve(listener, move |request: &Message| {
        let arrived = Instant::now();
        if let Some(rest) = request.line.strip_prefix("POST /job/") {
            let name = rest.split(' ').next().unwrap_or_default();
            // Nobody waits for it any more when the measurement is over.
            let _ = sender.send((name.parse::<usize>().ok(), arrived));
        }
        "{}".into()
    });
    let run = machine.run(APP, &["--app-port", &port], SLEEP)?;
    let mut client = Client::new(run.port)?;
    let first = Instant::now() + AHEAD;
    let due: Vec<Instant> = (0..DUE).map(|n| first + WITHIN * n / DUE).collect();
    for (n, due) in due.iter().enumerate() {
        let wait = due.saturating_duration_since(Instant::now());
        if wait.is_zero() {
            return Err(format!("scheduling {DUE} jobs took longer than {AHEAD:?}"));
        }
        let body = format!(r#"{{"dueTime":"{}us","data":{n}}}"#, wait.as_micros());
        client.call("POST", &format!("/v1.0/jobs/{n}"), &body)?;
    }
    let mut came = vec![None; due.len()];
    for _ in 0..DUE {
        let (name, arrived) = arrivals.recv_timeout(Duration::from_mins(1)).map_err(|_| {
            format!("{} jobs did not come", came.iter().filter(|came| came.is_none()).count())
        })?;
        let place = name.and_then(|name| came.get_mut(name)).ok_or("a job came that nobody scheduled")?;
        if place.replace(arrived).is_some() {
            return Err("a job came twice".into());
        }
    }
    // When nothing is left there is nothing that could come again.
    until("no job is left", || {
        let listed = machine.output(&["scheduler", "list", "-o", "json"]).ok()?;
        (listed.stdout.trim_ascii() == b"[]").then_some(())
    })?;
    if arrivals.try_recv().is_ok() {
        return Err("a job came twice".into());
    }
    let late = due.iter().zip(came.into_iter().flatten());
    let mut late: Vec<f64> =
        late.map(|(due, came)| came.saturating_duration_since(*due).as_secs_f64() * 1000.0).collect();
    late.sort_by(f64::total_cmp);
    Ok(late)
}

/// From the start of a sidecar until it tells one of many jobs, in milliseconds.
fn first_answer(machine: &Machine) -> Result<f64> {
    let run = machine.run(APP, &[], SLEEP)?;
    let mut client = Client::new(run.port)?;
    for n in 0..STORED {
        client.call(
            "POST",
            &format!("/v1.0/jobs/{n}"),
            r#"{"schedule":"@daily","data":{"task":"bench"}}"#,
        )?;
    }
    drop(run);
    let started = Instant::now();
    let run = machine.run(APP, &[], SLEEP)?;
    let mut client = Client::new(run.port)?;
    client.call("GET", &format!("/v1.0/jobs/{}", STORED - 1), "")?;
    let took = millis(started);
    machine.output(&["scheduler", "delete-all", "all"])?;
    Ok(took)
}
