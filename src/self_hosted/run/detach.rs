//! A run in the background: this program starts itself anew in a session of its own, and waits until the new
//! one says that all is up. The two hold the ends of a socket, which is the new one's standard input.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::logs;
use crate::error::{Failure, system_text};
use crate::os::{self, Tell};
use crate::paths::InstallDir;

/// The hidden flag of the new process, in the place of `--detach`.
pub const FLAG: &str = "--detached";

/// How the start went.
pub enum Outcome {
    /// All is up.
    Up {
        /// The new `dapr run`.
        pid: u32,
    },
    /// It has ended instead.
    Ended(ExitStatus),
}

/// A run that is starting in the background.
pub struct Background {
    child: std::process::Child,
    socket: UnixStream,
    /// What it would have printed.
    pub log: PathBuf,
}

impl Background {
    /// Starts this program again, with its own arguments but for the first word after the program that is
    /// `--detach`.
    pub fn start(install: &InstallDir, args: &[String]) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new(format!("cannot start in the background: {}", system_text(&error)))
        };
        let directory = install.logs_of_all();
        fs_err::create_dir_all(&directory).map_err(failed)?;
        logs::forget_old(&directory, "run_");
        let stamp = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
        let log = directory.join(format!("run_{stamp}_{}.log", std::process::id()));
        let out = fs_err::File::create(&log).map_err(failed)?.into_file();
        let errors = out.try_clone().map_err(failed)?;
        let (socket, theirs) = UnixStream::pair().map_err(failed)?;
        let child = Command::new(std::env::current_exe().map_err(failed)?)
            .args(detached(args))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(out)
            .stderr(errors)
            .spawn()
            .map_err(failed)?;
        Ok(Self { child, socket, log })
    }

    /// Waits until it is up or has ended.
    pub fn wait(mut self) -> Result<Outcome, Failure> {
        let mut byte = [0];
        if self.socket.read_exact(&mut byte).is_ok() {
            return Ok(Outcome::Up { pid: self.child.id() });
        }
        let status = self.child.wait();
        status.map(Outcome::Ended).map_err(|error| Failure::new(format!("cannot wait for the run: {error}")))
    }
}

/// The arguments of the new process.
fn detached(args: &[String]) -> Vec<String> {
    let mut open = true;
    let replace = |word: &String| {
        if open && (word == "--detach" || word.starts_with("--detach=")) {
            open = false;
            return FLAG.to_owned();
        }
        // What follows belongs to the app.
        open &= word != "--";
        word.clone()
    };
    args.iter().map(replace).collect()
}

/// The new process's side.
pub struct Starter {
    socket: UnixStream,
    up: Arc<AtomicBool>,
}

impl Starter {
    /// Leaves the terminal's session. When whoever started us goes away before all is up, this process is told
    /// to end, as it would be by Ctrl-C in the foreground.
    pub fn leave() -> std::io::Result<Self> {
        os::leave_session();
        let socket = os::stdin_socket()?;
        let mut watched = socket.try_clone()?;
        let up = Arc::new(AtomicBool::new(false));
        let is_up = Arc::clone(&up);
        std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
            // Nothing is ever sent this way: the end of the stream is all there is to read.
            let ended = watched.read(&mut [0]).is_ok_and(|read| read == 0);
            if ended && !is_up.load(Ordering::SeqCst) {
                let _ = os::tell(std::process::id(), Tell::Terminate);
            }
        })?;
        Ok(Self { socket, up })
    }

    /// All is up: from now on nobody waits for us.
    pub fn up(&self) {
        self.up.store(true, Ordering::SeqCst);
        let _ = (&self.socket).write_all(b"u");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_our_own_flag_is_replaced() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let detached = |text| super::detached(&words(text)).join(" ");
        assert_eq!(detached("run --detach -a x -- cmd --detach"), "run --detached -a x -- cmd --detach");
        assert_eq!(detached("run -a x --detach=true"), "run -a x --detached");
        assert_eq!(detached("run -- cmd --detach"), "run -- cmd --detach");
    }
}
