//! Unix: open files that travel from process to process, children in groups of their own, terminals.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use nix::sys::termios::{self, LocalFlags, OutputFlags, SetArg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// Most descriptors that one message carries.
const MOST_DESCRIPTORS: usize = 16;

/// Sends a message with open files attached. Messages are framed by their length.
pub fn send(socket: &UnixStream, message: &[u8], files: &[BorrowedFd<'_>]) -> io::Result<()> {
    let length = u32::try_from(message.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let raw: Vec<RawFd> = files.iter().map(AsRawFd::as_raw_fd).collect();
    let control = [ControlMessage::ScmRights(&raw)];
    let control = if raw.is_empty() { &control[..0] } else { &control[..] };
    let header = length.to_le_bytes();
    // A closed socket is an error here: Rust programs ignore SIGPIPE, so MSG_NOSIGNAL, which macOS lacks, is not needed.
    let sent = loop {
        match sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(&header)], control, MsgFlags::empty(), None) {
            Err(Errno::EINTR) => {}
            other => break other?,
        }
    };
    let mut writer = socket;
    writer.write_all(&header[sent..])?;
    writer.write_all(message)
}

/// Receives a message and the files that came with it; `None` at the end of the stream.
pub fn receive(socket: &UnixStream) -> io::Result<Option<(Vec<u8>, Vec<OwnedFd>)>> {
    let mut header = [0_u8; 4];
    let mut space = nix::cmsg_space!([RawFd; MOST_DESCRIPTORS]);
    let mut files = Vec::new();
    let read = loop {
        let mut target = [IoSliceMut::new(&mut header)];
        let flags = MsgFlags::empty();
        match recvmsg::<()>(socket.as_raw_fd(), &mut target, Some(&mut space), flags) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
            Ok(received) => {
                for control in received.cmsgs()? {
                    if let ControlMessageOwned::ScmRights(raw) = control {
                        files.extend(raw.into_iter().map(own));
                    }
                }
                break received.bytes;
            }
        }
    };
    if read == 0 {
        return Ok(None);
    }
    let mut reader = socket;
    reader.read_exact(&mut header[read..])?;
    let mut message = vec![0; u32::from_le_bytes(header) as usize];
    reader.read_exact(&mut message)?;
    for file in &files {
        close_on_exec(file, true)?;
    }
    Ok(Some((message, files)))
}

#[allow(unsafe_code)]
fn own(raw: RawFd) -> OwnedFd {
    // SAFETY: the kernel has just made this descriptor for us, in answer to `recvmsg`.
    unsafe { OwnedFd::from_raw_fd(raw) }
}

fn close_on_exec(file: &impl AsFd, yes: bool) -> io::Result<()> {
    let flags = if yes { FdFlag::FD_CLOEXEC } else { FdFlag::empty() };
    fcntl(file.as_fd(), FcntlArg::F_SETFD(flags))?;
    Ok(())
}

/// Lets a file survive the start of a child; returns its number there.
pub fn inheritable(file: &OwnedFd) -> io::Result<RawFd> {
    close_on_exec(file, false)?;
    Ok(file.as_raw_fd())
}

/// A listener as a plain descriptor, to be sent.
pub fn listener_file(listener: TcpListener) -> OwnedFd {
    listener.into()
}

/// Our own copy of standard input, output or error (0, 1, 2).
pub fn standard(number: u8) -> io::Result<OwnedFd> {
    match number {
        0 => io::stdin().as_fd().try_clone_to_owned(),
        1 => io::stdout().as_fd().try_clone_to_owned(),
        _ => io::stderr().as_fd().try_clone_to_owned(),
    }
}

/// The standard input of this process as a socket: how the guardian gets its line to the command line.
pub fn stdin_socket() -> io::Result<UnixStream> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.local_addr()?;
    close_on_exec(&socket, true)?;
    Ok(socket)
}

/// Starts a child as leader of its own process group. `name` becomes its `argv[0]`.
pub fn spawn(
    program: &str,
    name: &str,
    args: &[String],
    env: &[(String, String)],
    directory: Option<&std::path::Path>,
    [stdin, stdout, stderr]: [OwnedFd; 3],
) -> io::Result<u32> {
    let mut command = Command::new(program);
    if let Some(directory) = directory {
        command.current_dir(directory);
    }
    command.arg0(name).args(args).envs(env.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::from(stdin)).stdout(Stdio::from(stdout)).stderr(Stdio::from(stderr));
    // The child is reaped by `reap`, not through this handle.
    command.process_group(0).spawn().map(|child| child.id())
}

/// Leaves the terminal's session, so that its signals don't arrive.
pub fn leave_session() {
    let _ = nix::unistd::setsid();
}

/// Makes this process the parent of every descendant whose own parent ends (Linux; elsewhere nothing).
pub fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_child_subreaper(true);
}

/// Waits until a child has exited and leaves the child to [`reap`]. Returns `false` if there is no child.
#[allow(unsafe_code)]
pub fn wait_for_any() -> bool {
    use nix::libc::{P_ALL, WEXITED, WNOWAIT, siginfo_t, waitid};
    loop {
        let mut info = std::mem::MaybeUninit::<siginfo_t>::zeroed();
        // nix offers `waitid` on some systems only.
        // SAFETY: `info` has the size that the kernel fills, and nothing reads `info`.
        if unsafe { waitid(P_ALL, 0, info.as_mut_ptr(), WEXITED | WNOWAIT) } == 0 {
            return true;
        }
        if Errno::last() != Errno::EINTR {
            return false;
        }
    }
}

/// Reaps one child that has ended, if any.
pub fn reap() -> Option<(u32, Exit)> {
    match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::Exited(pid, code)) => Some((pid.as_raw().unsigned_abs(), Exit::Code(code))),
        Ok(WaitStatus::Signaled(pid, signal, _)) => {
            Some((pid.as_raw().unsigned_abs(), Exit::Signal(signal as i32)))
        }
        _ => None,
    }
}

/// A pseudo-terminal for an app whose output goes to our terminal.
pub struct Terminal {
    /// Our end.
    pub ours: OwnedFd,
    /// The app's end: standard input, output and error.
    pub theirs: OwnedFd,
}

impl Terminal {
    /// Opens one that is `narrower` columns narrower than our own terminal, for the prefix of lines. Echo is
    /// off because our own terminal echoes already; output is not translated, so lines end as the app wrote them.
    pub fn open(narrower: u16) -> io::Result<Self> {
        let OpenptyResult { master, slave } = openpty(size(narrower).as_ref(), None)?;
        let mut settings = termios::tcgetattr(&slave)?;
        settings.local_flags.remove(LocalFlags::ECHO);
        settings.output_flags.remove(OutputFlags::OPOST);
        termios::tcsetattr(&slave, SetArg::TCSANOW, &settings)?;
        close_on_exec(&master, true)?;
        close_on_exec(&slave, true)?;
        Ok(Self { ours: master, theirs: slave })
    }
}

mod window {
    //! The two window size calls.
    nix::ioctl_read_bad!(get, nix::libc::TIOCGWINSZ, nix::pty::Winsize);
    nix::ioctl_write_ptr_bad!(set, nix::libc::TIOCSWINSZ, nix::pty::Winsize);
}

#[allow(unsafe_code)]
fn size(narrower: u16) -> Option<Winsize> {
    let mut size = Winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the kernel fills the structure that the pointer names, or fails.
    unsafe { window::get(io::stdout().as_raw_fd(), &raw mut size) }.ok()?;
    size.ws_col = size.ws_col.saturating_sub(narrower).max(20);
    Some(size)
}

/// Passes the size of our terminal on.
#[allow(unsafe_code)]
pub fn follow_size(terminal: &OwnedFd, narrower: u16) {
    if let Some(size) = size(narrower) {
        // SAFETY: the structure lives until the call returns.
        let _ = unsafe { window::set(terminal.as_raw_fd(), &raw const size) };
    }
}

/// A standard input that has nothing to read.
pub fn nothing() -> io::Result<OwnedFd> {
    fs_err::File::open("/dev/null").map(|file| file.into_file().into())
}

/// An output that nobody reads.
pub fn discard() -> io::Result<OwnedFd> {
    fs_err::OpenOptions::new().write(true).open("/dev/null").map(|file| file.into_file().into())
}

/// Writes everything into an open file, past any buffer.
pub fn write_all(file: &impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match nix::unistd::write(file, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::EINTR) => {}
            // Whoever gave us this output made it non-blocking.
            Err(Errno::EAGAIN) => wait_to_write(file),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn wait_to_write(file: &impl AsFd) {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let _ = poll(&mut [PollFd::new(file.as_fd(), PollFlags::POLLOUT)], PollTimeout::NONE);
}

/// A pipe for output: as [`pipe`], with more room where the system gives it, so that the writer waits less.
pub fn output_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = pipe()?;
    #[cfg(target_os = "linux")]
    let _ = nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETPIPE_SZ(1024 * 1024));
    Ok((reader, writer))
}

/// A pipe: what is written into the second end comes out of the first.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    Ok((reader.into(), writer.into()))
}

/// Whether a file has something to read, or has ended, within the time.
pub fn readable_within(file: &impl AsFd, time: std::time::Duration) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut files = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
    let limit = PollTimeout::try_from(time).unwrap_or(PollTimeout::NONE);
    // An error is for the reader to find.
    !matches!(poll(&mut files, limit), Ok(0) | Err(Errno::EINTR))
}

/// Whether standard output and standard error are the same file or terminal.
pub fn outputs_are_one() -> bool {
    let place = |stream: BorrowedFd<'_>| nix::sys::stat::fstat(stream).map(|file| (file.st_dev, file.st_ino));
    place(io::stdout().as_fd()).is_ok_and(|out| place(io::stderr().as_fd()) == Ok(out))
}

/// Whether we may read the terminal on standard input: a background job must not.
pub fn in_foreground() -> bool {
    nix::unistd::tcgetpgrp(io::stdin()).is_ok_and(|group| group == nix::unistd::getpgrp())
}

/// A background job that reads the terminal gets an error instead of being stopped.
#[allow(unsafe_code)]
pub fn never_stop_for_input() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    // SAFETY: ignoring a signal installs no handler that could run.
    let _ = unsafe { signal(Signal::SIGTTIN, SigHandler::SigIgn) };
}

/// Whether standard input is a terminal.
pub fn stdin_is_terminal() -> bool {
    io::IsTerminal::is_terminal(&io::stdin())
}

/// Whether a file can be executed by us.
pub fn is_executable(path: &std::path::Path) -> bool {
    path.is_file() && nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}
