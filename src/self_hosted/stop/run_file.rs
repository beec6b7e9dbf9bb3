//! Ending all that was started from a run file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Error, owner, tell, tell_app, wait};
use crate::os::{self, Tell};
use crate::records::ProcessId;
use crate::self_hosted::instances::Instance;

/// Ends every run of a file, and waits until its apps and sidecars are gone.
pub fn stop_run_file(path: &Path, instances: &[Instance], grace: Duration) -> Result<(), Error> {
    let name = path.to_string_lossy();
    let wanted = place(path);
    let is_ours = |instance: &&Instance| {
        !instance.run_template_path.is_empty()
            && (instance.run_template_path == name || place(Path::new(&instance.run_template_path)) == wanted)
    };
    let ours: Vec<&Instance> = instances.iter().filter(is_ours).collect();
    if ours.is_empty() {
        return Err(Error::NoRunFile(name.into_owned()));
    }
    let mut everybody = Vec::new();
    let mut told = BTreeSet::new();
    for instance in ours {
        everybody.push(instance.daprd);
        everybody.extend(instance.app);
        let Some(cli) = owner(instance) else {
            instance.app.map_or(Ok(()), tell_app)?;
            tell(instance.daprd)?;
            continue;
        };
        everybody.push(cli);
        // All apps of a run have the same one: told again it would end at once.
        if told.insert(cli.pid) {
            tell_run(instance, cli)?;
        }
    }
    everybody.sort_unstable_by_key(|process: &ProcessId| process.pid);
    everybody.dedup();
    let processes = wait(&everybody, Instant::now() + grace);
    if processes.is_empty() { Ok(()) } else { Err(Error::StillRunning { grace, processes }) }
}

fn tell_run(instance: &Instance, cli: ProcessId) -> Result<(), Error> {
    // Ours has a record and ends its apps itself. The stock command line leads the group of its sidecars, and
    // they have to be told as well; if it leads none, the group is somebody else's.
    if instance.cli.is_none() && os::group_of(cli.pid) == Some(cli.pid) {
        return os::tell_group(cli.pid, Tell::Terminate)
            .map_err(|error| Error::Signal { pid: cli.pid, error });
    }
    tell(cli)
}

/// The path without links, so that a directory that is reached by two ways is one. The file itself may be gone,
/// and `-` never was there.
fn place(path: &Path) -> PathBuf {
    let directory = path.parent().and_then(|directory| fs_err::canonicalize(directory).ok());
    match (directory, path.file_name()) {
        (Some(directory), Some(name)) => directory.join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_nothing_was_started_from_is_named() {
        let error = stop_run_file(Path::new("/x/dapr.yaml"), &[], Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "couldn't find apps with run file \"/x/dapr.yaml\"");
    }

    #[test]
    fn orphans_of_a_run_are_ended() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let daprd = ProcessId::of(child.id()).unwrap();
        let instance = Instance { daprd, run_template_path: "/x/dapr.yaml".into(), ..Instance::default() };
        let waiter = std::thread::spawn(move || child.wait().unwrap());
        stop_run_file(Path::new("/x/dapr.yaml"), &[instance], Duration::from_secs(20)).unwrap();
        assert!(!waiter.join().unwrap().success());
    }

    #[test]
    fn a_run_is_told_once_however_many_apps_it_has() {
        let mut run = std::process::Command::new("sh")
            .args(["-c", "trap 'n=$((n+1))' TERM; echo; while [ -z \"$n\" ]; do :; done; read -r _; exit $n"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // The line says that the signal is counted from now on.
        std::io::Read::read_exact(run.stdout.as_mut().unwrap(), &mut [0; 1]).unwrap();
        let mut daprd = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let cli = ProcessId::of(run.id());
        let app = |id: &str| Instance {
            app_id: id.into(),
            daprd: ProcessId::of(daprd.id()).unwrap(),
            cli,
            run_template_path: "/x/dapr.yaml".into(),
            ..Instance::default()
        };
        let apps = ["a", "b", "c"].map(app);
        let left = stop_run_file(Path::new("/x/dapr.yaml"), &apps, Duration::ZERO).unwrap_err();
        assert!(matches!(left, Error::StillRunning { .. }), "{left}");
        drop(run.stdin.take());
        assert_eq!(run.wait().unwrap().code(), Some(1));
        daprd.kill().unwrap();
        daprd.wait().unwrap();
    }

    #[test]
    fn a_directory_is_found_by_every_way_to_it() {
        let home = tempfile::tempdir().unwrap();
        let (real, link) = (home.path().join("real"), home.path().join("link"));
        fs_err::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert_eq!(place(&link.join("-")), place(&real.join("-")));
        assert_ne!(place(&link.join("a.yaml")), place(&real.join("b.yaml")));
    }
}
