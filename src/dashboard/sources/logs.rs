//! Lines of logs, as they are written.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio_util::sync::CancellationToken;

use crate::client;
use crate::self_hosted::logs::{self, Kind, Piece, Source, Wanted};

/// Lines that may wait for a slow browser before reading stops.
const AHEAD: usize = 4096;
/// How long it is waited before a slow browser is looked at again.
const PATIENCE: Duration = Duration::from_millis(5);
/// Longest text of a line in bytes; the rest isn't shown.
const LONGEST: usize = 16 * 1024;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `app` or `daprd`.
    pub source: &'static str,
    /// When it was written, in milliseconds since 1970.
    pub time: Option<u64>,
    /// `error`, `warning`, `info`, `debug`, or nothing when it doesn't say.
    pub level: &'static str,
    /// What it says, without colours.
    pub text: String,
}

/// Puts pieces together.
struct Lines {
    names: Vec<&'static str>,
    text: Vec<u8>,
}

impl Lines {
    fn new(sources: &[Source]) -> Self {
        let name = |source: &Source| match source.kind {
            Kind::App => "app",
            Kind::Sidecar => "daprd",
        };
        Self { names: sources.iter().map(name).collect(), text: Vec::new() }
    }

    fn add(&mut self, piece: &Piece<'_>) -> Option<Line> {
        if piece.begins {
            self.text.clear();
        }
        let room = LONGEST.saturating_sub(self.text.len());
        self.text.extend(&piece.text[..piece.text.len().min(room)]);
        if !piece.ends {
            return None;
        }
        let text = String::from_utf8_lossy(&self.text);
        let text = console::strip_ansi_codes(&text).into_owned();
        let source = self.names.get(piece.source).copied().unwrap_or_default();
        Some(Line { source, time: piece.time, level: level(&text), text })
    }
}

/// How bad a line is: as sidecars write it, or as the loggers of most languages do.
pub fn level(text: &str) -> &'static str {
    const NAMES: [(&str, &str); 10] = [
        ("level=fatal", "error"),
        ("level=error", "error"),
        ("level=warning", "warning"),
        ("level=info", "info"),
        ("level=debug", "debug"),
        ("ERROR", "error"),
        ("CRITICAL", "error"),
        ("WARN", "warning"),
        ("INFO", "info"),
        ("DEBUG", "debug"),
    ];
    // The message itself may speak of errors.
    let end = text.char_indices().nth(160).map_or(text.len(), |(end, _)| end);
    let head = &text[..end];
    NAMES.iter().find(|(word, _)| head.contains(word)).map_or("", |(_, level)| level)
}

/// The last lines of these logs.
pub fn last(sources: &[Source], count: u64) -> Result<Vec<Line>, logs::Error> {
    let mut lines = Lines::new(sources);
    let mut found = Vec::new();
    logs::show(sources, Wanted { since: None, tail: Some(count) }, &mut |piece| {
        found.extend(piece.and_then(|piece| lines.add(&piece)));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The last lines, and then those that are written, until the run ends, nobody reads any more or the token is
/// cancelled. Files are read on a thread of their own, at the pace of the reader.
pub fn follow(sources: Vec<Source>, count: u64, stop: CancellationToken) -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let Ok(runtime) = client::runtime() else { return };
        let mut lines = Lines::new(&sources);
        let mut emit = |piece: Option<Piece<'_>>| {
            let line = piece.and_then(|piece| lines.add(&piece));
            match line {
                Some(line) => hand_over(&sender, line),
                None if sender.is_closed() => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        };
        let wanted = Wanted { since: None, tail: Some(count) };
        // A log that can't be read any more ends the stream; the page asks again and is told why.
        let _ = runtime.block_on(logs::follow(&sources, wanted, stop.cancelled(), &mut emit));
        runtime.shutdown_timeout(Duration::ZERO);
    });
    receiver
}

/// Waits for a slow reader on this thread, which has nothing else to do.
fn hand_over(sender: &mpsc::Sender<Line>, mut line: Line) -> ControlFlow<()> {
    loop {
        line = match sender.try_send(line) {
            Ok(()) => return ControlFlow::Continue(()),
            Err(TrySendError::Closed(_)) => return ControlFlow::Break(()),
            Err(TrySendError::Full(line)) => line,
        };
        std::thread::sleep(PATIENCE);
    }
}
