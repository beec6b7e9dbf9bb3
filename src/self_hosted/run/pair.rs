//! One app and its sidecar: how they are started, watched and ended. Used by every kind of run; what is told to
//! the user, and when, is theirs.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Request;
use tokio_util::sync::CancellationToken;

use super::{Note, Settings, environment};
use crate::client::{self, Endpoint};
use crate::env::{DAPR_LISTEN_FDS, PATH, PYTHONUNBUFFERED};
use crate::error::{Failure, system_text};
use crate::os::{self, Exit, Tell, Terminal};
use crate::process::{Child, Guard, Outlet, Source, Spec, Stream, feed, pump};
use crate::records::{Directory, ProcessId, Record};

/// How long the sidecar may take to come up.
const READY: Duration = Duration::from_mins(1);
/// How long the app may take to end after it was asked to.
pub const APP_GRACE: Duration = Duration::from_secs(5);
/// The same for the sidecar: its own grace time and a little more.
const SIDECAR_GRACE: Duration = Duration::from_secs(8);

/// Where the output of both goes.
#[derive(Clone)]
pub struct Outlets {
    /// The sidecar's.
    pub daprd: Outlet,
    /// The app's.
    pub app: Outlet,
    /// Columns that the app's prefix takes from its terminal.
    pub narrower: u16,
}

/// A sidecar that runs, and its app.
pub struct Pair {
    /// What was asked for.
    pub settings: Settings,
    /// The instance record, as it is on disk.
    pub record: Record,
    /// Where records are.
    pub records: Directory,
    /// The sidecar's HTTP API.
    pub endpoint: Endpoint,
    /// Parent of both.
    pub guard: Arc<Guard>,
    /// Where their output goes.
    pub outlets: Outlets,
    /// The sidecar.
    pub sidecar: Child,
    /// The app, once it was started.
    pub app: Option<Child>,
    pumps: Vec<JoinHandle<()>>,
    terminal: Option<std::os::fd::OwnedFd>,
}

/// What a pair begins with.
pub struct Begin {
    /// What was asked for.
    pub settings: Settings,
    /// The instance record, as written.
    pub record: Record,
    /// Where records are.
    pub records: Directory,
    /// The sidecar's HTTP API.
    pub endpoint: Endpoint,
    /// Parent of both.
    pub guard: Arc<Guard>,
    /// Where their output goes.
    pub outlets: Outlets,
    /// The sidecar.
    pub sidecar: Child,
    /// Threads that pump the sidecar's output.
    pub pumps: Vec<JoinHandle<()>>,
}

impl Pair {
    /// A sidecar without its app yet.
    pub fn new(begin: Begin) -> Self {
        let Begin { settings, record, records, endpoint, guard, outlets, sidecar, pumps } = begin;
        let (app, terminal) = (None, None);
        Self { settings, record, records, endpoint, guard, outlets, sidecar, app, pumps, terminal }
    }

    /// Waits until the sidecar answers. It may take too long, which is told and not the end; `false` when it
    /// has ended.
    pub async fn ready(&self, quiet: bool, say: &dyn Fn(Note)) -> bool {
        let (http, grpc) = match &self.endpoint {
            Endpoint::Unix(path) => (format!("HTTP socket {}", path.display()), "GRPC socket".to_owned()),
            Endpoint::Tcp(port) => {
                (format!("HTTP port {port}"), format!("GRPC port {}", self.record.grpc_port))
            }
        };
        if !quiet {
            say(Note::Info(format!("Checking if Dapr sidecar is listening on {http}")));
        }
        let deadline = Instant::now() + READY;
        let mut pause = Duration::from_millis(2);
        loop {
            let error = tokio::select! {
                _ = self.sidecar.ended() => return false,
                ready = is_ready(&self.endpoint) => match ready {
                    Ok(()) => break,
                    Err(error) => error,
                },
            };
            if Instant::now() >= deadline {
                say(Note::Warning(format!("Dapr sidecar is not listening on {http}: {error}")));
                say(Note::Warning("Dapr sidecar might not be responding.".into()));
                return true;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
        if !quiet {
            say(Note::Info(format!("Checking if Dapr sidecar is listening on {grpc}")));
            say(Note::Info("Dapr sidecar is up and running.".into()));
        }
        true
    }

    /// Starts the app; does nothing when there is no command. `input` gives it our standard input.
    pub fn start_app(&mut self, input: bool) -> Result<(), Failure> {
        let command = self.settings.command.clone();
        let [program, args @ ..] = &command[..] else { return Ok(()) };
        let path = find(program, &self.settings).unwrap_or_else(|| PathBuf::from(program));
        let failed = |error: io::Error| {
            Failure::new(format!("failed to fork/exec app: {program}: {}", system_text(&error)))
        };
        let mut env = environment::of_app(&self.settings, &self.record);
        let streams = if self.settings.terminal {
            self.streams_of_terminal(input).map_err(failed)?
        } else {
            if self.settings.env.raw(PYTHONUNBUFFERED).is_none() {
                env.insert(0, (PYTHONUNBUFFERED.into(), "1".into()));
            }
            self.streams_of_pipes(input).map_err(failed)?
        };
        let spec = Spec {
            program: path.to_string_lossy().into_owned(),
            name: path.to_string_lossy().into_owned(),
            args: args.to_vec(),
            env,
            directory: self.settings.directory.clone(),
            streams,
            listeners: Vec::new(),
            listeners_variable: DAPR_LISTEN_FDS,
        };
        let app = self.guard.spawn(spec).map_err(failed)?;
        self.record.app = ProcessId::of(app.pid);
        self.app = Some(app);
        // The record is a help, not a condition.
        let _ = self.records.write(&self.record);
        Ok(())
    }

    fn streams_of_terminal(&mut self, input: bool) -> io::Result<[std::os::fd::OwnedFd; 3]> {
        let terminal = Terminal::open(self.outlets.narrower)?;
        let source = Source { file: terminal.ours.try_clone()?, stream: Stream::Out, prompts: true };
        self.pumps.push(pump(source, &self.outlets.app)?);
        let first = if !input {
            os::nothing()?
        } else if os::stdin_is_terminal() {
            feed(terminal.ours.try_clone()?)?;
            terminal.theirs.try_clone()?
        } else {
            os::standard(0)?
        };
        let (second, third) = (terminal.theirs.try_clone()?, terminal.theirs);
        self.terminal = Some(terminal.ours);
        Ok([first, second, third])
    }

    fn streams_of_pipes(&mut self, input: bool) -> io::Result<[std::os::fd::OwnedFd; 3]> {
        let (out, out_theirs) = os::output_pipe()?;
        let (err, err_theirs) = os::output_pipe()?;
        for (file, stream) in [(out, Stream::Out), (err, Stream::Err)] {
            self.pumps.push(pump(Source { file, stream, prompts: false }, &self.outlets.app)?);
        }
        let first = if input { os::standard(0)? } else { os::nothing()? };
        Ok([first, out_theirs, err_theirs])
    }

    /// Tells those who look at the record that the app is ready.
    pub fn note_ready(&mut self) {
        if self.record.ready.is_some() {
            self.record.ready = Some(true);
            let _ = self.records.write(&self.record);
        }
    }

    /// Waits for the end of the app; for ever when there is none.
    pub async fn app_ended(&self) -> Exit {
        match self.app.clone() {
            Some(app) => app.ended().await,
            None => std::future::pending().await,
        }
    }

    /// Tells the app's terminal the size of ours.
    pub fn follow_size(&self) {
        if let Some(terminal) = &self.terminal {
            os::follow_size(terminal, self.outlets.narrower);
        }
    }

    /// Ends the app and what is left in its group; `None` when there is none.
    pub async fn stop_app(&self, now: &CancellationToken) -> Option<Exit> {
        let app = self.app.as_ref()?;
        let exit = app.stop(APP_GRACE, now).await;
        let _ = os::tell_group(app.pid, Tell::Terminate);
        Some(exit)
    }

    /// Ends the sidecar, which lets it finish what it has begun.
    pub async fn stop_sidecar(&self, now: &CancellationToken) -> Exit {
        self.sidecar.stop(SIDECAR_GRACE, now).await
    }

    /// Removes the instance record.
    pub fn remove_record(&self) {
        let _ = self.records.remove(&self.record.app_id, self.record.daprd.pid);
    }

    /// Waits for the last output, when nobody is left who could write, and removes what a run leaves.
    pub fn clean_up(&mut self) {
        self.terminal = None;
        for pump in self.pumps.drain(..) {
            let _ = pump.join();
        }
        self.remove_record();
        if let Some(directory) = &self.settings.socket {
            for api in ["http", "grpc"] {
                let _ =
                    fs_err::remove_file(directory.join(format!("dapr-{}-{api}.socket", self.record.app_id)));
            }
        }
    }
}

/// Looks a program up as the shell would.
pub fn find(program: &str, settings: &Settings) -> Option<PathBuf> {
    let executable = |path: &PathBuf| os::is_executable(path);
    if program.contains('/') {
        let path = PathBuf::from(program);
        let path = match &settings.directory {
            Some(directory) => directory.join(path),
            None => path,
        };
        return Some(path).filter(executable);
    }
    let own = settings.entries.iter().rev().find(|(name, _)| name == PATH).map(|(_, value)| value.as_str());
    let path = own.or_else(|| settings.env.raw(PATH)).unwrap_or_default();
    std::env::split_paths(path).map(|directory| directory.join(program)).find(executable)
}

async fn is_ready(endpoint: &Endpoint) -> Result<(), String> {
    let request =
        Request::get("/v1.0/healthz/outbound").body(Bytes::new()).map_err(|error| error.to_string())?;
    let answer = client::send(endpoint, request, Some(Duration::from_millis(500))).await;
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("unexpected status {}", answer.status())),
        Err(error) => Err(error.to_string()),
    }
}
