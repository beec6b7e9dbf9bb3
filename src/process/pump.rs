//! Takes a child's output to the console, with a prefix before each line, and to a log file. A line of any
//! length passes, nothing is dropped, and a console that is gone never stops the child.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::os;

/// Bytes that are read at once; a longer line is passed on in pieces.
const CHUNK: usize = 64 * 1024;
/// Most bytes of an unfinished line that are held back.
const LONGEST: usize = 1024 * 1024;

/// How long the begin of a line waits for its end before it is shown as a prompt.
const PROMPT: Duration = Duration::from_millis(100);

/// Which of our streams shows the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Where output is shown. Lines of different sources never mix: a source that has to come in between the
/// pieces of another's line begins a new one.
#[derive(Clone)]
pub struct Console {
    shared: Arc<Shared>,
}

struct Shared {
    /// Sources whose line is unfinished, per stream; both streams share the first place when they are one.
    unfinished: Mutex<[Option<usize>; 2]>,
    one: bool,
    sources: AtomicUsize,
}

impl Default for Console {
    fn default() -> Self {
        let shared =
            Shared { unfinished: Mutex::default(), one: os::outputs_are_one(), sources: AtomicUsize::new(0) };
        Self { shared: Arc::new(shared) }
    }
}

impl Console {
    /// Writes what a source says, each line with the prefix.
    fn write(&self, source: usize, stream: Stream, prefix: &[u8], bytes: &[u8]) -> io::Result<()> {
        let mut unfinished = self.shared.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        let place = &mut unfinished[self.place(stream)];
        let before = place.replace(source);
        let goes_on = before == Some(source);
        if bytes.ends_with(b"\n") {
            *place = None;
        }
        if prefix.is_empty() && goes_on {
            return put(stream, bytes);
        }
        let mut text = Vec::with_capacity(bytes.len() + 32 * prefix.len() + 1);
        if before.is_some() && !goes_on {
            text.push(b'\n');
        }
        for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            if number > 0 || !goes_on {
                text.extend_from_slice(prefix);
            }
            text.extend_from_slice(line);
        }
        put(stream, &text)
    }

    /// Ends the line that a source has begun, if any.
    fn finish(&self, source: usize, stream: Stream) -> io::Result<()> {
        let mut unfinished = self.shared.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        let place = &mut unfinished[self.place(stream)];
        if *place == Some(source) {
            *place = None;
            put(stream, b"\n")?;
        }
        Ok(())
    }

    fn place(&self, stream: Stream) -> usize {
        usize::from(stream == Stream::Err && !self.shared.one)
    }
}

fn put(stream: Stream, bytes: &[u8]) -> io::Result<()> {
    match stream {
        Stream::Out => {
            let mut out = io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()
        }
        Stream::Err => io::stderr().lock().write_all(bytes),
    }
}

/// One output of a child.
pub struct Source {
    /// What the child writes into.
    pub file: OwnedFd,
    /// Where it is shown.
    pub stream: Stream,
    /// Before each line.
    pub prefix: String,
    /// The begin of a line is shown before its end comes, because somebody may be asked something.
    pub prompts: bool,
}

/// Starts a thread that pumps until the other side is closed by everybody who holds it.
pub fn pump(source: Source, console: Console, log: Option<Arc<Mutex<File>>>) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().stack_size(128 * 1024).spawn(move || {
        let Source { file, stream, prefix, prompts } = source;
        let id = console.shared.sources.fetch_add(1, Ordering::Relaxed);
        Lines { console, id, stream, prefix, prompts, log, shown: true }.run(File::from(file));
    })
}

struct Lines {
    console: Console,
    id: usize,
    stream: Stream,
    prefix: String,
    prompts: bool,
    log: Option<Arc<Mutex<File>>>,
    /// The console is still there.
    shown: bool,
}

impl Lines {
    fn run(&mut self, mut source: File) {
        let mut buffer = vec![0_u8; CHUNK];
        let mut pending = Vec::new();
        loop {
            if self.prompts && !pending.is_empty() && !os::readable_within(&source, PROMPT) {
                self.show(&pending);
                pending.clear();
            }
            let read = match source.read(&mut buffer) {
                // A terminal whose other end is closed reports an error, not an end.
                Ok(0) | Err(_) => break,
                Ok(read) => read,
            };
            let bytes = &buffer[..read];
            self.keep(bytes);
            pending.extend_from_slice(bytes);
            let complete = memchr::memrchr(b'\n', &pending).map_or(0, |at| at + 1);
            let ready = if pending.len() - complete > LONGEST { pending.len() } else { complete };
            if ready > 0 {
                self.show(&pending[..ready]);
                pending.drain(..ready);
            }
        }
        if !pending.is_empty() {
            self.show(&pending);
        }
        let _ = self.console.finish(self.id, self.stream);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some(log) = &self.log {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            if log.write_all(bytes).is_err() {
                drop(log);
                self.log = None;
            }
        }
    }

    fn show(&mut self, bytes: &[u8]) {
        if self.shown {
            self.shown = self.console.write(self.id, self.stream, self.prefix.as_bytes(), bytes).is_ok();
        }
    }
}

/// Starts a thread that hands our standard input to the app's terminal while we are in the foreground. It
/// ends with the process.
pub fn feed(target: OwnedFd) -> io::Result<()> {
    os::never_stop_for_input();
    let mut target = File::from(target);
    std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        let mut buffer = [0_u8; 4096];
        let mut input = io::stdin();
        while os::in_foreground() {
            match input.read(&mut buffer) {
                Ok(read) if read > 0 && target.write_all(&buffer[..read]).is_ok() => {}
                _ => break,
            }
        }
    })?;
    Ok(())
}
