//! What a command costs, how long a start and a stop take, what an idle run holds.

use std::time::Instant;

use crate::machine::{Machine, Running, is_alive, memory, millis, name, until};
use crate::report::{Budget, Report};
use crate::{Result, median};

/// An app that does nothing.
const SLEEP: &[&str] = &["sleep", "600"];

/// Adds all rows of this file.
pub fn measure(ours: &Machine, peer: Option<&Machine>, report: &mut Report) -> Result<()> {
    let both = |measure: &dyn Fn(&Machine) -> Result<f64>| -> Result<(f64, Option<f64>)> {
        Ok((measure(ours)?, peer.map(measure).transpose()?))
    };

    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let size = |machine: &Machine| Ok(machine.size()? as f64 / 1e6);
    let (own, stock) = both(&size)?;
    report.add("size of the binary", Budget::AtMost(30.0, "MB"), own, stock);

    let (own, stock) = both(&|machine| repeat(30, || machine.wall(&["--version"])))?;
    report.add("`dapr --version`, wall", Budget::AtMost(3.0, "ms"), own, stock);
    let (own, stock) = both(&|machine| machine.peak(&["--version"]))?;
    report.add("`dapr --version`, peak memory", Budget::AtMost(8.0, "MiB"), own, stock);

    let (own, stock) = both(&|machine| repeat(10, || Ok(machine.run("a", &[], SLEEP)?.start_ms)))?;
    report.add("`dapr run -- sleep` until up", Budget::AtMost(120.0, "ms"), own, stock);

    let (own, stock) = both(&|machine| repeat(10, || machine.ready()))?;
    report.add("sidecar by itself until it is ready", Budget::AtMost(40.0, "ms"), own, stock);

    let idle = |machine: &Machine| machine.run("a", &[], SLEEP).and_then(|run| Idle::of(&run));
    let (own, stock) = both(&|machine| Ok(idle(machine)?.cli))?;
    report.add("idle memory: CLI", Budget::AtMost(10.0, "MiB"), own, stock);
    let (own, stock) = both(&|machine| Ok(idle(machine)?.sidecar))?;
    report.add("idle memory: sidecar", Budget::AtMost(20.0, "MiB"), own, stock);
    let (own, stock) = both(&|machine| Ok(idle(machine)?.all))?;
    report.add("idle memory: CLI, guardian and sidecar", Budget::AtMost(30.0, "MiB"), own, stock);

    let (own, stock) = both(&|machine| repeat(10, || stop(machine)))?;
    report.add("`dapr stop` until all processes are gone", Budget::AtMost(60.0, "ms"), own, stock);

    let ten = |machine: &Machine| -> Result<Vec<Running>> {
        (0..10).map(|n| machine.run(&format!("app-{n}"), &[], SLEEP)).collect()
    };
    let (own, stock) = both(&|machine| {
        let _apps = ten(machine)?;
        repeat(20, || machine.wall(&["list"]))
    })?;
    report.add("`dapr list`, 10 apps, wall", Budget::AtMost(12.0, "ms"), own, stock);
    let (own, stock) = both(&|machine| {
        let _apps = ten(machine)?;
        machine.peak(&["list"])
    })?;
    report.add("`dapr list`, 10 apps, peak memory", Budget::AtMost(12.0, "MiB"), own, stock);
    Ok(())
}

fn repeat(times: usize, mut once: impl FnMut() -> Result<f64>) -> Result<f64> {
    Ok(median((0..times).map(|_| once()).collect::<Result<_>>()?))
}

/// Resident memory of an idle run in MiB; pages that processes share count in each of them.
struct Idle {
    cli: f64,
    sidecar: f64,
    /// Everything but the app.
    all: f64,
}

impl Idle {
    fn of(run: &Running) -> Result<Self> {
        let mut idle = Self { cli: 0.0, sidecar: 0.0, all: 0.0 };
        for pid in run.processes() {
            let (resident, name) = (memory(pid, "VmRSS:").unwrap_or_default(), name(pid));
            if name != "sleep" {
                idle.all += resident;
            }
            if name == "daprd" {
                idle.sidecar += resident;
            }
            if pid == run.pid() {
                idle.cli += resident;
            }
        }
        if idle.sidecar > 0.0 { Ok(idle) } else { Err("no process named daprd below the run".into()) }
    }
}

fn stop(machine: &Machine) -> Result<f64> {
    let run = machine.run("a", &[], SLEEP)?;
    let processes = run.processes();
    let started = Instant::now();
    machine.output(&["stop", "--app-id", "a"])?;
    until("all processes are gone", || (!processes.iter().any(|pid| is_alive(*pid))).then_some(()))?;
    Ok(millis(started))
}
