//! Reads one log, with its rotated parts, line by line, and knows when each line was written.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::Wanted;
use crate::process::logfile::{part, times_of};

/// Bytes that are read at once when lines are counted from the end.
const BLOCK: u64 = 64 * 1024;
/// What was written within this many milliseconds after an entry has no entry of its own.
const GRAIN: u64 = 100;

/// A log that is being read.
pub struct Reader {
    path: PathBuf,
    /// Parts that come later: file and where to begin.
    parts: VecDeque<(PathBuf, u64)>,
    open: Option<Part>,
}

struct Part {
    file: BufReader<File>,
    times: Times,
    /// Where the next line begins.
    position: u64,
    /// A line whose end was not there yet.
    begun: Vec<u8>,
}

impl Reader {
    /// Opens a log where the wanted lines begin. A file that is not there has no lines yet.
    pub fn open(path: &Path, wanted: Wanted) -> Self {
        let mut parts = VecDeque::new();
        let mut lines = wanted.tail;
        let since = wanted.since.map(|time| {
            let time = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(time.as_millis()).unwrap_or(u64::MAX).saturating_sub(GRAIN)
        });
        for number in 0.. {
            let file = part(path, number);
            if !file.exists() {
                break;
            }
            let from = since.map_or(0, |since| Times::read(&file).position_at(since, &file));
            let (tail, found) = match lines {
                Some(wanted) => start_of_last_lines(&file, wanted),
                None => (0, 0),
            };
            parts.push_front((file, from.max(tail)));
            // Older parts count only when this one is wanted from its beginning.
            lines = lines.map(|wanted| wanted.saturating_sub(found));
            if from > 0 || lines == Some(0) {
                break;
            }
        }
        Self { path: path.to_owned(), parts, open: None }
    }

    /// The next whole line and the time at which it was written. At the end of the log what stands there without
    /// a newline counts as a line only after [`Reader::finish`].
    pub fn next_line(&mut self) -> Option<(u64, Vec<u8>)> {
        loop {
            if self.open.is_none() {
                let (file, from) = self.parts.pop_front()?;
                self.open = Part::open(&file, from);
                continue;
            }
            let part = self.open.as_mut()?;
            if let Some(line) = part.next_line() {
                return Some(line);
            }
            // The last part stays open: more may come.
            if self.parts.is_empty() {
                return None;
            }
            let rest = part.rest();
            self.open = None;
            if rest.is_some() {
                return rest;
            }
        }
    }

    /// What stands at the end without a newline.
    pub fn finish(&mut self) -> Option<(u64, Vec<u8>)> {
        self.open.as_mut().and_then(Part::rest)
    }

    /// Looks whether the file was replaced by a new one, or emptied; then goes on there. To be called when there
    /// is no next line.
    pub fn follow(&mut self) {
        let Some(part) = &self.open else {
            if self.parts.is_empty() && self.path.exists() {
                self.parts.push_back((self.path.clone(), 0));
            }
            return;
        };
        let Ok(now) = fs_err::metadata(&self.path) else { return };
        let same = part.file.get_ref().metadata().is_ok_and(|open| crate::os::is_same_file(&open, &now));
        if !same || now.len() < part.position {
            self.parts.push_back((self.path.clone(), 0));
        }
    }
}

impl Part {
    fn open(path: &Path, from: u64) -> Option<Self> {
        let mut file = BufReader::with_capacity(256 * 1024, fs_err::File::open(path).ok()?.into_parts().0);
        file.seek(SeekFrom::Start(from)).ok()?;
        Some(Self { file, times: Times::read(path), position: from, begun: Vec::new() })
    }

    fn next_line(&mut self) -> Option<(u64, Vec<u8>)> {
        self.file.read_until(b'\n', &mut self.begun).ok()?;
        self.begun.pop_if(|last| *last == b'\n')?;
        let line = std::mem::take(&mut self.begun);
        let time = self.times.at(self.position);
        self.position += line.len() as u64 + 1;
        Some((time, line))
    }

    fn rest(&mut self) -> Option<(u64, Vec<u8>)> {
        let line = std::mem::take(&mut self.begun);
        let time = self.times.at(self.position);
        self.position += line.len() as u64;
        (!line.is_empty()).then_some((time, line))
    }
}

/// When which part of a file was written.
struct Times {
    file: PathBuf,
    /// Positions and milliseconds, both growing.
    entries: Vec<(u64, u64)>,
}

impl Times {
    fn read(log: &Path) -> Self {
        let mut times = Self { file: times_of(log), entries: Vec::new() };
        times.refresh();
        times
    }

    fn refresh(&mut self) {
        let text = fs_err::read_to_string(&self.file).unwrap_or_default();
        let entry = |line: &str| {
            let (position, time) = line.split_once(' ')?;
            Some((position.parse().ok()?, time.parse().ok()?))
        };
        self.entries = text.lines().filter_map(entry).collect();
    }

    fn at(&mut self, position: u64) -> u64 {
        if self.entries.last().is_none_or(|(last, _)| *last < position) {
            // More may have been written meanwhile.
            self.refresh();
        }
        let after = self.entries.partition_point(|(begin, _)| *begin <= position);
        self.entries.get(after.saturating_sub(1)).map_or(0, |(_, time)| *time)
    }

    /// Where the first line begins that was written at this time or later.
    fn position_at(&self, since: u64, log: &Path) -> u64 {
        let first = self.entries.iter().find(|(_, time)| *time >= since);
        match first {
            Some((position, _)) => start_of_line(log, *position).unwrap_or(*position),
            None if self.entries.is_empty() => 0,
            None => fs_err::metadata(log).map(|file| file.len()).unwrap_or_default(),
        }
    }
}

/// The begin of the first line that begins at this position or after it.
fn start_of_line(log: &Path, position: u64) -> Option<u64> {
    let before = position.checked_sub(1)?;
    let mut file = BufReader::new(fs_err::File::open(log).ok()?);
    file.seek(SeekFrom::Start(before)).ok()?;
    let mut skipped = Vec::new();
    file.read_until(b'\n', &mut skipped).ok()?;
    Some(before + skipped.len() as u64)
}

/// Where the last lines of a file begin, and how many there are, at most as many as wanted.
fn start_of_last_lines(log: &Path, wanted: usize) -> (u64, usize) {
    let count = || -> std::io::Result<(u64, usize)> {
        let mut file = fs_err::File::open(log)?;
        let length = file.metadata()?.len();
        let mut found = 0;
        let mut end = length;
        let mut block = Vec::new();
        while end > 0 {
            let begin = end.saturating_sub(BLOCK);
            file.seek(SeekFrom::Start(begin))?;
            block.clear();
            file.by_ref().take(end - begin).read_to_end(&mut block)?;
            for at in memchr::memrchr_iter(b'\n', &block) {
                let after = begin + at as u64 + 1;
                // The newline at the very end ends the last line; any other one begins a line after it.
                if after < length {
                    found += 1;
                    if found == wanted {
                        return Ok((after, found));
                    }
                }
            }
            end = begin;
        }
        // The first line has no newline before it.
        Ok((0, if length > 0 { found + 1 } else { 0 }))
    };
    if wanted == 0 {
        return (fs_err::metadata(log).map(|file| file.len()).unwrap_or_default(), 0);
    }
    count().unwrap_or((0, 0))
}
