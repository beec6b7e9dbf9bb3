//! Takes a child's output to the console, with a prefix before each line, and to a log file. A line of any
//! length passes, nothing is dropped, and a console that is gone never stops the child.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Bytes that are read at once; a longer line is passed on in pieces.
const CHUNK: usize = 64 * 1024;
/// Most bytes of an unfinished line that are held back.
const LONGEST: usize = 1024 * 1024;

/// Where lines are shown. Whole lines of different streams never mix.
#[derive(Clone)]
pub struct Console {
    lock: Arc<Mutex<()>>,
}

/// Which of our streams shows the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Default for Console {
    fn default() -> Self {
        Self { lock: Arc::new(Mutex::new(())) }
    }
}

impl Console {
    fn write(&self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let _whole = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        match stream {
            Stream::Out => {
                let mut out = io::stdout().lock();
                out.write_all(bytes)?;
                out.flush()
            }
            Stream::Err => io::stderr().lock().write_all(bytes),
        }
    }
}

/// Starts a thread that pumps until the other side is closed by everybody who holds it.
pub fn pump(
    source: OwnedFd,
    console: Console,
    stream: Stream,
    prefix: String,
    log: Option<Arc<Mutex<File>>>,
) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().stack_size(128 * 1024).spawn(move || {
        let mut lines = Lines { console, stream, prefix, log, fresh: true, shown: true };
        lines.run(File::from(source));
    })
}

struct Lines {
    console: Console,
    stream: Stream,
    prefix: String,
    log: Option<Arc<Mutex<File>>>,
    /// The next byte begins a line.
    fresh: bool,
    /// The console is still there.
    shown: bool,
}

impl Lines {
    fn run(&mut self, mut source: File) {
        let mut buffer = vec![0_u8; CHUNK];
        let mut pending = Vec::new();
        loop {
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
            pending.push(b'\n');
            self.show(&pending);
        }
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
        if !self.shown {
            return;
        }
        let written = if self.prefix.is_empty() {
            self.console.write(self.stream, bytes)
        } else {
            let mut text = Vec::with_capacity(bytes.len() + 32 * self.prefix.len());
            for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                if self.fresh {
                    text.extend_from_slice(self.prefix.as_bytes());
                }
                text.extend_from_slice(line);
                self.fresh = line.ends_with(b"\n");
            }
            self.console.write(self.stream, &text)
        };
        self.shown = written.is_ok();
    }
}

/// Starts a thread that hands our standard input to the app's terminal while we are in the foreground. It
/// ends with the process.
pub fn feed(target: OwnedFd) -> io::Result<()> {
    crate::os::never_stop_for_input();
    let mut target = File::from(target);
    std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        let mut buffer = [0_u8; 4096];
        let mut input = io::stdin();
        while crate::os::in_foreground() {
            match input.read(&mut buffer) {
                Ok(read) if read > 0 && target.write_all(&buffer[..read]).is_ok() => {}
                _ => break,
            }
        }
    })?;
    Ok(())
}
