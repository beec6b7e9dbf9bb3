//! The stock runtime in `.dapr/bin`, asked for its version. It is executed only when its answer is needed.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::paths::InstallDir;

/// More than any working binary needs for printing its version.
const LIMIT: Duration = Duration::from_secs(5);

/// Version of the installed `daprd`; `None` when there is none or it doesn't say.
pub fn version(install: &InstallDir) -> Option<String> {
    version_within(install, LIMIT)
}

/// The same for those who can't wait long.
pub fn version_within(install: &InstallDir, limit: Duration) -> Option<String> {
    ask(install, "--version", limit).map(|text| text.replace(['\n', '\r'], ""))
}

/// What the installed `daprd` says of its build, line by line; older ones only have a version.
pub fn build_info(install: &InstallDir) -> Option<Vec<String>> {
    let text = ask(install, "--build-info", LIMIT).or_else(|| ask(install, "--version", LIMIT))?;
    Some(text.lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect())
}

/// Runs `daprd` with one flag and returns what it prints, when it succeeds within the limit.
fn ask(install: &InstallDir, flag: &str, limit: Duration) -> Option<String> {
    let daprd = install.daprd();
    if !daprd.is_file() {
        return None;
    }
    let mut child = Command::new(daprd)
        .arg(flag)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let end = Instant::now() + limit;
    let mut stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = stdout.read_to_string(&mut text).map(|_| text);
        let _ = sender.send(read);
    });
    let text = receiver.recv_timeout(limit);
    // One that has closed its output may still go on.
    while matches!(child.try_wait(), Ok(None)) {
        if text.is_err() || Instant::now() > end {
            let _ = child.kill();
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.wait().ok().filter(std::process::ExitStatus::success)?;
    text.ok()?.ok()
}
