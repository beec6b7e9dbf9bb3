//! `dapr upgrade`: another version of the installed runtime, with all data kept.

use super::init::{of_record, set_up};
use super::{Globals, unavailable};
use crate::error::{EXIT_OK, Failure};
use crate::records::{Directory, Runtime};
use crate::self_hosted::installed;

const EXAMPLES: &str = "# Change the installed runtime to the newest version
dapr upgrade

# Change it to a certain version, newer or older
dapr upgrade --runtime-version 1.18.0

# Change it to the version of a bundle, without a network
dapr upgrade --from-dir <path-to-directory>";

/// Flags of `upgrade`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Upgrade or downgrade Dapr in a Kubernetes cluster
    #[arg(short, long)]
    kubernetes: bool,
    /// The timeout for the Kubernetes upgrade
    #[arg(long, default_value = "300")]
    timeout: u64,
    /// The version of the Dapr runtime to upgrade or downgrade to, for example: 1.0.0
    #[arg(long, default_value = "latest")]
    runtime_version: String,
    /// Set Helm values during upgrade (can specify multiple or separate values with commas: key1=val1,key2=val2)
    #[arg(long)]
    set: Vec<String>,
    /// The image variant to use for the Dapr runtime, for example: mariner
    #[arg(long, default_value = "")]
    image_variant: String,
    /// Custom/private docker image repository URL
    #[arg(long, default_value = "")]
    image_registry: String,
    /// Self-hosted only. Use Dapr artifacts from a local directory
    #[arg(long, default_value = "")]
    from_dir: String,
}

/// Changes the version and names the apps that still run with the old sidecar.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    if args.kubernetes {
        return Err(unavailable("dapr upgrade -k"));
    }
    let (install, printer) = (globals.install()?, globals.printer);
    let settings =
        of_record(globals, &args.image_registry, &args.image_variant, &args.runtime_version, &args.from_dir)?;
    if let Some(version) = installed::version(&install) {
        printer.info(format!("Dapr runtime version {version} detected in {}", install.root().display()));
    }
    let installed = set_up(&settings, globals, false)?;
    printer.success(format!(
        "Dapr runtime successfully upgraded to version {}. Make sure your applications are restarted to pick up the latest \
         sidecar version.",
        installed.version
    ));
    let live = Directory::of(&install).live().into_iter();
    let mut running: Vec<String> =
        live.filter(|record| record.runtime == Runtime::Installed).map(|record| record.app_id).collect();
    running.sort_unstable();
    running.dedup();
    if !running.is_empty() {
        printer.warning(format!(
            "These applications still run with the sidecar of before: {}",
            running.join(", ")
        ));
    }
    Ok(EXIT_OK)
}
