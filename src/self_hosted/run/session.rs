//! One run from the first check to the last process (run reference, sections 2, 5 and 6).

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Request;

use super::logs::Log;
use super::prepare::{Prepared, find};
use super::{Note, Settings, announce, environment, reason};
use crate::client::{self, Endpoint};
use crate::env::{DAPR_LISTEN_FDS, PYTHONUNBUFFERED};
use crate::error::{EXIT_FAILED, EXIT_OK, EXIT_SIGNAL_BASE, Failure, system_text};
use crate::os::{self, Exit, Signals, Tell, Terminal};
use crate::process::{Console, Exited, Guard, Source, Spec, Stream, feed, pump};
use crate::records::{Directory, ProcessId, Record, Runtime};

/// How long the sidecar may take to come up.
const READY: Duration = Duration::from_secs(60);
/// How long the app may take to end after it was asked to.
const APP_GRACE: Duration = Duration::from_secs(5);
/// The same for the sidecar: its own grace time and a little more.
const SIDECAR_GRACE: Duration = Duration::from_secs(7);
const APP_PREFIX: &str = "== APP == ";
/// Columns that the prefix takes from the app's terminal.
const NARROWER: u16 = 10;

/// Runs until the app, the sidecar or the user ends it. Returns the exit code of the process.
pub async fn run(settings: Settings, say: &dyn Fn(Note)) -> Result<u8, Failure> {
    if settings.command.is_empty() {
        say(Note::NoCommand);
    }
    if settings.socket.is_some() {
        say(Note::Warning("Unix domain sockets are currently a preview feature".into()));
    }
    // From here on Ctrl-C is ours, also while things are being started.
    let mut signals =
        Signals::listen().map_err(|error| Failure::new(format!("cannot listen to signals: {error}")))?;
    let prepared = Prepared::new(settings, say)?;
    let mut session = prepared.start(say)?;
    let outcome = session.follow(&mut signals, say).await;
    let code = session.end(outcome, &mut signals, say).await;
    Ok(code)
}

/// Why a run ends.
#[derive(Debug)]
enum Outcome {
    /// The user or `dapr stop` asked for it.
    Asked,
    /// The app or the sidecar ended.
    Ended,
    /// Something could not be started.
    Failed(Failure),
}

/// What a session begins with.
pub struct Parts {
    /// The flags.
    pub settings: Settings,
    /// The instance record, as written.
    pub record: Record,
    /// Where records are.
    pub records: Directory,
    /// The sidecar's HTTP API.
    pub endpoint: Endpoint,
    /// The guardian, which has started the sidecar.
    pub guard: Guard,
    /// Where lines are shown.
    pub console: Console,
    /// Threads that pump the sidecar's output.
    pub pumps: Vec<std::thread::JoinHandle<()>>,
    /// The app's log file.
    pub app_log: Log,
}

/// A sidecar that runs, and what belongs to it.
pub struct Session {
    settings: Settings,
    record: Record,
    records: Directory,
    endpoint: Endpoint,
    guard: Guard,
    console: Console,
    pumps: Vec<std::thread::JoinHandle<()>>,
    app_log: Log,
    app: Option<u32>,
    /// The sidecar answers, and it was said that all is up.
    up: bool,
    sidecar_exit: Option<Exit>,
    app_exit: Option<Exit>,
    terminal: Option<std::os::fd::OwnedFd>,
}

impl Session {
    /// A session without an app yet.
    pub fn new(parts: Parts) -> Self {
        let Parts { settings, record, records, endpoint, guard, console, pumps, app_log } = parts;
        Self {
            settings,
            record,
            records,
            endpoint,
            guard,
            console,
            pumps,
            app_log,
            app: None,
            up: false,
            sidecar_exit: None,
            app_exit: None,
            terminal: None,
        }
    }

    async fn follow(&mut self, signals: &mut Signals, say: &dyn Fn(Note)) -> Outcome {
        // An app that listens is started at once: the sidecar waits for it. The embedded sidecar knows within
        // milliseconds whether its components load, which is worth waiting for in both cases.
        if self.settings.app_port <= 0 || self.record.runtime == Runtime::Embedded {
            let quiet = self.settings.app_port > 0;
            if let Some(outcome) = self.until_ready(signals, quiet, say).await {
                return outcome;
            }
        }
        if !self.settings.command.is_empty()
            && let Err(failure) = self.start_app()
        {
            return Outcome::Failed(failure);
        }
        let (endpoint, settings, record) =
            (self.endpoint.clone(), self.settings.clone(), self.record.clone());
        let mut announcement = std::pin::pin!(announce::all(&endpoint, &settings, &record, say));
        let mut sizes = os::WindowSizes::listen();
        // An app that ends at once waits for the announcement, so that the lines keep their order.
        let mut waiting = None;
        let outcome = loop {
            tokio::select! {
                () = &mut announcement, if !self.up => {
                    self.up = true;
                    if waiting.is_some() {
                        break Outcome::Ended;
                    }
                }
                _ = signals.next() => break Outcome::Asked,
                () = sizes.changed() => {
                    if let Some(terminal) = &self.terminal {
                        os::follow_size(terminal, NARROWER);
                    }
                }
                exited = self.guard.exited() => {
                    let Some(exited) = exited else {
                        break Outcome::Failed(Failure::new("the guardian process is gone"));
                    };
                    if !self.up && Some(exited.pid) == self.app {
                        waiting = Some(exited);
                    } else if self.note(exited, say) {
                        break Outcome::Ended;
                    }
                }
            }
        };
        if let Some(exited) = waiting {
            self.note(exited, say);
        }
        outcome
    }

    /// `None` when the sidecar is up; anything else ends the run.
    async fn until_ready(
        &mut self,
        signals: &mut Signals,
        quiet: bool,
        say: &dyn Fn(Note),
    ) -> Option<Outcome> {
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
            let endpoint = self.endpoint.clone();
            tokio::select! {
                ready = is_ready(&endpoint) => match ready {
                    Ok(()) => break,
                    Err(error) if Instant::now() >= deadline => {
                        say(Note::Warning(format!("Dapr sidecar is not listening on {http}: {error}")));
                        say(Note::Warning("Dapr sidecar might not be responding.".into()));
                        return None;
                    }
                    Err(_) => {}
                },
                _ = signals.next() => return Some(Outcome::Asked),
                exited = self.guard.exited() => {
                    if exited.is_none_or(|exited| self.note(exited, say)) {
                        return Some(Outcome::Ended);
                    }
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
        if !quiet {
            say(Note::Info(format!("Checking if Dapr sidecar is listening on {grpc}")));
            say(Note::Info("Dapr sidecar is up and running.".into()));
        }
        None
    }

    fn start_app(&mut self) -> Result<(), Failure> {
        let command = self.settings.command.clone();
        let [program, args @ ..] = &command[..] else { return Ok(()) };
        let path = find(program, &self.settings).unwrap_or_else(|| PathBuf::from(program));
        let failed = |error: io::Error| {
            Failure::new(format!("failed to fork/exec app: {}: {}", program, system_text(&error)))
        };
        let log = || Some(self.app_log.file.clone());
        let mut env = environment::of_app(&self.settings, &self.record);
        let streams = if self.settings.terminal {
            let terminal = Terminal::open(NARROWER).map_err(failed)?;
            let reader = terminal.ours.try_clone().map_err(failed)?;
            let source =
                Source { file: reader, stream: Stream::Out, prefix: APP_PREFIX.into(), prompts: true };
            self.pumps.push(pump(source, self.console.clone(), log()).map_err(failed)?);
            let input = if os::stdin_is_terminal() {
                feed(terminal.ours.try_clone().map_err(failed)?).map_err(failed)?;
                terminal.theirs.try_clone()
            } else {
                os::standard(0)
            };
            let (second, third) = (terminal.theirs.try_clone().map_err(failed)?, terminal.theirs);
            self.terminal = Some(terminal.ours);
            [input.map_err(failed)?, second, third]
        } else {
            if self.settings.env.raw(PYTHONUNBUFFERED).is_none() {
                env.push((PYTHONUNBUFFERED.into(), "1".into()));
            }
            let (out, out_theirs) = os::pipe().map_err(failed)?;
            let (err, err_theirs) = os::pipe().map_err(failed)?;
            for (file, stream) in [(out, Stream::Out), (err, Stream::Err)] {
                let source = Source { file, stream, prefix: APP_PREFIX.into(), prompts: false };
                self.pumps.push(pump(source, self.console.clone(), log()).map_err(failed)?);
            }
            [os::standard(0).map_err(failed)?, out_theirs, err_theirs]
        };
        let spec = Spec {
            program: path.to_string_lossy().into_owned(),
            name: path.to_string_lossy().into_owned(),
            args: args.to_vec(),
            env,
            streams,
            listeners: Vec::new(),
            listeners_variable: DAPR_LISTEN_FDS,
        };
        let pid = self.guard.spawn(spec).map_err(failed)?;
        self.app = Some(pid);
        self.record.app = ProcessId::of(pid);
        // The record is a help, not a condition.
        let _ = self.records.write(&self.record);
        Ok(())
    }

    /// Takes note of an end; returns whether it ends the run.
    fn note(&mut self, exited: Exited, say: &dyn Fn(Note)) -> bool {
        if exited.pid == self.record.daprd.pid {
            self.sidecar_exit = Some(exited.exit);
            match exited.exit {
                Exit::Code(0) => say(Note::Success("Exited Dapr successfully".into())),
                exit if self.up => say(sidecar_failure(exit)),
                // The end of the run says why it could not start.
                _ => {}
            }
            return true;
        }
        if Some(exited.pid) == self.app {
            self.app_exit = Some(exited.exit);
            say(match exited.exit {
                Exit::Code(0) => Note::Success("Exited App successfully".into()),
                Exit::Code(code) => Note::Failure(format!("The App process exited with error code: {code}")),
                Exit::Signal(signal) => Note::Failure(format!(
                    "The App process was terminated by signal: {}",
                    os::signal_name(signal)
                )),
            });
            return true;
        }
        false
    }

    async fn end(mut self, outcome: Outcome, signals: &mut Signals, say: &dyn Fn(Note)) -> u8 {
        let failed_to_start = matches!(outcome, Outcome::Failed(_));
        if let Outcome::Failed(failure) = &outcome {
            say(Note::Failure(failure.message.clone()));
        } else {
            say(Note::Info("\nterminated signal received: shutting down".into()));
        }
        let asked = matches!(outcome, Outcome::Asked);
        // The app goes first, so that it can reach its sidecar while it ends.
        let app_ended_before = self.app_exit;
        if let Some(pid) = self.app {
            if self.app_exit.is_none() {
                self.stop(pid, APP_GRACE, signals).await;
            }
            // Whatever the app left in its group must not outlive it.
            let _ = os::tell_group(pid, Tell::Terminate);
        }
        let sidecar_failed = self.sidecar_exit.is_some_and(|exit| exit != Exit::Code(0));
        if self.sidecar_exit.is_none() {
            self.stop(self.record.daprd.pid, SIDECAR_GRACE, signals).await;
            say(Note::Success("Exited Dapr successfully".into()));
        } else if let Some(exit) = self.sidecar_exit.filter(|_| sidecar_failed && self.up) {
            say(Note::Failure(format!("Error exiting Dapr: {}", status(exit))));
        }
        if self.app.is_some() {
            say(match app_ended_before {
                Some(Exit::Code(code)) if code != 0 => {
                    Note::Failure(format!("Error exiting App: app exited with status {code}"))
                }
                Some(Exit::Signal(signal)) => Note::Failure(format!(
                    "Error exiting App: app terminated by signal: {}",
                    os::signal_name(signal)
                )),
                _ => Note::Success("Exited App successfully".into()),
            });
        }
        let code = self.code(asked, failed_to_start, sidecar_failed);
        let never_up = self.sidecar_exit.filter(|_| sidecar_failed && !self.up);
        let log = self.record.daprd_log_path.clone();
        self.clean_up();
        if let Some(exit) = never_up {
            // The log is complete now.
            say(match log.and_then(|log| reason::of_end(&log)) {
                Some(reason) => Note::Failure(format!("The sidecar did not start: {reason}")),
                None => sidecar_failure(exit),
            });
        }
        code
    }

    /// Signal, grace, kill. A second Ctrl-C kills at once.
    async fn stop(&mut self, pid: u32, grace: Duration, signals: &mut Signals) {
        let _ = os::tell_group(pid, Tell::Terminate);
        let deadline = tokio::time::Instant::now() + grace;
        let mut killed = false;
        loop {
            tokio::select! {
                exited = self.guard.exited() => {
                    let Some(exited) = exited else { return };
                    if exited.pid == self.record.daprd.pid {
                        self.sidecar_exit = Some(exited.exit);
                    } else if Some(exited.pid) == self.app {
                        self.app_exit = Some(exited.exit);
                    }
                    if exited.pid == pid {
                        return;
                    }
                }
                _ = signals.next() => { let _ = os::tell_group(pid, Tell::Kill); }
                () = tokio::time::sleep_until(deadline), if !killed => {
                    killed = true;
                    let _ = os::tell_group(pid, Tell::Kill);
                }
            }
        }
    }

    fn code(&self, asked: bool, failed_to_start: bool, sidecar_failed: bool) -> u8 {
        match self.app_exit {
            Some(Exit::Code(code)) if code != 0 => u8::try_from(code & 0xff).unwrap_or(EXIT_FAILED),
            // It obeyed when it was asked to end: that is no failure of the app. Being killed is one.
            Some(Exit::Signal(signal)) if !((asked || sidecar_failed) && os::asks_to_end(signal)) => {
                EXIT_SIGNAL_BASE.saturating_add(u8::try_from(signal).unwrap_or_default())
            }
            _ if failed_to_start || (sidecar_failed && !asked) => EXIT_FAILED,
            _ => EXIT_OK,
        }
    }

    fn clean_up(self) {
        // The guardian ends what is left, which closes the last pipes: every line has been written then.
        self.guard.finish();
        drop(self.terminal);
        for pump in self.pumps {
            let _ = pump.join();
        }
        let _ = self.records.remove(&self.record.app_id, self.record.daprd.pid);
        if let Some(directory) = &self.settings.socket {
            for api in ["http", "grpc"] {
                let _ =
                    fs_err::remove_file(directory.join(format!("dapr-{}-{api}.socket", self.record.app_id)));
            }
        }
    }
}

fn sidecar_failure(exit: Exit) -> Note {
    Note::Failure(format!("The daprd process exited with error code: {}", status(exit)))
}

fn status(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit status {code}"),
        Exit::Signal(signal) => format!("signal: {}", os::signal_name(signal)),
    }
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
