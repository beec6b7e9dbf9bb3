//! `dapr version`, also `dapr --version`: the version of this program and of the installed runtime.

use super::Globals;
use crate::error::Failure;
use crate::self_hosted::installed;

/// Version of this program.
pub const CLI_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Flags of `version`.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "# Version for Dapr\ndapr version")]
pub struct Args {
    /// The output format of the version command. Valid values are: json
    #[arg(short, long, default_value = "")]
    output: String,
}

/// Prints both versions.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    if !matches!(args.output.as_str(), "" | "json") {
        return Err(Failure::new("An invalid output format was specified.").hint("the only format is json"));
    }
    let runtime = globals.install().ok().and_then(|install| installed::version(&install));
    let runtime = runtime.as_deref().unwrap_or("n/a");
    if args.output == "json" {
        let [cli, runtime] = [CLI_VERSION, runtime].map(serde_json::Value::from);
        return globals.finish(format!("{{\"Cli version\":{cli},\"Runtime version\":{runtime}}}\n"));
    }
    globals.finish(format!("CLI version: {CLI_VERSION} \nRuntime version: {runtime}\n"))
}
