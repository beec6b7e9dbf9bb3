//! Measures the program against its budgets, with real processes in a home of their own:
//! `cargo bench --bench budgets`; with `BLESS=1` the table is also written to `results.md` beside this file.
//!
//! `DAPR_PEER` names a stock `dapr` and `DAPRD_PEER` a stock `daprd`; rows that they can run as well are then
//! measured for both, in turn, and the last column is ours divided by theirs. Benchmarks measure the program that the
//! `dist` profile builds; `DAPR_RELEASE` names that of the `release` profile, for rows that compare both. `setup.rs` says
//! what its row needs; the rates need `wrk`, and those with Redis a `redis-server`. Linux only: memory is read from
//! `/proc`. Knows nothing of the program's inside, and needs nothing but the standard library.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the table and its progress are the point")]
#![expect(
    clippy::disallowed_methods,
    reason = "errors are given their path here; the standard library suffices"
)]

mod events;
mod http;
mod jobs;
mod lifecycle;
mod load;
mod machine;
mod many;
mod rates;
mod redis;
mod report;
mod setup;

use std::process::ExitCode;

use machine::Machine;
use report::Report;

/// Anything that went wrong, as a sentence.
type Result<T> = std::result::Result<T, String>;

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == many::WRITE) {
        return match many::write_lines() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    // `cargo test --benches` starts it too, without this argument: then there is nothing to check here.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("0 measured; use 'cargo bench --bench budgets'");
        return ExitCode::SUCCESS;
    }
    if !std::path::Path::new("/proc/self/status").exists() {
        println!("0 measured; this needs Linux (/proc)");
        return ExitCode::SUCCESS;
    }
    let mut report = Report::default();
    let outcome = measure(&mut report);
    // What was measured is worth its minutes even when the rest failed.
    print!("{report}");
    match outcome.and_then(|()| save(&report)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("failed: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Keeps the table where the README quotes it from, when `BLESS` is set.
fn save(report: &Report) -> Result<()> {
    if std::env::var_os("BLESS").is_none() {
        return Ok(());
    }
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/budgets/results.md");
    let head = "What `BLESS=1 cargo bench --bench budgets` measured last, on two cores with Linux.\n";
    std::fs::write(&file, format!("{head}{report}")).map_err(machine::text(&file))
}

fn measure(report: &mut Report) -> Result<()> {
    let ours = Machine::new(env!("CARGO_BIN_EXE_dapr").into(), None)?;
    let peer = match (std::env::var_os("DAPR_PEER"), std::env::var_os("DAPRD_PEER")) {
        (Some(dapr), daprd) => Some(Machine::new(dapr.into(), daprd.map(Into::into))?),
        (None, Some(_)) => return Err("DAPRD_PEER needs DAPR_PEER as well".into()),
        (None, None) => None,
    };
    lifecycle::measure(&ours, peer.as_ref(), report)?;
    many::measure(&ours, peer.as_ref(), report)?;
    let release = std::env::var_os("DAPR_RELEASE");
    let release = release.map(|program| Machine::new(program.into(), None)).transpose()?;
    rates::measure(&ours, release.as_ref(), peer.as_ref(), report)?;
    events::measure(&ours, peer.as_ref(), report)?;
    jobs::measure(&ours, report)?;
    setup::measure(&ours, peer.as_ref(), report)
}

/// The middle of some measurements.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
