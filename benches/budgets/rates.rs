//! Requests per second of the sidecar, with 16 connections: health, invocation, state, publishing.

use std::net::TcpListener;

use crate::Result;
use crate::http::{Client, serve};
use crate::load::{self, CONNECTIONS, Load};
use crate::machine::{Machine, component, until};
use crate::redis::Redis;
use crate::report::{Budget, Report};

const SLEEP: &[&str] = &["sleep", "600"];
const STATE: &str = r#"[{"key":"k","value":{"a":1,"b":"some text of a usual length"}}]"#;
const EVENT: &str = r#"{"n":1,"b":"some text of a usual length"}"#;

/// Brokers and stores that only ours has.
const OURS: &[&str] = &["pubsub.sqlite"];

/// What is measured, on which component, and its budget.
struct Row {
    what: &'static str,
    component: Option<&'static str>,
    load: Load<'static>,
    budget: Budget,
}

const fn row(
    what: &'static str,
    component: Option<&'static str>,
    load: Load<'static>,
    budget: Budget,
) -> Row {
    Row { what, component, load, budget }
}

fn rows() -> Vec<Row> {
    let get = Load::get;
    let post = Load::post;
    vec![
        row("health", None, get("/v1.0/healthz"), Budget::AtLeast(72_000.0, "/s")),
        row(
            "invoke of a small app",
            None,
            get("/v1.0/invoke/rates/method/hello"),
            Budget::AtLeast(25_000.0, "/s"),
        ),
        row(
            "state set",
            Some("state.in-memory"),
            post("/v1.0/state/state.in-memory", STATE),
            Budget::Times(2.0, "/s"),
        ),
        row(
            "state get",
            Some("state.in-memory"),
            get("/v1.0/state/state.in-memory/k"),
            Budget::AtLeast(65_000.0, "/s"),
        ),
        row(
            "state set",
            Some("state.sqlite"),
            post("/v1.0/state/state.sqlite", STATE),
            Budget::Times(8.0, "/s"),
        ),
        row("state get", Some("state.sqlite"), get("/v1.0/state/state.sqlite/k"), Budget::Times(3.0, "/s")),
        row(
            "state set",
            Some("state.redis"),
            post("/v1.0/state/state.redis", STATE),
            Budget::Times(2.0, "/s"),
        ),
        row("state get", Some("state.redis"), get("/v1.0/state/state.redis/k"), Budget::Times(2.0, "/s")),
        row(
            "publish",
            Some("pubsub.in-memory"),
            post("/v1.0/publish/pubsub.in-memory/rates", EVENT),
            Budget::Times(2.0, "/s"),
        ),
        row(
            "publish",
            Some("pubsub.sqlite"),
            post("/v1.0/publish/pubsub.sqlite/rates", EVENT),
            Budget::AtLeast(15_000.0, "/s"),
        ),
        row(
            "publish",
            Some("pubsub.redis"),
            post("/v1.0/publish/pubsub.redis/rates", EVENT),
            Budget::Times(2.0, "/s"),
        ),
    ]
}

/// The share of the throughput of `dist` that the `release` profile must reach.
const RELEASE_SHARE: f64 = 0.8;

/// Adds all rows of this file; those whose programs are missing are named and left out. `release` is the program as the
/// `release` profile builds it.
pub fn measure(
    ours: &Machine,
    release: Option<&Machine>,
    peer: Option<&Machine>,
    report: &mut Report,
) -> Result<()> {
    if !load::is_installed() {
        report.leave_out("requests per second", "wrk is not installed");
        return Ok(());
    }
    let redis = Redis::start(ours)?;
    if redis.is_none() {
        report.leave_out("requests per second with Redis", "redis-server is not installed");
    }
    let rows: Vec<Row> =
        rows().into_iter().filter(|row| redis.is_some() || !row.component.is_some_and(is_redis)).collect();
    let own = rates(ours, &rows, redis.as_ref(), false)?;
    let stock = peer.map(|peer| rates(peer, &rows, redis.as_ref(), true)).transpose()?;
    for (index, row) in rows.into_iter().enumerate() {
        let component = row.component.map(|kind| format!(", `{kind}`")).unwrap_or_default();
        let what = format!("{}{component}, {CONNECTIONS} connections", row.what);
        let stock = stock.as_ref().and_then(|rates| rates[index]);
        let own = own[index].ok_or("a row was not measured")?;
        report.add(what, row.budget, own, stock);
    }
    let Some(release) = release else {
        report.leave_out("requests per second with the `release` profile", "DAPR_RELEASE is not set");
        return Ok(());
    };
    let rows = release_rows();
    // Both programs in turn: the figures above are minutes old.
    let dist = rates(ours, &rows, None, false)?;
    let release = rates(release, &rows, None, false)?;
    for (row, (dist, release)) in rows.iter().zip(dist.into_iter().zip(release)) {
        let (Some(dist), Some(release)) = (dist, release) else {
            return Err("a row was not measured".into());
        };
        let component = row.component.map(|kind| format!(", `{kind}`")).unwrap_or_default();
        let what = format!("`release` profile: {}{component}, {CONNECTIONS} connections", row.what);
        report.add(what, Budget::ShareOfDist(RELEASE_SHARE, dist, "/s"), release, None);
    }
    Ok(())
}

/// The rows that need neither a disk nor a server, so that the program itself takes most of the time.
fn release_rows() -> Vec<Row> {
    rows().into_iter().filter(|row| row.component.is_none_or(|kind| kind == "state.in-memory")).collect()
}

/// A figure for each row; `None` for what a stock program doesn't have.
fn rates(machine: &Machine, rows: &[Row], redis: Option<&Redis>, stock: bool) -> Result<Vec<Option<f64>>> {
    let resources = machine.home().join("rates");
    let serves = |kind: &str| !(stock && OURS.contains(&kind));
    for kind in rows.iter().filter_map(|row| row.component).filter(|kind| serves(kind)) {
        component(&resources, kind, kind, &metadata(machine, kind, redis))?;
    }
    let resources = resources.display().to_string();
    let app = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let app_port = app.local_addr().map_err(|error| error.to_string())?.port().to_string();
    serve(app, |_| r#"{"hello":"world"}"#.into());
    let run = machine.run("rates", &["--resources-path", &resources, "--app-port", &app_port], SLEEP)?;
    let mut client = until("the sidecar is ready", || {
        let mut client = Client::new(run.port).ok()?;
        client.call("GET", "/v1.0/healthz", "").ok().map(|_| client)
    })?;
    let mut measured = Vec::with_capacity(rows.len());
    for row in rows {
        if !row.component.is_none_or(serves) {
            measured.push(None);
            continue;
        }
        if row.what == "state get" {
            // An empty answer would be fast, and wrong.
            if client.call("GET", row.load.path, "")?.is_empty() {
                return Err(format!("{}: an answer without a body", row.load.path));
            }
        }
        measured.push(Some(row.load.rate(run.port, machine.home())?));
    }
    Ok(measured)
}

fn is_redis(kind: &str) -> bool {
    kind.split('.').nth(1) == Some("redis")
}

fn metadata(machine: &Machine, kind: &str, redis: Option<&Redis>) -> String {
    let database = machine.home().join("rates.db");
    match kind {
        // The stock store's own limit of 2 s fails a write of sixteen at a time now and then.
        "state.sqlite" => format!(
            "\n  - name: connectionString\n    value: {}\n  - name: busyTimeout\n    value: 30s\n  \
             - name: timeout\n    value: 60s",
            database.display()
        ),
        "pubsub.sqlite" => format!("\n  - name: connectionString\n    value: {}", database.display()),
        kind if is_redis(kind) => redis.map(Redis::metadata).unwrap_or_default(),
        _ => " []".into(),
    }
}
