//! A log file that is rotated by size. Beside it lies a small hidden file that says when which part was written,
//! so that a log without times can still be read from a point in time.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The shortest time between two entries of the hidden file.
const TICK: Duration = Duration::from_millis(100);

/// When a file is rotated and how many old parts are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// Bytes after which a new part is begun, at the end of a line.
    pub size: u64,
    /// Old parts that stay: `<file>.1` is the youngest.
    pub parts: usize,
}

/// An open log file; clones write into the same file.
#[derive(Clone)]
pub struct LogFile {
    shared: Arc<Mutex<Open>>,
    path: PathBuf,
}

struct Open {
    path: PathBuf,
    file: File,
    times: Option<File>,
    written: u64,
    /// The last byte ended a line.
    whole: bool,
    stamped: Option<Instant>,
    rotation: Rotation,
}

impl LogFile {
    /// Creates the file, or empties it.
    pub fn create(path: &Path, rotation: Rotation) -> io::Result<Self> {
        let open = Open {
            path: path.to_owned(),
            file: fs_err::File::create(path)?.into_file(),
            times: fs_err::File::create(times_of(path)).ok().map(fs_err::File::into_file),
            written: 0,
            whole: true,
            stamped: None,
            rotation,
        };
        Ok(Self { shared: Arc::new(Mutex::new(open)), path: path.to_owned() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends bytes, lines or pieces of them.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }
}

impl Open {
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let room = self.rotation.size.saturating_sub(self.written);
            let fits = usize::try_from(room).unwrap_or(usize::MAX);
            if bytes.len() <= fits {
                return self.append(bytes);
            }
            // As many whole lines as there is room for; a line is never cut.
            if let Some(end) = memchr::memrchr(b'\n', &bytes[..fits]) {
                let (lines, rest) = bytes.split_at(end + 1);
                self.append(lines)?;
                bytes = rest;
            } else if self.whole && self.written > 0 {
                self.rotate()?;
            } else {
                let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1);
                let (line, rest) = bytes.split_at(end);
                self.append(line)?;
                bytes = rest;
            }
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.stamped.is_none_or(|before| before.elapsed() >= TICK) {
            self.stamp();
        }
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        self.whole = bytes.ends_with(b"\n");
        Ok(())
    }

    /// Notes that what comes next is written now.
    fn stamp(&mut self) {
        self.stamped = Some(Instant::now());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = format!("{} {}\n", self.written, now.as_millis());
        // Without it a log can't be read from a point in time, which is no reason to lose the log.
        if self.times.as_mut().is_some_and(|times| times.write_all(line.as_bytes()).is_err()) {
            self.times = None;
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (0..self.rotation.parts).rev() {
            let (from, to) = (part(&self.path, number), part(&self.path, number + 1));
            if from.exists() {
                fs_err::rename(&from, &to)?;
                let _ = fs_err::rename(times_of(&from), times_of(&to));
            }
        }
        self.file = fs_err::File::create(&self.path)?.into_file();
        self.times = fs_err::File::create(times_of(&self.path)).ok().map(fs_err::File::into_file);
        (self.written, self.stamped) = (0, None);
        Ok(())
    }
}

/// The file of an old part; part 0 is the file itself.
pub fn part(path: &Path, number: usize) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// The hidden file with the times of a part: one line for each entry, the position in bytes and the time in
/// milliseconds since 1970.
pub fn times_of(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.times"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_rotated_at_the_end_of_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        let log = LogFile::create(&path, Rotation { size: 10, parts: 2 }).unwrap();
        for piece in ["one\n", "two\nthr", "ee\n", "four\n", "five\n", "a line that is longer\n", "end\n"] {
            log.write(piece.as_bytes()).unwrap();
        }
        let read = |number| fs_err::read_to_string(part(&path, number)).unwrap();
        assert_eq!(read(0), "end\n");
        assert_eq!(read(1), "a line that is longer\n");
        assert_eq!(read(2), "four\nfive\n");
        assert!(!part(&path, 3).exists());
        assert!(times_of(&part(&path, 2)).exists());
    }

    #[test]
    fn times_tell_when_a_part_of_the_file_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.log");
        let log = LogFile::create(&path, Rotation { size: 1000, parts: 1 }).unwrap();
        log.write(b"first\n").unwrap();
        log.write(b"at once\n").unwrap();
        log.shared.lock().unwrap().stamped = None;
        log.write(b"later\n").unwrap();
        let times = fs_err::read_to_string(times_of(&path)).unwrap();
        let positions: Vec<&str> = times.lines().map(|line| line.split(' ').next().unwrap()).collect();
        assert_eq!(positions, ["0", "14"]);
    }
}
