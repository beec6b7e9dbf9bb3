//! `dapr scheduler get`: jobs by their names.

use jiff::Timestamp;

use super::{Target, format};
use crate::commands::Globals;
use crate::error::{EXIT_FAILED, EXIT_USAGE, Failure};
use crate::output::scheduler::render;
use crate::scheduler::parse;

const EXAMPLES: &str = "# A job of an app
dapr scheduler get app/orders/prod-db-backup

# A reminder of an actor
dapr scheduler get actor/cat/tom/feed

# A reminder of a workflow, and an activity
dapr scheduler get workflow/orders/order-17/start activity/orders/order-17::0::1";

/// Arguments of `scheduler get`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Names of jobs
    #[arg(required = true)]
    keys: Vec<String>,
    /// Output format. One of short, wide, yaml, json
    #[arg(short, long, default_value = "short")]
    output: String,
}

/// Prints the jobs in the order of their names on the command line.
pub(super) fn run(args: &Args, target: &Target, globals: &Globals) -> Result<u8, Failure> {
    let format = format(&args.output)?;
    let parse = |text: &String| parse(text, &target.namespace);
    let keys: Vec<_> = args
        .keys
        .iter()
        .map(parse)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new(error).code(EXIT_USAGE))?;
    let found = target.with(globals, async |place| {
        let mut found = Vec::new();
        for key in &keys {
            found.push(place.get(key).await?);
        }
        Ok(found)
    })?;
    let missing: Vec<&String> =
        args.keys.iter().zip(&found).filter(|(_, job)| job.is_none()).map(|(key, _)| key).collect();
    let Some((last, others)) = missing.split_last() else {
        let jobs: Vec<_> = found.into_iter().flatten().collect();
        return globals.finish(render(&jobs, format, Timestamp::now())?);
    };
    let not_found = |key: &String| format!("job '{key}' not found");
    for key in others {
        globals.printer.failure(not_found(key));
    }
    Err(Failure::new(not_found(last)).code(EXIT_FAILED))
}
