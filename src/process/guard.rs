//! The command line's handle on its guardian.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::child::Child;
use super::guardian::WORD;
use super::protocol::{Reply, Request};
use crate::os::Exit;

/// What to start.
pub struct Spec {
    /// File to execute.
    pub program: String,
    /// `argv[0]`.
    pub name: String,
    /// The other arguments.
    pub args: Vec<String>,
    /// Variables on top of our own.
    pub env: Vec<(String, String)>,
    /// Working directory; ours when there is none.
    pub directory: Option<std::path::PathBuf>,
    /// Standard input, output, error.
    pub streams: [OwnedFd; 3],
    /// Listening sockets to hand over, by name, and the variable that tells the child their numbers.
    pub listeners: Vec<(String, OwnedFd)>,
    /// See `listeners`.
    pub listeners_variable: &'static str,
}

/// A running guardian. Dropping the handle makes it end everything that is left.
pub struct Guard {
    socket: UnixStream,
    process: Mutex<std::process::Child>,
    /// One request at a time; the answer comes back here.
    answers: Mutex<mpsc::Receiver<io::Result<Child>>>,
    gone: CancellationToken,
}

impl Guard {
    /// Starts the guardian.
    pub fn start() -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        let process = Command::new(std::env::current_exe()?)
            .arg(WORD)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let (answer, answers) = mpsc::channel();
        let reader = socket.try_clone()?;
        let gone = CancellationToken::new();
        let lost = gone.clone();
        std::thread::Builder::new().name("guardian".into()).stack_size(64 * 1024).spawn(move || {
            listen(&reader, &answer);
            lost.cancel();
        })?;
        Ok(Self { socket, process: Mutex::new(process), answers: Mutex::new(answers), gone })
    }

    /// Starts a child. The error is the system's, as if we had started it ourselves.
    pub fn spawn(&self, spec: Spec) -> io::Result<Child> {
        let (names, sockets): (Vec<String>, Vec<OwnedFd>) = spec.listeners.into_iter().unzip();
        let request = Request::Spawn {
            program: spec.program,
            name: spec.name,
            args: spec.args,
            env: spec.env,
            directory: spec.directory,
            listeners: names,
            listeners_variable: spec.listeners_variable.to_owned(),
        };
        let files: Vec<BorrowedFd<'_>> = spec.streams.iter().chain(&sockets).map(AsFd::as_fd).collect();
        let message = serde_json::to_vec(&request)?;
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        crate::os::send(&self.socket, &message, &files)?;
        answers.recv().unwrap_or_else(|_| Err(io::Error::other("the guardian process is gone")))
    }

    /// Waits until the guardian is gone, which it never is on its own.
    pub async fn lost(&self) {
        self.gone.cancelled().await;
    }

    /// Ends everything that is left and waits for it.
    pub fn finish(&self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        let _ = self.process.lock().unwrap_or_else(PoisonError::into_inner).wait();
    }
}

/// Takes the guardian's messages. The start of a child comes before its end, so each end finds its child.
fn listen(socket: &UnixStream, answers: &mpsc::Sender<io::Result<Child>>) {
    let mut children: HashMap<u32, watch::Sender<Option<Exit>>> = HashMap::new();
    while let Ok(Some((message, _))) = crate::os::receive(socket) {
        let answer = match serde_json::from_slice(&message) {
            Ok(Reply::Spawned(pid)) => {
                let (sender, receiver) = watch::channel(None);
                children.insert(pid, sender);
                Ok(Child::new(pid, receiver))
            }
            Ok(Reply::Refused(Some(number), _)) => Err(io::Error::from_raw_os_error(number)),
            Ok(Reply::Refused(None, text)) => Err(io::Error::other(text)),
            Ok(Reply::Exited(pid, exit)) => {
                if let Some(child) = children.remove(&pid) {
                    child.send_replace(Some(exit));
                }
                continue;
            }
            Err(_) => break,
        };
        let _ = answers.send(answer);
    }
}
