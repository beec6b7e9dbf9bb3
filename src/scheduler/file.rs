//! Files of exported jobs: Go's `gob` form of a struct with two maps, as the stock command line writes and reads it
//! (scheduler reference, A.7). What comes before the one value, the descriptions of its types, is always the same.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use super::{Error, Records};
use crate::error::system_text;
use crate::os;

/// The descriptions of `struct {Jobs, Counters map[string][]byte}` and of the map.
const TYPES: &[u8] = b"\x2f\x7f\x03\x01\x01\x0aExportFile\x01\xff\x80\x00\x01\x02\x01\x04Jobs\x01\xff\x82\x00\x01\x08\
Counters\x01\xff\x82\x00\x00\x00\x22\xff\x81\x04\x01\x01\x12map[string][]uint8\x01\xff\x82\x00\x01\x0c\x01\x0a\x00\x00";
/// The struct's number, as the value's message begins with it.
const STRUCT: &[u8] = b"\xff\x80";

/// Writes a file that isn't there yet, for the user alone: jobs may hold secrets.
pub fn write(path: &Path, records: &Records) -> Result<(), Error> {
    let failed =
        |error: &std::io::Error| Error::File(format!("write {}: {}", path.display(), system_text(error)));
    let mut file = match os::create_private(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Error::File(format!("file '{}' already exists", path.display())));
        }
        Err(error) => return Err(failed(&error)),
    };
    file.write_all(&encode(records)).map_err(|error| failed(&error))
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Records, Error> {
    let bytes = fs_err::read(path)
        .map_err(|error| Error::File(format!("open {}: {}", path.display(), system_text(&error))))?;
    decode(&bytes).map_err(|cause| Error::File(format!("decode import file: {cause}")))
}

fn encode(records: &Records) -> Vec<u8> {
    let mut value = STRUCT.to_vec();
    for map in [&records.jobs, &records.counters] {
        // Each field is the next one.
        put_number(&mut value, 1);
        put_number(&mut value, map.len());
        for (key, message) in map {
            for bytes in [key.as_bytes(), message] {
                put_number(&mut value, bytes.len());
                value.extend_from_slice(bytes);
            }
        }
    }
    put_number(&mut value, 0);
    let mut bytes = TYPES.to_vec();
    put_number(&mut bytes, value.len());
    bytes.extend(value);
    bytes
}

/// Small numbers are one byte; others are their bytes, after the number of these, negated.
fn put_number(bytes: &mut Vec<u8>, number: usize) {
    match u8::try_from(number) {
        Ok(small) if small < 128 => bytes.push(small),
        _ => {
            let all = (number as u64).to_be_bytes();
            let start = all.iter().position(|byte| *byte != 0).unwrap_or(all.len() - 1);
            let length = u8::try_from(all.len() - start).unwrap_or_default();
            bytes.push(length.wrapping_neg());
            bytes.extend_from_slice(&all[start..]);
        }
    }
}

/// Why a file can't be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Broken {
    #[error("EOF")]
    Empty,
    #[error("unexpected EOF")]
    End,
    #[error("this is no export of jobs: {0}")]
    Other(&'static str),
}

fn decode(bytes: &[u8]) -> Result<Records, Broken> {
    let mut rest = Reader(bytes);
    if bytes.is_empty() {
        return Err(Broken::Empty);
    }
    // Messages with a negative number describe types; the first other one is the value.
    let mut message = loop {
        let length = rest.number()?;
        let mut message = Reader(rest.take(length)?);
        let number = message.number()?;
        if number & 1 == 0 {
            break message;
        }
    };
    let mut records = Records::default();
    let mut field = 0_u64;
    loop {
        let step = message.number()?;
        field = field.checked_add(step).ok_or(Broken::Other("a field's number is too large"))?;
        match (step, field) {
            (0, _) => return Ok(records),
            (_, 1) => records.jobs = message.map()?,
            (_, 2) => records.counters = message.map()?,
            _ => return Err(Broken::Other("it has a field that isn't known")),
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Result<&'a [u8], Broken> {
        let length = usize::try_from(length).map_err(|_| Broken::End)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Broken::End)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u64, Broken> {
        let first = self.take(1)?[0];
        if first < 128 {
            return Ok(first.into());
        }
        let length = first.wrapping_neg();
        if length > 8 {
            return Err(Broken::Other("a number is too long"));
        }
        Ok(self.take(length.into())?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn bytes(&mut self) -> Result<&'a [u8], Broken> {
        let length = self.number()?;
        self.take(length)
    }

    fn map(&mut self) -> Result<BTreeMap<String, Vec<u8>>, Broken> {
        let mut map = BTreeMap::new();
        for _ in 0..self.number()? {
            let key = std::str::from_utf8(self.bytes()?).map_err(|_| Broken::Other("a key is no text"))?;
            map.insert(key.to_owned(), self.bytes()?.to_vec());
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Records {
        let pair = |key: &str, length: usize| (key.to_owned(), vec![7; length]);
        Records {
            jobs: [pair("dapr/jobs/a", 3), pair("dapr/jobs/b", 523), pair("dapr/jobs/c", 0)].into(),
            counters: [pair("dapr/counters/a", 70_000)].into(),
        }
    }

    #[test]
    fn files_are_read_as_they_were_written() {
        for records in [records(), Records::default()] {
            assert_eq!(decode(&encode(&records)).unwrap(), records);
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_reference() {
        let records = Records { jobs: [("k".to_owned(), vec![9; 200])].into(), ..Records::default() };
        let bytes = encode(&records);
        assert_eq!(bytes.len(), 83 + 2 + 2 + 1 + 1 + 2 + 2 + 200 + 1 + 1 + 1);
        assert_eq!(bytes[..83], *TYPES);
        assert_eq!(
            TYPES[..20],
            [0x2f, 0x7f, 3, 1, 1, 10, 69, 120, 112, 111, 114, 116, 70, 105, 108, 101, 1, 255, 128, 0]
        );
        // length, type, field 1, one pair: "k" and 200 bytes
        assert_eq!(bytes[83..93], [0xff, 211, 0xff, 0x80, 1, 1, 1, b'k', 0xff, 200]);
        assert_eq!(bytes[bytes.len() - 3..], [1, 0, 0]);
    }

    #[test]
    fn a_field_that_is_empty_may_be_missing() {
        let value =
            |fields: &[u8]| [TYPES, &[u8::try_from(fields.len() + 2).unwrap()], STRUCT, fields].concat();
        let one = BTreeMap::from([("k".to_owned(), vec![1])]);
        let jobs = Records { jobs: one.clone(), ..Records::default() };
        assert_eq!(decode(&value(&[1, 1, 1, b'k', 1, 1, 0])), Ok(jobs));
        let counters = Records { counters: one, ..Records::default() };
        assert_eq!(decode(&value(&[2, 1, 1, b'k', 1, 1, 0])), Ok(counters));
        assert_eq!(decode(&value(&[0])), Ok(Records::default()));
    }

    #[test]
    fn anything_else_is_refused() {
        assert_eq!(decode(b""), Err(Broken::Empty));
        assert_eq!(decode(b"junk\n"), Err(Broken::End));
        let whole = encode(&records());
        for length in (1..whole.len()).step_by(997).chain([whole.len() - 1]) {
            assert_eq!(decode(&whole[..length]), Err(Broken::End), "{length}");
        }
        // A map that says that it has more entries than anybody could have.
        let huge = [TYPES, &[11], STRUCT, &[1, 0xf8, 255, 255, 255, 255, 255, 255, 255, 255][..9]].concat();
        assert!(decode(&huge).is_err());
    }

    #[test]
    fn an_existing_file_is_not_touched() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("jobs.bin");
        write(&path, &records()).unwrap();
        assert_eq!(read(&path).unwrap(), records());
        let error = write(&path, &Records::default()).unwrap_err().to_string();
        assert_eq!(error, format!("file '{}' already exists", path.display()));
        let missing = directory.path().join("none");
        let error = read(&missing).unwrap_err().to_string();
        assert_eq!(error, format!("open {}: no such file or directory", missing.display()));
    }
}
