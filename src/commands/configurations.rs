//! `dapr configurations`: the settings of sidecars on this machine.

use jiff::tz::TimeZone;

use super::args::ResourceArgs;
use super::{Globals, unavailable};
use crate::error::Failure;
use crate::output;
use crate::resources::catalog;
use crate::self_hosted::resources;

const EXAMPLES: &str = "# List the configurations of the default folder
dapr configurations

# With the receiver of traces
dapr configurations -o wide";

/// Flags of `configurations`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    resources: ResourceArgs,
}

/// Prints the configurations.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let args = &args.resources;
    if args.kubernetes {
        return Err(unavailable("dapr configurations -k"));
    }
    let shown = args.shown()?;
    let install = globals.install()?;
    let paths = args.paths()?;
    let mut found = if paths.is_empty() {
        resources::configurations(&install, &catalog(&[install.components()]))
    } else {
        catalog(&paths)
    };
    found.retain(|document| document.kind == "Configuration" && args.wants(&document.name));
    if let Some(name) = args.name().filter(|_| found.is_empty()) {
        let failure = Failure::new(format!("no configuration is called {name}"));
        return Err(failure.hint("dapr configurations lists all of them"));
    }
    globals.finish(output::resources::configurations(&found, shown, &TimeZone::system())?)
}
