//! `dapr restart`: ends apps and starts them again, beside the same sidecars.

use super::Globals;
use crate::error::{EXIT_FAILED, EXIT_OK, EXIT_USAGE, Failure};
use crate::self_hosted::control::{self, Action, Request};
use crate::self_hosted::instances;
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
    let ids: Vec<&String> = args.ids.iter().chain(&args.app_id).collect();
    if ids.is_empty() {
        let hint = "name the apps to restart: dapr restart <app-id>";
        return Err(Failure::new("no app id is given").hint(hint).code(EXIT_USAGE));
    }
    let instances = instances::list(&globals.install()?, &globals.env);
    let mut code = EXIT_OK;
    for id in ids {
        let outcome = restart(id, &instances);
        match outcome {
            Ok(()) => globals.printer.success(format!("app restarted successfully: {id}")),
            Err(failure) => {
                code = EXIT_FAILED;
                globals.printer.report(&failure);
            }
        }
    }
    Ok(code)
}

fn restart(id: &str, instances: &[instances::Instance]) -> Result<(), Failure> {
    let failed = |text: String| Failure::new(format!("failed to restart app id {id}: {text}"));
    let ours: Vec<_> = instances.iter().filter(|instance| instance.app_id == id).collect();
    if ours.is_empty() {
        let question = suggest::question(id, instances.iter().map(|instance| instance.app_id.as_str()));
        return Err(failed(format!("couldn't find app id {id}")).with_hints(question));
    }
    for instance in ours {
        let Some(socket) = &instance.control else {
            let text = format!(
                "the process that started its sidecar (PID {}) takes no requests",
                instance.daprd.pid
            );
            return Err(failed(text).hint("stop it with dapr stop, and start it with this dapr run"));
        };
        let request = Request { action: Action::Restart, app_id: id.to_owned() };
        control::ask(socket, &request).map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}
