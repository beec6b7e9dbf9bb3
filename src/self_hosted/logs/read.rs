//! Reads one log with its rotated parts from beginning to end, line by line, and goes on when more is written. Holds
//! a buffer of one size, whatever the log's or a line's size is.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::part::{self, Part};
use super::times::{Place, Times};
use super::{Piece, Wanted};

/// Bytes that are read at once. A longer line comes in pieces.
const BUFFER: usize = 64 * 1024;
/// What was written within this many milliseconds after an entry has no entry of its own.
const GRAIN: u64 = 100;

/// A log that is being read.
pub struct Reader {
    path: PathBuf,
    part: Option<Part>,
    /// What follows when everything of the part has been read.
    after: After,
    buffer: Vec<u8>,
    /// The bytes of the buffer that are still to be given.
    start: usize,
    end: usize,
    /// Where in the part the first of them is.
    position: u64,
    /// The next piece, once it has been looked for.
    head: Option<Head>,
    /// A line was begun and not ended.
    begun: bool,
    /// When the line was written.
    time: Option<u64>,
}

/// What comes after the end of a part.
enum After {
    /// Nobody knows yet.
    Open,
    /// A younger part: nothing is written into this one any more.
    Part(Box<Part>),
    /// The same file, which was emptied.
    Again,
}

#[derive(Clone, Copy)]
struct Head {
    length: usize,
    /// The length with the newline, if there is one.
    whole: usize,
    ends: bool,
}

impl Reader {
    /// Opens a log where the wanted lines begin; also says how many those are, if so many at the end are wanted. A
    /// file that isn't there has no lines yet.
    pub fn open(path: &Path, wanted: Wanted) -> io::Result<(Self, u64)> {
        let mut reader = Self {
            path: path.to_owned(),
            part: None,
            after: After::Open,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            position: 0,
            head: None,
            begun: false,
            time: None,
        };
        let mut found = 0;
        let Some(mut part) = part::youngest(path)? else { return Ok((reader, 0)) };
        loop {
            let length = part.file.metadata()?.len();
            let floor = wanted.since.map_or(Ok(0), |since| first_since(&mut part, since, length))?;
            let mut begin = floor;
            let mut enough = floor > 0;
            if let Some(most) = wanted.tail {
                let (at, lines) = last_lines(&mut part.file, floor, length, most.saturating_sub(found))?;
                begin = at;
                found += lines;
                enough |= found >= most;
            }
            let before = if enough { None } else { part::older(path, &part)? };
            let Some(before) = before else {
                reader.go(part, begin)?;
                return Ok((reader, found));
            };
            part = before;
        }
    }

    fn go(&mut self, mut part: Part, position: u64) -> io::Result<()> {
        part.file.seek(SeekFrom::Start(position))?;
        part.times.skip_to(position);
        self.part = Some(part);
        self.after = After::Open;
        (self.start, self.end, self.position) = (0, 0, position);
        Ok(())
    }

    /// When the next piece was written, 0 when that is not known; `None` when there is none for now. The end of a
    /// log without a newline is a piece only after [`Reader::finish`].
    pub fn peek(&mut self) -> io::Result<Option<u64>> {
        while self.head.is_none() {
            let data = &self.buffer[self.start..self.end];
            if let Some(length) = memchr::memchr(b'\n', data) {
                self.set_head(length, length + 1, true);
            } else if data.len() == BUFFER {
                self.set_head(BUFFER, BUFFER, false);
            } else if !self.fill()? && !self.advance()? {
                return Ok(None);
            }
        }
        Ok(Some(self.time.unwrap_or_default()))
    }

    fn set_head(&mut self, length: usize, whole: usize, ends: bool) {
        if !self.begun {
            self.time = self.part.as_mut().and_then(|part| part.times.at(self.position));
        }
        self.head = Some(Head { length, whole, ends });
    }

    /// The piece that was looked for.
    pub fn take(&mut self, source: usize) -> Option<Piece<'_>> {
        let head = self.head.take()?;
        let start = self.start;
        self.start += head.whole;
        self.position += head.whole as u64;
        let begins = !std::mem::replace(&mut self.begun, !head.ends);
        let text = &self.buffer[start..start + head.length];
        Some(Piece { source, time: self.time, begins, text, ends: head.ends })
    }

    /// Nothing more will be written: what stands at the end without a newline is the last piece.
    pub fn finish(&mut self) {
        if self.head.is_none() {
            self.give_rest();
        }
    }

    /// Makes what is left of an unfinished line the next piece; `false` when there is none.
    fn give_rest(&mut self) -> bool {
        let length = self.end - self.start;
        if length > 0 || self.begun {
            self.set_head(length, length, true);
        }
        self.head.is_some()
    }

    /// Reads on; `false` at the end of the part.
    fn fill(&mut self) -> io::Result<bool> {
        let Some(part) = &mut self.part else { return Ok(false) };
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let length = loop {
            match part.file.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.end += length;
        // The time is noted before the bytes are written.
        part.times.refresh();
        Ok(length > 0)
    }

    /// At the end of a part: goes on with what follows; `false` when nothing does for now.
    fn advance(&mut self) -> io::Result<bool> {
        let Some(part) = &mut self.part else {
            let found = part::youngest(&self.path)?;
            return found.map_or(Ok(false), |part| self.go(part, 0).map(|()| true));
        };
        match std::mem::replace(&mut self.after, After::Open) {
            // Now that all was read which was written before it was replaced.
            after @ (After::Part(_) | After::Again) if self.end > self.start || self.begun => {
                self.after = after;
                Ok(self.give_rest())
            }
            After::Part(next) => self.go(*next, 0).map(|()| true),
            After::Again => {
                part.file.seek(SeekFrom::Start(0))?;
                part.times = Times::of(&self.path);
                (self.start, self.end, self.position) = (0, 0, 0);
                Ok(true)
            }
            After::Open => {
                let read = self.position + (self.end - self.start) as u64;
                match fs_err::metadata(&self.path) {
                    Ok(now) if part.is(&now) && now.len() >= read => return Ok(false),
                    Ok(now) if part.is(&now) => self.after = After::Again,
                    _ => match part::newer(&self.path, part)? {
                        Some(next) => self.after = After::Part(Box::new(next)),
                        None => return Ok(false),
                    },
                }
                Ok(true)
            }
        }
    }
}

/// Where the first line begins that was written at this time or later; the end when there is none.
fn first_since(part: &mut Part, since: SystemTime, length: u64) -> io::Result<u64> {
    let time = since.duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Ok(match part.times.since(time.saturating_sub(GRAIN)) {
        Place::At(position) => line_from(&mut part.file, position)?.min(length),
        Place::After => length,
        // Better too much than too little.
        Place::Unknown if part.file.metadata()?.modified().is_ok_and(|last| last < since) => length,
        Place::Unknown => 0,
    })
}

/// The begin of the first line that begins at this position or after it; the end when none does.
fn line_from(file: &mut File, position: u64) -> io::Result<u64> {
    let Some(mut at) = position.checked_sub(1) else { return Ok(0) };
    file.seek(SeekFrom::Start(at))?;
    let mut block = vec![0; BUFFER];
    loop {
        let length = file.read(&mut block)?;
        match memchr::memchr(b'\n', &block[..length]) {
            Some(newline) => return Ok(at + newline as u64 + 1),
            None if length == 0 => return Ok(at),
            None => at += length as u64,
        }
    }
}

/// Where the last lines between two positions begin, and how many they are. A line that isn't ended counts, and is
/// never cut: when none is wanted it is the one that there is.
fn last_lines(file: &mut File, floor: u64, length: u64, most: u64) -> io::Result<(u64, u64)> {
    let mut found = 0;
    let mut end = length;
    let mut block = Vec::new();
    while end > floor {
        let begin = end.saturating_sub(BUFFER as u64).max(floor);
        file.seek(SeekFrom::Start(begin))?;
        block.clear();
        file.take(end - begin).read_to_end(&mut block)?;
        for at in memchr::memrchr_iter(b'\n', &block) {
            let after = begin + at as u64 + 1;
            if after < length {
                found += 1;
            }
            // The newline at the very end ends the last line; any other one begins the line after it.
            if found >= most && (after < length || most == 0) {
                return Ok((after, found));
            }
        }
        end = begin;
    }
    // The first line has no newline before it.
    Ok((floor, found + u64::from(floor < length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let tail = |text: &[u8], floor: u64, most: u64| {
            fs_err::write(&path, text).unwrap();
            let mut file = File::open(&path).unwrap();
            last_lines(&mut file, floor, text.len() as u64, most).unwrap()
        };
        assert_eq!(tail(b"", 0, 3), (0, 0));
        assert_eq!(tail(b"a\nb\n", 0, 0), (4, 0));
        assert_eq!(tail(b"a\nb\n", 0, 1), (2, 1));
        assert_eq!(tail(b"a\nb\n", 0, 2), (0, 2));
        assert_eq!(tail(b"a\nb\n", 0, 9), (0, 2));
        assert_eq!(tail(b"a\nb\nc", 0, 1), (4, 1));
        assert_eq!(tail(b"a\nb\nc", 0, 0), (4, 1), "an unfinished line is not cut");
        assert_eq!(tail(b"abc", 0, 0), (0, 1));
        assert_eq!(tail(b"a\nb\nc\n", 2, 9), (2, 2));
        assert_eq!(tail(b"\n\n\n", 0, 2), (1, 2));
        let long = [b"x".repeat(3 * BUFFER), b"\n".to_vec(), b"y".repeat(2 * BUFFER)].concat();
        assert_eq!(tail(&long, 0, 1), (3 * BUFFER as u64 + 1, 1));
        assert_eq!(tail(&long, 0, 2), (0, 2));
    }
}
