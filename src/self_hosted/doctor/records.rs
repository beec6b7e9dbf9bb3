//! What runs that ended badly, and an init that was killed, have left.

use std::path::PathBuf;

use super::Finding;
use crate::paths::InstallDir;
use crate::records::{Directory, Leftovers};
use crate::self_hosted::init;

const CHECK: &str = "records";

/// Looks at the instance records and at what an init was preparing.
pub fn check(install: &InstallDir) -> Vec<Finding> {
    let Leftovers { alive, dead, useless } = Directory::of(install).leftovers();
    let mut findings = Vec::new();
    if !dead.is_empty() {
        let detail = format!("these sidecars are gone, and their records are left: {}", list(&dead));
        findings.push(Finding::warning(CHECK, detail, "`dapr list` removes them"));
    }
    if !useless.is_empty() {
        let detail = format!("nobody can use, nor will remove: {}", list(&useless));
        findings.push(Finding::warning(CHECK, detail, "delete them"));
    }
    let staging = install.staging();
    if staging.exists() && init::lock(install).is_ok() {
        let detail = format!("an init that was killed has left {}", staging.display());
        findings.push(Finding::warning(CHECK, detail, "the next `dapr init` removes it"));
    }
    if findings.is_empty() {
        let sidecars = if alive == 1 { "sidecar" } else { "sidecars" };
        findings
            .push(Finding::ok(CHECK, format!("{alive} running {sidecars}, and nothing that is left over")));
    }
    findings
}

fn list(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ")
}
