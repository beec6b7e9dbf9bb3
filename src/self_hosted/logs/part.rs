//! The parts of a log that is rotated: the file itself, and older ones beside it. Parts are told apart by the files
//! that they are, since their names change while they are read.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::times::Times;
use crate::os;
use crate::process::logfile::part as name;

/// How often is looked again when somebody renames the parts at this moment.
const TRIES: usize = 50;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// One open part.
pub struct Part {
    /// The file.
    pub file: File,
    /// When it was written.
    pub times: Times,
    identity: Metadata,
}

impl Part {
    /// Whether a file is this one.
    pub fn is(&self, file: &Metadata) -> bool {
        os::is_same_file(&self.identity, file)
    }

    /// Opens a part under its name of this moment; `None` when it isn't there, or moved meanwhile.
    fn open(log: &Path, number: usize) -> io::Result<Option<Self>> {
        let path = name(log, number);
        let file = match fs_err::File::open(&path) {
            Ok(file) => file.into_file(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let part = Self { identity: file.metadata()?, file, times: Times::of(&path) };
        // The times belong to the file only when its name still does.
        Ok(fs_err::metadata(&path).is_ok_and(|now| part.is(&now)).then_some(part))
    }

    /// Its number of this moment.
    fn number(&self, log: &Path) -> Option<usize> {
        numbers(log).find(|(_, file)| self.is(file)).map(|(number, _)| number)
    }
}

/// The parts that are there, youngest first. While they are renamed one number is missing.
fn numbers(log: &Path) -> impl Iterator<Item = (usize, Metadata)> {
    let mut gap = 0;
    let found = (0..).map_while(move |number| {
        let file = fs_err::metadata(name(log, number)).ok();
        gap = if file.is_some() { 0 } else { gap + 1 };
        (gap < 2).then_some((number, file))
    });
    found.filter_map(|(number, file)| Some((number, file?)))
}

/// The part that is written; `None` when there is no log.
pub fn youngest(log: &Path) -> io::Result<Option<Part>> {
    for _ in 0..TRIES {
        if let Some(part) = Part::open(log, 0)? {
            return Ok(Some(part));
        }
        if numbers(log).next().is_none() {
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
    // Whoever began to rename the parts did not come to the end.
    Part::open(log, 1)
}

/// The part before this one.
pub fn older(log: &Path, than: &Part) -> io::Result<Option<Part>> {
    neighbour(log, than, |number| [Some(number + 1), Some(number + 2)])
}

/// The part after this one. When this one was deleted meanwhile, the oldest that is left.
pub fn newer(log: &Path, than: &Part) -> io::Result<Option<Part>> {
    if than.number(log).is_some() {
        return neighbour(log, than, |number| [number.checked_sub(1), number.checked_sub(2)]);
    }
    match numbers(log).last() {
        Some((number, _)) => Part::open(log, number),
        None => Ok(None),
    }
}

fn neighbour(
    log: &Path,
    of: &Part,
    candidates: impl Fn(usize) -> [Option<usize>; 2],
) -> io::Result<Option<Part>> {
    for turn in 0..TRIES {
        let Some(number) = of.number(log) else { return Ok(None) };
        let Some(next) = candidates(number).into_iter().flatten().find(|at| name(log, *at).exists()) else {
            return Ok(None);
        };
        let found = Part::open(log, next)?;
        // A rename in between would make it another one, or hide its times. A log may also have none.
        let at_rest = of.number(log) == Some(number);
        if let Some(part) = found.filter(|part| at_rest && (part.times.exist() || turn > 2)) {
            return Ok(Some(part));
        }
        thread::sleep(PAUSE);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn read(part: Option<Part>) -> Option<String> {
        let mut text = String::new();
        part?.file.read_to_string(&mut text).unwrap();
        Some(text)
    }

    #[test]
    fn neighbours_are_found_by_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("app.log");
        for (number, text) in ["c", "b", "a"].into_iter().enumerate() {
            fs_err::write(name(&log, number), text).unwrap();
        }
        let c = youngest(&log).unwrap().unwrap();
        let b = older(&log, &c).unwrap().unwrap();
        assert_eq!(read(older(&log, &b).unwrap()).unwrap(), "a");
        // In the midst of a rotation: the oldest parts have moved.
        fs_err::rename(name(&log, 2), name(&log, 3)).unwrap();
        assert_eq!(read(older(&log, &b).unwrap()).unwrap(), "a");
        fs_err::rename(name(&log, 1), name(&log, 2)).unwrap();
        assert_eq!(read(older(&log, &c).unwrap()).unwrap(), "b");
        assert_eq!(read(newer(&log, &b).unwrap()).unwrap(), "c");
        fs_err::rename(name(&log, 0), name(&log, 1)).unwrap();
        assert_eq!(read(newer(&log, &c).unwrap()), None, "the new one is not there yet");
        fs_err::write(&log, "d").unwrap();
        assert_eq!(read(newer(&log, &c).unwrap()).unwrap(), "d");
        assert_eq!(read(newer(&log, &b).unwrap()).unwrap(), "c");
        // A part that was deleted while it was read is followed by the oldest one.
        fs_err::remove_file(name(&log, 3)).unwrap();
        fs_err::remove_file(name(&log, 2)).unwrap();
        assert_eq!(read(newer(&log, &b).unwrap()).unwrap(), "c");
    }

    #[test]
    fn no_log_has_no_parts() {
        assert!(youngest(Path::new("/no/such/app.log")).unwrap().is_none());
    }
}
