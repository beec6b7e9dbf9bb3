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
    plan(&ids, instances, false, |instance| instance.cli)
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
    assert_eq!((&plan.first, &plan.apps, &plan.sidecars), (&vec![], &vec![process(30)], &vec![process(20)]));
}

#[test]
fn all_instances_of_an_id_are_stopped() {
    let both = [instance("a", 20, None, None), instance("a", 21, Some(11), None)];
    let plans = plans(&["a", "a"], &both);
    assert_eq!(plans.len(), 1);
    assert_eq!(plans[0].1.as_ref().unwrap().first, [20, 11].map(process));
}

#[test]
fn an_owner_of_several_apps_is_told_once_when_all_of_them_are_meant() {
    let run = [instance("a", 20, Some(10), None), instance("b", 21, Some(10), None)];
    let one = plans(&["a"], &run);
    assert_eq!(one[0].1.as_ref().unwrap().first, [process(20)]);
    let both = plans(&["b", "a"], &run);
    assert_eq!(both[0].1.as_ref().unwrap().first, [process(10)]);
    assert_eq!(both[1].1.as_ref().unwrap().first, [], "told twice, it would end at once");
    assert_eq!(both[1].1.as_ref().unwrap().everybody(), [10, 20].map(process));
}

#[test]
fn a_run_that_goes_on_is_asked() {
    let run = ["a", "b"].map(|id| Instance {
        control: Some(PathBuf::from("/run/10.sock")),
        run_template_path: "/x/dapr.yaml".into(),
        ..instance(id, 20, Some(10), Some(30))
    });
    let asked = |id: &str| Asked {
        socket: PathBuf::from("/run/10.sock"),
        request: Request { action: Action::Stop, app_id: id.into() },
        pair: (process(20), Some(process(30))),
    };
    for ids in [&["a"][..], &["a", "b"]] {
        for ((id, plan), expected) in plans(ids, &run).iter().zip(ids) {
            let plan = plan.as_ref().unwrap();
            assert_eq!((id.as_str(), &plan.asked), (*expected, &vec![asked(expected)]));
            assert_eq!((&plan.first, &plan.apps, &plan.sidecars), (&vec![], &vec![], &vec![]));
        }
    }
    let all = plan(&["a".into(), "b".into()], &run, true, |instance| instance.cli);
    assert_eq!(all[0].1.as_ref().unwrap().first, [process(10)], "with everything the run itself ends");
    assert_eq!(all[1].1.as_ref().unwrap().first, []);
}

#[test]
fn a_run_that_does_not_answer_is_done_without() {
    let mut children = [(); 2].map(|()| Command::new("sleep").arg("600").spawn().unwrap());
    let [daprd, app] = [&children[0], &children[1]].map(|child| ProcessId::of(child.id()).unwrap());
    let run = Instance {
        app_id: "a".into(),
        daprd,
        app: Some(app),
        cli: Some(ProcessId::current()),
        control: Some(PathBuf::from("/no/such.sock")),
        run_template_path: "/x/dapr.yaml".into(),
        ..Instance::default()
    };
    let reaper = thread::spawn(move || children.each_mut().map(|child| child.wait().unwrap()));
    let mut outcomes = Vec::new();
    stop(&["a".into()], &[run], Duration::from_secs(20), |_, outcome| outcomes.push(outcome.is_ok()));
    assert_eq!(outcomes, [true]);
    assert!(reaper.join().unwrap().iter().all(|status| !status.success()));
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
