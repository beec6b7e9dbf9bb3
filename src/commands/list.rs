//! `dapr list`: the sidecars that run on this machine.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::FormatArgs;
use super::{Globals, unavailable};
use crate::error::Failure;
use crate::output;
use crate::self_hosted::instances;

const EXAMPLES: &str = "# List Dapr instances in self-hosted mode
dapr list

# List Dapr instances as JSON
dapr list -o json";

/// Flags of `list`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    format: FormatArgs,
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
    let format = args.format.format()?;
    if args.kubernetes {
        return Err(unavailable("dapr list -k"));
    }
    let instances = instances::list(&globals.install()?, &globals.env);
    globals.finish(output::list::render(&instances, format, Timestamp::now(), &TimeZone::system())?)
}
