//! Why a sidecar ended, as its own log has it. Works for both runtimes, since both log the same way.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes at the end of a log that are looked at.
const TAIL: u64 = 32 * 1024;

/// The message of the last fatal line, or else the last line; `None` when the log says nothing.
pub fn of_end(log: &Path) -> Option<String> {
    let tail = tail(log).ok()?;
    let lines = || tail.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let fatal = lines().find_map(|line| {
        let fatal = line.contains("level=fatal") || line.contains("\"level\":\"fatal\"");
        fatal.then(|| message(line).unwrap_or_else(|| line.to_owned()))
    });
    let said = fatal.or_else(|| lines().next().map(str::to_owned))?;
    let said = said.strip_prefix("Fatal error from runtime: ").unwrap_or(&said);
    // One line, whatever the message holds.
    Some(said.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn tail(log: &Path) -> std::io::Result<String> {
    let mut file = fs_err::File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The message of a log line in text or JSON format.
fn message(line: &str) -> Option<String> {
    if line.starts_with('{') {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        return line.get("msg")?.as_str().map(str::to_owned);
    }
    let quoted = &line[line.find(" msg=")? + " msg=".len()..];
    // A quoted text is a JSON text as far as log messages go.
    match serde_json::Deserializer::from_str(quoted).into_iter::<String>().next() {
        Some(Ok(text)) => Some(text),
        _ => quoted.split(' ').next().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(log: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("daprd.log");
        fs_err::write(&file, log).unwrap();
        of_end(&file)
    }

    #[test]
    fn the_last_fatal_line_tells() {
        let text =
            "time=\"t\" level=fatal msg=\"Fatal error from runtime: no \\\"x\\\" here\" app_id=a\nlast\n";
        assert_eq!(reason(text).as_deref(), Some("no \"x\" here"));
        let json = r#"{"app_id":"a","level":"fatal","msg":"no x","time":"t"}"#;
        assert_eq!(reason(json).as_deref(), Some("no x"));
        assert_eq!(reason("x level=fatal msg=short app_id=a").as_deref(), Some("short"));
    }

    #[test]
    fn without_one_the_last_line_does() {
        assert_eq!(reason("unknown flag: --x\n\n").as_deref(), Some("unknown flag: --x"));
        assert_eq!(reason(""), None);
    }

    #[test]
    fn only_the_end_of_a_long_log_is_read() {
        let long = format!("level=fatal msg=old\n{}\nthe end\n", "x".repeat(64 * 1024));
        assert_eq!(reason(&long).as_deref(), Some("the end"));
    }
}
