//! `dapr build-info`: where this program and the installed runtime come from.

use std::fmt::Write as _;

use super::Globals;
use super::version::CLI_VERSION;
use crate::error::Failure;
use crate::self_hosted::installed;

/// Flags of `build-info`: none.
#[derive(Debug, clap::Args)]
#[command(after_help = "# Print build info\ndapr build-info")]
pub struct Args {}

/// Prints what is known of both builds. The commit is known to builds with `DAPR_GIT_COMMIT` and
/// `DAPR_GIT_VERSION` in the compiler's environment.
pub fn run(_: &Args, globals: &Globals) -> Result<u8, Failure> {
    let install =
        globals.install().map_err(|failure| Failure::new(format!("Error getting build info: {failure}")))?;
    let commit = option_env!("DAPR_GIT_COMMIT").unwrap_or("unknown");
    let describe = option_env!("DAPR_GIT_VERSION").unwrap_or("unknown");
    let mut text = format!(
        "CLI:\n\tVersion: {CLI_VERSION}\n\tGit Commit: {commit}\n\tGit Version: {describe}\nRuntime:\n"
    );
    for line in installed::build_info(&install).unwrap_or_else(|| vec!["N/A".to_owned()]) {
        let _ = writeln!(text, "\t{line}");
    }
    globals.finish(text)
}
