//! `-o/--output`.

use crate::error::Failure;
use crate::output::Format;

/// The format of a listing.
#[derive(Debug, Default, clap::Args)]
pub struct FormatArgs {
    /// The output format of the list. Valid values are: json, yaml, or table (default)
    #[arg(short, long, default_value = "")]
    output: String,
}

impl FormatArgs {
    /// The format; an unknown one is a failure.
    pub fn format(&self) -> Result<Format, Failure> {
        self.output.parse()
    }
}
