//! Runs `dapr` in a home directory of its own and reads what the kernel knows of its processes.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::http::Client;

const LIMIT: Duration = Duration::from_secs(90);
const UP: &str = "You're up and running!";
/// A stock `daprd` that is told of services which aren't there never becomes ready, and ends after a while.
const NO_SERVICES: [&str; 4] = ["--placement-host-address", "", "--scheduler-host-address", ""];
/// What tells nothing.
const CONFIGURATION: &str =
    "apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata:\n  name: daprConfig\nspec: {}\n";

/// A program and the home it runs in; the home is removed at the end.
pub struct Machine {
    dapr: PathBuf,
    /// The stock sidecar, when it is installed; ours is `dapr` itself.
    daprd: Option<PathBuf>,
    home: PathBuf,
}

impl Machine {
    /// A fresh home; with a `daprd` and a configuration that are installed in it, as the stock program needs.
    pub fn new(dapr: PathBuf, daprd: Option<PathBuf>) -> Result<Self> {
        static MACHINES: AtomicU32 = AtomicU32::new(0);
        let number = MACHINES.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("dapr-budgets-{}-{number}", std::process::id()));
        let components = home.join(".dapr/components");
        let mut installed = None;
        if let Some(daprd) = daprd {
            let bin = home.join(".dapr/bin");
            fs::create_dir_all(&bin).and_then(|()| fs::create_dir_all(&components)).map_err(text(&home))?;
            fs::copy(&daprd, bin.join("daprd")).map_err(text(&daprd))?;
            installed = Some(bin.join("daprd"));
            // The stock CLI names this file to its `daprd` in any case, which doesn't start without it.
            let configuration = home.join(".dapr/config.yaml");
            fs::write(&configuration, CONFIGURATION).map_err(text(&configuration))?;
        } else {
            fs::create_dir_all(&home).map_err(text(&home))?;
        }
        Ok(Self { dapr, daprd: installed, home })
    }

    /// Size of the program in bytes.
    pub fn size(&self) -> Result<u64> {
        fs::metadata(&self.dapr).map(|file| file.len()).map_err(text(&self.dapr))
    }

    /// Where the program's files are.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The program, to be run with these arguments.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.dapr);
        command.args(args).env("HOME", &self.home).current_dir(&self.home).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("DAPR")) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs a command to its end.
    pub fn output(&self, args: &[&str]) -> Result<Output> {
        let output = self.command(args).output().map_err(text(&self.dapr))?;
        if output.status.success() {
            return Ok(output);
        }
        Err(format!(
            "dapr {}: {}\n{}",
            args.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ))
    }

    /// How long a command takes, in milliseconds.
    pub fn wall(&self, args: &[&str]) -> Result<f64> {
        let started = Instant::now();
        self.output(args)?;
        Ok(millis(started))
    }

    /// Peak memory of a command, in MiB. Its stdout is a full pipe: it waits there when it has done its work,
    /// and can be looked at.
    pub fn peak(&self, args: &[&str]) -> Result<f64> {
        let (mut reader, mut writer) = std::io::pipe().map_err(|error| error.to_string())?;
        // The usual capacity; more would block us here.
        writer.write_all(&vec![b' '; 65536]).map_err(|error| error.to_string())?;
        let mut child = self.command(args).stdout(writer).spawn().map_err(text(&self.dapr))?;
        let pid = child.id();
        let waits = || field(pid, "State:").is_some_and(|state| state.starts_with('S'));
        let peak = until("the command writes its output", || {
            // Twice in a row with the same peak: it is not just waiting for a disk or a timer.
            let before = waits().then(|| memory(pid, "VmHWM:")).flatten()?;
            thread::sleep(Duration::from_millis(30));
            let after = waits().then(|| memory(pid, "VmHWM:")).flatten()?;
            (before.to_bits() == after.to_bits()).then_some(after)
        });
        let drain = thread::spawn(move || reader.read_to_end(&mut Vec::new()));
        child.wait().map_err(|error| error.to_string())?;
        drop(drain);
        peak
    }

    /// Starts a sidecar by itself and returns how long it took until it was ready, in milliseconds.
    pub fn ready(&self) -> Result<f64> {
        let (http, grpc) = (free_port()?, free_port()?);
        let mut command = match &self.daprd {
            Some(daprd) => Command::new(daprd),
            None => self.command(&["daprd"]),
        };
        command.args(["--app-id", "ready", "--dapr-http-port", &http.to_string()]);
        command.args(["--dapr-grpc-port", &grpc.to_string(), "--metrics-port", &free_port()?.to_string()]);
        command.env("HOME", &self.home).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let child = command.spawn().map_err(text(&self.dapr))?;
        let running = Running { child, port: http, start_ms: 0.0 };
        until("the sidecar is ready", || {
            Client::new(running.port).ok()?.call("GET", "/v1.0/healthz", "").ok()
        })?;
        Ok(millis(started))
    }

    /// Starts `dapr run` with these flags and an app, and waits until it says that it is up.
    pub fn run(&self, app_id: &str, flags: &[&str], app: &[&str]) -> Result<Running> {
        let port = free_port()?;
        let number = port.to_string();
        let mut args = vec!["run", "--app-id", app_id, "--dapr-http-port", &number];
        args.extend(NO_SERVICES);
        args.extend(flags);
        args.push("--");
        args.extend(app);
        let log = self.home.join(format!("{app_id}-{port}.log"));
        let file = fs::File::create(&log).map_err(text(&log))?;
        let errors = file.try_clone().map_err(text(&log))?;
        let started = Instant::now();
        let child = self.command(&args).stdout(file).stderr(errors).spawn().map_err(text(&self.dapr))?;
        let mut running = Running { child, port, start_ms: 0.0 };
        let said = || fs::read_to_string(&log).unwrap_or_default();
        // The log goes with the home: what it says belongs into the message.
        until(&format!("{app_id} is up"), || said().contains(UP).then_some(()))
            .map_err(|error| format!("{error}; it said:\n{}", said()))?;
        running.start_ms = millis(started);
        Ok(running)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// A `dapr run`; stopped when it is dropped.
pub struct Running {
    child: Child,
    /// Port of the HTTP API.
    pub port: u16,
    /// From its start until it said that it is up, in milliseconds.
    pub start_ms: f64,
}

impl Running {
    /// PID of the CLI.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The CLI's PID and those of all its descendants.
    pub fn processes(&self) -> Vec<u32> {
        let parents: Vec<(u32, u32)> = processes().filter_map(|pid| Some((pid, parent(pid)?))).collect();
        let mut found = vec![self.child.id()];
        let mut next = 0;
        while let Some(&pid) = found.get(next) {
            found.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
            next += 1;
        }
        found
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = Command::new("kill").args(["-TERM", &pid]).status();
        }
        if until("it ends", || self.child.try_wait().ok().flatten()).is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(pid: u32) -> Option<u32> {
    field(pid, "PPid:")?.parse().ok()
}

/// Name of a process as the kernel has it.
pub fn name(pid: u32) -> String {
    field(pid, "Name:").unwrap_or_default()
}

/// Whether it is still there; one that waits for its parent to notice is not.
pub fn is_alive(pid: u32) -> bool {
    field(pid, "State:").is_some_and(|state| !state.starts_with('Z'))
}

/// `VmRSS:` or `VmHWM:` of a process, in MiB.
pub fn memory(pid: u32, what: &str) -> Option<f64> {
    let kibibytes: f64 = field(pid, what)?.split(' ').next()?.parse().ok()?;
    Some(kibibytes / 1024.0)
}

fn field(pid: u32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(status.lines().find_map(|line| line.strip_prefix(name))?.trim().to_owned())
}

/// Waits for a condition, looking often.
pub fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> Result<T> {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(value) = condition() {
            return Ok(value);
        }
        if Instant::now() > deadline {
            return Err(format!("waited in vain: {what}"));
        }
        thread::sleep(Duration::from_micros(500));
    }
}

/// Milliseconds since then.
pub fn millis(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// Writes a component's file; `metadata` is YAML that follows `metadata:`.
pub fn component(directory: &Path, name: &str, kind: &str, metadata: &str) -> Result<()> {
    let file = directory.join(format!("{name}.yaml"));
    let yaml = format!(
        "apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}\n\
         spec:\n  type: {kind}\n  version: v1\n  metadata:{metadata}\n"
    );
    fs::create_dir_all(directory).and_then(|()| fs::write(&file, yaml)).map_err(text(&file))
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| error.to_string())
}

/// Puts the path in front of an error.
pub fn text(path: &Path) -> impl FnOnce(std::io::Error) -> String {
    let path = path.display().to_string();
    move |error| format!("{path}: {error}")
}
