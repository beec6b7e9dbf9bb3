//! Everything that differs between operating systems: signals, process groups, the process table, terminals,
//! handing sockets to a child, multicast. The only place for `cfg(unix)` and for `unsafe`.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::*;
#[cfg(unix)]
mod handover;
#[cfg(unix)]
pub use handover::*;
#[cfg(unix)]
mod multicast;
#[cfg(unix)]
pub use multicast::*;
#[cfg(unix)]
mod system;
#[cfg(unix)]
pub use system::*;

mod usage;
pub use usage::{Usage, own_usage};

#[cfg(windows)]
compile_error!("Windows is not supported yet: src/os/windows.rs has to export what src/os/unix.rs does");

/// One row of the process table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Parent's process id.
    pub parent: u32,
    /// When it started, in an opaque unit that only compares equal for the same process.
    pub started: u64,
    /// Name of the executable as the kernel has it (at most 15 bytes on Linux).
    pub name: String,
}
