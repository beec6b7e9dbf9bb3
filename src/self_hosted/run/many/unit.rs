//! One app of a run: waits for the apps that it depends on, starts its sidecar and itself, and looks after
//! both until the run ends (run file reference, sections 5 and 6).

use std::time::Duration;

use tokio::time::Instant;

use crate::client::{self, Endpoint};
use crate::env::DAPR_LISTEN_FDS;
use crate::error::{EXIT_FAILED, EXIT_OK, Failure};
use crate::os::{self, Exit};
use crate::process::{Child, Outlet, Spec};
use crate::runfile::{App, Condition, Destination, RestartPolicy};
use crate::self_hosted::control::Action;

use super::super::control::{Order, Orders};
use super::super::pair::Pair;
use super::super::prepare::Prepared;
use super::super::single::{code, status};
use super::super::{Note, announce};
use super::{Context, files, probe, watch};

/// A restart after this long without a crash begins with the shortest pause again.
const CALM: Duration = Duration::from_secs(60);

/// One app and what it needs to live.
pub struct Unit<'a> {
    /// Place in the order of the run.
    pub rank: usize,
    /// What the run file says.
    pub app: &'a App,
    /// Apps that have to come first: their ranks, and how far they have to be.
    pub needs: Vec<(usize, Condition)>,
    /// What other commands ask for.
    pub orders: Orders,
    /// The run that it belongs to.
    pub run: &'a Context<'a>,
}

/// How one app of a run ended, as the run's exit code sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// 0 when nothing was wrong.
    pub code: u8,
}

/// What happened to a pair that was up.
enum Event {
    Asked,
    AppEnded(Exit),
    SidecarEnded(Exit),
    Ready(Result<(), String>),
    Changed,
    Ordered(Order),
}

impl Unit<'_> {
    /// Lives until the run ends.
    pub async fn live(mut self, prepared: Prepared) -> End {
        let outcome = self.needed().await;
        let failed = match outcome {
            Err(reason) => {
                self.fail(&Note::Failure(format!("App \"{}\" was not started: {reason}", self.app.id)));
                self.run.voice.done(self.rank);
                self.run
                    .states
                    .set(self.rank, |progress| progress.ended = Some(Err("it was not started".into())));
                return End { code: EXIT_FAILED };
            }
            Ok(false) => {
                self.run.voice.done(self.rank);
                return End { code: EXIT_OK };
            }
            Ok(true) => self.start(prepared).await,
        };
        self.run.voice.done(self.rank);
        match failed {
            Ok(Some(pair)) => self.keep(pair).await,
            Ok(None) => End { code: EXIT_OK },
            Err(failure) => {
                let text = format!("Error starting Dapr and app (\"{}\"): {}", self.app.id, failure.message);
                self.run.states.set(self.rank, |progress| progress.ended = Some(Err(failure.message)));
                self.run.voice.open();
                self.run.voice.run(&Note::Failure(text));
                // Nothing more is started, and what runs is stopped: as the stock command line does.
                self.run.give_up.cancel();
                End { code: EXIT_FAILED }
            }
        }
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

    fn sidecar_note(&self, pair: &Pair, note: &Note) {
        self.run.voice.to(self.rank, &pair.outlets.daprd, self.app.daprd_log_destination, note);
    }

    fn app_note(&self, pair: &Pair, note: &Note) {
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
            return Err(self.sidecar_failed(&mut pair));
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

    fn sidecar_failed(&self, pair: &mut Pair) -> Failure {
        pair.clean_up();
        let file = pair.outlets.daprd.file().and_then(super::super::reason::of_end);
        let reason = file.or_else(|| pair.outlets.daprd.last_lines().pop()).unwrap_or_default();
        Failure::new(format!("the sidecar did not start: {reason}"))
    }

    /// Looks after a pair that is up.
    async fn keep(&mut self, mut pair: Pair) -> End {
        let mut changes = watch::Changes::of(self.app);
        let mut code_of_app = EXIT_OK;
        let mut sidecar_failed = false;
        let mut healthy = false;
        let mut pause = self.app.restart.backoff;
        let mut restarts = 0;
        let mut began = Instant::now();
        loop {
            let event = self.next(&pair, &mut changes, healthy, sidecar_failed).await;
            match event {
                Event::Asked => break,
                Event::Ready(Ok(())) => {
                    healthy = true;
                    self.run.states.set(self.rank, |progress| progress.healthy = true);
                }
                Event::Ready(Err(reason)) => {
                    healthy = true;
                    self.fail(&Note::Failure(format!("App \"{}\": {reason}", self.app.id)));
                    self.run.states.set(self.rank, |progress| progress.ended = Some(Err(reason)));
                    code_of_app = EXIT_FAILED;
                }
                Event::SidecarEnded(exit) => {
                    sidecar_failed = true;
                    self.tell_sidecar_exit(&pair, exit);
                    if pair.app.is_none() {
                        break;
                    }
                }
                Event::AppEnded(exit) => {
                    self.tell_app_exit(&pair, exit);
                    pair.app = None;
                    if began.elapsed() > CALM {
                        (restarts, pause) = (0, self.app.restart.backoff);
                    }
                    if self.restarts(exit, restarts) {
                        restarts += 1;
                        let text =
                            format!("Restarting app \"{}\" in {pause:?} (restart {restarts})", self.app.id);
                        self.run.voice.run(&Note::Info(text));
                        tokio::select! {
                            () = tokio::time::sleep(pause) => {}
                            () = self.run.ending() => break,
                        }
                        pause = (pause * 2).min(self.app.restart.max_backoff);
                        began = Instant::now();
                        if self.start_again(&mut pair).is_err() {
                            code_of_app = EXIT_FAILED;
                            break;
                        }
                        announce::restarted(&pair).await;
                    } else {
                        code_of_app = code(exit, false);
                        let ended = if code_of_app == EXIT_OK { Ok(()) } else { Err(status(exit)) };
                        self.run.states.set(self.rank, |progress| progress.ended = Some(ended));
                        if code_of_app != EXIT_OK {
                            self.run.failed();
                        }
                        self.run.ended(self.rank);
                    }
                }
                Event::Changed => {
                    let what = changes.as_ref().map(watch::Changes::last).unwrap_or_default();
                    let text = format!("Restarting app \"{}\": {what} has changed", self.app.id);
                    self.run.voice.run(&Note::Info(text));
                    let _ = self.restart(&mut pair).await;
                    began = Instant::now();
                }
                Event::Ordered(order) => match order.action {
                    Action::Restart => {
                        let result = self.restart(&mut pair).await.map_err(|failure| failure.message);
                        let _ = order.done.send(result);
                        began = Instant::now();
                    }
                    Action::Stop => {
                        self.stop(&mut pair).await;
                        let _ = order.done.send(Ok(()));
                        self.run.states.set(self.rank, |progress| {
                            progress.ended.get_or_insert_with(|| Err("it was stopped".into()));
                        });
                        self.run.ended(self.rank);
                        return End { code: code_of_app };
                    }
                },
            }
        }
        let killed = self.stop(&mut pair).await;
        self.run.ended(self.rank);
        let code = match (code_of_app, killed) {
            (EXIT_OK, code) if code != EXIT_OK => code,
            (EXIT_OK, _) if sidecar_failed => EXIT_FAILED,
            (code, _) => code,
        };
        End { code }
    }

    async fn next(
        &mut self,
        pair: &Pair,
        changes: &mut Option<watch::Changes>,
        healthy: bool,
        sidecar_failed: bool,
    ) -> Event {
        let app = pair.app.clone();
        let app_ended = async {
            match &app {
                Some(app) => app.ended().await,
                None => std::future::pending().await,
            }
        };
        let changed = async {
            match changes {
                Some(changes) => changes.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.run.ending() => Event::Asked,
            exit = app_ended => Event::AppEnded(exit),
            exit = pair.sidecar.ended(), if !sidecar_failed => Event::SidecarEnded(exit),
            () = changed => Event::Changed,
            ready = ready(self.app, self.run, pair), if !healthy => Event::Ready(ready),
            Some(order) = self.orders.recv() => Event::Ordered(order),
        }
    }

    fn restarts(&self, exit: Exit, restarts: u32) -> bool {
        let wanted = match self.app.restart.policy {
            RestartPolicy::No => false,
            RestartPolicy::OnFailure => exit != Exit::Code(0),
            RestartPolicy::Always => true,
        };
        wanted && self.app.restart.max_retries.is_none_or(|most| restarts < most)
    }

    /// Ends the app and starts it again, beside the same sidecar.
    async fn restart(&self, pair: &mut Pair) -> Result<(), Failure> {
        pair.stop_app(&self.run.requests.now).await;
        pair.app = None;
        self.start_again(pair)?;
        announce::restarted(pair).await;
        Ok(())
    }

    fn start_again(&self, pair: &mut Pair) -> Result<(), Failure> {
        let result = pair.start_app(false);
        if let Err(failure) = &result {
            self.fail(&Note::Failure(format!("App \"{}\": {}", self.app.id, failure.message)));
        }
        result
    }

    fn tell_app_exit(&self, pair: &Pair, exit: Exit) {
        if exit == Exit::Code(0) {
            return self.app_note(pair, &Note::Success("Exited App successfully".into()));
        }
        let text = format!("The App process exited with error code: {}", status(exit));
        self.app_note(pair, &Note::Failure(text));
        self.show_failure("App", exit, &pair.outlets.app, self.app.app_log_destination);
    }

    fn tell_sidecar_exit(&self, pair: &Pair, exit: Exit) {
        if exit == Exit::Code(0) {
            return self.sidecar_note(pair, &Note::Success("Exited Dapr successfully".into()));
        }
        let text = format!("The daprd process exited with error code: {}", status(exit));
        self.sidecar_note(pair, &Note::Failure(text));
        self.show_failure("The sidecar of app", exit, &pair.outlets.daprd, self.app.daprd_log_destination);
        self.run.failed();
    }

    /// A failure is seen at once, with what was said last when that went into a file only.
    fn show_failure(&self, what: &str, exit: Exit, outlet: &Outlet, destination: Destination) {
        self.run.voice.open();
        let text = format!("{what} \"{}\" failed: {}", self.app.id, status(exit));
        self.run.voice.run(&Note::Failure(text));
        if destination == Destination::File {
            self.run.voice.tail(&outlet.last_lines());
        }
    }

    fn fail(&self, note: &Note) {
        self.run.voice.open();
        self.run.voice.run(note);
        self.run.failed();
    }

    /// Ends both, the app first. Returns the exit code of an app that had to be killed, else 0.
    async fn stop(&self, pair: &mut Pair) -> u8 {
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

async fn is_healthy(endpoint: &Endpoint) -> bool {
    let request = hyper::Request::get("/v1.0/healthz").body(bytes::Bytes::new());
    let Ok(request) = request else { return false };
    let answer = client::send(endpoint, request, Some(Duration::from_millis(500))).await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

/// The app's own probe; without one, its sidecar's word that it has found the app.
async fn ready(app: &App, run: &Context<'_>, pair: &Pair) -> Result<(), String> {
    let Some(readiness) = &app.readiness else {
        if app.app_port > 0 {
            while !is_healthy(&pair.endpoint).await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        return Ok(());
    };
    let guard = &run.guard;
    let run = |words: &[String]| -> Result<Child, String> {
        let [program, args @ ..] = words else { return Err("the command is empty".into()) };
        let path = super::super::pair::find(program, &pair.settings)
            .ok_or_else(|| format!("{program}: executable file not found in $PATH"))?;
        let streams = || os::nothing().map_err(|error| error.to_string());
        let spec = Spec {
            program: path.to_string_lossy().into_owned(),
            name: program.clone(),
            args: args.to_vec(),
            env: super::super::environment::of_app(&pair.settings, &pair.record),
            directory: pair.settings.directory.clone(),
            streams: [
                streams()?,
                os::discard().map_err(|error| error.to_string())?,
                os::discard().map_err(|error| error.to_string())?,
            ],
            listeners: Vec::new(),
            listeners_variable: DAPR_LISTEN_FDS,
        };
        guard.spawn(spec).map_err(|error| error.to_string())
    };
    probe::until_ready(readiness, app.app_port, &run).await
}
