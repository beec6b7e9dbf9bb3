//! Unix: signals, groups, descriptors. The process table is per system, at the end.

use std::io;
use std::net::TcpListener;
use std::os::fd::{FromRawFd, RawFd};
use std::time::SystemTime;

use nix::errno::Errno;
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

use super::Process;

/// A connection to a socket in the file system.
pub use tokio::net::UnixStream as LocalSocket;

/// The number of SIGKILL.
pub const KILLED: i32 = Signal::SIGKILL as i32;

/// What a process or a group is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// Please end (SIGTERM).
    Terminate,
    /// The user pressed Ctrl-C (SIGINT).
    Interrupt,
    /// End now (SIGKILL).
    Kill,
}

impl From<Tell> for Signal {
    fn from(tell: Tell) -> Self {
        match tell {
            Tell::Terminate => Signal::SIGTERM,
            Tell::Interrupt => Signal::SIGINT,
            Tell::Kill => Signal::SIGKILL,
        }
    }
}

fn pid(id: u32) -> io::Result<Pid> {
    let id = i32::try_from(id).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    // 0 and 1 would address our own group or init.
    if id <= 1 { Err(io::ErrorKind::InvalidInput.into()) } else { Ok(Pid::from_raw(id)) }
}

/// Signals one process. A process that is already gone is not an error.
pub fn tell(id: u32, what: Tell) -> io::Result<()> {
    gone_is_fine(signal::kill(pid(id)?, Signal::from(what)))
}

/// Signals a process group. A group that is already gone is not an error.
pub fn tell_group(id: u32, what: Tell) -> io::Result<()> {
    gone_is_fine(signal::killpg(pid(id)?, Signal::from(what)))
}

/// The process group of a process; `None` when it is gone.
pub fn group_of(id: u32) -> Option<u32> {
    let group = nix::unistd::getpgid(Some(pid(id).ok()?)).ok()?;
    u32::try_from(group.as_raw()).ok()
}

fn gone_is_fine(result: nix::Result<()>) -> io::Result<()> {
    match result {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Name of a signal as the stock tools print it (`terminated`, `killed`, …).
pub fn signal_name(number: i32) -> &'static str {
    match Signal::try_from(number) {
        Ok(Signal::SIGHUP) => "hangup",
        Ok(Signal::SIGINT) => "interrupt",
        Ok(Signal::SIGQUIT) => "quit",
        Ok(Signal::SIGILL) => "illegal instruction",
        Ok(Signal::SIGTRAP) => "trace/breakpoint trap",
        Ok(Signal::SIGABRT) => "aborted",
        Ok(Signal::SIGBUS) => "bus error",
        Ok(Signal::SIGFPE) => "floating point exception",
        Ok(Signal::SIGKILL) => "killed",
        Ok(Signal::SIGUSR1) => "user defined signal 1",
        Ok(Signal::SIGSEGV) => "segmentation fault",
        Ok(Signal::SIGUSR2) => "user defined signal 2",
        Ok(Signal::SIGPIPE) => "broken pipe",
        Ok(Signal::SIGALRM) => "alarm clock",
        Ok(Signal::SIGTERM) => "terminated",
        Ok(other) => other.as_str(),
        Err(_) => "unknown signal",
    }
}

/// Whether a signal is one that asks a process to end, as against one that kills it or tells of a crash.
pub fn asks_to_end(number: i32) -> bool {
    matches!(Signal::try_from(number), Ok(Signal::SIGTERM | Signal::SIGINT | Signal::SIGHUP))
}

/// Gives the calling thread, and with it the process when called from `main`, a name in the process table.
pub fn set_process_name(name: &str) {
    #[cfg(target_os = "linux")]
    if let Ok(name) = std::ffi::CString::new(name) {
        let _ = nix::sys::prctl::set_name(&name);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = name;
}

/// Takes over a listening socket that the parent left at a descriptor.
///
/// # Safety rule kept here
/// The descriptor must come from [`crate::env::DAPR_LISTEN_FDS`] and be taken once; it is checked to be a
/// listening TCP socket before it is used, so a wrong number is an error and not undefined behaviour.
#[allow(unsafe_code)]
pub fn inherit_listener(fd: RawFd) -> io::Result<TcpListener> {
    if fd < 3 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: the number names a descriptor that the parent handed over for this purpose; nobody else owns it.
    let listener = unsafe { TcpListener::from_raw_fd(fd) };
    match listener.local_addr() {
        Ok(_) => {}
        Err(error) => {
            // Not a TCP socket: whoever owns the descriptor keeps it.
            std::mem::forget(listener);
            return Err(error);
        }
    }
    nix::fcntl::fcntl(&listener, nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
    Ok(listener)
}

/// A listening Unix socket.
pub type SocketListener = tokio::net::UnixListener;
/// A connection to a Unix socket.
pub type SocketStream = tokio::net::UnixStream;

/// Listens on a socket file that only the user and the group may use. A file that a dead process left is
/// removed; one that somebody answers on is `AddrInUse`. Needs a running `tokio` reactor.
pub fn listen_on_socket_file(path: &std::path::Path) -> io::Result<SocketListener> {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    if fs_err::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket()) {
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        fs_err::remove_file(path)?;
    }
    let listener = SocketListener::bind(path)?;
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    Ok(listener)
}

/// Whether two descriptions are of the same file.
pub fn is_same_file(one: &std::fs::Metadata, other: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Connects to a socket file; reading and writing end with an error after the time.
pub fn connect_to_socket_file(
    path: &std::path::Path,
    limit: std::time::Duration,
) -> io::Result<std::os::unix::net::UnixStream> {
    let stream = std::os::unix::net::UnixStream::connect(path)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    Ok(stream)
}

/// What the outside world tells this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// End (SIGINT or SIGTERM); the name is as [`signal_name`] has it.
    End(&'static str),
    /// Start anew (SIGHUP).
    Restart,
}

/// The signals that a sidecar obeys, from now on.
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Signals {
    /// Takes the signals over from their default effect. Needs a running `tokio` reactor.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.interrupt.recv() => Told::End("interrupt"),
            _ = self.terminate.recv() => Told::End("terminated"),
            _ = self.hangup.recv() => Told::Restart,
        }
    }
}

/// Changes of our terminal's size.
pub struct WindowSizes(Option<tokio::signal::unix::Signal>);

impl WindowSizes {
    /// Watches from now on. Needs a running `tokio` reactor.
    pub fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self(signal(SignalKind::window_change()).ok())
    }

    /// The next change; for ever when they can't be watched.
    pub async fn changed(&mut self) {
        match &mut self.0 {
            Some(signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }
}

/// The host's name.
pub fn hostname() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "localhost".into())
}

/// Numeric id of the user.
pub fn user_id() -> u32 {
    nix::unistd::getuid().as_raw()
}

/// When a process started; `None` when there is no such process (a zombie counts as gone).
pub fn start_time(pid: u32) -> Option<u64> {
    table::one(pid).map(|process| process.started)
}

/// The time of day that a start time stands for.
pub fn started_at(started: u64) -> Option<SystemTime> {
    table::started_at(started)
}

/// All processes that can be seen.
pub fn processes() -> Vec<Process> {
    table::all()
}

/// Arguments of a process, the program first; empty when it is gone or not ours to read.
pub fn arguments(pid: u32) -> Vec<String> {
    table::arguments(pid)
}

/// The environment that a process was started with; empty when it is gone or not ours to read.
pub fn environment(pid: u32) -> Vec<(String, String)> {
    table::environment(pid)
}

/// The directory that a process works in; `None` when it can't be learned.
pub fn working_directory(pid: u32) -> Option<std::path::PathBuf> {
    table::working_directory(pid)
}

#[cfg(target_os = "linux")]
mod table {
    //! `/proc`, read directly: a thousand processes in a few milliseconds.
    use std::time::{Duration, SystemTime};

    use super::Process;

    pub fn one(pid: u32) -> Option<Process> {
        let stat = fs_err::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        parse(pid, &stat)
    }

    /// The name is in parentheses and may hold anything, so fields count from the last `)`.
    pub fn parse(pid: u32, stat: &str) -> Option<Process> {
        let (open, close) = (stat.find('(')?, stat.rfind(')')?);
        let mut fields = stat.get(close + 1..)?.split_ascii_whitespace();
        let state = fields.next()?;
        if matches!(state, "Z" | "X" | "x") {
            return None;
        }
        let parent = fields.next()?.parse().ok()?;
        // `starttime` is field 22; state is 3 and parent 4.
        let started = fields.nth(17)?.parse().ok()?;
        Some(Process { pid, parent, started, name: stat.get(open + 1..close)?.to_owned() })
    }

    /// Start times are ticks since boot.
    pub fn started_at(started: u64) -> Option<SystemTime> {
        let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok()??;
        let ticks = u64::try_from(ticks).ok().filter(|ticks| *ticks > 0)?;
        let uptime = fs_err::read_to_string("/proc/uptime").ok()?;
        let uptime = Duration::try_from_secs_f64(uptime.split_whitespace().next()?.parse().ok()?).ok()?;
        let boot = SystemTime::now().checked_sub(uptime)?;
        boot.checked_add(Duration::from_millis(started.checked_mul(1000)? / ticks))
    }

    pub fn all() -> Vec<Process> {
        let Ok(entries) = fs_err::read_dir("/proc") else {
            return Vec::new();
        };
        entries.flatten().filter_map(|entry| one(entry.file_name().to_str()?.parse().ok()?)).collect()
    }

    pub fn arguments(pid: u32) -> Vec<String> {
        let raw = fs_err::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let raw = raw.strip_suffix(b"\0").unwrap_or(&raw);
        if raw.is_empty() {
            return Vec::new();
        }
        raw.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    pub fn environment(pid: u32) -> Vec<(String, String)> {
        let raw = fs_err::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let pair = |entry: &[u8]| {
            let text = String::from_utf8_lossy(entry);
            text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        raw.split(|byte| *byte == 0).filter_map(pair).collect()
    }

    pub fn working_directory(pid: u32) -> Option<std::path::PathBuf> {
        fs_err::read_link(format!("/proc/{pid}/cwd")).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_name_may_hold_spaces_and_parentheses() {
            let stat = "42 (a) b (c) S 7 42 42 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 987654 1 1";
            let process = parse(42, stat).unwrap();
            assert_eq!((process.name.as_str(), process.parent, process.started), ("a) b (c", 7, 987_654));
        }

        #[test]
        fn a_zombie_is_gone() {
            assert_eq!(parse(42, "42 (x) Z 7 42 42 0 -1 1 0 0 0 0 0 0 0 0 20 0 1 0 5 1 1"), None);
        }

        #[test]
        fn a_start_time_is_a_time_of_day() {
            let me = one(std::process::id()).unwrap();
            let age = SystemTime::now().duration_since(started_at(me.started).unwrap()).unwrap_or_default();
            assert!(age < Duration::from_mins(10), "{age:?}");
        }

        #[test]
        fn this_process_is_in_the_table() {
            let me = std::process::id();
            let found = all().into_iter().find(|process| process.pid == me).unwrap();
            assert_eq!(Some(found.started), one(me).map(|process| process.started));
            assert!(!arguments(me).is_empty());
            assert!(environment(me).iter().any(|(name, value)| name == "PATH" && !value.is_empty()));
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod table {
    //! Systems without `/proc`: through `sysinfo`; start times have a resolution of one second.
    use std::ffi::OsStr;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    use super::Process;
    use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

    /// Reads processes with the given properties; `None` if the system refuses.
    fn load(which: ProcessesToUpdate<'_>, properties: ProcessRefreshKind) -> Option<System> {
        let mut system = System::new().ok()?;
        system.refresh_processes_specifics(which, true, properties);
        Some(system)
    }

    /// Reads one process and what `read` needs of it.
    fn load_one<T>(
        pid: u32,
        properties: ProcessRefreshKind,
        read: impl FnOnce(&sysinfo::Process) -> T,
    ) -> Option<T> {
        let id = Pid::from_u32(pid);
        load(ProcessesToUpdate::Some(&[id]), properties)?.process(id).map(read)
    }

    fn row(process: &sysinfo::Process) -> Process {
        Process {
            pid: process.pid().as_u32(),
            parent: process.parent().map_or(0, Pid::as_u32),
            started: process.start_time(),
            name: process.name().to_string_lossy().into_owned(),
        }
    }

    pub fn one(pid: u32) -> Option<Process> {
        load_one(pid, ProcessRefreshKind::nothing(), row)
    }

    /// Start times are seconds since the epoch.
    pub fn started_at(started: u64) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(started))
    }

    pub fn all() -> Vec<Process> {
        let system = load(ProcessesToUpdate::All, ProcessRefreshKind::nothing());
        system.map(|system| system.processes().values().map(row).collect()).unwrap_or_default()
    }

    pub fn working_directory(pid: u32) -> Option<PathBuf> {
        let properties = ProcessRefreshKind::nothing().with_cwd(UpdateKind::Always);
        load_one(pid, properties, |process| process.cwd().map(Path::to_path_buf))?
    }

    pub fn environment(pid: u32) -> Vec<(String, String)> {
        let pair = |entry: &OsStr| {
            let text = entry.to_string_lossy();
            text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        let properties = ProcessRefreshKind::nothing().with_environ(UpdateKind::Always);
        load_one(pid, properties, |process| {
            process.environ().iter().filter_map(|entry| pair(entry)).collect()
        })
        .unwrap_or_default()
    }

    pub fn arguments(pid: u32) -> Vec<String> {
        let properties = ProcessRefreshKind::nothing().with_cmd(UpdateKind::Always);
        load_one(pid, properties, |process| {
            process.cmd().iter().map(|word| word.to_string_lossy().into_owned()).collect()
        })
        .unwrap_or_default()
    }
}
