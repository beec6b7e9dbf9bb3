//! Connection strings of the stock SQLite components (components reference, section 2): parsed, checked, and
//! turned into what SQLite itself understands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str};

use crate::components::InitError;

/// What ends the path of a URI or is an escape in it.
const NOT_IN_A_URI: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// SQLite URI: `file:…`.
    pub(super) uri: String,
    /// Path of the file; `None` for in-memory databases.
    pub(super) file: Option<PathBuf>,
    /// The data lives in one connection only.
    pub(super) memory: bool,
    /// `mode=ro` or `immutable=1`.
    pub(super) read_only: bool,
    /// Write-ahead log instead of a rollback journal.
    pub(super) wal: bool,
    /// How long a locked database is retried.
    pub(super) busy_timeout: Duration,
    /// Further pragmas of the connection string, as `name=value`.
    pub(super) pragmas: Vec<String>,
}

impl Options {
    /// Reads a path, a `file:` URI or one of the in-memory forms. Parameters that start with `_` are those of
    /// the stock driver: `_pragma` is applied, the others mean nothing here (transactions are always immediate).
    pub fn parse(text: &str, busy_timeout: Duration, disable_wal: bool) -> Result<Self, InitError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InitError::new("missing connection string"));
        }
        let (location, query) = text.split_once('?').unwrap_or((text, ""));
        let location = if strip_scheme(location).is_some() {
            location.to_owned()
        } else {
            // A plain path is not a URI: these would be read as an escape and as a fragment.
            format!("file:{}", location.replace('%', "%25").replace('#', "%23"))
        };

        let mut kept: Vec<(String, String)> = Vec::new();
        let mut pragmas = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name), decode(value));
            if name == "_pragma" {
                pragmas.push(pragma(&value)?);
            } else if !name.starts_with('_') && !kept.iter().any(|(kept, _)| *kept == name) {
                kept.push((name, value));
            }
        }
        let has = |name: &str, value: &str| kept.iter().any(|(n, v)| n == name && v == value);
        let path = strip_scheme(&location).unwrap_or_default();
        let memory = path.to_ascii_lowercase().starts_with(":memory:") || has("mode", "memory");
        let read_only = has("mode", "ro") || has("immutable", "1");
        let file = (!memory).then(|| PathBuf::from(decode(without_authority(path))));
        let query: Vec<String> =
            kept.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let uri = if query.is_empty() { location.clone() } else { format!("{location}?{}", query.join("&")) };
        let wal = !disable_wal && !read_only && !memory;
        Ok(Self { uri, file, memory, read_only, wal, busy_timeout, pragmas })
    }

    /// A file of our own, with a write-ahead log.
    pub fn of_file(file: &Path, busy_timeout: Duration) -> Self {
        let path = percent_encoding::percent_encode(file.as_os_str().as_encoded_bytes(), NOT_IN_A_URI);
        Self {
            uri: format!("file:{path}"),
            file: Some(file.to_owned()),
            memory: false,
            read_only: false,
            wal: true,
            busy_timeout,
            pragmas: Vec::new(),
        }
    }

    /// Whether the data is gone when the component is closed.
    pub fn is_memory(&self) -> bool {
        self.memory
    }
}

/// The part after `file:`, when there is one.
fn strip_scheme(location: &str) -> Option<&str> {
    let (scheme, rest) = location.split_at_checked(5)?;
    scheme.eq_ignore_ascii_case("file:").then_some(rest)
}

/// `//host/path` is `/path`; the host can only be empty or `localhost`, which SQLite checks.
fn without_authority(path: &str) -> &str {
    match path.strip_prefix("//") {
        Some(rest) => rest.find('/').map_or(rest, |slash| &rest[slash..]),
        None => path,
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// `name(value)` or `name=value`; three names belong to properties of the component.
fn pragma(text: &str) -> Result<String, InitError> {
    let lower = text.trim().to_ascii_lowercase();
    for name in ["busy_timeout", "journal_mode", "foreign_keys"] {
        if lower.starts_with(name) {
            return Err(InitError(format!(
                "found forbidden option '_pragma={name}' in the connection string"
            )));
        }
    }
    let (name, value) = match lower.split_once('(') {
        Some((name, value)) => (name, value.trim_end_matches(')')),
        None => lower.split_once('=').unwrap_or((&lower, "")),
    };
    let word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || !word(name) || !word(value) {
        return Err(InitError(format!("invalid option '_pragma={text}' in the connection string")));
    }
    Ok(if value.is_empty() { name.to_owned() } else { format!("{name}={value}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Options {
        Options::parse(text, Duration::from_secs(2), false).unwrap()
    }

    #[test]
    fn paths_and_uris() {
        let cases = [
            ("data.db", "file:data.db", "data.db"),
            ("/a b/100%#1.db", "file:/a b/100%25%231.db", "/a b/100%#1.db"),
            ("file:/a%20b.db", "file:/a%20b.db", "/a b.db"),
            ("file:///a.db?_txlock=deferred&cache=private", "file:///a.db?cache=private", "/a.db"),
        ];
        for (text, uri, file) in cases {
            let options = parse(text);
            assert_eq!(options.uri, uri, "{text}");
            assert_eq!(options.file, Some(file.into()), "{text}");
            assert!(options.wal && !options.memory && !options.read_only, "{text}");
        }
    }

    #[test]
    fn any_path_is_a_file_of_our_own() {
        let options = Options::of_file(Path::new("/a b/50%?#1.db"), Duration::ZERO);
        assert_eq!(options.uri, "file:/a b/50%25%3F%231.db");
        assert_eq!(options.file, Some("/a b/50%?#1.db".into()));
    }

    #[test]
    fn databases_in_memory() {
        for text in [":memory:", "file::memory:", "file:x?mode=memory", "x?cache=shared&mode=memory"] {
            let options = parse(text);
            assert!(options.memory && !options.wal, "{text}");
            assert_eq!(options.file, None, "{text}");
        }
    }

    #[test]
    fn read_only_databases_have_no_wal() {
        for text in ["x.db?mode=ro", "file:x.db?immutable=1"] {
            let options = parse(text);
            assert!(options.read_only && !options.wal, "{text}");
        }
    }

    #[test]
    fn pragmas_are_applied_unless_a_property_has_them() {
        let options = parse("x.db?_pragma=synchronous(2)&_pragma=cache_size%3D-64");
        assert_eq!(options.pragmas, ["synchronous=2", "cache_size=-64"]);
        for name in ["busy_timeout", "journal_mode", "foreign_keys"] {
            let error =
                Options::parse(&format!("x.db?_pragma={name}(1)"), Duration::ZERO, false).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("found forbidden option '_pragma={name}' in the connection string")
            );
        }
        assert!(Options::parse("x.db?_pragma=a;drop(1)", Duration::ZERO, false).is_err());
        assert_eq!(
            Options::parse(" ", Duration::ZERO, false).unwrap_err().to_string(),
            "missing connection string"
        );
    }
}
