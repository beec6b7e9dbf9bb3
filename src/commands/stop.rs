//! `dapr stop`: ends apps and their sidecars and waits until they are gone.

use super::args::locate_run_file;
use super::{Globals, unavailable};
use crate::error::{EXIT_FAILED, EXIT_OK, Failure};
use crate::self_hosted::{instances, stop};

const EXAMPLES: &str = "# Stop a Dapr application
dapr stop --app-id <ID>

# Stop several Dapr applications
dapr stop <ID> <ID>

# Stop the applications of a run template file
dapr stop -f dapr.yaml

# Stop everything
dapr stop --all";

/// Flags of `stop`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Further app ids; they are stopped before the one of the flag.
    ids: Vec<String>,
    /// The application id to be stopped
    #[arg(short, long, default_value = "")]
    app_id: String,
    /// Path to the run template file for the list of apps to stop
    #[arg(short = 'f', long, default_value = "")]
    run_file: String,
    /// Stop everything that dapr list shows
    #[arg(long)]
    all: bool,
    /// Stop all Dapr instances of a run template file in a Kubernetes cluster
    #[arg(short, long)]
    kubernetes: bool,
}

/// Stops everything that was started from a run file.
fn stop_run_file(path: &str, globals: &Globals) -> Result<u8, Failure> {
    let source = locate_run_file(path)?;
    let instances = instances::list(&globals.install()?, &globals.env);
    stop::stop_run_file(&source.path, &instances, stop::GRACE).map_err(|error| {
        Failure::new(format!("Failed to stop Dapr and app processes: {error}")).with_hints(error.hints())
    })?;
    globals.printer.success("Dapr and app processes stopped successfully");
    Ok(EXIT_OK)
}

/// Stops every instance of every given app.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    if args.kubernetes {
        return Err(unavailable("dapr stop -k"));
    }
    if !args.run_file.is_empty() {
        return stop_run_file(&args.run_file, globals);
    }
    let mut ids = args.ids.clone();
    if !args.app_id.is_empty() {
        ids.push(args.app_id.clone());
    }
    let printer = globals.printer;
    if ids.is_empty() && !args.all {
        printer.hint("name the apps to stop: dapr stop <app-id>, or all of them: dapr stop --all");
        return Ok(EXIT_OK);
    }
    let instances = instances::list(&globals.install()?, &globals.env);
    let mut code = EXIT_OK;
    let report = |id: &str, outcome: Result<(), stop::Error>| match outcome {
        Ok(()) => printer.success(format!("app stopped successfully: {id}")),
        Err(error) => {
            code = EXIT_FAILED;
            let failure = Failure::new(format!("failed to stop app id {id}: {error}"));
            printer.report(&failure.with_hints(error.hints()));
        }
    };
    if !args.all {
        stop::stop(&ids, &instances, stop::GRACE, report);
    } else if instances.is_empty() {
        printer.info("No Dapr instances found.");
    } else {
        stop::stop_all(&instances, stop::GRACE, report);
    }
    Ok(code)
}
