//! Our own standard output and standard error, shared by everything that is shown there.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::os;

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
    unfinished: Mutex<[Option<SourceId>; 2]>,
    one: bool,
    sources: AtomicUsize,
}

/// Somebody who writes lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceId(usize);

impl Default for Console {
    fn default() -> Self {
        let shared =
            Shared { unfinished: Mutex::default(), one: os::outputs_are_one(), sources: AtomicUsize::new(0) };
        Self { shared: Arc::new(shared) }
    }
}

impl Console {
    /// A new source.
    pub fn source(&self) -> SourceId {
        SourceId(self.shared.sources.fetch_add(1, Ordering::Relaxed))
    }

    /// Writes lines, or with `goes_on` the next piece of the line that this source has begun. The pieces of a
    /// line carry on only while nobody else has written: `resume` gives what has to stand before a piece that
    /// begins a line again.
    pub fn write(
        &self,
        source: SourceId,
        stream: Stream,
        bytes: &[u8],
        resume: Option<&[u8]>,
    ) -> io::Result<()> {
        let mut unfinished = self.shared.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        let place = &mut unfinished[self.place(stream)];
        let before = if bytes.ends_with(b"\n") { place.take() } else { place.replace(source) };
        if before.is_some_and(|before| before != source) {
            put(stream, b"\n")?;
        }
        if let Some(resume) = resume.filter(|_| before != Some(source)) {
            put(stream, resume)?;
        }
        put(stream, bytes)
    }

    /// Ends the line that a source has begun, if any.
    pub fn finish(&self, source: SourceId, stream: Stream) -> io::Result<()> {
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
        Stream::Out => os::write_all(&io::stdout(), bytes),
        Stream::Err => io::stderr().lock().write_all(bytes),
    }
}
