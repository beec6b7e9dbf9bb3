//! What the tests of the binary share: an isolated home, the outcome of a command line, and stand-ins for
//! sidecars. Processes that a test starts end with it.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod engine;
pub mod etcd;

use std::ffi::OsStr;
use std::fmt;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use dapr_cli::env::Env;
use dapr_cli::paths::InstallDir;
use dapr_cli::records::{Directory, ProcessId, Record};

/// A home directory of its own, and the binary run in it with a clean environment.
pub struct TestContext {
    home: tempfile::TempDir,
}

impl TestContext {
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().expect("a temporary directory") }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn install(&self) -> InstallDir {
        InstallDir::resolve(self.home().to_str(), &Env::of([])).expect("the home is given")
    }

    /// The binary with `HOME`, `PATH` and engines that aren't there in its environment.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dapr"));
        command.env_clear().env("HOME", self.home()).env("TZ", "UTC");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // Whatever runs on this machine is not the tests' to touch.
        for engine in ["DOCKER_HOST", "CONTAINER_HOST"] {
            command.env(engine, format!("unix://{}/no-engine.sock", self.home().display()));
        }
        command.current_dir(self.home()).stdin(Stdio::null());
        command
    }

    /// Runs a command line to its end.
    pub fn dapr<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Outcome {
        self.run(self.command().args(args))
    }

    pub fn run(&self, command: &mut Command) -> Outcome {
        let output = command.output().expect("the binary starts");
        let text = |bytes: &[u8]| {
            let home = self.home().display().to_string();
            String::from_utf8_lossy(bytes).replace(&home, "[HOME]")
        };
        Outcome { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// A record of a sidecar that is this process; changed by `edit` before it is written.
    pub fn record(&self, app_id: &str, daprd: u32, edit: impl FnOnce(&mut Record)) {
        let mut record: Record = serde_json::from_value(serde_json::json!({
            "appId": app_id,
            "runtime": "embedded",
            "daprd": ProcessId::of(daprd).expect("the process runs"),
            "created": "2026-11-24T00:00:00Z",
            "httpPort": 1, "grpcPort": 2, "internalPort": 3,
        }))
        .expect("a record");
        edit(&mut record);
        Directory::of(&self.install()).write(&record).expect("the record can be written");
    }
}

/// What a command line led to.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl fmt::Display for Outcome {
    /// Ends of lines that are spaces would be invisible, so they are marked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let visible = |text: &str| text.replace(" \n", " ·\n");
        match self.code {
            Some(code) => writeln!(f, "exit code: {code}")?,
            None => writeln!(f, "ended by a signal")?,
        }
        write!(f, "----- stdout -----\n{}\n", visible(&self.stdout))?;
        write!(f, "----- stderr -----\n{}", visible(&self.stderr))
    }
}

/// A process that is ended with the value.
pub struct Process(Child);

impl Process {
    /// Does nothing until it is told to end.
    pub fn idle() -> Self {
        Self::spawn(Command::new("sleep").arg("600"))
    }

    /// A process that is called `daprd` and has these arguments.
    pub fn named_daprd(directory: &Path, args: &[&str]) -> Self {
        Self::spawn(&mut Self::daprd(directory, args))
    }

    /// The same, at home in this directory.
    pub fn named_daprd_of(home: &Path, args: &[&str]) -> Self {
        Self::spawn(Self::daprd(home, args).env("HOME", home).env_remove("DAPR_RUNTIME_PATH"))
    }

    fn daprd(directory: &Path, args: &[&str]) -> Command {
        let daprd = directory.join("daprd");
        std::os::unix::fs::symlink("/bin/sh", &daprd).expect("a link");
        let mut command = Command::new(daprd);
        // The last command of a shell may replace it, but a built-in can't.
        command.args(["-c", "read -r _", "daprd"]).args(args).stdin(Stdio::piped());
        command
    }

    /// Any program.
    pub fn of(command: &mut Command) -> Self {
        Self::spawn(command)
    }

    fn spawn(command: &mut Command) -> Self {
        Self(command.spawn().expect("the process starts"))
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().expect("it is our child").is_none()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A sidecar's HTTP API that answers every request alike.
pub struct FakeSidecar {
    pub port: u16,
    requests: Receiver<String>,
}

impl FakeSidecar {
    /// `reply` is the whole answer but for its length: status line, headers, empty line, body.
    pub fn start(reply: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (sender, requests) = mpsc::channel();
        let reply = reply.to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(request) = answer(stream, &reply)
                    && sender.send(request).is_err()
                {
                    break;
                }
            }
        });
        Self { port, requests }
    }

    /// The next request, head and body.
    pub fn request(&self) -> String {
        self.requests.recv_timeout(Duration::from_secs(10)).expect("a request")
    }
}

/// Reads one request and answers it.
pub fn answer<S: Read + Write>(stream: S, reply: &str) -> Option<String> {
    respond(stream, |_| reply.to_owned())
}

/// Reads one request and answers what it asks for. `reply` is as in [`FakeSidecar::start`].
pub fn respond<S: Read + Write>(mut stream: S, reply: impl FnOnce(&str) -> String) -> Option<String> {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    while !is_whole(&request) {
        match stream.read(&mut part) {
            Ok(length) if length > 0 => request.extend_from_slice(&part[..length]),
            _ => return None,
        }
    }
    let request = String::from_utf8_lossy(&request).replace("\r\n", "\n");
    let reply = reply(&request);
    let (head, body) = reply.split_once("\n\n").unwrap_or((&reply, ""));
    let head = head.replace('\n', "\r\n");
    let reply = format!("{head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    stream.write_all(reply.as_bytes()).ok()?;
    Some(request)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

/// Waits for a condition; fails the test when it doesn't come true in time.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::yield_now();
    }
}

/// A connection that is never served, for sidecars that hang.
pub fn silent_listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    (listener, port)
}
