//! `dapr bundle`: what a machine without a network is set up from.

pub mod create;

use super::Globals;
use crate::error::Failure;

/// The verbs below `bundle`.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a bundle of the installed runtime, for `dapr init --from-dir` on machines without a network
    Create(create::Args),
}

/// Runs the verb.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    match &args.verb {
        Verb::Create(args) => create::run(args, globals),
    }
}
