//! Ending instances: who gets the signal, and waiting until everybody is gone.
//!
//! The `dapr run` that owns an instance ends its app and sidecar itself; where it owns other apps that go on, it
//! is asked to end this one. Where there is none, or none that can be asked, the app is ended first, so that it
//! can still reach its sidecar, then the sidecar. Nothing is killed by force.

mod run_file;

pub use run_file::stop_run_file;

use std::collections::{BTreeMap, BTreeSet};
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
    /// Its `dapr run` was asked to end it, and can't.
    #[error("{0}")]
    Refused(String),
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
    asked: Vec<(PathBuf, Request)>,
    /// Those that have been asked.
    answers: Vec<thread::JoinHandle<Result<(), String>>>,
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
pub fn stop<F>(ids: &[String], instances: &[Instance], grace: Duration, mut report: F)
where
    F: FnMut(&str, Result<(), Error>),
{
    let deadline = Instant::now() + grace;
    let plans = plan(ids, instances, owner);
    let told: Vec<(String, Result<Plan, Error>)> = plans
        .into_iter()
        .map(|(id, plan)| {
            let told = plan.and_then(|mut plan| begin(&mut plan).map(|()| plan));
            (id, told)
        })
        .collect();
    for (id, plan) in told {
        report(&id, plan.and_then(|plan| finish(plan, grace, deadline)));
    }
}

/// Decides who is told, for each id once.
fn plan(
    ids: &[String],
    instances: &[Instance],
    owner: impl Fn(&Instance) -> Option<ProcessId>,
) -> Vec<(String, Result<Plan, Error>)> {
    let owners: Vec<Option<ProcessId>> = instances.iter().map(owner).collect();
    // How many apps each `dapr run` would be left with.
    let mut remaining: BTreeMap<u32, usize> = BTreeMap::new();
    for cli in owners.iter().flatten() {
        *remaining.entry(cli.pid).or_default() += 1;
    }
    let mut seen = BTreeSet::new();
    let mut plans = Vec::new();
    for id in ids.iter().filter(|id| seen.insert(id.as_str())) {
        let mut plan = Plan::default();
        for (instance, owner) in instances.iter().zip(&owners).filter(|(instance, _)| instance.app_id == *id)
        {
            let mut ours: Vec<ProcessId> = vec![instance.daprd];
            ours.extend(instance.app);
            let left = owner.and_then(|cli| remaining.get_mut(&cli.pid)).map_or(0, |count| {
                *count -= 1;
                *count
            });
            match owner {
                Some(cli) if left == 0 => {
                    plan.first.push(*cli);
                    ours.push(*cli);
                }
                _ if instance.control.is_some() => {
                    let request = Request { action: Action::Stop, app_id: id.clone() };
                    plan.asked.extend(instance.control.clone().map(|socket| (socket, request)));
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

fn begin(plan: &mut Plan) -> Result<(), Error> {
    for (socket, request) in plan.asked.drain(..) {
        // The answer comes when the app is gone: meanwhile the others are told.
        plan.answers.push(thread::spawn(move || control::ask(&socket, &request)));
    }
    for process in &plan.first {
        tell(*process)?;
    }
    for app in plan.apps.iter().filter(|app| app.is_alive()) {
        // The group has the app's number when the app leads one; if it doesn't, there is no such group.
        let group = os::tell_group(app.pid, Tell::Terminate);
        group.map_err(|error| Error::Signal { pid: app.pid, error })?;
        tell(*app)?;
    }
    Ok(())
}

fn finish(mut plan: Plan, grace: Duration, deadline: Instant) -> Result<(), Error> {
    for answer in plan.answers.drain(..) {
        if let Ok(Err(error)) = answer.join() {
            return Err(Error::Refused(error));
        }
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
mod tests {
    use std::io::Read;
    use std::process::{Command, Stdio};

    use super::*;

    fn process(pid: u32) -> ProcessId {
        ProcessId { pid, started: 1 }
    }

    fn instance(app_id: &str, daprd: u32, cli: Option<u32>, app: Option<u32>) -> Instance {
        let (cli, app) = (cli.map(process), app.map(process));
        Instance { app_id: app_id.into(), daprd: process(daprd), cli, app, ..Instance::default() }
    }

    fn plans(ids: &[&str], instances: &[Instance]) -> Vec<(String, Result<Plan, Error>)> {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        plan(&ids, instances, |instance| instance.cli)
    }

    #[test]
    fn the_owner_is_told_and_everybody_waited_for() {
        let plans = plans(&["a"], &[instance("a", 20, Some(10), Some(30))]);
        let plan = plans[0].1.as_ref().unwrap();
        assert_eq!((&plan.first, &plan.apps, &plan.sidecars), (&vec![process(10)], &vec![], &vec![]));
        assert_eq!(plan.everybody(), [10, 20, 30].map(process));
    }

    #[test]
    fn an_orphan_is_stopped_app_first() {
        let plans = plans(&["a"], &[instance("a", 20, None, Some(30))]);
        let plan = plans[0].1.as_ref().unwrap();
        assert_eq!(
            (&plan.first, &plan.apps, &plan.sidecars),
            (&vec![], &vec![process(30)], &vec![process(20)])
        );
    }

    #[test]
    fn all_instances_of_an_id_are_stopped() {
        let both = [instance("a", 20, None, None), instance("a", 21, Some(11), None)];
        let plans = plans(&["a", "a"], &both);
        assert_eq!(plans.len(), 1);
        assert_eq!(plans[0].1.as_ref().unwrap().first, [20, 11].map(process));
    }

    #[test]
    fn an_owner_of_several_apps_is_told_with_the_last_of_them() {
        let run = [instance("a", 20, Some(10), None), instance("b", 21, Some(10), None)];
        let one = plans(&["a"], &run);
        assert_eq!(one[0].1.as_ref().unwrap().first, [process(20)]);
        let both = plans(&["b", "a"], &run);
        assert_eq!(both[0].1.as_ref().unwrap().first, [process(21)]);
        assert_eq!(both[1].1.as_ref().unwrap().first, [process(10)]);
    }

    #[test]
    fn a_run_that_goes_on_is_asked() {
        let control = Some(PathBuf::from("/run/10.sock"));
        let run = ["a", "b"]
            .map(|id| Instance { control: control.clone(), ..instance(id, 20, Some(10), Some(30)) });
        let one = plans(&["a"], &run);
        let plan = one[0].1.as_ref().unwrap();
        let request = Request { action: Action::Stop, app_id: "a".into() };
        assert_eq!(plan.asked, [(PathBuf::from("/run/10.sock"), request)]);
        assert_eq!((&plan.first, &plan.apps, &plan.sidecars), (&vec![], &vec![], &vec![]));
        let both = plans(&["a", "b"], &run);
        assert_eq!(both[1].1.as_ref().unwrap().first, [process(10)], "the last one ends the run");
    }

    #[test]
    fn an_unknown_id_asks_what_was_meant() {
        let plans = plans(&["ordres"], &[instance("orders", 20, None, None)]);
        let error = plans[0].1.as_ref().unwrap_err();
        assert_eq!(error.to_string(), "couldn't find app id ordres");
        assert_eq!(error.hints(), ["did you mean orders?"]);
    }

    #[test]
    fn a_claimed_owner_that_is_somebody_else_is_not_believed() {
        // The test runner's parent is no ancestor of this made-up sidecar, and isn't called dapr.
        let claim = Instance { cli_pid: std::process::id(), ..instance("a", 1, None, None) };
        assert_eq!(owner(&claim), None);
    }

    #[test]
    fn whoever_ignores_the_signal_is_named_after_the_grace() {
        let mut child = Command::new("sh")
            .args(["-c", "trap '' TERM; echo; read -r _"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The line says that the signal is ignored from now on.
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 1]).unwrap();
        let daprd = ProcessId::of(child.id()).unwrap();
        let deaf = Instance { app_id: "a".into(), daprd, ..Instance::default() };
        let mut outcomes = Vec::new();
        stop(&["a".into()], &[deaf], Duration::from_millis(50), |id, outcome| {
            outcomes.push((id.to_owned(), outcome.unwrap_err()));
        });
        child.kill().unwrap();
        child.wait().unwrap();
        let (id, error) = &outcomes[0];
        assert_eq!((outcomes.len(), id.as_str()), (1, "a"));
        assert_eq!(error.to_string(), format!("still running after 0 s: process {}", daprd.pid));
        assert_eq!(error.hints(), [format!("end it at once with: kill -9 {}", daprd.pid)]);
    }
}
