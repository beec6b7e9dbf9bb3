//! A Redis server of the tests' own: on a free port of the loopback interface, ended with the process that started
//! it, whatever that one dies of.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Databases of the shared server: each test takes as many as it likes.
const DATABASES: u32 = 1000;
const LIMIT: Duration = Duration::from_secs(20);

/// A server; killed with the value.
pub struct Server {
    port: u16,
    arguments: Vec<String>,
    program: PathBuf,
    process: Child,
    guard: Child,
}

impl Server {
    /// Starts one with these arguments beyond address and port. `None` when Redis is not installed.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        let program = program()?;
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        for _ in 0..20 {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let (process, guard) = launch(&program, port, &arguments);
            let mut server =
                Self { port, arguments: arguments.clone(), program: program.clone(), process, guard };
            // Somebody else may have taken the port.
            if server.until_ready() {
                return Some(server);
            }
        }
        panic!("redis-server does not start");
    }

    /// For `redisHost`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Has it stay silent until [`Self::resume`].
    pub fn pause(&self) {
        self.signal(nix::sys::signal::Signal::SIGSTOP);
    }

    pub fn resume(&self) {
        self.signal(nix::sys::signal::Signal::SIGCONT);
    }

    fn signal(&self, signal: nix::sys::signal::Signal) {
        let process = nix::unistd::Pid::from_raw(self.process.id().try_into().unwrap());
        nix::sys::signal::kill(process, signal).unwrap();
    }

    /// Starts it again on the same port, after [`Self::kill`].
    pub fn restart(&mut self) {
        let (process, guard) = launch(&self.program, self.port, &self.arguments);
        self.process = process;
        std::mem::replace(&mut self.guard, guard).kill().unwrap();
        assert!(self.until_ready(), "redis-server does not start again");
    }

    /// A client that sees a database as it is.
    pub fn client(&self, db: u32) -> redis::Connection {
        let url = format!("redis://127.0.0.1:{}/{db}", self.port);
        redis::Client::open(url).unwrap().get_connection().unwrap()
    }

    fn until_ready(&mut self) -> bool {
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if answers(self.port) {
                return true;
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        panic!("redis-server does not answer");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for process in [&mut self.process, &mut self.guard] {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// The server that all tests of a binary share, and a database that is only the caller's. `None` when Redis is not
/// installed.
pub fn database() -> Option<(&'static Server, u32)> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(|| {
        // It looks for expired keys in a few databases at a time, so it should do that often.
        let count = DATABASES.to_string();
        Server::start(&["--save", "", "--appendonly", "no", "--hz", "500", "--databases", &count])
    });
    server.as_ref().map(|server| (server, NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// The Redis of the distribution. Its server and its tools are one program that goes by its name. Without it the
/// tests of Redis are left out, or fail in CI.
fn program() -> Option<PathBuf> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let at = |name: &str| places.iter().map(|place| place.join(name)).find(|file| file.is_file());
        if let Some(server) = at("redis-server") {
            return Some(server);
        }
        if let Some(tool) = at("redis-check-rdb") {
            let link = Path::new(env!("CARGO_TARGET_TMPDIR")).join("redis-server");
            let _ = std::os::unix::fs::symlink(tool, &link);
            return Some(link);
        }
        let missing = "redis-server is not installed (Debian, Ubuntu: apt-get install redis-server)";
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{missing}, but CI has to have it");
        // Not by a macro: that would be kept from sight.
        let _ = writeln!(std::io::stderr(), "{missing}: what is tested with it is left out");
        None
    };
    PROGRAM.get_or_init(find).clone()
}

/// The server, and a process that ends it when this one is gone.
fn launch(program: &Path, port: u16, arguments: &[String]) -> (Child, Child) {
    let mut server = Command::new(program);
    server.args(["--bind", "127.0.0.1", "--port", &port.to_string()]).args(arguments);
    server.current_dir(env!("CARGO_TARGET_TMPDIR"));
    let server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut guard = Command::new("sh");
    guard.args(["-c", "read -r _; kill -9 \"$0\"", &server.id().to_string()]);
    let guard = guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    (server, guard)
}

fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        // The latter is that of a server with a password.
        Ok::<_, std::io::Error>(matches!(&answer, b"+PONG" | b"-NOAU"))
    };
    ask().unwrap_or(false)
}
