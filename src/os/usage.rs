//! What this process uses, as the kernel counts it.

use std::time::{Duration, SystemTime};

/// Resources of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Time on processors, in the program and in the kernel.
    pub cpu: Duration,
    /// Memory that is in use, in bytes.
    pub resident: u64,
    /// Memory that is addressed, in bytes.
    pub addressed: u64,
    /// Open files.
    pub files: u64,
    /// Most files that may be open.
    pub most_files: u64,
    /// When it started.
    pub started: Option<SystemTime>,
}

/// Of this process; `None` where the system does not tell.
pub fn own_usage() -> Option<Usage> {
    imp::own_usage()
}

#[cfg(target_os = "linux")]
mod imp {
    use std::time::Duration;

    use nix::sys::resource::{Resource, getrlimit};
    use nix::unistd::{SysconfVar, sysconf};

    use super::Usage;

    pub fn own_usage() -> Option<Usage> {
        let stat = fs_err::read_to_string("/proc/self/stat").ok()?;
        // The name, in parentheses, may hold anything.
        let fields: Vec<u64> = stat
            .rsplit_once(')')?
            .1
            .split_whitespace()
            .map(|field| field.parse().unwrap_or_default())
            .collect();
        let unit = |name| sysconf(name).ok().flatten().and_then(|unit| u64::try_from(unit).ok());
        let (ticks, page) = (unit(SysconfVar::CLK_TCK)?, unit(SysconfVar::PAGE_SIZE)?);
        // The first field behind the name is the third one of the manual.
        let field = |number: usize| fields.get(number - 3).copied();
        let millis = (field(14)? + field(15)?) * 1000 / ticks;
        Some(Usage {
            cpu: Duration::from_millis(millis),
            resident: field(24)? * page,
            addressed: field(23)?,
            files: fs_err::read_dir("/proc/self/fd").ok()?.count() as u64,
            most_files: getrlimit(Resource::RLIMIT_NOFILE).ok()?.0,
            started: crate::os::started_at(field(22)?),
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    pub fn own_usage() -> Option<super::Usage> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_what_it_uses() {
        let before = own_usage().unwrap();
        let began = std::time::Instant::now();
        while own_usage().unwrap().cpu == before.cpu {
            assert!(began.elapsed() < Duration::from_secs(10));
        }
        let memory = vec![1_u8; 32 << 20];
        let file = std::fs::File::open("/proc/self/stat").unwrap();
        let after = own_usage().unwrap();
        assert!(after.resident > before.resident + (16 << 20), "{before:?} {after:?}");
        assert!(after.most_files > after.files && after.addressed > after.resident);
        let age = SystemTime::now().duration_since(after.started.unwrap()).unwrap();
        assert!(age < Duration::from_hours(1), "{age:?}");
        drop((memory, file));
    }
}
