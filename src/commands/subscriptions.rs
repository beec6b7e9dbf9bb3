//! `dapr subscriptions`: what running apps receive.

use super::Globals;
use super::args::wide;
use crate::error::Failure;
use crate::output;
use crate::self_hosted::resources;

const EXAMPLES: &str = "# List what running apps receive
dapr subscriptions

# Of one app, with dead letter topics
dapr subscriptions -a orders -o wide";

/// Flags of `subscriptions`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Only of these application ids
    #[arg(short, long, value_delimiter = ',')]
    app_id: Vec<String>,
    /// The output format of the list. Valid values are: json, yaml, wide, or table (default)
    #[arg(short, long, default_value = "")]
    output: String,
}

/// Prints the subscriptions, in the order of the apps. Sidecars that don't answer are named on stderr.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let shown = wide(&args.output)?;
    let mut sidecars = resources::sidecars(&globals.install()?, &globals.env);
    sidecars.retain(|sidecar| args.app_id.is_empty() || args.app_id.contains(&sidecar.app_id));
    sidecars.sort_by(|a, b| a.app_id.cmp(&b.app_id));
    for silent in sidecars.iter().filter(|sidecar| sidecar.told.is_none()) {
        globals.printer.warning(format!("the sidecar of {} does not answer", silent.app_id));
    }
    globals.finish(output::resources::subscriptions(&sidecars, shown)?)
}
