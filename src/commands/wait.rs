//! `dapr wait`: until apps are healthy, or have ended.

use std::time::Duration;

use super::Globals;
use crate::client;
use crate::error::{EXIT_OK, EXIT_USAGE, Failure};
use crate::lint;
use crate::self_hosted::wait::{self, For};

const EXAMPLES: &str = "# Wait until an app and its sidecar are healthy
dapr wait -a orders --for healthy

# Wait at most ten minutes until an app has ended
dapr wait -a job --for exited --timeout 10m";

/// Flags of `wait`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Further app ids
    ids: Vec<String>,
    /// The application ids
    #[arg(short, long, value_delimiter = ',')]
    app_id: Vec<String>,
    /// What to wait for: healthy or exited
    #[arg(long = "for", default_value = "healthy")]
    wanted: String,
    /// How long to wait at most
    #[arg(long, default_value = "60s")]
    timeout: String,
}

/// Waits; running out of time is a failure that says what is missing.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let usage = |text: String, hint: &str| Failure::new(text).hint(hint).code(EXIT_USAGE);
    let wanted = match args.wanted.as_str() {
        "healthy" => For::Healthy,
        "exited" => For::Exited,
        other => {
            return Err(usage(format!("invalid value {other:?} for --for"), "--for takes healthy or exited"));
        }
    };
    let timeout: Duration = lint::duration(&args.timeout).ok_or_else(|| {
        usage(
            format!("invalid value {:?} for --timeout", args.timeout),
            "--timeout takes a length of time such as 30s or 5m",
        )
    })?;
    let ids: Vec<String> = args.ids.iter().chain(&args.app_id).cloned().collect();
    if ids.is_empty() {
        return Err(usage("no app id is given".into(), "name the apps to wait for: dapr wait -a <ID>"));
    }
    let runtime = client::runtime().map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let install = globals.install()?;
    let waiting = wait::until(&install, &ids, wanted, timeout);
    runtime
        .block_on(waiting)
        .map_err(|missing| Failure::new(format!("after {}: {}", args.timeout, missing.join(", "))))?;
    Ok(EXIT_OK)
}
