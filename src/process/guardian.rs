//! The guardian's own program: `dapr guardian`, hidden. Its standard input is the socket to the command line.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::protocol::{Reply, Request};
use crate::error::{EXIT_FAILED, EXIT_OK};
use crate::os::{self, Tell};

/// The hidden word that makes this binary a guardian.
pub const WORD: &str = "guardian";
/// How long what is left gets between the request to end and the kill.
const GRACE: Duration = Duration::from_millis(500);
const GLANCE: Duration = Duration::from_millis(3);

struct Shared {
    /// Children that were started by request. The lock is also held while a child is started, so that the
    /// reaper does not take away a child that is about to fail, nor report an end before the start.
    children: Mutex<HashSet<u32>>,
    started: Condvar,
    socket: UnixStream,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashSet<u32>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, reply: &Reply) {
        if let Ok(message) = serde_json::to_vec(reply) {
            // A command line that is gone is noticed by the reader.
            let _ = os::send(&self.socket, &message, &[]);
        }
    }
}

/// Serves requests until the command line closes the socket or dies; then ends every descendant.
pub fn main(_: &[String]) -> u8 {
    os::leave_session();
    os::adopt_orphans();
    let Ok(socket) = os::stdin_socket() else { return EXIT_FAILED };
    let Ok(writer) = socket.try_clone() else { return EXIT_FAILED };
    let shared: &'static Shared =
        Box::leak(Box::new(Shared { children: Mutex::default(), started: Condvar::new(), socket: writer }));
    let reaper = std::thread::Builder::new().stack_size(64 * 1024).spawn(|| reap_all(shared));
    if reaper.is_err() {
        return EXIT_FAILED;
    }
    while let Ok(Some((message, files))) = os::receive(&socket) {
        match serde_json::from_slice(&message) {
            Ok(request) => serve(shared, request, files),
            Err(error) => shared.say(&Reply::Refused(None, error.to_string())),
        }
    }
    end_descendants();
    EXIT_OK
}

fn serve(shared: &Shared, request: Request, files: Vec<OwnedFd>) {
    let mut children = shared.lock();
    let reply = match spawn(request, files) {
        Ok(pid) => {
            children.insert(pid);
            Reply::Spawned(pid)
        }
        Err(error) => Reply::Refused(error.raw_os_error(), error.to_string()),
    };
    shared.say(&reply);
    shared.started.notify_one();
}

fn spawn(request: Request, files: Vec<OwnedFd>) -> std::io::Result<u32> {
    let Request::Spawn { program, name, args, mut env, directory, listeners, listeners_variable } = request;
    let mut files = files.into_iter();
    let mut stream = || files.next().ok_or(std::io::Error::from(std::io::ErrorKind::InvalidInput));
    let streams = [stream()?, stream()?, stream()?];
    let sockets: Vec<OwnedFd> = files.collect();
    let mut numbers = Vec::new();
    for (name, socket) in listeners.iter().zip(&sockets) {
        numbers.push(format!("{name}={}", os::inheritable(socket)?));
    }
    if !numbers.is_empty() {
        env.push((listeners_variable, numbers.join(",")));
    }
    os::spawn(&program, &name, &args, &env, directory.as_deref(), streams)
}

fn reap_all(shared: &Shared) {
    loop {
        if !os::wait_for_any() {
            // No child at all: wait for the next start. The limit covers orphans that come without one.
            let children = shared.lock();
            let _ = shared.started.wait_timeout(children, Duration::from_millis(200));
            continue;
        }
        let mut children = shared.lock();
        while let Some((pid, exit)) = os::reap() {
            if children.remove(&pid) {
                shared.say(&Reply::Exited(pid, exit));
            }
        }
    }
}

/// Asks every descendant to end, and kills what is left after the grace time, until nothing is left.
fn end_descendants() {
    let deadline = Instant::now() + GRACE;
    let mut asked = HashSet::new();
    loop {
        let left = descendants();
        if left.is_empty() {
            return;
        }
        for pid in left {
            if Instant::now() >= deadline {
                let _ = os::tell(pid, Tell::Kill);
            } else if asked.insert(pid) {
                let _ = os::tell(pid, Tell::Terminate);
            }
        }
        std::thread::sleep(GLANCE);
    }
}

fn descendants() -> Vec<u32> {
    let all = os::processes();
    let mut family = HashSet::from([std::process::id()]);
    // Parents may come after their children in the table: repeat until nothing is added.
    loop {
        let before = family.len();
        family.extend(
            all.iter()
                .filter(|process| family.contains(&process.parent))
                .map(|process| process.pid)
                .collect::<Vec<_>>(),
        );
        if family.len() == before {
            break;
        }
    }
    family.remove(&std::process::id());
    family.into_iter().collect()
}
