//! What one command asks of a `dapr run` that is under way, over a Unix socket that its instance records name:
//! one JSON object each way, a line each.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

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

/// Asks and waits for the answer.
pub fn ask(socket: &Path, request: &Request) -> Result<(), String> {
    let exchange = || -> std::io::Result<Answer> {
        let mut stream = os::connect_to_socket_file(socket, LIMIT)?;
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        stream.write_all(&line)?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        Ok(serde_json::from_str(&answer)?)
    };
    match exchange() {
        Ok(Answer { error: None }) => Ok(()),
        Ok(Answer { error: Some(error) }) => Err(error),
        Err(error) => Err(format!("its 'dapr run' does not answer at {}: {error}", socket.display())),
    }
}
