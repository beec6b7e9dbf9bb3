//! Where the lines of one source go: the console, a log file, or both, each with its own prefix.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::console::{Console, SourceId, Stream};
use super::logfile::LogFile;

/// Lines that are remembered for somebody who asks what was said last.
const REMEMBERED: usize = 10;
/// Bytes of them at most.
const REMEMBERED_BYTES: usize = 4096;

/// What stands around each line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frame {
    /// Before a line.
    pub before: String,
    /// After a line, before its newline.
    pub after: String,
}

impl Frame {
    /// Only something before each line.
    pub fn prefix(text: impl Into<String>) -> Self {
        Self { before: text.into(), after: String::new() }
    }

    /// Lines as they are.
    pub fn none() -> Self {
        Self::default()
    }

    fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }
}

/// A place on the console.
#[derive(Clone)]
pub struct Shown {
    /// The console.
    pub console: Console,
    /// Around each line there.
    pub frame: Frame,
}

/// A log file.
#[derive(Clone)]
pub struct Kept {
    /// The file.
    pub file: LogFile,
    /// Around each line there.
    pub frame: Frame,
    /// Take colours out: the file is read without a terminal.
    pub plain: bool,
}

/// Where lines go. Clones share everything but the begun line.
#[derive(Clone)]
pub struct Outlet {
    shown: Option<Shown>,
    kept: Option<Kept>,
    last: Arc<Mutex<VecDeque<u8>>>,
}

impl Outlet {
    /// A new one.
    pub fn new(shown: Option<Shown>, kept: Option<Kept>) -> Self {
        Self { shown, kept, last: Arc::default() }
    }

    /// The log file, if there is one.
    pub fn file(&self) -> Option<&Path> {
        self.kept.as_ref().map(|kept| kept.file.path())
    }

    /// The last lines that were written, oldest first.
    pub fn last_lines(&self) -> Vec<String> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = last.iter().copied().collect();
        drop(last);
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(REMEMBERED);
        lines[from..].iter().map(|line| (*line).to_owned()).collect()
    }

    /// Writes one whole line of our own into the log file, without the frame.
    pub fn note(&self, line: &str) {
        if let Some(kept) = &self.kept {
            // A disk that is full shows elsewhere.
            let _ = kept.file.write(format!("{line}\n").as_bytes());
        }
    }

    /// A writer for one source of lines.
    pub fn writer(&self, stream: Stream) -> Writer {
        let id = self.shown.as_ref().map(|shown| shown.console.source());
        Writer { outlet: self.clone(), stream, id, open: false, buffer: Vec::new(), other: Vec::new() }
    }

    fn remember(&self, bytes: &[u8]) {
        let tail = &bytes[bytes.len().saturating_sub(REMEMBERED_BYTES)..];
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let excess = (last.len() + tail.len()).saturating_sub(REMEMBERED_BYTES);
        let excess = excess.min(last.len());
        last.drain(..excess);
        last.extend(tail);
    }
}

/// Writes the lines of one source.
pub struct Writer {
    outlet: Outlet,
    stream: Stream,
    id: Option<SourceId>,
    /// A line was begun and not ended.
    open: bool,
    buffer: Vec<u8>,
    other: Vec<u8>,
}

impl Writer {
    /// Writes whole lines, or pieces of a line. What can't be written is given up for good, so that a console or
    /// a disk that is gone never stops the source.
    pub fn write(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.outlet.remember(bytes);
        let goes_on = self.open;
        self.open = !bytes.ends_with(b"\n");
        if let Some(kept) = &self.outlet.kept {
            let text = frame(&kept.frame, goes_on, bytes, kept.plain, &mut self.buffer);
            if kept.file.write(text).is_err() {
                self.outlet.kept = None;
            }
        }
        if let (Some(shown), Some(id)) = (&self.outlet.shown, self.id) {
            let text = frame(&shown.frame, goes_on, bytes, false, &mut self.other);
            let resume = goes_on.then_some(shown.frame.before.as_bytes());
            if shown.console.write(id, self.stream, text, resume).is_err() {
                self.outlet.shown = None;
            }
        }
    }

    /// Ends a line that was begun.
    pub fn finish(&mut self) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        if let Some(kept) = &self.outlet.kept {
            let _ = kept.file.write(format!("{}\n", kept.frame.after).as_bytes());
        }
        if let (Some(shown), Some(id)) = (&self.outlet.shown, self.id) {
            let _ = shown.console.finish(id, self.stream);
        }
    }
}

/// The bytes with the frame around each line; borrowed when there is nothing to add.
fn frame<'a>(
    frame: &Frame,
    goes_on: bool,
    bytes: &'a [u8],
    plain: bool,
    buffer: &'a mut Vec<u8>,
) -> &'a [u8] {
    let coloured = plain && memchr::memchr(b'\x1b', bytes).is_some();
    if frame.is_empty() && !coloured {
        return bytes;
    }
    buffer.clear();
    let mut fresh = !goes_on;
    let mut rest = bytes;
    while !rest.is_empty() {
        if std::mem::replace(&mut fresh, true) {
            buffer.extend_from_slice(frame.before.as_bytes());
        }
        let end = memchr::memchr(b'\n', rest);
        let (line, next) = rest.split_at(end.unwrap_or(rest.len()));
        if coloured {
            without_colours(line, buffer);
        } else {
            buffer.extend_from_slice(line);
        }
        rest = match next.split_first() {
            Some((newline, next)) => {
                buffer.extend_from_slice(frame.after.as_bytes());
                buffer.push(*newline);
                next
            }
            None => next,
        };
    }
    buffer
}

/// Takes out `ESC [ digits and semicolons m`, as the stock command line does.
fn without_colours(mut line: &[u8], into: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr(b'\x1b', line) {
        into.extend_from_slice(&line[..at]);
        line = &line[at..];
        let length = match line.get(1) {
            Some(b'[') => line[2..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count(),
            _ => 0,
        };
        if line.get(1) == Some(&b'[') && line.get(2 + length) == Some(&b'm') {
            line = &line[3 + length..];
        } else {
            into.push(b'\x1b');
            line = &line[1..];
        }
    }
    into.extend_from_slice(line);
}

#[cfg(test)]
mod tests {
    use super::super::logfile::Rotation;
    use super::*;

    fn kept(frame: Frame, plain: bool, pieces: &[&[u8]]) -> (String, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let file = LogFile::create(&path, Rotation { size: u64::MAX, parts: 1 }).unwrap();
        let outlet = Outlet::new(None, Some(Kept { file, frame, plain }));
        let mut writer = outlet.writer(Stream::Out);
        for piece in pieces {
            writer.write(piece);
        }
        writer.finish();
        (fs_err::read_to_string(&path).unwrap(), outlet.last_lines())
    }

    #[test]
    fn each_line_has_its_frame_once() {
        let frame = Frame { before: "<".into(), after: ">".into() };
        let (text, last) = kept(frame, false, &[b"one\ntwo\n", b"a long ", b"line\n\nend"]);
        assert_eq!(text, "<one>\n<two>\n<a long line>\n<>\n<end>\n");
        assert_eq!(last, ["one", "two", "a long line", "", "end"]);
    }

    #[test]
    fn colours_are_taken_out_of_files_only() {
        let line = b"\x1b[1;31mred\x1b[0m \x1b[2Kleft \x1b[\n";
        assert_eq!(kept(Frame::none(), true, &[line]).0, "red \x1b[2Kleft \x1b[\n");
        assert_eq!(kept(Frame::none(), false, &[line]).0.as_bytes(), line);
    }

    #[test]
    fn only_the_last_lines_are_remembered() {
        let lines: Vec<String> = (0..100_000).map(|n| format!("{n}\n")).collect();
        let (_, last) = kept(Frame::none(), false, &[lines.concat().as_bytes()]);
        assert_eq!(last.len(), REMEMBERED);
        assert_eq!(last.last().map(String::as_str), Some("99999"));
    }
}
