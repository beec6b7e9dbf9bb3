//! `dapr status`: how the services of Dapr on this machine are.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::init::engine_named;
use super::{Globals, no_async_runtime, unavailable};
use crate::containers::Kind;
use crate::env::{DAPR_CONTAINER_RUNTIME, DAPR_NETWORK};
use crate::error::{EXIT_FAILED, EXIT_OK, Failure};
use crate::output::{self, Format};
use crate::self_hosted::status::{self, Request};

const EXAMPLES: &str = "# Get status of Dapr services on this machine
dapr status

# With the port and the image of each service
dapr status -o wide";

/// Flags of `status`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Show the health status of Dapr services on Kubernetes cluster
    #[arg(short, long)]
    kubernetes: bool,
    /// The output format of the status. Valid values are: json, yaml, wide, or table (default)
    #[arg(short, long, default_value = "")]
    output: String,
    /// The container runtime to look at. Supported values are docker and podman. The default is the one of dapr init
    #[arg(long, default_value = "")]
    container_runtime: String,
    /// The Docker network on which the Dapr runtime is deployed. The default is the one of dapr init
    #[arg(long, default_value = "")]
    network: String,
}

/// Prints how each service is; the exit code is 1 when one of them is not healthy.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let wide = args.output == "wide";
    let format = if wide { Ok(Format::Table) } else { args.output.parse() };
    let format = format.map_err(|failure: Failure| {
        Failure::new(failure.message).hint("valid formats are json, yaml, wide and table")
    })?;
    if args.kubernetes {
        return Err(unavailable("dapr status -k"));
    }
    let request = Request {
        install: globals.install()?,
        engine: engine(&args.container_runtime, globals)?,
        network: Some(args.network.trim())
            .filter(|network| !network.is_empty())
            .or_else(|| globals.env.get(DAPR_NETWORK))
            .map(str::to_owned),
        insist: globals.given.iter().any(|flag| matches!(flag.as_str(), "container-runtime" | "network")),
    };
    let status = status::status(&request, &globals.env).map_err(no_async_runtime)?;
    globals.finish(output::status::render(
        &status.services,
        format,
        wide,
        Timestamp::now(),
        &TimeZone::system(),
    )?)?;
    if let Some(trouble) = &status.trouble {
        globals.printer.hint(format!("containers could not be looked at: {trouble}"));
    }
    Ok(if status.is_healthy() { EXIT_OK } else { EXIT_FAILED })
}

/// The engine that the flag or the environment names.
fn engine(flag: &str, globals: &Globals) -> Result<Option<Kind>, Failure> {
    let name = Some(flag.trim()).filter(|name| !name.is_empty());
    let name = name.or_else(|| globals.env.get(DAPR_CONTAINER_RUNTIME));
    name.map(engine_named).transpose()
}
