//! `dapr bundle create DIR`: packs the installed runtime and the engine's images.

use std::path::PathBuf;

use crate::commands::Globals;
use crate::commands::init::{engine_of, finish};
use crate::commands::interrupt::with_interrupt;
use crate::error::{EXIT_OK, Failure};
use crate::output::Setup;
use crate::self_hosted::bundle;
use crate::self_hosted::init;

const EXAMPLES: &str = "# Pack the installed runtime, its services, Redis and Zipkin
dapr bundle create dapr-bundle

# Set up another machine from it, without a network
dapr init --from-dir dapr-bundle";

/// Flags of `bundle create`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The directory to make; it must not hold anything yet
    directory: PathBuf,
    /// The container runtime to use. Supported values are docker (default) and podman
    #[arg(long, default_value = "docker")]
    container_runtime: String,
}

/// Makes the bundle and says what is in it.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let (install, printer, env) = (globals.install()?, globals.printer, &globals.env);
    let engine = engine_of(&args.container_runtime, globals, &install)?;
    let setup = Setup::new(printer);
    let report = setup.reporter();
    let directory = &args.directory;
    let outcome = with_interrupt(|cancel| async move {
        bundle::create(&install, directory, engine, env, &*report, &cancel).await
    })?;
    let hints = |error: &init::Error| match error {
        init::Error::NotRunning { .. } => vec!["`dapr init` puts back what is missing".into()],
        other => other.hints(false),
    };
    let made = finish(&setup, outcome, hints)?;
    let directory = directory.display();
    printer.success(format!("Runtime version {} has been packed into {directory}", made.version));
    if made.programs.len() < 3 {
        printer.info(
            "The services are in it as an image only, not as programs: `dapr init --slim --from-dir` needs a bundle that \
             was made of a slim installation",
        );
    }
    if made.images.is_empty() {
        printer.info("There are no images in it");
    }
    let slim = if made.images.is_empty() { " --slim" } else { "" };
    printer.info(format!("On the other machine: dapr init{slim} --from-dir {directory}"));
    Ok(EXIT_OK)
}
