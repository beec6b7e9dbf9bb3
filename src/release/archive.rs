//! Archives with one program in them: `daprd_linux_amd64.tar.gz`.

use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::Error;
use crate::error::system_text;
use crate::os;

/// Unpacks the program of this name, and nothing else, to a file that may be executed and is on the disk.
pub fn unpack(archive: &Path, name: &str, to: &Path) -> Result<(), Error> {
    let failed = |reason: String| Error::Archive { name: name.into(), file: archive.to_owned(), reason };
    let trouble = |error: io::Error| failed(system_text(&error));
    let file = fs_err::File::open(archive).map_err(trouble)?;
    let mut reader = tar::Archive::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 20, file)));
    let mut entries = reader.entries().map_err(trouble)?;
    let mut entry = loop {
        let Some(entry) = entries.next() else {
            return Err(failed(format!("there is no {name} in it")));
        };
        let entry = entry.map_err(trouble)?;
        let is_it = entry
            .path()
            .is_ok_and(|path| path.file_name().is_some_and(|file| file == program(name).as_str()));
        if is_it && entry.header().entry_type().is_file() {
            break entry;
        }
    };
    let result = (|| {
        let mut file = fs_err::File::create(to)?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let length = entry.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            io::Write::write_all(&mut file, &buffer[..length])?;
        }
        os::make_executable(to)
    })();
    result.map_err(|error: io::Error| {
        let _ = fs_err::remove_file(to);
        failed(system_text(&error))
    })
}

/// Packs a program into an archive as the releases have it.
pub fn pack(program_file: &Path, name: &str, to: &Path) -> Result<(), Error> {
    let result = (|| {
        let packer = GzEncoder::new(fs_err::File::create(to)?, Compression::fast());
        let mut archive = tar::Builder::new(packer);
        archive.append_path_with_name(program_file, program(name))?;
        archive.into_inner()?.finish()?.sync_all()
    })();
    result.map_err(|error: io::Error| Error::file(to, &error))
}

fn program(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_can_be_unpacked_and_run() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs_err::write(path("source"), "#!/bin/sh\nexit 7\n").unwrap();
        pack(&path("source"), "daprd", &path("daprd.tar.gz")).unwrap();
        unpack(&path("daprd.tar.gz"), "daprd", &path("daprd")).unwrap();
        let status = std::process::Command::new(path("daprd")).status().unwrap();
        assert_eq!(status.code(), Some(7));
    }

    #[test]
    fn errors_name_the_archive_and_leave_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs_err::write(path("source"), vec![b'x'; 100_000]).unwrap();
        pack(&path("source"), "placement", &path("a.tar.gz")).unwrap();
        let error = unpack(&path("a.tar.gz"), "daprd", &path("daprd")).unwrap_err().to_string();
        assert!(
            error.starts_with("error extracting daprd binary: ")
                && error.ends_with("there is no daprd in it"),
            "{error}"
        );
        let whole = fs_err::read(path("a.tar.gz")).unwrap();
        fs_err::write(path("b.tar.gz"), &whole[..whole.len() / 2]).unwrap();
        let error = unpack(&path("b.tar.gz"), "placement", &path("placement")).unwrap_err().to_string();
        assert!(error.contains("b.tar.gz"), "{error}");
        assert!(!path("placement").exists());
    }
}
