//! Ending instances: who gets the signal, and waiting until everybody is gone.
//!
//! The `dapr run` that owns an instance ends its app and sidecar itself; where it owns other apps that go on, it
//! is asked to end this one. Where there is none, or none that does it, the app is ended first, so that it can
//! still reach its sidecar, then the sidecar. Nothing is killed by force, and nobody is told twice: a run takes
//! that as the wish to end at once.

mod run_file;

pub use run_file::stop_run_file;

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::control::{self, Action, Request};
use super::instances::Instance;
use crate::error::system_text;
use crate::os::{self, Tell};
use crate::records::ProcessId;
use crate::suggest;

/// How long processes have to end after they were told.
pub const GRACE: Duration = Duration::from_secs(10);
/// How long a run may take to end one of its apps: the grace times of app and sidecar, and a little more.
const ANSWER: Duration = Duration::from_secs(15);
/// How long a run may take to end after its last app.
const LAST: Duration = Duration::from_secs(1);

/// Why an app isn't stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No instance has this id.
    #[error("couldn't find app id {id}")]
    NotFound {
        /// What was asked for.
        id: String,
        /// A question that names similar ids.
        question: Option<String>,
    },
    /// The process can't be signalled.
    #[error("cannot signal process {pid}: {}", system_text(error))]
    Signal {
        /// The process.
        pid: u32,
        /// What the system said.
        error: io::Error,
    },
    /// No instance was started from this run file.
    #[error("couldn't find apps with run file \"{0}\"")]
    NoRunFile(String),
    /// It was told to end, but didn't.
    #[error("still running after {} s: process {}", grace.as_secs(), pids(processes))]
    StillRunning {
        /// How long it had.
        grace: Duration,
        /// Who is left.
        processes: Vec<ProcessId>,
    },
}

impl Error {
    /// What to try next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NotFound { question: Some(question), .. } => vec![question.clone()],
            Self::StillRunning { processes, .. } => {
                vec![format!("end it at once with: kill -9 {}", pids(processes).replace(',', ""))]
            }
            _ => Vec::new(),
        }
    }
}

fn pids(processes: &[ProcessId]) -> String {
    processes.iter().map(|process| process.pid.to_string()).collect::<Vec<_>>().join(", ")
}

/// A sidecar and its app.
type Pair = (ProcessId, Option<ProcessId>);

/// What a run is asked.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    /// Where.
    socket: PathBuf,
    /// What.
    request: Request,
    /// Who has to end then.
    pair: Pair,
}

/// How one app is stopped.
#[derive(Debug, Default)]
struct Plan {
    /// Told at once.
    first: Vec<ProcessId>,
    /// Apps that are told at once, with their process groups.
    apps: Vec<ProcessId>,
    /// Sidecars that are told when the apps are gone.
    sidecars: Vec<ProcessId>,
    /// Runs that go on with other apps and are asked to end this one.
    asked: Vec<Asked>,
    /// Those that have been asked.
    answers: Vec<(Pair, thread::JoinHandle<Result<(), control::Error>>)>,
    /// Runs that probably end with their last app.
    ending: Vec<ProcessId>,
    /// Everybody who has to be gone at the end.
    all: BTreeSet<(u32, u64)>,
}

impl Plan {
    fn everybody(&self) -> Vec<ProcessId> {
        self.all.iter().map(|&(pid, started)| ProcessId { pid, started }).collect()
    }
}

/// Stops all instances of the given apps and reports each app once, in the order given. All are told before
/// the first one is waited for.
pub fn stop<F>(ids: &[String], instances: &[Instance], grace: Duration, report: F)
where
    F: FnMut(&str, Result<(), Error>),
{
    carry_out(plan(ids, instances, false, owner), grace, report);
}

/// Stops everything, and with it every run, also those that still have apps to start.
pub fn stop_all<F>(instances: &[Instance], grace: Duration, report: F)
where
    F: FnMut(&str, Result<(), Error>),
{
    let ids: Vec<String> = instances.iter().map(|instance| instance.app_id.clone()).collect();
    carry_out(plan(&ids, instances, true, owner), grace, report);
}

fn carry_out<F>(plans: Vec<(String, Result<Plan, Error>)>, grace: Duration, mut report: F)
where
    F: FnMut(&str, Result<(), Error>),
{
    let deadline = Instant::now() + grace;
    let told: Vec<(String, Result<Plan, Error>)> = plans
        .into_iter()
        .map(|(id, plan)| {
            let told = plan.and_then(|mut plan| begin(&mut plan).map(|()| plan));
            (id, told)
        })
        .collect();
    let mut ending = Vec::new();
    for (id, plan) in told {
        report(
            &id,
            plan.and_then(|mut plan| {
                ending.append(&mut plan.ending);
                finish(plan, grace, deadline)
            }),
        );
    }
    // Whether they have something left to start is theirs to know.
    wait(&ending, Instant::now() + LAST);
}

/// Decides who is told, for each id once. `whole`: also runs that could be asked to end their apps one by one
/// are ended themselves.
fn plan(
    ids: &[String],
    instances: &[Instance],
    whole: bool,
    owner: impl Fn(&Instance) -> Option<ProcessId>,
) -> Vec<(String, Result<Plan, Error>)> {
    let owners: Vec<Option<ProcessId>> = instances.iter().map(owner).collect();
    // Runs that are to go on: somebody else's app is among theirs.
    let others = instances.iter().zip(&owners).filter(|(instance, _)| !ids.contains(&instance.app_id));
    let go_on: BTreeSet<u32> = others.filter_map(|(_, cli)| Some(cli.as_ref()?.pid)).collect();
    let mut told = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut plans = Vec::new();
    for id in ids.iter().filter(|id| seen.insert(id.as_str())) {
        let mut plan = Plan::default();
        for (instance, owner) in instances.iter().zip(&owners).filter(|(instance, _)| instance.app_id == *id)
        {
            let mut ours: Vec<ProcessId> = vec![instance.daprd];
            ours.extend(instance.app);
            // A run of several apps may have some that aren't started yet: it knows best when it has to end.
            let knows = !whole && instance.control.is_some() && !instance.run_template_path.is_empty();
            match (owner, &instance.control) {
                (Some(cli), _) if !go_on.contains(&cli.pid) && !knows => {
                    if told.insert(cli.pid) {
                        plan.first.push(*cli);
                    }
                    ours.push(*cli);
                }
                (Some(cli), Some(socket)) => {
                    plan.asked.push(Asked {
                        socket: socket.clone(),
                        request: Request { action: Action::Stop, app_id: id.clone() },
                        pair: (instance.daprd, instance.app),
                    });
                    if !go_on.contains(&cli.pid) {
                        plan.ending.push(*cli);
                    }
                }
                _ if instance.app.is_some() => {
                    plan.apps.extend(instance.app);
                    plan.sidecars.push(instance.daprd);
                }
                _ => plan.first.push(instance.daprd),
            }
            plan.all.extend(ours.into_iter().map(|process| (process.pid, process.started)));
        }
        let plan = if plan.all.is_empty() {
            let running = instances.iter().map(|instance| instance.app_id.as_str());
            Err(Error::NotFound { id: id.clone(), question: suggest::question(id, running) })
        } else {
            Ok(plan)
        };
        plans.push((id.clone(), plan));
    }
    plans
}

/// The living `dapr run` that owns an instance. What only the sidecar says is believed when the process is an
/// ancestor of it, or at least a `dapr`: a number alone must not end somebody else's process.
fn owner(instance: &Instance) -> Option<ProcessId> {
    if instance.cli.is_some() {
        return instance.cli;
    }
    let processes = if instance.cli_pid == 0 { return None } else { os::processes() };
    let find = |pid: u32| processes.iter().find(|process| process.pid == pid);
    let cli = find(instance.cli_pid)?;
    let mut pid = instance.daprd.pid;
    let mut is_ancestor = false;
    for _ in 0..64 {
        let Some(process) = find(pid) else {
            break;
        };
        pid = process.parent;
        if pid == cli.pid {
            is_ancestor = true;
            break;
        }
    }
    let is_dapr = matches!(cli.name.as_str(), "dapr" | "dapr.exe");
    (is_ancestor || is_dapr).then_some(ProcessId { pid: cli.pid, started: cli.started })
}

fn tell(process: ProcessId) -> Result<(), Error> {
    if !process.is_alive() {
        return Ok(());
    }
    os::tell(process.pid, Tell::Terminate).map_err(|error| Error::Signal { pid: process.pid, error })
}

/// Tells an app, with its process group.
fn tell_app(app: ProcessId) -> Result<(), Error> {
    if !app.is_alive() {
        return Ok(());
    }
    // The group has the app's number when the app leads one; if it doesn't, there is no such group.
    let group = os::tell_group(app.pid, Tell::Terminate);
    group.map_err(|error| Error::Signal { pid: app.pid, error })?;
    tell(app)
}

fn begin(plan: &mut Plan) -> Result<(), Error> {
    for Asked { socket, request, pair } in plan.asked.drain(..) {
        // The answer comes when the app is gone: meanwhile the others are told.
        let answer = thread::spawn(move || control::ask_within(&socket, &request, ANSWER));
        plan.answers.push((pair, answer));
    }
    for process in &plan.first {
        tell(*process)?;
    }
    for app in &plan.apps {
        tell_app(*app)?;
    }
    Ok(())
}

fn finish(mut plan: Plan, grace: Duration, mut deadline: Instant) -> Result<(), Error> {
    for ((daprd, app), answer) in std::mem::take(&mut plan.answers) {
        let Ok(Err(error)) = answer.join() else { continue };
        let now = Instant::now();
        let pair: Vec<ProcessId> = app.into_iter().chain([daprd]).collect();
        // A run that refuses is about to end, and tells its apps itself.
        let refused = matches!(error, control::Error::Refused(_));
        if refused && wait(&pair, now + grace / 2).is_empty() {
            continue;
        }
        app.map_or(Ok(()), tell_app)?;
        plan.apps.extend(app);
        plan.sidecars.push(daprd);
        deadline = deadline.max(Instant::now() + grace);
    }
    if !plan.sidecars.is_empty() {
        // A sidecar is told even if its app hangs.
        let half = deadline.checked_sub(grace / 2).unwrap_or(deadline);
        wait(&plan.apps, half);
        for sidecar in &plan.sidecars {
            tell(*sidecar)?;
        }
    }
    let processes = wait(&plan.everybody(), deadline);
    if processes.is_empty() { Ok(()) } else { Err(Error::StillRunning { grace, processes }) }
}

/// Waits until all are gone; returns those that are left at the deadline. Looks often at first: most processes
/// end within a few milliseconds.
fn wait(processes: &[ProcessId], deadline: Instant) -> Vec<ProcessId> {
    let mut pause = Duration::from_millis(1);
    loop {
        let left: Vec<ProcessId> = processes.iter().copied().filter(ProcessId::is_alive).collect();
        if left.is_empty() || Instant::now() >= deadline {
            return left;
        }
        thread::sleep(pause);
        pause = (pause * 5 / 4).min(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests;
