//! `dapr init`: sets Dapr up on this machine: the stock runtime with its containers or, with `--embedded`, the
//! default files of the embedded one.

mod settings;

use super::interrupt::{Outcome, with_interrupt};
use super::{Globals, unavailable};
use crate::env::DAPR_IMAGE_REGISTRY;
use crate::error::{EXIT_FAILED, EXIT_OK, EXIT_USAGE, Failure};
use crate::output::Setup;
use crate::self_hosted::defaults;
use crate::self_hosted::init::{self, Installed, Settings};

use settings::{container_runtime, effective};
pub(super) use settings::{engine_named, engine_of, of_record};

const EXAMPLES: &str =
    "# Write the default files of the embedded runtime, which needs no containers and no download
dapr init --embedded

# Initialize Dapr in self-hosted mode
dapr init

# Initialize and provide a docker network for containers to run on
dapr init --network mynet

# Initialize Dapr in self-hosted mode without any Docker containers
dapr init -s

# Use the Redis that already runs on this machine
dapr init --redis-host localhost:6379

# Initialize Dapr from a directory (installer-bundle installation) (Preview feature)
dapr init --from-dir <path-to-directory>

# Initialize Dapr in self-hosted mode with a specific container runtime
dapr init --container-runtime <docker|podman>";

const DONE: &str =
    "Success! Dapr is up and running. To get started, go here: https://docs.dapr.io/getting-started";

/// Flags of `init`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "they are the flags of the stock command line")]
pub struct Args {
    /// Set up the embedded runtime: default components in files, no containers, no download
    #[arg(long)]
    embedded: bool,
    /// Deploy Dapr to a Kubernetes cluster
    #[arg(short, long)]
    kubernetes: bool,
    /// Use Dev mode. Deploy Redis, Zipkin also in the Kubernetes cluster
    #[arg(long)]
    dev: bool,
    /// Wait for Kubernetes initialization to complete
    #[arg(long)]
    wait: bool,
    /// The wait timeout for the Kubernetes installation
    #[arg(long, default_value = "300")]
    timeout: u64,
    /// Exclude placement service, scheduler service, Redis and Zipkin containers from self-hosted installation
    #[arg(short, long)]
    slim: bool,
    /// The version of the Dapr runtime to install, for example: 1.0.0
    #[arg(long, default_value = "latest")]
    runtime_version: String,
    /// The Docker network on which to deploy the Dapr runtime
    #[arg(long, default_value = "")]
    network: String,
    /// The Kubernetes namespace to install Dapr in
    #[arg(short, long, default_value = "dapr-system")]
    namespace: String,
    /// Enable mTLS in your cluster
    #[arg(long, default_value = "true")]
    enable_mtls: bool,
    /// Enable high availability (HA) mode
    #[arg(long)]
    enable_ha: bool,
    /// Set Helm values during installation (can specify multiple or separate values with commas: key1=val1,key2=val2)
    #[arg(long)]
    set: Vec<String>,
    /// The image variant to use for the Dapr runtime, for example: mariner
    #[arg(long, default_value = "")]
    image_variant: String,
    /// Custom/private docker image repository URL
    #[arg(long, default_value = "")]
    image_registry: String,
    /// Use Dapr artifacts from local directory for self-hosted installation
    #[arg(long, default_value = "")]
    from_dir: String,
    /// The container runtime to use. Supported values are docker (default) and podman
    #[arg(long, default_value = "docker")]
    container_runtime: String,
    /// Self-hosted only. Specify a volume for the scheduler service data directory
    #[arg(long, default_value = "dapr_scheduler")]
    scheduler_volume: String,
    /// Self-hosted only. Specify the scheduler broadcast host and port, for example: 192.168.42.42:50006. If not specified, it uses localhost:50006
    #[arg(long, default_value = "")]
    scheduler_override_broadcast_host_port: String,
    /// Self-hosted only. Use the Redis Stack server image instead of the Redis one
    #[arg(long)]
    redis_stack: bool,
    /// Self-hosted only. Use the Redis at this host and port instead of a container
    #[arg(long, default_value = "")]
    redis_host: String,
    /// Self-hosted only. The address on which the containers' ports are published. 0.0.0.0 lets other machines in: Redis has no password
    #[arg(long, default_value = "127.0.0.1")]
    bind: String,
    /// The root certificate file
    #[arg(long, default_value = "")]
    ca_root_certificate: String,
    /// The issuer certificate private key
    #[arg(long, default_value = "")]
    issuer_private_key: String,
    /// The issuer certificate
    #[arg(long, default_value = "")]
    issuer_public_certificate: String,
}

/// Checks the flags in the stock order, then sets up what was asked for.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let printer = globals.printer;
    certificates(args)?;
    if args.kubernetes && globals.runtime_path.as_deref().is_some_and(|path| !path.trim().is_empty()) {
        return Err(Failure::new("--runtime-path is only valid for self-hosted mode"));
    }
    if args.kubernetes && args.embedded {
        return Err(Failure::new("--embedded is only valid for self-hosted mode"));
    }
    printer.pending("Making the jump to hyperspace...");
    if args.kubernetes {
        return Err(unavailable("dapr init -k"));
    }
    let registry = effective(&args.image_registry, DAPR_IMAGE_REGISTRY, globals);
    let from_dir = args.from_dir.trim();
    if !registry.is_empty() && !from_dir.is_empty() {
        return Err(Failure::new(
            "both --image-registry and --from-dir flags cannot be given at the same time",
        ));
    }
    if !from_dir.is_empty() {
        printer.warning(
            "Local bundle installation using --from-dir flag is currently a preview feature and is subject to \
             change. It is only available from CLI version 1.7 onwards.",
        );
    }
    if !registry.is_empty() && !args.embedded {
        printer.warning("Flag --image-registry is a preview feature and is subject to change.");
    }
    container_runtime(&args.container_runtime, globals)?;
    if !args.embedded {
        return installed(args, globals);
    }
    if let Some(flag) = installing_flag(args) {
        return Err(Failure::new(format!("--embedded cannot be combined with {flag}")).code(EXIT_USAGE));
    }
    embedded(globals)
}

fn embedded(globals: &Globals) -> Result<u8, Failure> {
    let (install, printer) = (globals.install()?, globals.printer);
    for file in defaults::write_defaults(&install).map_err(Failure::new)? {
        let path = file.path.display();
        if file.kept {
            printer.info(format!("Kept {path}, which was there already"));
        } else {
            printer.success(format!("Created {path}"));
        }
    }
    if install.daprd().exists() {
        let daprd = install.daprd();
        printer.warning(format!(
            "{} is installed and is preferred; use `dapr run --runtime embedded` to run without it",
            daprd.display()
        ));
    }
    printer.success(DONE);
    Ok(EXIT_OK)
}

/// Sets up the stock runtime.
fn installed(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let settings = settings::settings(args, globals)?;
    let printer = globals.printer;
    let installed = set_up(&settings, globals, args.slim)?;
    let install = globals.install()?;
    let bin = install.bin();
    let done = if args.from_dir.trim().is_empty() { "Downloaded" } else { "Extracted" };
    printer.success(format!("{done} binaries and completed components set up."));
    printer.info(format!("daprd binary has been installed to {}.", bin.display()));
    for program in &installed.programs {
        printer.info(format!("{program} binary has been installed to {}.", bin.display()));
    }
    for container in &installed.containers {
        printer.info(format!("{container} container is running."));
    }
    if !installed.containers.is_empty() {
        printer.info(format!("Use `{} ps` to check running containers.", installed.engine));
    }
    printer.success(DONE);
    Ok(EXIT_OK)
}

/// Sets up or upgrades, and shows how it goes. `slim` is for the hints.
pub(super) fn set_up(settings: &Settings, globals: &Globals, slim: bool) -> Result<Installed, Failure> {
    let setup = Setup::new(globals.printer);
    let report = setup.reporter();
    let env = &globals.env;
    let outcome = with_interrupt(|cancel| async move { init::init(settings, env, &*report, &cancel).await })?;
    finish(&setup, outcome, |error| error.hints(slim))
}

/// Ends what is shown of longer work, and turns what came of it into a result.
pub(super) fn finish<T>(
    setup: &Setup,
    outcome: Outcome<Result<T, init::Error>>,
    hints: impl FnOnce(&init::Error) -> Vec<String>,
) -> Result<T, Failure> {
    let interrupted = |text: &str| Failure::new(text).code(outcome.code.unwrap_or(EXIT_FAILED));
    match outcome.result {
        Some(Ok(value)) => {
            setup.succeed();
            Ok(value)
        }
        Some(Err(init::Error::Interrupted)) => {
            setup.fail();
            Err(interrupted("interrupted; what had been done was taken back"))
        }
        Some(Err(error)) => {
            setup.fail();
            let hints = hints(&error);
            Err(Failure::new(error).with_hints(hints))
        }
        None => {
            setup.fail();
            Err(interrupted("interrupted twice; the next `dapr init` puts in order what was left"))
        }
    }
}

fn certificates(args: &Args) -> Result<(), Failure> {
    let group = [
        ("ca-root-certificate", &args.ca_root_certificate),
        ("issuer-private-key", &args.issuer_private_key),
        ("issuer-public-certificate", &args.issuer_public_certificate),
    ];
    let missing: Vec<&str> =
        group.iter().filter(|(_, value)| value.is_empty()).map(|(name, _)| *name).collect();
    if missing.is_empty() || missing.len() == group.len() {
        return Ok(());
    }
    let names = group.map(|(name, _)| name).join(" ");
    let text = format!(
        "if any flags in the group [{names}] are set they must all be set; missing [{}]",
        missing.join(" ")
    );
    Err(Failure::new(text).code(EXIT_USAGE))
}

/// A flag that only makes sense when the stock runtime is installed.
fn installing_flag(args: &Args) -> Option<&'static str> {
    let given = [
        ("--slim", args.slim),
        ("--from-dir", !args.from_dir.trim().is_empty()),
        ("--network", !args.network.trim().is_empty()),
        ("--image-registry", !args.image_registry.trim().is_empty()),
        ("--image-variant", !args.image_variant.trim().is_empty()),
        ("--runtime-version", args.runtime_version != "latest"),
        ("--redis-stack", args.redis_stack),
        ("--redis-host", !args.redis_host.trim().is_empty()),
    ];
    given.into_iter().find(|(_, given)| *given).map(|(flag, _)| flag)
}
