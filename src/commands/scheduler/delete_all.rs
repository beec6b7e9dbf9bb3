//! `dapr scheduler delete-all`: deletes all jobs of a kind, of an app, or all there are in a namespace.

use super::Target;
use crate::commands::Globals;
use crate::error::{EXIT_OK, EXIT_USAGE, Failure};
use crate::scheduler::Selection;

const EXAMPLES: &str = "# Everything in the namespace
dapr scheduler delete-all all

# The jobs of all apps, or of one
dapr scheduler delete-all app
dapr scheduler delete-all app/orders

# The reminders of all actors of a type, or of one actor
dapr scheduler delete-all actor/cat
dapr scheduler delete-all actor/cat/tom

# What belongs to workflows: of all apps, of one, or of one instance
dapr scheduler delete-all workflow
dapr scheduler delete-all workflow/orders
dapr scheduler delete-all workflow/orders/order-17";

/// Arguments of `scheduler delete-all`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What to delete
    filter: Vec<String>,
}

/// Deletes it and says what it was.
pub(super) fn run(args: &Args, target: &Target, globals: &Globals) -> Result<u8, Failure> {
    let [filter] = args.filter.as_slice() else {
        let received = args.filter.len();
        return Err(Failure::new(format!("accepts 1 arg(s), received {received}"))
            .code(EXIT_USAGE)
            .hint("dapr scheduler delete-all --help shows what can be named"));
    };
    let namespace = &target.namespace;
    let selection =
        Selection::parse(filter, namespace).map_err(|error| Failure::new(error).code(EXIT_USAGE))?;
    let deleted = target.with(globals, async |place| place.delete_all(&selection).await)?;
    for key in &deleted {
        globals.printer.info(format!("Deleted job '{key}'."));
    }
    globals.printer.info(format!("Deleted {} jobs in namespace '{namespace}'.", deleted.len()));
    Ok(EXIT_OK)
}
