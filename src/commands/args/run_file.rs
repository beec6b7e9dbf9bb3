//! `-f/--run-file`: which file is meant.

use crate::error::Failure;
use crate::runfile::{self, Source};

/// Finds the run file that a flag names.
pub fn locate_run_file(path: &str) -> Result<Source, Failure> {
    let not_found = |error: String| Failure::new(format!("Failed to get run file path: {error}"));
    let cwd = std::env::current_dir().map_err(|error| not_found(error.to_string()))?;
    runfile::locate(path, &cwd).map_err(not_found)
}
