//! `dapr restart`: ends apps and starts them again, beside the same sidecars; and starts apps of a run that were
//! stopped.

use std::collections::BTreeSet;

use super::Globals;
use crate::error::{EXIT_FAILED, EXIT_OK, EXIT_USAGE, Failure};
use crate::records::Stopped;
use crate::self_hosted::instances::{self, Instance};
use crate::self_hosted::restart;

const EXAMPLES: &str = "# Restart an app; its sidecar goes on
dapr restart -a orders";

/// Flags of `restart`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Further app ids
    ids: Vec<String>,
    /// The application ids
    #[arg(short, long, value_delimiter = ',')]
    app_id: Vec<String>,
}

/// Restarts every instance of every given app.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let mut seen = BTreeSet::new();
    let ids: Vec<&String> = args.ids.iter().chain(&args.app_id).filter(|id| seen.insert(*id)).collect();
    if ids.is_empty() {
        let hint = "name the apps to restart: dapr restart <app-id>";
        return Err(Failure::new("no app id is given").hint(hint).code(EXIT_USAGE));
    }
    let install = globals.install()?;
    let instances = instances::list(&install, &globals.env);
    let stopped = restart::stopped(&install);
    let mut code = EXIT_OK;
    for id in ids {
        match restart(id, &instances, &stopped) {
            Ok(()) => globals.printer.success(format!("app restarted successfully: {id}")),
            Err(failure) => {
                code = EXIT_FAILED;
                globals.printer.report(&failure);
            }
        }
    }
    Ok(code)
}

/// Restarts an app; the failure says which.
fn restart(id: &str, instances: &[Instance], stopped: &[Stopped]) -> Result<(), Failure> {
    restart::restart(id, instances, stopped).map_err(|error| {
        Failure::new(format!("failed to restart app id {id}: {error}")).with_hints(error.hint())
    })
}
