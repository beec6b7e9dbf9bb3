//! Podman has no daemon: where its API service isn't switched on, one is run for as long as a command needs it.

use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Address;
use crate::error::system_text;
use crate::os::{self, Tell};

/// How long the service may take to listen.
const START: Duration = Duration::from_secs(10);

/// A running `podman system service`; it is ended when this is dropped. Containers don't depend on it.
#[derive(Debug)]
pub struct Service {
    child: Child,
    directory: PathBuf,
}

impl Service {
    /// Starts the service on a socket of its own and waits until it listens.
    pub async fn start() -> Result<Self, String> {
        let directory = os::private_directory("dapr-podman").map_err(|error| error.to_string())?;
        let socket = directory.join("api.sock");
        let mut command = Command::new("podman");
        command
            .args(["system", "service", "--time", "0"])
            .arg(format!("unix://{}", socket.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        os::end_with_us(&mut command);
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let _ = fs_err::remove_dir_all(&directory);
                return Err(match error.kind() {
                    io::ErrorKind::NotFound => "there is no podman command in PATH".into(),
                    _ => system_text(&error),
                });
            }
        };
        let mut service = Self { child, directory };
        let deadline = Instant::now() + START;
        while !socket.exists() {
            if let Ok(Some(status)) = service.child.try_wait() {
                let said = service.child.stderr.take().map(std::io::read_to_string);
                let said = said.and_then(Result::ok).unwrap_or_default();
                return Err(format!("{} ({status})", said.trim()));
            }
            if Instant::now() > deadline {
                return Err(format!("it does not listen after {} s", START.as_secs()));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(service)
    }

    /// Where it listens.
    pub fn address(&self) -> Address {
        Address::Socket { path: self.directory.join("api.sock"), named: None }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = os::tell(self.child.id(), Tell::Terminate);
        let deadline = Instant::now() + Duration::from_secs(2);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs_err::remove_dir_all(&self.directory);
    }
}
