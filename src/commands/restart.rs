//! `dapr restart`: ends apps and starts them again, beside the same sidecars.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Globals;
use crate::error::{EXIT_FAILED, EXIT_OK, EXIT_USAGE, Failure};
use crate::self_hosted::control::{self, Action, Request};
use crate::self_hosted::instances::{self, Instance};
use crate::suggest;

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
    let instances = instances::list(&globals.install()?, &globals.env);
    let mut code = EXIT_OK;
    for id in ids {
        match restart(id, &instances) {
            Ok(()) => globals.printer.success(format!("app restarted successfully: {id}")),
            Err(failure) => {
                code = EXIT_FAILED;
                globals.printer.report(&failure);
            }
        }
    }
    Ok(code)
}

/// Restarts all instances, also after one of them failed.
fn restart(id: &str, instances: &[Instance]) -> Result<(), Failure> {
    let failed = |text: String| Failure::new(format!("failed to restart app id {id}: {text}"));
    let ours: Vec<&Instance> = instances.iter().filter(|instance| instance.app_id == id).collect();
    if ours.is_empty() {
        let question = suggest::question(id, instances.iter().map(|instance| instance.app_id.as_str()));
        return Err(failed(format!("couldn't find app id {id}")).with_hints(question));
    }
    // A run is asked once, however many instances of the app it has.
    let sockets: BTreeSet<&PathBuf> =
        ours.iter().filter_map(|instance| instance.cli.and(instance.control.as_ref())).collect();
    let request = Request { action: Action::Restart, app_id: id.to_owned() };
    let outcomes = sockets.into_iter().map(|socket| control::ask(socket, &request));
    let errors: Vec<control::Error> = outcomes.filter_map(Result::err).collect();
    if let Some(error) = errors.first() {
        return Err(failed(error.to_string()));
    }
    match ours.iter().find(|instance| instance.cli.is_none() || instance.control.is_none()) {
        Some(foreign) => {
            let pid = foreign.daprd.pid;
            let text = format!("nobody who could do it owns its sidecar (PID {pid})");
            Err(failed(text).hint("stop it with dapr stop, and start it with this dapr run"))
        }
        None => Ok(()),
    }
}
