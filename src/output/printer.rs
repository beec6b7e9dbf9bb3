//! Status lines in the stock form, plain data, and failures with their hints.
//!
//! A reader that goes away (`dapr list | head -1`) is no failure: what it doesn't read is dropped.

use std::fmt::Display;
use std::io::{self, Write};

use console::Color;

use crate::error::Failure;
use crate::os;

/// Kinds of status line (output reference, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A step is done.
    Success,
    /// A step failed; the only kind that goes to stderr.
    Failure,
    /// Something that the user should know and that stops nothing.
    Warning,
    /// A step that takes time begins.
    Pending,
    /// What is going on.
    Info,
}

impl Status {
    /// The symbol at the start of the line.
    fn symbol(self) -> &'static str {
        match self {
            Self::Success => "\u{2705}",
            Self::Failure => "\u{274c}",
            Self::Warning => "\u{26a0}",
            Self::Pending => "\u{231b}",
            Self::Info => "\u{2139}\u{fe0f}",
        }
    }

    /// The name in the JSON form.
    fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Warning => "warning",
            Self::Pending => "pending",
            Self::Info => "info",
        }
    }
}

/// Writes to stdout and stderr; cheap to copy.
#[derive(Debug, Clone, Copy, Default)]
pub struct Printer {
    json: bool,
}

impl Printer {
    /// `json` is `--log-as-json`: status lines become JSON objects.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether status lines are JSON objects.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// A step of longer work that is done: a plain line on stderr.
    pub fn step(self, message: impl Display) {
        let message = message.to_string();
        let line = if self.json { object("info", &message) } else { format!("{message}\n") };
        let _ = io::stderr().write_all(line.as_bytes());
    }

    /// A `✅` line on stdout.
    pub fn success(self, message: impl Display) {
        self.status(Status::Success, message);
    }

    /// A `❌` line on stderr.
    pub fn failure(self, message: impl Display) {
        self.status(Status::Failure, message);
    }

    /// A `⚠` line on stdout.
    pub fn warning(self, message: impl Display) {
        self.status(Status::Warning, message);
    }

    /// A `⌛` line on stdout.
    pub fn pending(self, message: impl Display) {
        self.status(Status::Pending, message);
    }

    /// An `ℹ️` line on stdout.
    pub fn info(self, message: impl Display) {
        self.status(Status::Info, message);
    }

    /// A status line on the stream of its kind.
    pub fn status(self, status: Status, message: impl Display) {
        let line = self.line(status, &message.to_string());
        let _ = match status {
            Status::Failure => io::stderr().write_all(line.as_bytes()),
            _ => self.data(&line),
        };
    }

    /// The text of a status line with its newline, for a writer other than stdout and stderr.
    pub fn line(self, status: Status, message: &str) -> String {
        if self.json { object(status.name(), message) } else { format!("{}  {message}\n", status.symbol()) }
    }

    /// The name of one of several sources of lines, in a colour of its own where colours can be shown.
    pub fn label(self, name: &str, rank: usize) -> String {
        let colours = [Color::Blue, Color::Green, Color::Yellow, Color::Magenta, Color::Cyan];
        console::style(name).fg(colours[rank % colours.len()]).bright().to_string()
    }

    /// Lines of a stream that may be long; `false` when nobody reads them any more.
    pub fn stream(self, lines: &[u8]) -> io::Result<bool> {
        match os::write_all(&io::stdout(), lines) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            result => result.map(|()| true),
        }
    }

    /// What to try next: `hint: …` on stderr.
    pub fn hint(self, hint: impl Display) {
        let hint = hint.to_string();
        let line = if self.json { object("hint", &hint) } else { format!("hint: {hint}\n") };
        let _ = io::stderr().write_all(line.as_bytes());
    }

    /// A failure as it ends a verb: its message, then its hints.
    pub fn report(self, failure: &Failure) {
        self.failure(&failure.message);
        for hint in &failure.hints {
            self.hint(hint);
        }
    }

    /// Plain data on stdout, never converted.
    pub fn data(self, data: impl AsRef<[u8]>) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(data.as_ref()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// Plain text on stderr, never converted: usage errors.
    pub fn complain(self, text: &str) {
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

/// The JSON form of a line. Escapes what the stock one escapes.
fn object(status: &str, message: &str) -> String {
    let text = serde_json::Value::from(message).to_string();
    let escaped = text
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029");
    format!("{{\"time\":\"{}\",\"status\":\"{status}\",\"msg\":{escaped}}}\n", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_followed_by_two_spaces() {
        let printer = Printer::default();
        let kinds = [Status::Success, Status::Failure, Status::Warning, Status::Pending, Status::Info];
        let lines: String = kinds.into_iter().map(|kind| printer.line(kind, "x")).collect();
        assert_eq!(lines, "✅  x\n❌  x\n\u{26a0}  x\n⌛  x\n\u{2139}\u{fe0f}  x\n");
    }

    #[test]
    fn the_json_form_escapes_html() {
        let line = Printer::new(true).line(Status::Warning, "a <b> & \"c\"\n");
        let (head, tail) = line.split_once(",\"status\"").unwrap();
        assert_eq!(tail, ":\"warning\",\"msg\":\"a \\u003cb\\u003e \\u0026 \\\"c\\\"\\n\"}\n");
        let time = head.strip_prefix("{\"time\":\"").unwrap().strip_suffix('"').unwrap();
        time.parse::<jiff::Timestamp>().unwrap();
        assert!(time.ends_with('Z'), "{time}");
    }
}
