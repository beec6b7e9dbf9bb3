//! What one command asks of a `dapr run` that is under way, over a Unix socket that its instance records name:
//! one JSON object each way, a line each.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::system_text;
use crate::os;
use crate::paths::InstallDir;

/// How long a run may take to do what it is asked.
const LIMIT: Duration = Duration::from_secs(30);

/// What a run can be asked to do with one of its apps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// End the app and start it again; its sidecar goes on.
    Restart,
    /// End the app and its sidecar. The run ends with its last app.
    Stop,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// What to do.
    pub action: Action,
    /// With which app.
    pub app_id: String,
}

/// The answer, when the request was carried out or refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What went wrong; nothing when it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The socket of a run: beside the instance records, named after the run's process.
pub fn socket(install: &InstallDir, cli_pid: u32) -> PathBuf {
    install.run().join(format!("{cli_pid}.sock"))
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The run says why.
    #[error("{0}")]
    Refused(String),
    /// The run says nothing: it is gone, or it hangs.
    #[error("its 'dapr run' does not answer at {socket}: {reason}")]
    Silent {
        /// Where it was asked.
        socket: String,
        /// What went wrong.
        reason: String,
    },
}

/// Asks and waits for the answer.
pub fn ask(socket: &Path, request: &Request) -> Result<(), Error> {
    ask_within(socket, request, LIMIT)
}

/// Asks and waits so long for the answer.
pub fn ask_within(socket: &Path, request: &Request, limit: Duration) -> Result<(), Error> {
    let exchange = || -> io::Result<Answer> {
        let mut stream = os::connect_to_socket_file(socket, limit)?;
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        Ok(serde_json::from_str(&answer)?)
    };
    let silent = |error: &io::Error| {
        let reason = match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => format!("nothing within {limit:?}"),
            _ => system_text(error),
        };
        Error::Silent { socket: socket.display().to_string(), reason }
    };
    match exchange() {
        Ok(Answer { error: None }) => Ok(()),
        Ok(Answer { error: Some(error) }) => Err(Error::Refused(error)),
        Err(error) => Err(silent(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn request() -> Request {
        Request { action: Action::Stop, app_id: "a".into() }
    }

    #[test]
    fn silence_is_told_from_a_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("1.sock");
        let error = ask(&socket, &request()).unwrap_err().to_string();
        assert!(error.ends_with("1.sock: no such file or directory"), "{error}");
        let listener = UnixListener::bind(&socket).unwrap();
        let error = ask_within(&socket, &request(), Duration::from_millis(20)).unwrap_err().to_string();
        assert!(error.ends_with("1.sock: nothing within 20ms"), "{error}");
        drop(listener);
        fs_err::remove_file(&socket).unwrap();
        let listener = UnixListener::bind(&socket).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut line = String::new();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
            stream.write_all(b"{\"error\":\"no\"}\n").unwrap();
            line
        });
        assert_eq!(ask(&socket, &request()), Err(Error::Refused("no".into())));
        assert_eq!(server.join().unwrap(), "{\"action\":\"stop\",\"appId\":\"a\"}\n");
    }
}
