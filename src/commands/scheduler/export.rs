//! `dapr scheduler export`: writes all jobs into a file.

use std::path::PathBuf;

use super::Target;
use crate::commands::Globals;
use crate::error::{EXIT_OK, Failure};
use crate::scheduler;

const EXAMPLES: &str = "# Move all jobs from one runtime to the other
dapr scheduler export -o jobs.bin --runtime embedded
dapr scheduler import -f jobs.bin --runtime installed";

/// Flags of `scheduler export`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = EXAMPLES,
    long_about = "Export all jobs and actor reminders of all namespaces, with how far they have got, to a binary file \
                  that 'dapr scheduler import' reads."
)]
pub struct Args {
    /// Output binary file to export jobs and actor reminders to.
    #[arg(short, long)]
    output_file: PathBuf,
}

/// Writes the file, which must not be there.
pub(super) fn run(args: &Args, target: &Target, globals: &Globals) -> Result<u8, Failure> {
    let file = &args.output_file;
    if file.exists() {
        return Err(Failure::new(format!("file '{}' already exists", file.display())));
    }
    let records = target.with(globals, async |place| place.export().await)?;
    scheduler::write(file, &records).map_err(Failure::new)?;
    let (jobs, counters) = (records.jobs.len(), records.counters.len());
    globals.printer.info(format!("Exported {jobs} jobs and {counters} counters."));
    globals.printer.info(format!("Export to '{}' complete.", file.display()));
    Ok(EXIT_OK)
}
