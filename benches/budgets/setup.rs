//! How long setting up from a bundle takes. Only when `DAPR_BENCH_BUNDLE` names a bundle and `DAPR_TEST_DOCKER_HOST` a
//! Docker daemon of the tests' own, whose Dapr containers and images are removed; needs the `docker` command.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::machine::{Machine, millis, text};
use crate::report::{Budget, Report};
use crate::{Result, median};

const TIMES: usize = 5;

/// Adds the row of this file. What was installed in the machines is gone afterwards, so it comes last.
pub fn measure(ours: &Machine, peer: Option<&Machine>, report: &mut Report) -> Result<()> {
    let (Ok(bundle), Ok(engine)) =
        (std::env::var("DAPR_BENCH_BUNDLE"), std::env::var("DAPR_TEST_DOCKER_HOST"))
    else {
        report.leave_out("`dapr init --from-dir`", "DAPR_BENCH_BUNDLE or DAPR_TEST_DOCKER_HOST is not set");
        return Ok(());
    };
    let images = images(Path::new(&bundle))?;
    let mut own = Vec::new();
    let mut stock = Vec::new();
    // In turn, so that both meet the same machine.
    for _ in 0..TIMES {
        own.push(init(ours, &bundle, &engine, &images)?);
        if let Some(peer) = peer {
            stock.push(init(peer, &bundle, &engine, &images)?);
        }
    }
    let stock = peer.map(|_| median(stock));
    report.add(
        "`dapr init --from-dir`, images not loaded yet",
        Budget::AtMost(3000.0, "ms"),
        median(own),
        stock,
    );
    Ok(())
}

/// Names of the images that a bundle's description mentions.
fn images(bundle: &Path) -> Result<Vec<String>> {
    let details = bundle.join("details.json");
    let words = fs::read_to_string(&details).map_err(text(&details))?;
    let words: Vec<&str> = words.split('"').collect();
    let names = words.windows(3).filter(|words| words[0].ends_with("ImageName"));
    Ok(names.map(|words| words[2].to_owned()).collect())
}

/// One set-up, in milliseconds, from nothing.
fn init(machine: &Machine, bundle: &str, engine: &str, images: &[String]) -> Result<f64> {
    let run = |args: &[&str]| -> Result<()> {
        let output = machine.command(args).env("DOCKER_HOST", engine).output();
        let output = output.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(format!("dapr {}: {said}", args.join(" "))) }
    };
    run(&["uninstall", "--all"])?;
    for image in images {
        // One that isn't there is what is wanted.
        let removed =
            Command::new("docker").args(["--host", engine, "image", "rm", "--force", image]).output();
        removed.map_err(|error| format!("docker: {error}"))?;
    }
    let started = Instant::now();
    run(&["init", "--from-dir", bundle])?;
    let took = millis(started);
    run(&["uninstall", "--all"])?;
    Ok(took)
}
