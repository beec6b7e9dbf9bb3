//! Several logs as one: their lines by the time at which they were written.

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::read::Reader;
use super::{Emit, Error, Source, Wanted};

/// Bytes that are given in one go, so that somebody who waits for something else gets his turn.
const PORTION: usize = 256 * 1024;

/// Logs that are being read.
pub struct Merge {
    logs: Vec<Log>,
    /// Lines that are read but not wanted: each log begins with as many as are wanted of all together.
    surplus: u64,
    /// The log whose line was begun and not ended.
    begun: Option<usize>,
}

struct Log {
    path: PathBuf,
    reader: Reader,
    /// It had no more when it was looked at.
    idle: bool,
    /// The line that is being read is not wanted.
    hidden: bool,
}

/// How far it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There is more.
    More,
    /// Everything was given that is there.
    AllForNow,
    /// Nobody wants more.
    Enough,
}

impl Merge {
    /// Opens the logs where the wanted lines begin.
    pub fn open(sources: &[Source], wanted: Wanted) -> Result<Self, Error> {
        let mut found = 0;
        let mut logs = Vec::new();
        for source in sources {
            let path = source.path.clone();
            let (reader, lines) = Reader::open(&path, wanted).map_err(|error| Error::read(&path, error))?;
            found += lines;
            logs.push(Log { path, reader, idle: false, hidden: false });
        }
        let surplus = wanted.tail.map_or(0, |most| found.saturating_sub(most));
        Ok(Self { logs, surplus, begun: None })
    }

    /// Gives a portion of what is there. Each log keeps its own order.
    pub fn give(&mut self, emit: Emit<'_>) -> Result<Progress, Error> {
        for log in &mut self.logs {
            log.idle = false;
        }
        let mut given = 0;
        while given < PORTION {
            let Some(at) = self.first()? else { return Ok(Progress::AllForNow) };
            let log = &mut self.logs[at];
            let Some(piece) = log.reader.take(at) else { continue };
            if piece.begins {
                log.hidden = self.surplus > 0;
                self.surplus = self.surplus.saturating_sub(1);
            }
            self.begun = (!piece.ends).then_some(at);
            given += piece.text.len() + 1;
            if !log.hidden && emit(Some(piece)) == ControlFlow::Break(()) {
                return Ok(Progress::Enough);
            }
        }
        Ok(Progress::More)
    }

    /// Nothing more will be written: unfinished lines count now.
    pub fn finish(&mut self) {
        for log in &mut self.logs {
            log.reader.finish();
        }
    }

    /// The log whose turn it is: the one that has begun a line, or else the one whose next line is the oldest.
    fn first(&mut self) -> Result<Option<usize>, Error> {
        if let Some(at) = self.begun
            && self.logs[at].peek()?.is_some()
        {
            return Ok(Some(at));
        }
        let mut first = None;
        for (at, log) in self.logs.iter_mut().enumerate() {
            if let Some(time) = log.peek()?
                && first.is_none_or(|(oldest, _)| time < oldest)
            {
                first = Some((time, at));
            }
        }
        Ok(first.map(|(_, at)| at))
    }
}

impl Log {
    fn peek(&mut self) -> Result<Option<u64>, Error> {
        if self.idle {
            return Ok(None);
        }
        let time = self.reader.peek().map_err(|error| Error::read(&self.path, error))?;
        self.idle = time.is_none();
        Ok(time)
    }
}
