//! `dapr scheduler import`: puts the jobs of a file in.

use std::path::PathBuf;

use super::{Target, no_words};
use crate::commands::Globals;
use crate::error::{EXIT_OK, Failure};
use crate::scheduler::{self, Error};

/// Flags of `scheduler import`.
#[derive(Debug, clap::Args)]
#[command(
    long_about = "Import the jobs and actor reminders of a binary file that 'dapr scheduler export' has written. Jobs of \
                  the same names are replaced."
)]
pub struct Args {
    /// Input file to import jobs and actor reminders from.
    #[arg(short = 'f', long)]
    input_file: PathBuf,
    #[arg(hide = true)]
    words: Vec<String>,
}

/// Reads the file and puts everything in.
pub(super) fn run(args: &Args, target: &Target, globals: &Globals) -> Result<u8, Failure> {
    no_words("import", &args.words)?;
    let file = &args.input_file;
    let records = scheduler::read(file).map_err(Failure::new)?;
    let printer = globals.printer;
    let imported = target.with(globals, async |place| {
        let outcome = place.import(&records).await;
        if let Err(Error::Incomplete { items, .. }) = &outcome {
            printer.failure(format!("Incomplete import with {items} items."));
        }
        outcome
    })?;
    printer.info(format!("Imported {} items.", imported.items));
    printer.info(format!("Import from '{}' complete.", file.display()));
    if imported.idle > 0 {
        printer.warning(format!(
            "{} actor reminders are kept and don't run: the embedded runtime has no actors yet",
            imported.idle
        ));
    }
    Ok(EXIT_OK)
}
