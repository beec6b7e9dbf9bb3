//! Categories of failure and the exit codes that follow from them. Drawn only by `output`.

use std::fmt;
use std::io;

/// Done.
pub const EXIT_OK: u8 = 0;
/// The command reported a failure.
pub const EXIT_FAILED: u8 = 1;
/// The command line was wrong: unknown flag, bad value, missing argument.
pub const EXIT_USAGE: u8 = 2;
/// Added to a signal's number when a signal ended the program or the app that it ran.
pub const EXIT_SIGNAL_BASE: u8 = 128;

/// A failure that a verb reports: a message, what to try, and nothing about how it is drawn.
#[derive(Debug)]
pub struct Failure {
    /// One line that names the thing (file, port, app id, container).
    pub message: String,
    /// What to try next, one sentence each; printed after the message as `hint:` lines on stderr.
    pub hints: Vec<String>,
    /// Exit code of the process.
    pub code: u8,
}

impl Failure {
    /// A failure with exit code 1 and no hint.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), hints: Vec::new(), code: EXIT_FAILED }
    }

    /// The same failure with something to try.
    #[must_use]
    pub fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// The same failure with more things to try.
    #[must_use]
    pub fn with_hints(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints);
        self
    }

    /// The same failure with another exit code.
    #[must_use]
    pub fn code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// The system's words for an error, as the stock texts have them: `no such file or directory`. Neither what was
/// tried nor the error's number is part of it.
pub fn system_text(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    // Errors that name a path put it in front, in backticks.
    let text = text.rsplit_once("`: ").map_or(text, |(_, system)| system);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_words_are_found_below_a_path() {
        let plain = io::Error::from_raw_os_error(2);
        assert_eq!(system_text(&plain), "no such file or directory");
        let wrapped = fs_err::read("/no/such/file").unwrap_err();
        assert_eq!(system_text(&wrapped), "no such file or directory");
    }
}
