//! One app of a run: waits for the apps that it depends on, starts its sidecar and itself, and ends both (run
//! file reference, sections 5 and 6).

use crate::error::{EXIT_FAILED, EXIT_OK, Failure};
use crate::os::Exit;
use crate::process::Child;
use crate::records::{ProcessId, Stopped};
use crate::runfile::{App, Condition};
use crate::self_hosted::control::Action;

use super::super::control::Orders;
use super::super::pair::Pair;
use super::super::prepare::Prepared;
use super::super::single::{code, status};
use super::super::{Note, announce, reason};
use super::life::Life;
use super::{Context, files};

/// One app and what it needs to live.
pub struct Unit<'a> {
    /// Place in the order of the run.
    pub rank: usize,
    /// What the run file says.
    pub app: &'a App,
    /// Apps that have to come first: their ranks, and how far they have to be.
    pub needs: Vec<(usize, Condition)>,
    /// The run that it belongs to.
    pub run: &'a Context<'a>,
}

/// How an app of a run ended.
pub struct End {
    /// The exit code that it stands for: 0 when nothing was wrong.
    pub code: u8,
    /// What is left of it, from each time that it was started: its last lines may not have been written yet.
    pub pairs: Vec<Pair>,
}

impl Unit<'_> {
    /// Lives until the run ends.
    pub async fn live(self, prepared: Prepared, orders: Orders) -> End {
        let started = match self.needed().await {
            Ok(true) => self.start(prepared).await,
            Ok(false) => Ok(None),
            Err(reason) => {
                self.fail(&format!("App \"{}\" was not started: {reason}", self.app.id));
                self.failed("it was not started");
                self.run.start_done(self.rank);
                self.run.ended(self.rank);
                return End { code: EXIT_FAILED, pairs: Vec::new() };
            }
        };
        self.run.start_done(self.rank);
        match started {
            Ok(Some(pair)) => self.lives(pair, orders).await,
            Ok(None) => End { code: EXIT_OK, pairs: Vec::new() },
            Err(failure) => {
                let text = format!("Error starting Dapr and app (\"{}\"): {}", self.app.id, failure.message);
                self.fail(&text);
                self.failed(&failure.message);
                // Nothing more is started, and what runs is stopped: as the stock command line does.
                self.run.give_up.cancel();
                End { code: EXIT_FAILED, pairs: Vec::new() }
            }
        }
    }

    /// Lives, and lives again when it is asked for after it was stopped, as long as the run goes on.
    async fn lives(&self, mut pair: Pair, mut orders: Orders) -> End {
        let mut left = Vec::new();
        loop {
            let (end, resting) = Life::new(self, pair, orders).live().await;
            left.extend(end.pairs);
            let woken = match resting.filter(|_| !self.run.is_ending()) {
                Some(mut own) => {
                    let woken = self.woken(&mut own).await;
                    if let Some(old) = left.last() {
                        old.records.remove_stopped(&self.app.id, std::process::id());
                    }
                    woken.map(|pair| (pair, own))
                }
                None => None,
            };
            match woken {
                Some((new, own)) => (pair, orders) = (new, own),
                None => return End { code: end.code, pairs: left },
            }
        }
    }

    /// Waits until the app is to be started again, and does it; `None` when the run ends before that.
    async fn woken(&self, orders: &mut Orders) -> Option<Pair> {
        loop {
            let order = tokio::select! {
                () = self.run.ending() => return None,
                order = orders.recv() => order?,
            };
            if order.action == Action::Stop {
                let _ = order.done.send(Err(format!("{} was stopped before", self.app.id)));
                continue;
            }
            self.run.voice.run(&Note::Info(format!("Starting app \"{}\", as asked", self.app.id)));
            self.run.left.borrow_mut().insert(self.rank);
            let started = match (self.run.prepare)(self.rank) {
                Ok(prepared) => self.start(prepared).await,
                Err(failure) => Err(failure),
            };
            match started {
                Ok(pair) => {
                    let _ = order.done.send(Ok(()));
                    return pair;
                }
                Err(failure) => {
                    // It rests on, and the others go on.
                    self.run
                        .voice
                        .run(&Note::Failure(format!("App \"{}\": {}", self.app.id, failure.message)));
                    self.run.left.borrow_mut().remove(&self.rank);
                    let _ = order.done.send(Err(failure.message));
                }
            }
        }
    }

    /// Notes that the app was stopped, for those who want to start it again.
    pub fn rest(&self, pair: &Pair) {
        let Some(control) = pair.record.control.clone().filter(|_| !self.run.is_ending()) else { return };
        let stopped = Stopped {
            app_id: self.app.id.clone(),
            cli: ProcessId::current(),
            control,
            command: pair.record.command.clone(),
            run_template_path: pair.record.run_template_path.clone(),
        };
        if let Err(error) = pair.records.write_stopped(&stopped) {
            let text = format!("App \"{}\" can be started again only by its run: {error}", self.app.id);
            self.run.voice.run(&Note::Warning(text));
        }
    }

    /// Says that something is wrong, at once.
    pub fn fail(&self, text: &str) {
        self.run.voice.open();
        self.run.voice.run(&Note::Failure(text.to_owned()));
        self.run.failed();
    }

    /// Those that wait for the app learn that they wait in vain.
    pub fn failed(&self, reason: &str) {
        self.run.states.set(self.rank, |progress| {
            progress.ended.get_or_insert_with(|| Err(reason.to_owned()));
        });
    }

    /// Waits for what it depends on; `false` when the run ends before that.
    async fn needed(&self) -> Result<bool, String> {
        for (rank, condition) in &self.needs {
            tokio::select! {
                result = self.run.states.wait(*rank, *condition) => result.map_err(|reason| {
                    let name = self.run.names.get(*rank).map_or("?", String::as_str);
                    format!("it depends on \"{name}\" being {condition}, but: {reason}")
                })?,
                () = self.run.ending() => return Ok(false),
            }
        }
        Ok(!self.run.is_ending())
    }

    /// A line for where the sidecar's lines go.
    pub fn sidecar_note(&self, pair: &Pair, note: &Note) {
        self.run.voice.to(self.rank, &pair.outlets.daprd, self.app.daprd_log_destination, note);
    }

    /// A line for where the app's lines go.
    pub fn app_note(&self, pair: &Pair, note: &Note) {
        let (outlet, destination) = if self.app.command.is_empty() {
            (&pair.outlets.daprd, self.app.daprd_log_destination)
        } else {
            (&pair.outlets.app, self.app.app_log_destination)
        };
        self.run.voice.to(self.rank, outlet, destination, note);
    }

    /// Starts sidecar and app; `None` when the run ends before both are up.
    async fn start(&self, prepared: Prepared) -> Result<Option<Pair>, Failure> {
        let (voice, app) = (&self.run.voice, self.app);
        voice.app(self.rank, &Note::Info(format!("Validating config and starting app \"{}\"", app.id)));
        if app.command.is_empty() {
            let text =
                format!("No application command found for app \"{}\" present in {}", app.id, self.run.file);
            voice.app(self.rank, &Note::Warning(text));
        }
        let outlets = files::open(app, self.rank, &self.run.console, self.run.look, &self.run.env)
            .map_err(|error| Failure::new(format!("cannot write its log files: {error}")))?;
        let starting = Note::Info(prepared.starting());
        voice.to(self.rank, &outlets.daprd, app.daprd_log_destination, &starting);
        let warn = |note: Note| voice.app(self.rank, &note);
        let mut pair = prepared.start(&self.run.guard, outlets, &warn)?;
        pair.record.ready = app.readiness.as_ref().map(|_| false);
        let quiet = app.app_port > 0;
        let up = {
            let say = |note: Note| self.sidecar_note(&pair, &note);
            tokio::select! {
                up = pair.ready(quiet, &say) => up,
                () = self.run.ending() => {
                    self.stop(&mut pair).await;
                    return Ok(None);
                }
            }
        };
        if !up {
            return Err(sidecar_failed(&mut pair));
        }
        if app.command.is_empty() {
            self.app_note(&pair, &Note::Warning("No application command present".into()));
        } else if let Err(failure) = pair.start_app(false) {
            self.stop(&mut pair).await;
            return Err(failure);
        }
        {
            let say = |note: Note| self.sidecar_note(&pair, &note);
            announce::of_run_file(&pair, &say).await;
        }
        let text = format!(
            "Started Dapr with app id \"{}\". HTTP Port: {}. gRPC Port: {}",
            app.id, pair.record.http_port, pair.record.grpc_port
        );
        voice.app(self.rank, &Note::Info(text));
        let directory = files::directory(app, &self.run.env);
        voice
            .app(self.rank, &Note::Info(format!("Writing log files to directory : {}", directory.display())));
        self.run.states.set(self.rank, |progress| progress.started = true);
        Ok(Some(pair))
    }

    /// Ends both, the app first. Returns the exit code of an app that had to be killed, else 0.
    pub async fn stop(&self, pair: &mut Pair) -> u8 {
        let shutting_down = Note::Info("\ntermination signal received: shutting down".into());
        self.sidecar_note(pair, &shutting_down);
        if !self.app.command.is_empty() {
            self.app_note(pair, &shutting_down);
        }
        let had_ended = pair.app.as_ref().and_then(Child::exit);
        let exit = pair.stop_app(&self.run.requests.now).await;
        let sidecar_had_ended = pair.sidecar.exit();
        pair.stop_sidecar(&self.run.requests.now).await;
        match sidecar_had_ended {
            Some(exit) if exit != Exit::Code(0) => {
                self.sidecar_note(pair, &Note::Failure(format!("Error exiting Dapr: {}", status(exit))));
            }
            _ => self.sidecar_note(pair, &Note::Success("Exited Dapr successfully".into())),
        }
        if exit.is_some() {
            self.sidecar_note(pair, &Note::Success("Exited App successfully".into()));
        }
        pair.remove_record();
        match (had_ended, exit) {
            (None, Some(exit)) => code(exit, true),
            _ => EXIT_OK,
        }
    }
}

fn sidecar_failed(pair: &mut Pair) -> Failure {
    pair.clean_up();
    let file = pair.outlets.daprd.file().and_then(reason::of_end);
    let reason = file.or_else(|| pair.outlets.daprd.last_lines().pop()).unwrap_or_default();
    Failure::new(format!("the sidecar did not start: {reason}"))
}
