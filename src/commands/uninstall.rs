//! `dapr uninstall`: removes the installed runtime, with `--all` everything below `.dapr`.

use super::init::engine_of;
use super::{Globals, no_async_runtime, unavailable};
use crate::client;
use crate::env::DAPR_NETWORK;
use crate::error::{EXIT_OK, Failure};
use crate::output::Status;
use crate::self_hosted::init::Record;
use crate::self_hosted::uninstall::{self, Request, Step};

const EXAMPLES: &str = "# Uninstall from self-hosted mode
dapr uninstall

# Uninstall from self-hosted mode and remove .dapr directory, Redis, Placement, Scheduler, and Zipkin containers
dapr uninstall --all";

/// Flags of `uninstall`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Uninstall Dapr from a Kubernetes cluster
    #[arg(short, long)]
    kubernetes: bool,
    /// Uninstall Dapr Redis, Zipkin from Kubernetes cluster
    #[arg(long)]
    dev: bool,
    /// The timeout for the Kubernetes uninstall
    #[arg(long, default_value = "300")]
    timeout: u64,
    /// Remove .dapr directory, Redis, Placement, Scheduler (and default volume in self-hosted mode), and Zipkin containers on local machine, and CRDs on a Kubernetes cluster
    #[arg(long)]
    all: bool,
    /// The Docker network from which to remove the Dapr runtime
    #[arg(long, default_value = "")]
    network: String,
    /// The Kubernetes namespace to uninstall Dapr from
    #[arg(short, long, default_value = "dapr-system")]
    namespace: String,
    /// The container runtime to use. Supported values are docker (default) and podman
    #[arg(long, default_value = "docker")]
    container_runtime: String,
}

/// Removes what was installed and says what it does.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let printer = globals.printer;
    if args.kubernetes {
        if globals.runtime_path.as_deref().is_some_and(|path| !path.trim().is_empty()) {
            return Err(Failure::new("--runtime-path is only valid for self-hosted mode"));
        }
        return Err(unavailable("dapr uninstall -k"));
    }
    let install = globals.install()?;
    let engine = engine_of(&args.container_runtime, globals, &install)?;
    let network = Some(args.network.trim()).filter(|name| !name.is_empty());
    let network = network.or_else(|| globals.env.get(DAPR_NETWORK)).map(str::to_owned);
    let network = network.or_else(|| Record::read(&install).network);
    printer.info("Removing Dapr from your machine...");
    let request = Request { install, all: args.all, engine, network };
    let env = &globals.env;
    // It can be interrupted at any time: what is left is removed by the next one.
    let runtime = client::runtime().map_err(no_async_runtime)?;
    let result = runtime.block_on(uninstall::uninstall(&request, env, |step| match &step {
        Step::Removing(_) | Step::Container(_) | Step::Volume(_) => printer.status(Status::Info, step),
        Step::Missing(_) | Step::NoContainer(_) | Step::NoEngine => printer.status(Status::Warning, step),
    }));
    result
        .map_err(|error| Failure::new(format!("Error removing Dapr: {error}")).with_hints(error.hints()))?;
    printer.success("Dapr has been removed successfully");
    Ok(EXIT_OK)
}
