//! The run of one app from the first check to the last process (run reference, sections 2, 5 and 6).

use std::path::PathBuf;
use std::sync::Arc;

use super::control::{Control, Orders};
use super::pair::{Outlets, Pair};
use super::prepare::Prepared;
use super::requests::Requests;
use super::{Note, Settings, announce, logs, reason};
use crate::env::DAPR_LOG_DIR;
use crate::error::{EXIT_FAILED, EXIT_OK, EXIT_SIGNAL_BASE, Failure, system_text};
use crate::os::{self, Exit};
use crate::paths::file_name;
use crate::process::{Console, Frame, Guard, Kept, LogFile, Outlet, Shown};
use crate::records::Runtime;
use crate::self_hosted::control::Action;
use crate::self_hosted::instances;

const APP_PREFIX: &str = "== APP == ";

/// Runs until the app, the sidecar or the user ends it. Returns the exit code of the process.
pub async fn run(settings: Settings, say: &dyn Fn(Note)) -> Result<u8, Failure> {
    if settings.command.is_empty() {
        say(Note::NoCommand);
    }
    if settings.socket.is_some() {
        say(Note::Warning("Unix domain sockets are currently a preview feature".into()));
    }
    // From here on Ctrl-C is ours, also while things are being started.
    let requests =
        Requests::listen().map_err(|error| Failure::new(format!("cannot listen to signals: {error}")))?;
    let known = instances::known(&settings.install);
    let prepared = Prepared::new(settings, &known, say)?;
    let ids = [prepared.app_id().to_owned()];
    let (control, mut orders) = Control::open(&prepared.settings().install, &ids);
    let prepared = prepared.reachable_at(control.as_ref().map(Control::path));
    say(Note::Info(prepared.runtime()));
    say(Note::Info(prepared.starting()));
    let outlets = outlets(&prepared)?;
    let guard = Guard::start()
        .map_err(|error| Failure::new(format!("cannot start the guardian process: {error}")))?;
    let pair = prepared.start(&Arc::new(guard), outlets, say)?;
    let mut session = Session { pair, up: false, app_told: false, sidecar_told: false };
    let outcome = session.follow(&requests, &mut orders[0], say).await;
    Ok(session.end(outcome, &requests, say).await)
}

fn outlets(prepared: &Prepared) -> Result<Outlets, Failure> {
    let settings = prepared.settings();
    let directory = match settings.env.get(DAPR_LOG_DIR) {
        Some(directory) => PathBuf::from(directory).join(file_name(prepared.app_id())),
        None => settings.install.logs(prepared.app_id()),
    };
    let (app, daprd) = logs::open(&directory, logs::rotation(&settings.env))
        .map_err(|error| Failure::new(format!("cannot write log files: {}", system_text(&error))))?;
    let console = Console::default();
    let outlet = |prefix: &str, file: LogFile| {
        let shown = Shown { console: console.clone(), frame: Frame::prefix(prefix) };
        Outlet::new(
            Some(shown).filter(|_| !settings.detached),
            Some(Kept { file, frame: Frame::none(), plain: false }),
        )
    };
    let narrower = u16::try_from(APP_PREFIX.len()).unwrap_or_default();
    Ok(Outlets { daprd: outlet("", daprd), app: outlet(APP_PREFIX, app), narrower })
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

struct Session {
    pair: Pair,
    /// The sidecar answers, and it was said that all is up.
    up: bool,
    app_told: bool,
    sidecar_told: bool,
}

impl Session {
    async fn follow(&mut self, requests: &Requests, orders: &mut Orders, say: &dyn Fn(Note)) -> Outcome {
        // An app that listens is started at once: the sidecar waits for it. The embedded sidecar knows within
        // milliseconds whether its components load, which is worth waiting for in both cases.
        let listens = self.pair.settings.app_port > 0;
        if !listens || self.pair.record.runtime == Runtime::Embedded {
            tokio::select! {
                ready = self.pair.ready(listens, say) => if !ready {
                    self.tell_sidecar_exit(say);
                    return Outcome::Ended;
                },
                () = requests.asked.cancelled() => return Outcome::Asked,
            }
        }
        let input = !self.pair.settings.detached;
        if let Err(failure) = self.pair.start_app(input) {
            return Outcome::Failed(failure);
        }
        tokio::select! {
            // An app that ends at once is noticed after this, so that the lines keep their order.
            () = announce::all(&self.pair.endpoint, &self.pair.settings, &self.pair.record, say) => {
                self.up = true;
                say(Note::Up);
            }
            () = requests.asked.cancelled() => return Outcome::Asked,
            _ = self.pair.sidecar.ended() => {
                self.tell_sidecar_exit(say);
                return Outcome::Ended;
            }
        }
        let mut sizes = os::WindowSizes::listen();
        loop {
            tokio::select! {
                Some(order) = orders.recv() => match order.action {
                    Action::Stop => {
                        let _ = order.done.send(Ok(()));
                        return Outcome::Asked;
                    }
                    Action::Restart => {
                        self.pair.stop_app(&requests.now).await;
                        let restarted = self.pair.start_app(input);
                        let _ = order.done.send(restarted.as_ref().copied().map_err(|failure| failure.message.clone()));
                        match restarted {
                            Ok(()) => say(Note::Info("Restarted the app, as asked".into())),
                            Err(failure) => return Outcome::Failed(failure),
                        }
                    }
                },
                () = requests.asked.cancelled() => return Outcome::Asked,
                () = sizes.changed() => self.pair.follow_size(),
                exit = self.pair.app_ended() => {
                    self.tell_app_exit(exit, say);
                    return Outcome::Ended;
                }
                _ = self.pair.sidecar.ended() => {
                    self.tell_sidecar_exit(say);
                    return Outcome::Ended;
                }
                () = self.pair.guard.lost() => {
                    return Outcome::Failed(Failure::new("the guardian process is gone"));
                }
            }
        }
    }

    fn tell_app_exit(&mut self, exit: Exit, say: &dyn Fn(Note)) {
        self.app_told = true;
        say(match exit {
            Exit::Code(0) => Note::Success("Exited App successfully".into()),
            Exit::Code(code) => Note::Failure(format!("The App process exited with error code: {code}")),
            Exit::Signal(signal) => {
                let signal = os::signal_name(signal);
                Note::Failure(format!("The App process was terminated by signal: {signal}"))
            }
        });
    }

    fn tell_sidecar_exit(&mut self, say: &dyn Fn(Note)) {
        self.sidecar_told = true;
        match self.pair.sidecar.exit() {
            Some(Exit::Code(0)) => say(Note::Success("Exited Dapr successfully".into())),
            Some(exit) if self.up => say(sidecar_failure(exit)),
            // The end of the run says why it could not start.
            _ => {}
        }
    }

    async fn end(mut self, outcome: Outcome, requests: &Requests, say: &dyn Fn(Note)) -> u8 {
        if let Outcome::Failed(failure) = &outcome {
            say(Note::Failure(failure.message.clone()));
        } else {
            say(Note::Info("\nterminated signal received: shutting down".into()));
        }
        let ended_before = self.pair.app.as_ref().and_then(crate::process::Child::exit);
        if let Some(exit) = ended_before.filter(|_| !self.app_told) {
            self.tell_app_exit(exit, say);
        }
        // The app goes first, so that it can reach its sidecar while it ends.
        let app_exit = self.pair.stop_app(&requests.now).await;
        let sidecar_exit = self.pair.sidecar.exit().filter(|_| self.sidecar_told);
        let sidecar_failed = sidecar_exit.is_some_and(|exit| exit != Exit::Code(0));
        if sidecar_exit.is_none() {
            self.pair.stop_sidecar(&requests.now).await;
            say(Note::Success("Exited Dapr successfully".into()));
        } else if let Some(exit) = sidecar_exit.filter(|_| sidecar_failed && self.up) {
            say(Note::Failure(format!("Error exiting Dapr: {}", status(exit))));
        }
        if app_exit.is_some() {
            say(match ended_before {
                Some(Exit::Code(code)) if code != 0 => {
                    Note::Failure(format!("Error exiting App: app exited with status {code}"))
                }
                Some(Exit::Signal(signal)) => {
                    let signal = os::signal_name(signal);
                    Note::Failure(format!("Error exiting App: app terminated by signal: {signal}"))
                }
                _ => Note::Success("Exited App successfully".into()),
            });
        }
        // The guardian ends what is left, which closes the last pipes: every line has been written then.
        self.pair.guard.finish();
        self.pair.clean_up();
        if let Some(exit) = sidecar_exit.filter(|_| sidecar_failed && !self.up) {
            // The log is complete now.
            let reason = self.pair.outlets.daprd.file().and_then(reason::of_end);
            say(match reason {
                Some(reason) => Note::Failure(format!("The sidecar did not start: {reason}")),
                None => sidecar_failure(exit),
            });
        }
        // An app that had not ended by itself was asked to, whoever brought the run to its end.
        let asked = ended_before.is_none();
        match app_exit.map_or(EXIT_OK, |exit| code(exit, asked)) {
            EXIT_OK if matches!(outcome, Outcome::Failed(_)) => EXIT_FAILED,
            EXIT_OK if sidecar_failed => EXIT_FAILED,
            code => code,
        }
    }
}

/// The exit code of a run whose app ended so. An app that obeyed when it was asked to end is no failure, also
/// when it says so with an exit code as a shell does; one that had to be killed is.
pub fn code(exit: Exit, asked: bool) -> u8 {
    let base = i32::from(EXIT_SIGNAL_BASE);
    match exit {
        Exit::Code(code) if asked && code > base && os::asks_to_end(code - base) => EXIT_OK,
        Exit::Code(code) => u8::try_from(code & 0xff).unwrap_or(EXIT_FAILED),
        Exit::Signal(signal) if asked && os::asks_to_end(signal) => EXIT_OK,
        Exit::Signal(signal) => EXIT_SIGNAL_BASE.saturating_add(u8::try_from(signal).unwrap_or_default()),
    }
}

fn sidecar_failure(exit: Exit) -> Note {
    Note::Failure(format!("The daprd process exited with error code: {}", status(exit)))
}

/// An exit in the words of the stock command line.
pub fn status(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit status {code}"),
        Exit::Signal(signal) => format!("signal: {}", os::signal_name(signal)),
    }
}
