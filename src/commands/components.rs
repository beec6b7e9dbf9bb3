//! `dapr components`: what is configured on this machine, and what running sidecars have made of it.

use jiff::tz::TimeZone;

use super::args::ResourceArgs;
use super::{Globals, unavailable};
use crate::error::{EXIT_FAILED, Failure};
use crate::output;
use crate::self_hosted::resources;

const EXAMPLES: &str = "# List the components of the default folder and of running apps
dapr components

# Those of another folder
dapr components --resources-path ./resources

# One of them, with everything that is known of it
dapr components -n statestore -o yaml";

/// Flags of `components`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    resources: ResourceArgs,
}

/// Prints the components. Files that can't be read are named on stderr, and the exit code is 1.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let args = &args.resources;
    if args.kubernetes {
        return Err(unavailable("dapr components -k"));
    }
    let shown = args.shown()?;
    let install = globals.install()?;
    let paths = args.paths()?;
    // Another folder is asked for by itself; the default one together with what runs.
    let sidecars = resources::sidecars(&install, &globals.env);
    let documents = if paths.is_empty() {
        resources::documents(&install, &[], &sidecars)
    } else {
        crate::resources::catalog(&paths)
    };
    let mut found = resources::components(&documents, &sidecars);
    if !paths.is_empty() {
        found.retain(|component| component.document.is_some());
    }
    found.retain(|component| args.wants(&component.name));
    if let Some(name) = args.name().filter(|_| found.is_empty()) {
        let failure = Failure::new(format!("no component is called {name}"));
        return Err(failure.hint("dapr components lists all of them"));
    }
    let code = globals.finish(output::resources::components(&found, shown, &TimeZone::system())?)?;
    for component in &found {
        if !component.missing_in.is_empty() {
            let apps = component.missing_in.join(", ");
            globals.printer.warning(format!(
                "{} is not loaded by {apps}; dapr logs --sidecar -a {} says why",
                component.name, component.missing_in[0]
            ));
        }
    }
    let broken = args.name().is_none() && super::args::report_broken(&documents, globals);
    Ok(if broken { EXIT_FAILED } else { code })
}
