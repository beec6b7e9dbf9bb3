//! Files with rights, space on a disk, children that end with us, the desktop's browser.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::env::{DISPLAY, Env, WAYLAND_DISPLAY};

/// Makes a new directory below the system's temporary one that only this user may enter.
pub fn private_directory(prefix: &str) -> io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let name = format!("{prefix}-{}-{:08x}", std::process::id(), fastrand::u32(..));
    let path = std::env::temp_dir().join(name);
    std::fs::DirBuilder::new().mode(0o700).create(&path)?;
    Ok(path)
}

/// Makes a new file that only this user may read or write.
pub fn create_private(path: &Path) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Lets everybody run a file and its owner change it.
pub fn make_executable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

/// Bytes that this user can still write to the file system of a path.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let stat = nix::sys::statvfs::statvfs(path)?;
    // The widths of these fields differ between systems.
    #[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
    Ok(u64::from(stat.blocks_available()).saturating_mul(stat.fragment_size() as u64))
}

/// Has a child end when the thread that starts it does, also when we are killed. Linux only; elsewhere the child
/// has to be ended by its owner.
#[allow(unsafe_code)]
pub fn end_with_us(command: &mut Command) {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::process::CommandExt;
        // SAFETY: between fork and exec only one system call is made, which allocates nothing.
        unsafe {
            command.pre_exec(|| Ok(nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM)?));
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}

/// Whether somebody sits before a screen on which a browser can be opened.
pub fn has_desktop(env: &Env) -> bool {
    cfg!(target_os = "macos") || [DISPLAY, WAYLAND_DISPLAY].iter().any(|name| env.get(name).is_some())
}

/// Has the desktop open an address. What the browser has to say goes nowhere.
pub fn open_in_browser(url: &str) -> io::Result<()> {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // It has a session of its own, so that Ctrl-C here doesn't end it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map(drop)
}
