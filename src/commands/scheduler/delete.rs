//! `dapr scheduler delete`: deletes jobs by their names.

use super::Target;
use crate::commands::Globals;
use crate::error::{EXIT_OK, EXIT_USAGE, Failure};
use crate::scheduler::parse;

const EXAMPLES: &str = "# A job of an app
dapr scheduler delete app/orders/prod-db-backup

# A reminder of an actor, and one of a workflow
dapr scheduler delete actor/cat/tom/feed workflow/orders/order-17/start";

/// Arguments of `scheduler delete`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Names of jobs
    #[arg(required = true)]
    keys: Vec<String>,
}

/// Deletes those that are there; one that isn't is a failure, and keeps no other from being deleted.
pub(super) fn run(args: &Args, target: &Target, globals: &Globals) -> Result<u8, Failure> {
    let namespace = &target.namespace;
    let parse = |text: &String| parse(text, namespace);
    let keys: Vec<_> = args
        .keys
        .iter()
        .map(parse)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new(error).code(EXIT_USAGE))?;
    let printer = globals.printer;
    let missing = target.with(globals, async |place| {
        let mut missing = Vec::new();
        for (key, name) in keys.iter().zip(&args.keys) {
            if place.delete(key).await? {
                printer.info(format!("Deleted {name} in namespace '{namespace}'."));
            } else {
                missing.push(name);
            }
        }
        Ok(missing)
    })?;
    let not_found = |name: &String| format!("no job with key '{name}' found in namespace '{namespace}'");
    let Some((last, others)) = missing.split_last() else { return Ok(EXIT_OK) };
    for name in others {
        printer.failure(not_found(name));
    }
    Err(Failure::new(not_found(last)))
}
