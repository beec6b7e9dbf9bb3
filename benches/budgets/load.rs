//! Load on one path of an API by `wrk -t1 -c16`, which takes less of a processor than the servers it measures.

use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::machine::text;

/// Connections that are kept busy.
pub const CONNECTIONS: usize = 16;

/// Whether the program is there.
pub fn is_installed() -> bool {
    Command::new("wrk").arg("--version").output().is_ok()
}

/// A request, sent again and again.
pub struct Load<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// JSON; empty for none.
    pub body: &'a str,
}

impl<'a> Load<'a> {
    /// Reading a path.
    pub fn get(path: &'a str) -> Self {
        Self { method: "GET", path, body: "" }
    }

    /// Sending JSON to a path.
    pub fn post(path: &'a str, body: &'a str) -> Self {
        Self { method: "POST", path, body }
    }

    /// Answers per second of a port of this machine, in the middle of three times two seconds; every answer has to be
    /// a success. The script for the program is written to `directory`.
    pub fn rate(&self, port: u16, directory: &Path) -> Result<f64> {
        let script = directory.join("load.lua");
        // JSON may end with two brackets.
        let lines = format!(
            "wrk.method = [=[{}]=]\nwrk.body = [=[{}]=]\nwrk.headers['content-type'] = 'application/json'\n",
            self.method, self.body
        );
        std::fs::write(&script, lines).map_err(text(&script))?;
        let url = format!("http://127.0.0.1:{port}{}", self.path);
        // The first one warms up.
        self.run(&url, &script, 1)?;
        let rates = (0..3).map(|_| self.run(&url, &script, 2)).collect::<Result<Vec<_>>>()?;
        Ok(crate::median(rates))
    }

    fn run(&self, url: &str, script: &Path, seconds: u32) -> Result<f64> {
        let connections = format!("-c{CONNECTIONS}");
        let output = Command::new("wrk")
            .args(["-t1", &connections, &format!("-d{seconds}"), "-s"])
            .arg(script)
            .arg(url)
            .output()
            .map_err(|error| format!("wrk: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        let failed = said.lines().find(|line| line.contains("Non-2xx") || line.contains("Socket errors"));
        let rate = said.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
        match (failed, rate.and_then(|rate| rate.trim().parse().ok())) {
            (None, Some(rate)) => Ok(rate),
            _ => Err(format!("wrk {} {url}: {said}{}", self.method, String::from_utf8_lossy(&output.stderr))),
        }
    }
}
