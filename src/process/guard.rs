//! The command line's handle on its guardian.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::guardian::WORD;
use super::protocol::{Reply, Request};
use crate::os::{self, Exit};

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
    /// Standard input, output, error.
    pub streams: [OwnedFd; 3],
    /// Listening sockets to hand over, by name, and the variable that tells the child their numbers.
    pub listeners: Vec<(String, OwnedFd)>,
    /// See `listeners`.
    pub listeners_variable: &'static str,
}

/// A child that has ended.
#[derive(Debug, Clone, Copy)]
pub struct Exited {
    /// Its process id.
    pub pid: u32,
    /// How.
    pub exit: Exit,
}

/// A running guardian. Dropping the handle makes it end everything that is left.
pub struct Guard {
    socket: UnixStream,
    process: Child,
    answers: mpsc::Receiver<Reply>,
    exits: UnboundedReceiver<Exited>,
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
        let (exit, exits) = unbounded_channel();
        let reader = socket.try_clone()?;
        std::thread::Builder::new().stack_size(64 * 1024).spawn(move || listen(&reader, &answer, &exit))?;
        Ok(Self { socket, process, answers, exits })
    }

    /// Starts a child; returns its process id. The error is the system's, as if we had started it ourselves.
    pub fn spawn(&self, spec: Spec) -> io::Result<u32> {
        let (names, sockets): (Vec<String>, Vec<OwnedFd>) = spec.listeners.into_iter().unzip();
        let request = Request::Spawn {
            program: spec.program,
            name: spec.name,
            args: spec.args,
            env: spec.env,
            listeners: names,
            listeners_variable: spec.listeners_variable.to_owned(),
        };
        let files: Vec<BorrowedFd<'_>> = spec.streams.iter().chain(&sockets).map(AsFd::as_fd).collect();
        os::send(&self.socket, &serde_json::to_vec(&request)?, &files)?;
        match self.answers.recv() {
            Ok(Reply::Spawned(pid)) => Ok(pid),
            Ok(Reply::Refused(Some(number), _)) => Err(io::Error::from_raw_os_error(number)),
            Ok(Reply::Refused(None, text)) => Err(io::Error::other(text)),
            Ok(Reply::Exited(..)) | Err(_) => Err(io::Error::other("the guardian process is gone")),
        }
    }

    /// The next child that ends; `None` when the guardian is gone.
    pub async fn exited(&mut self) -> Option<Exited> {
        self.exits.recv().await
    }

    /// Ends everything that is left and waits for it.
    pub fn finish(mut self) {
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        let _ = self.process.wait();
    }
}

fn listen(socket: &UnixStream, answers: &mpsc::Sender<Reply>, exits: &UnboundedSender<Exited>) {
    while let Ok(Some((message, _))) = os::receive(socket) {
        match serde_json::from_slice(&message) {
            Ok(Reply::Exited(pid, exit)) => {
                let _ = exits.send(Exited { pid, exit });
            }
            Ok(reply) => {
                let _ = answers.send(reply);
            }
            Err(_) => break,
        }
    }
}
