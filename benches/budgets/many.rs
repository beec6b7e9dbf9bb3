//! Runs of many apps: their start, their idle cost, and what passes through when two of them write at full speed.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::time::Instant;

use crate::Result;
use crate::machine::{Machine, memory, millis, text, until};
use crate::report::{Budget, Report};

const APPS: usize = 50;
const LINES: usize = 1_000_000;
/// Bytes of a line with its newline.
const WIDTH: usize = 80;
/// Makes this program write [`LINES`] lines instead of measuring.
pub const WRITE: &str = "--write-lines";

/// Adds all rows of this file.
pub fn measure(ours: &Machine, peer: Option<&Machine>, report: &mut Report) -> Result<()> {
    let (start, idle) = fifty(ours)?;
    report.add("`dapr run -f`, 50 apps, until all are up", Budget::AtMost(1500.0, "ms"), start, None);
    report.add("idle memory: CLI with 50 apps", Budget::AtMost(25.0, "MiB"), idle, None);
    let own = lines(ours, true)?;
    // The stock program is known to lose some.
    let stock = peer.map(|peer| lines(peer, false)).transpose()?;
    let what = "lines of 80 bytes of two apps, to files and console";
    report.add(what, Budget::AtLeast(1_000_000.0, "/s"), own, stock);
    Ok(())
}

/// Writes numbered lines as fast as they are taken.
pub fn write_lines() -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    for number in 0..LINES {
        writeln!(out, "{number:0width$}", width = WIDTH - 1)?;
    }
    out.flush()
}

fn run_file(machine: &Machine, name: &str, apps: &[(String, String)]) -> Result<String> {
    let directory = machine.home().join(name);
    let mut yaml = String::from("version: 1\napps:\n");
    for (id, command) in apps {
        fs::create_dir_all(directory.join(id)).map_err(text(&directory))?;
        let _ = writeln!(yaml, "- appID: {id}\n  appDirPath: {id}\n  command: {command}");
    }
    let file = directory.join("dapr.yaml");
    fs::write(&file, yaml).map_err(text(&file))?;
    Ok(file.display().to_string())
}

/// Milliseconds until the last app is up, and the CLI's memory then, in MiB.
fn fifty(machine: &Machine) -> Result<(f64, f64)> {
    let apps: Vec<_> = (0..APPS).map(|n| (format!("app-{n}"), "[sleep, '600']".to_owned())).collect();
    let file = run_file(machine, "fifty", &apps)?;
    let log = machine.home().join("fifty.log");
    let out = fs::File::create(&log).map_err(text(&log))?;
    let started = Instant::now();
    let mut child = machine.command(&["run", "-f", &file]).stdout(out).spawn().map_err(text(&log))?;
    let up = until("all apps are up", || {
        let said = fs::read_to_string(&log).unwrap_or_default();
        (said.matches("Started Dapr with app id").count() == APPS).then(|| millis(started))
    });
    let idle = memory(child.id(), "VmRSS:").unwrap_or(f64::NAN);
    machine.output(&["stop", "-f", &file])?;
    child.wait().map_err(|error| error.to_string())?;
    Ok((up?, idle))
}

/// Lines per second of both apps together, from the first to the last that reaches the console. With `complete`
/// every one has to be there, in order, and in its file too.
fn lines(machine: &Machine, complete: bool) -> Result<f64> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let command = format!("[{:?}, {WRITE}]", program.display().to_string());
    let apps: Vec<_> = ["one", "two"].map(|id| (id.to_owned(), command.clone())).into();
    let file = run_file(machine, "lines", &apps)?;
    let console = machine.home().join("lines.log");
    let out = fs::File::create(&console).map_err(text(&console))?;
    let mut child = machine.command(&["run", "-f", &file]).stdout(out).spawn().map_err(text(&console))?;
    // Long enough for the start of a slow program; what is written meanwhile is not looked at while it is.
    let size = || fs::metadata(&console).map(|file| file.len()).unwrap_or_default();
    let all = 2 * LINES * (WIDTH + "== APP - one == ".len());
    let least = all as u64 * if complete { 100 } else { 95 } / 100;
    until("the first lines come", || (size() > 1_000_000).then_some(()))?;
    let (started, before) = (Instant::now(), size());
    let taken = until("all lines are there", || (size() >= least).then(|| started.elapsed()));
    let after = size();
    let _ = machine.output(&["stop", "-f", &file]);
    child.wait().map_err(|error| error.to_string())?;
    taken.as_ref().map_err(Clone::clone)?;
    if complete {
        check(&fs::read(&console).map_err(text(&console))?)?;
        for id in ["one", "two"] {
            check(&log_of(machine, id)?)?;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let part = (after - before) as f64 / after as f64;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let lines = (2 * LINES) as f64;
    Ok(lines * part / taken?.as_secs_f64())
}

fn log_of(machine: &Machine, id: &str) -> Result<Vec<u8>> {
    let directory = machine.home().join("lines").join(id).join(".dapr/logs");
    let entries = fs::read_dir(&directory).map_err(text(&directory))?;
    let newest = entries.flatten().map(|entry| entry.path()).filter(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{id}_app_")))
    });
    let newest = newest.max().ok_or_else(|| format!("{id} has no log file"))?;
    fs::read(&newest).map_err(text(&newest))
}

/// Fails unless the numbers of each app that is there come in order and completely.
fn check(log: &[u8]) -> Result<()> {
    for id in ["one", "two"] {
        let prefix = format!("== APP - {id} == ");
        let lines = log.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(prefix.as_bytes()));
        let numbers = lines.filter_map(|line| std::str::from_utf8(line).ok()?.parse::<usize>().ok());
        let mut next = 0;
        for number in numbers {
            if number != next {
                return Err(format!("line {next} of {id} is missing: {number} follows"));
            }
            next += 1;
        }
        if next != 0 && next != LINES {
            return Err(format!("only {next} lines of {id} are there"));
        }
    }
    Ok(())
}
