//! `dapr doctor`: what could keep Dapr from working on this machine, and what to do about it.

use super::args::FormatArgs;
use super::{Globals, no_async_runtime};
use crate::env::DAPR_RUNTIME;
use crate::error::{EXIT_FAILED, EXIT_OK, Failure};
use crate::output;
use crate::records::Runtime;
use crate::self_hosted::doctor::{self, Verdict};

const EXAMPLES: &str = "# Look for what keeps Dapr from working on this machine
dapr doctor

# The same as data
dapr doctor -o json";

/// Flags of `doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    format: FormatArgs,
}

/// Prints every finding; the exit code is 1 when one of them is a problem.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let format = args.format.format()?;
    let runtime = match globals.env.get(DAPR_RUNTIME) {
        Some("embedded") => Some(Runtime::Embedded),
        Some("installed") => Some(Runtime::Installed),
        _ => None,
    };
    let findings = doctor::examine(&globals.install()?, runtime, &globals.env).map_err(no_async_runtime)?;
    globals.finish(output::doctor::render(&findings, format, globals.printer)?)?;
    let has_problem = findings.iter().any(|finding| finding.result == Verdict::Problem);
    Ok(if has_problem { EXIT_FAILED } else { EXIT_OK })
}
