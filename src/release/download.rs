//! Archives from the release host, kept in a cache, whole and checked.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use reqwest::{Client, Response};
use sha2::{Digest, Sha256};

use super::fetch::{self, Part};
use super::{Error, normalized};

/// An archive of the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// The program in it: `daprd`, `placement` or `scheduler`.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// Where it is.
    pub url: String,
}

impl Archive {
    /// The archive of a program for this machine; `base` is [`super::DOWNLOADS`] or a mirror of it.
    pub fn new(base: &str, version: &str, name: &str) -> Self {
        let version = normalized(version);
        let url = format!("{}/v{version}/{}", base.trim_end_matches('/'), Self::file_name(name));
        Self { name: name.into(), version: version.into(), url }
    }

    /// `daprd_linux_amd64.tar.gz`: system and processor in the names that the releases have for them.
    pub fn file_name(name: &str) -> String {
        let system = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let processor = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        format!("{name}_{system}_{processor}.tar.gz")
    }
}

/// How far a download is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is there.
    pub done: u64,
    /// What there will be, when the server says so.
    pub total: Option<u64>,
}

/// A directory of archives: `<version>/<archive>`, beside each its checksum as `<archive>.sha256`. What is still
/// arriving has the suffix `.part`, and is gone on with after a crash.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

/// A download whose server has answered that it has the archive. Nothing has been written yet.
#[derive(Debug)]
pub struct Pending {
    client: Client,
    archive: Archive,
    file: PathBuf,
    part: Part,
    response: Response,
    checksum: Option<String>,
}

impl Cache {
    /// A cache in this directory, which need not exist.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn file(&self, archive: &Archive) -> PathBuf {
        self.root.join(&archive.version).join(Archive::file_name(&archive.name))
    }

    /// The archive, if it is here and what it was when it arrived.
    pub fn find(&self, archive: &Archive) -> Option<PathBuf> {
        let file = self.file(archive);
        let noted = fs_err::read_to_string(beside(&file, "sha256")).ok()?;
        (digest(&file).ok()? == noted.trim()).then_some(file)
    }

    /// Forgets the archives of all versions but one.
    pub fn keep_only(&self, version: &str) {
        let entries = fs_err::read_dir(&self.root).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| entry.file_name() != version) {
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }

    /// Asks the server for an archive, and for its checksum if one is published.
    pub async fn open(&self, client: &Client, archive: &Archive) -> Result<Pending, Error> {
        let file = self.file(archive);
        let part = Part::at(&beside(&file, "part"));
        let checksum_url = format!("{}.sha256", archive.url);
        let (response, checksum) =
            tokio::join!(fetch::begin(client, &archive.url, &part), fetch::text(client, &checksum_url));
        let response = response?;
        let checksum = checksum?.and_then(|text| first_digest(&text));
        Ok(Pending { client: client.clone(), archive: archive.clone(), file, part, response, checksum })
    }
}

impl Pending {
    /// Brings the archive into the cache and returns its place and whether a published checksum proved it.
    pub async fn finish(mut self, report: &(dyn Fn(Progress) + Sync)) -> Result<(PathBuf, bool), Error> {
        let directory = self.file.parent().unwrap_or(Path::new(""));
        fs_err::create_dir_all(directory).map_err(|error| Error::file(directory, &error))?;
        let resumed = self.part.length() > 0;
        let found = self.receive(report).await?;
        let found = match &self.checksum {
            // Perhaps what was there before was no part of this file.
            Some(expected) if *expected != found && resumed => {
                self.part.remove();
                self.response = fetch::begin(&self.client, &self.archive.url, &self.part).await?;
                self.receive(report).await?
            }
            _ => found,
        };
        let verified = self.checksum.is_some();
        if let Some(expected) = self.checksum.filter(|expected| *expected != found) {
            self.part.remove();
            return Err(Error::Checksum { url: self.archive.url, expected, found });
        }
        let noted = beside(&self.file, "sha256");
        let placed = fs_err::write(&noted, format!("{found}\n"))
            .and_then(|()| fs_err::rename(self.part.path(), &self.file));
        placed.map_err(|error| Error::file(&self.file, &error))?;
        self.part.remove();
        Ok((self.file, verified))
    }

    /// Receives all of the file; returns its digest.
    async fn receive(&mut self, report: &(dyn Fn(Progress) + Sync)) -> Result<String, Error> {
        let url = &self.archive.url;
        fetch::receive(&self.client, url, &mut self.part, &mut self.response, report).await?;
        let path = self.part.path().to_owned();
        let digest =
            tokio::task::spawn_blocking(move || digest(&path).map_err(|error| Error::file(&path, &error)));
        digest.await.unwrap_or_else(|_| Err(Error::file(self.part.path(), &io::ErrorKind::Other.into())))
    }
}

/// `name.suffix` beside a file.
fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Returns the SHA-256 of a file in lowercase hexadecimal digits.
fn digest(file: &Path) -> io::Result<String> {
    let mut file = fs_err::File::open(file)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex::encode(hasher.finalize())),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The digest in a file that `sha256sum` wrote.
fn first_digest(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?.to_ascii_lowercase();
    (word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(word)
}

#[cfg(test)]
mod tests;
