//! When which part of a log file was written: the hidden file beside it, which grows with the log and is never
//! held as a whole.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use crate::process::logfile::times_of;

/// Bytes of entries that are looked through one after the other.
const NEAR: u64 = 4096;

/// What begins here was written at this time, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Entry {
    position: u64,
    time: u64,
}

/// Where in a log a time is.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// The first bytes that were written at that time or later.
    At(u64),
    /// Everything is older.
    After,
    /// There are no times.
    Unknown,
}

/// The times of one file.
pub struct Times {
    file: Option<BufReader<File>>,
    /// The begin of an entry that is not complete yet.
    begun: Vec<u8>,
    /// The entry that counts.
    now: Option<Entry>,
    /// The one after it.
    next: Option<Entry>,
    /// No more entries are there, until somebody knows better.
    dry: bool,
}

impl Times {
    /// The times of a log file; one without them is fine.
    pub fn of(log: &Path) -> Self {
        let file = fs_err::File::open(times_of(log)).ok();
        let file = file.map(|file| BufReader::with_capacity(8192, file.into_file()));
        Self { file, begun: Vec::new(), now: None, next: None, dry: false }
    }

    /// Whether there are any.
    pub fn exist(&self) -> bool {
        self.file.is_some()
    }

    /// When the byte at this position was written. To be asked for growing positions.
    pub fn at(&mut self, position: u64) -> Option<u64> {
        loop {
            if self.next.is_none() {
                self.next = self.read();
            }
            match self.next {
                Some(entry) if entry.position <= position => self.now = self.next.take(),
                _ => return self.now.map(|entry| entry.time),
            }
        }
    }

    /// More was written into the log, and perhaps an entry.
    pub fn refresh(&mut self) {
        self.dry = false;
    }

    /// Makes [`Times::at`] quick for this position and those after it.
    pub fn skip_to(&mut self, position: u64) {
        // Without the seek it would only take longer.
        let _ = self.seek(|entry| entry.position <= position);
    }

    /// Where what was written at this time, or later, begins.
    pub fn since(&mut self, time: u64) -> Place {
        if self.seek(|entry| entry.time < time).is_err() {
            return Place::Unknown;
        }
        let mut place = Place::Unknown;
        while let Some(entry) = self.read() {
            if entry.time >= time {
                return Place::At(entry.position);
            }
            place = Place::After;
        }
        place
    }

    /// The next entry; lines that are none are passed over.
    fn read(&mut self) -> Option<Entry> {
        while !self.dry {
            let file = self.file.as_mut()?;
            if file.read_until(b'\n', &mut self.begun).is_err()
                || self.begun.pop_if(|b| *b == b'\n').is_none()
            {
                self.dry = true;
                return None;
            }
            let entry = entry(&self.begun);
            self.begun.clear();
            if entry.is_some() {
                return entry;
            }
        }
        None
    }

    /// Goes to an entry that is not far before the first one of which this is not true.
    fn seek(&mut self, is_before: impl Fn(Entry) -> bool) -> io::Result<()> {
        let length = match &self.file {
            Some(file) => file.get_ref().metadata()?.len(),
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        let (mut from, mut to) = (0, length);
        while to - from > NEAR {
            let middle = from.midpoint(to);
            let begin = self.line_after(middle)?;
            match self.read().filter(|_| begin < to) {
                Some(entry) if is_before(entry) => from = begin,
                _ => to = middle,
            }
        }
        self.go(from)
    }

    fn go(&mut self, position: u64) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::Start(position))?;
        }
        self.begun.clear();
        (self.now, self.next, self.dry) = (None, None, false);
        Ok(())
    }

    /// Goes to the first line that begins after this position; returns where that is.
    fn line_after(&mut self, position: u64) -> io::Result<u64> {
        self.go(position)?;
        let Some(file) = &mut self.file else { return Ok(position) };
        Ok(position + file.skip_until(b'\n')? as u64)
    }
}

fn entry(line: &[u8]) -> Option<Entry> {
    let (position, time) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    Some(Entry { position: position.parse().ok()?, time: time.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn times(text: &str) -> (tempfile::TempDir, std::path::PathBuf, Times) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("app.log");
        fs_err::write(times_of(&log), text).unwrap();
        let times = Times::of(&log);
        (folder, log, times)
    }

    #[test]
    fn the_entry_before_a_position_counts() {
        let (_folder, _, mut times) = times("0 1000\n10 2000\nnonsense\n20 3000\n");
        let seen: Vec<_> = [0, 9, 10, 19, 25].into_iter().map(|at| times.at(at)).collect();
        assert_eq!(seen, [1000, 1000, 2000, 2000, 3000].map(Some));
    }

    #[test]
    fn any_position_and_any_time_is_found_in_a_large_file() {
        let lines: Vec<String> = (0..20_000_u64).map(|n| format!("{} {}\n", n * 7, n * 100)).collect();
        let (_folder, _, mut times) = times(&lines.concat());
        for n in [0, 1, 999, 10_000, 19_998, 19_999] {
            times.skip_to(n * 7 + 3);
            assert_eq!(times.at(n * 7 + 3), Some(n * 100));
            assert_eq!(times.since(n * 100), Place::At(n * 7));
        }
        assert_eq!(times.since(19_999 * 100 + 1), Place::After);
    }

    #[test]
    fn entries_may_come_later_and_in_pieces() {
        let (_folder, log, mut times) = times("0 1000\n1");
        assert_eq!(times.at(50), Some(1000));
        let mut file = fs_err::OpenOptions::new().append(true).open(times_of(&log)).unwrap();
        file.write_all(b"0 2000\n").unwrap();
        assert_eq!(times.at(50), Some(1000));
        times.refresh();
        assert_eq!(times.at(50), Some(2000));
    }

    #[test]
    fn a_log_may_have_no_times() {
        let mut times = Times::of(Path::new("/no/such/app.log"));
        assert!(!times.exist());
        times.skip_to(5);
        assert_eq!((times.at(5), times.since(0)), (None, Place::Unknown));
    }
}
