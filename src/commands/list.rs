//! `dapr list`: the sidecars that run on this machine.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::wide;
use super::{Globals, unavailable};
use crate::error::Failure;
use crate::output;
use crate::self_hosted::instances;

const EXAMPLES: &str = "# List Dapr instances in self-hosted mode
dapr list

# With whole commands, and with runtimes, versions, metrics ports and readiness
dapr list -o wide

# List Dapr instances as JSON
dapr list -o json";

/// Flags of `list`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The output format of the list. Valid values are: json, yaml, wide, or table (default)
    #[arg(short, long, default_value = "")]
    output: String,
    /// List all Dapr pods in a Kubernetes cluster
    #[arg(short, long)]
    kubernetes: bool,
    /// The Kubernetes namespace to list pods in
    #[arg(short = 'n', long)]
    namespace: Option<String>,
    /// If true, list all Dapr pods in all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
}

/// Prints the running instances.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let shown = wide(&args.output)?;
    if args.kubernetes {
        return Err(unavailable("dapr list -k"));
    }
    let install = globals.install()?;
    let list = if shown.wide { instances::list_with_versions } else { instances::list };
    let instances = list(&install, &globals.env);
    globals.finish(output::list::render(&instances, shown, Timestamp::now(), &TimeZone::system())?)
}
