//! `bindings.localstorage`: files below one directory (components reference, section 9).

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;

use super::{Error, Output, Request, Response};
use crate::components::{Init, InitError, Metadata};

/// Directories whose files are not for apps.
const DISALLOWED: [&str; 5] = ["/proc", "/sys", "/boot", "/var/run/secrets", "/run/secrets"];
const FILE_NAME: &str = "fileName";

/// Prepares the directory named by property `rootPath`, which is created when it isn't there.
pub fn make(init: &Init) -> Result<Arc<dyn Output>, InitError> {
    let root = init.properties.any(&["rootPath"]).map(str::trim).unwrap_or_default();
    let root = prepare(root).map_err(|text| InitError(format!("failed to parse metadata: {text}")))?;
    Ok(Arc::new(LocalStorage { root }))
}

fn prepare(root: &str) -> Result<PathBuf, String> {
    if root.is_empty() {
        return Err("property rootPath must not be empty".into());
    }
    let root = std::path::absolute(root).map_err(|error| error.to_string())?;
    // Looked at before anything is created, and again with symbolic links resolved.
    check_place(&root)?;
    if root.is_file() {
        return Err(format!("property rootPath represents a file and not a directory: {}", root.display()));
    }
    fs_err::create_dir_all(&root)
        .map_err(|error| format!("unable to create directory specified by 'rootPath': {error}"))?;
    let root = fs_err::canonicalize(&root).map_err(|error| error.to_string())?;
    check_place(&root)?;
    Ok(root)
}

fn check_place(root: &Path) -> Result<(), String> {
    if DISALLOWED.iter().any(|place| root.starts_with(place)) {
        return Err(format!("property rootPath points to a disallowed location: {}", root.display()));
    }
    Ok(())
}

struct LocalStorage {
    root: PathBuf,
}

#[async_trait]
impl Output for LocalStorage {
    fn operations(&self) -> &'static [&'static str] {
        &["create", "get", "list", "delete"]
    }

    async fn invoke(&self, request: Request) -> Result<Response, Error> {
        let root = self.root.clone();
        let work = tokio::task::spawn_blocking(move || Call { root, request }.run());
        work.await.map_err(Error::new)?.map(|data| Response { data, metadata: Metadata::new() })
    }
}

struct Call {
    root: PathBuf,
    request: Request,
}

impl Call {
    fn run(self) -> Result<Option<Bytes>, Error> {
        match self.request.operation.as_str() {
            "create" => self.create().map(Some),
            "get" => self.get().map(Some),
            "list" => self.list().map(Some),
            "delete" => self.delete().map(|()| None),
            other => Err(Error::new(format_args!("unsupported operation {other}"))),
        }
    }

    fn name(&self) -> Option<&str> {
        self.request.metadata.get(FILE_NAME).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The file of an operation that needs one.
    fn file(&self) -> Result<PathBuf, Error> {
        let name = self.name().ok_or_else(|| Error::new(format_args!("metadata {FILE_NAME} is missing")))?;
        within(&self.root, name)
    }

    fn create(&self) -> Result<Bytes, Error> {
        let name = self.name().map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
        let file = within(&self.root, &name)?;
        if file == self.root {
            return Err(Error::new(format_args!("{FILE_NAME} {name:?} names no file")));
        }
        if let Some(directory) = file.parent() {
            fs_err::create_dir_all(directory)
                .map_err(|error| Error::new(format_args!("error creating directory: {error}")))?;
        }
        fs_err::write(&file, content(&self.request.data)).map_err(Error::new)?;
        Ok(json!({ FILE_NAME: name }).to_string().into())
    }

    fn get(&self) -> Result<Bytes, Error> {
        let file = self.file()?;
        match fs_err::read(&file) {
            Ok(content) => Ok(content.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Error::new(format_args!("file not found: {}", file.display())))
            }
            Err(error) => Err(Error::new(error)),
        }
    }

    fn list(&self) -> Result<Bytes, Error> {
        let directory = self.name().map_or_else(|| Ok(self.root.clone()), |name| within(&self.root, name))?;
        if directory.is_file() {
            let text = "unable to list files as the file specified is not a directory";
            return Err(Error::new(format_args!("{text}: {}", directory.display())));
        }
        let mut files = Vec::new();
        collect(&directory, &mut files).map_err(Error::new)?;
        files.sort();
        let names: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
        // The stock component has no empty list.
        Ok(if names.is_empty() { "null".into() } else { json!(names).to_string().into() })
    }

    fn delete(&self) -> Result<(), Error> {
        let file = self.file()?;
        // `std` on purpose: the path is already part of our error.
        std::fs::remove_file(&file).map_err(|error| {
            let reason = match error.kind() {
                io::ErrorKind::NotFound => "no such file or directory".to_owned(),
                _ => error.to_string(),
            };
            Error::new(format_args!("error deleting file {}: {reason}", file.display()))
        })
    }
}

/// Files below a directory. Symbolic links are listed, not followed.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs_err::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// The bytes to write. JSON strings are what HTTP clients can send: their text, or the bytes that it stands for
/// when it is base64.
fn content(data: &Bytes) -> Bytes {
    match serde_json::from_slice::<String>(data) {
        Ok(text) => match STANDARD.decode(&text) {
            Ok(decoded) => decoded.into(),
            Err(_) => text.into(),
        },
        Err(_) => data.clone(),
    }
}

/// The path of a name below the root. `..` ends at the root, as `/` does, and a symbolic link may not lead out.
fn within(root: &Path, name: &str) -> Result<PathBuf, Error> {
    let mut parts: Vec<&OsStr> = Vec::new();
    for part in Path::new(name).components() {
        match part {
            Component::Normal(part) => parts.push(part),
            Component::ParentDir => drop(parts.pop()),
            _ => {}
        }
    }
    let mut path = root.to_owned();
    path.extend(parts);
    // What exists of it decides; the rest will be created below that. A link to nowhere exists.
    let existing = path.ancestors().find(|ancestor| ancestor.symlink_metadata().is_ok());
    if existing.and_then(|place| place.canonicalize().ok()).is_some_and(|place| place.starts_with(root)) {
        return Ok(path);
    }
    Err(Error::new(format_args!("{FILE_NAME} {name:?} leads out of {}", root.display())))
}
