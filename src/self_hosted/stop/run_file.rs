//! Ending all that was started from a run file.

use std::path::Path;
use std::time::{Duration, Instant};

use super::{Error, owner, tell, wait};
use crate::os::{self, Tell};
use crate::records::ProcessId;
use crate::self_hosted::instances::Instance;

/// Ends every run of a file, and waits until its apps and sidecars are gone.
pub fn stop_run_file(path: &Path, instances: &[Instance], grace: Duration) -> Result<(), Error> {
    let name = path.to_string_lossy();
    let ours: Vec<&Instance> =
        instances.iter().filter(|instance| instance.run_template_path == name).collect();
    if ours.is_empty() {
        return Err(Error::NoRunFile(name.into_owned()));
    }
    let mut everybody = Vec::new();
    for instance in &ours {
        everybody.push(instance.daprd);
        everybody.extend(instance.app);
        match owner(instance) {
            Some(cli) if instance.control.is_some() => {
                tell(cli)?;
                everybody.push(cli);
            }
            // The stock command line leads the group of its sidecars, and they have to be told as well.
            Some(cli) => {
                os::tell_group(cli.pid, Tell::Terminate)
                    .map_err(|error| Error::Signal { pid: cli.pid, error })?;
                tell(cli)?;
                everybody.push(cli);
            }
            None => {
                instance.app.map_or(Ok(()), tell)?;
                tell(instance.daprd)?;
            }
        }
    }
    everybody.sort_unstable_by_key(|process: &ProcessId| process.pid);
    everybody.dedup();
    let processes = wait(&everybody, Instant::now() + grace);
    if processes.is_empty() { Ok(()) } else { Err(Error::StillRunning { grace, processes }) }
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
}
