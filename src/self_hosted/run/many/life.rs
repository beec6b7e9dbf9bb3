//! The life of an app and its sidecar between their start and their end: exits, restarts, readiness, changed
//! files, and what other commands ask for.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{EXIT_FAILED, EXIT_OK, Failure};
use crate::os::Exit;
use crate::process::Outlet;
use crate::runfile::{Destination, RestartPolicy};
use crate::self_hosted::control::Action;

use super::super::control::{Order, Orders};
use super::super::pair::Pair;
use super::super::single::{code, status};
use super::super::{Note, announce};
use super::unit::{End, Unit};
use super::{probe, watch};

/// After this long without an end, an app has all its restarts again, and the shortest pause.
const CALM: Duration = Duration::from_mins(1);

/// A pair that is up.
pub struct Life<'a> {
    unit: &'a Unit<'a>,
    pair: Pair,
    orders: Orders,
    changes: Option<watch::Changes>,
    /// The probe has given its verdict.
    judged: bool,
    sidecar_failed: bool,
    /// Somebody has asked for the end.
    stopped: bool,
    code: u8,
    restarts: u32,
    pause: Duration,
    began: Instant,
}

/// What happened.
enum Event {
    AppEnded(Exit),
    SidecarEnded(Exit),
    Judged(Result<(), String>),
    Changed,
    Ordered(Order),
}

impl<'a> Life<'a> {
    /// Begins.
    pub fn new(unit: &'a Unit<'a>, pair: Pair, orders: Orders) -> Self {
        Self {
            unit,
            pair,
            orders,
            changes: watch::Changes::of(unit.app),
            judged: false,
            sidecar_failed: false,
            stopped: false,
            code: EXIT_OK,
            restarts: 0,
            pause: unit.app.restart.backoff,
            began: Instant::now(),
        }
    }

    /// Goes on until the run ends, or until somebody asks for the app to be stopped; then the orders that may come are
    /// given back.
    pub async fn live(mut self) -> (End, Option<Orders>) {
        while let Some(event) = self.next().await {
            if self.handle(event).await.is_break() {
                break;
            }
        }
        let killed = self.unit.stop(&mut self.pair).await;
        self.unit.run.ended(self.unit.rank);
        let code = match (self.code, killed) {
            (EXIT_OK, EXIT_OK) if self.sidecar_failed => EXIT_FAILED,
            (EXIT_OK, killed) => killed,
            (code, _) => code,
        };
        (End { code, pairs: vec![self.pair] }, self.stopped.then_some(self.orders))
    }

    /// What happens next; `None` when the run ends.
    async fn next(&mut self) -> Option<Event> {
        let (run, pair) = (self.unit.run, &self.pair);
        let changed = async {
            match &mut self.changes {
                Some(changes) => changes.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = run.ending() => None,
            exit = pair.app_ended() => Some(Event::AppEnded(exit)),
            exit = pair.sidecar.ended(), if !self.sidecar_failed => Some(Event::SidecarEnded(exit)),
            () = changed => Some(Event::Changed),
            verdict = probe::judge(self.unit.app, pair), if !self.judged => Some(Event::Judged(verdict)),
            Some(order) = self.orders.recv() => Some(Event::Ordered(order)),
        }
    }

    /// Breaks when the app is stopped for good.
    async fn handle(&mut self, event: Event) -> ControlFlow<()> {
        let (unit, run) = (self.unit, self.unit.run);
        match event {
            Event::Judged(Ok(())) => {
                self.judged = true;
                run.states.set(unit.rank, |progress| progress.healthy = true);
                self.pair.note_ready();
            }
            Event::Judged(Err(reason)) => {
                self.judged = true;
                self.code = EXIT_FAILED;
                unit.fail(&format!("App \"{}\": {reason}", unit.app.id));
                unit.failed(&reason);
            }
            Event::SidecarEnded(exit) => {
                self.sidecar_failed = exit != Exit::Code(0);
                self.tell_sidecar_exit(exit);
                if self.pair.app.is_none() {
                    return ControlFlow::Break(());
                }
            }
            Event::AppEnded(exit) => return self.app_ended(exit).await,
            Event::Changed => {
                let what = self.changes.as_ref().map(watch::Changes::last).unwrap_or_default();
                run.voice.run(&Note::Info(format!("Restarting app \"{}\": {what} has changed", unit.app.id)));
                // A failure was told; the next change tries again.
                let _ = self.restart().await;
            }
            Event::Ordered(Order { action: Action::Restart, done }) => {
                run.voice.run(&Note::Info(format!("Restarting app \"{}\", as asked", unit.app.id)));
                let _ = done.send(self.restart().await.map_err(|failure| failure.message));
            }
            Event::Ordered(Order { action: Action::Stop, done }) => {
                run.voice.run(&Note::Info(format!("Stopping app \"{}\", as asked", unit.app.id)));
                unit.failed("it was stopped");
                unit.stop(&mut self.pair).await;
                self.stopped = true;
                run.ended(unit.rank);
                unit.rest(&self.pair);
                let _ = done.send(Ok(()));
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    async fn app_ended(&mut self, exit: Exit) -> ControlFlow<()> {
        let (unit, run) = (self.unit, self.unit.run);
        self.pair.app = None;
        self.tell_app_exit(exit);
        if self.began.elapsed() > CALM {
            (self.restarts, self.pause) = (0, unit.app.restart.backoff);
        }
        if !self.may_restart(exit) {
            self.code = code(exit, false);
            let end = if self.code == EXIT_OK { Ok(()) } else { Err(status(exit)) };
            run.states.set(unit.rank, |progress| progress.ended = Some(end));
            if self.code != EXIT_OK {
                run.failed();
            }
            run.ended(unit.rank);
            return ControlFlow::Continue(());
        }
        self.restarts += 1;
        let (pause, number) = (self.pause, self.restarts);
        run.voice
            .run(&Note::Info(format!("Restarting app \"{}\" in {pause:?} (restart {number})", unit.app.id)));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = run.ending() => return ControlFlow::Break(()),
        }
        self.pause = (pause * 2).min(unit.app.restart.max_backoff);
        if self.start_again().await.is_err() {
            self.code = EXIT_FAILED;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn may_restart(&self, exit: Exit) -> bool {
        let restart = self.unit.app.restart;
        let wanted = match restart.policy {
            RestartPolicy::No => false,
            RestartPolicy::OnFailure => exit != Exit::Code(0),
            RestartPolicy::Always => true,
        };
        wanted && restart.max_retries.is_none_or(|most| self.restarts < most)
    }

    /// Ends the app and starts it again, beside the same sidecar.
    async fn restart(&mut self) -> Result<(), Failure> {
        self.pair.stop_app(&self.unit.run.requests.now).await;
        self.pair.app = None;
        self.start_again().await
    }

    async fn start_again(&mut self) -> Result<(), Failure> {
        self.began = Instant::now();
        if let Err(failure) = self.pair.start_app(false) {
            self.unit.fail(&format!("App \"{}\": {}", self.unit.app.id, failure.message));
            return Err(failure);
        }
        announce::restarted(&self.pair).await;
        Ok(())
    }

    fn tell_app_exit(&self, exit: Exit) {
        let unit = self.unit;
        if exit == Exit::Code(0) {
            return unit.app_note(&self.pair, &Note::Success("Exited App successfully".into()));
        }
        let text = format!("The App process exited with error code: {}", status(exit));
        unit.app_note(&self.pair, &Note::Failure(text));
        self.show_failure("App", exit, &self.pair.outlets.app, unit.app.app_log_destination);
    }

    fn tell_sidecar_exit(&self, exit: Exit) {
        let unit = self.unit;
        if exit == Exit::Code(0) {
            return unit.sidecar_note(&self.pair, &Note::Success("Exited Dapr successfully".into()));
        }
        let text = format!("The daprd process exited with error code: {}", status(exit));
        unit.sidecar_note(&self.pair, &Note::Failure(text));
        self.show_failure(
            "The sidecar of app",
            exit,
            &self.pair.outlets.daprd,
            unit.app.daprd_log_destination,
        );
        unit.run.failed();
    }

    /// A failure is seen at once, with what was said last when that went into a file only.
    fn show_failure(&self, what: &str, exit: Exit, outlet: &Outlet, destination: Destination) {
        let voice = &self.unit.run.voice;
        voice.open();
        voice.run(&Note::Failure(format!("{what} \"{}\" failed: {}", self.unit.app.id, status(exit))));
        if destination == Destination::File {
            voice.tail(&outlet.last_lines());
        }
    }
}
