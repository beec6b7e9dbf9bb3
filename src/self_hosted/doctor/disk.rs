//! Room on the disk for images, archives, logs and data.

use std::path::Path;

use super::Finding;
use crate::error::system_text;
use crate::os;
use crate::paths::InstallDir;

const CHECK: &str = "disk";
const MIB: u64 = 1 << 20;
/// Less than this is too little for an installation.
const TIGHT: u64 = 1 << 30;
/// Less than this is too little for anything.
const FULL: u64 = 100 * MIB;

/// Looks at the file system of the install directory, and at what we have put there.
pub fn check(install: &InstallDir) -> Vec<Finding> {
    let root = install.root();
    let Some(existing) = root.ancestors().find(|path| path.exists()) else {
        return Vec::new();
    };
    let (cache, logs) = (install.cache(), install.logs_of_all());
    let finding = match os::free_space(existing) {
        Ok(free) => judge(free, root, &[(&cache, size(&cache)), (&logs, size(&logs))]),
        Err(error) => {
            let detail = format!("cannot look at {}: {}", existing.display(), system_text(&error));
            Finding::problem(
                CHECK,
                detail,
                "make the directory readable, or name another one with --runtime-path",
            )
        }
    };
    vec![finding]
}

fn judge(free: u64, root: &Path, parts: &[(&Path, u64)]) -> Finding {
    let sizes: Vec<String> =
        parts.iter().map(|(path, size)| format!("{} has {}", path.display(), text(*size))).collect();
    let detail = format!("{} are free for {}; {}", text(free), root.display(), sizes.join(", "));
    let largest = parts.iter().max_by_key(|(_, size)| *size).filter(|(_, size)| *size >= MIB);
    let advice = match largest {
        Some((path, size)) => {
            format!("make room: for example, nothing needs what is in {} ({})", path.display(), text(*size))
        }
        None => {
            "make room on this file system, or name a directory on another one with --runtime-path".to_owned()
        }
    };
    if free < FULL {
        Finding::problem(CHECK, detail, advice)
    } else if free < TIGHT {
        Finding::warning(CHECK, detail, advice)
    } else {
        Finding::ok(CHECK, detail)
    }
}

/// Bytes in a directory, at any depth. Links are not followed.
fn size(directory: &Path) -> u64 {
    let mut total = 0;
    let mut waiting = vec![directory.to_owned()];
    while let Some(path) = waiting.pop() {
        for entry in fs_err::read_dir(path).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => waiting.push(entry.path()),
                Ok(metadata) => total += metadata.len(),
                Err(_) => {}
            }
        }
    }
    total
}

/// A size for people.
fn text(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let in_units = |unit: u64| bytes as f64 / unit as f64;
    match bytes {
        0 => "nothing".to_owned(),
        _ if bytes < MIB => format!("{:.0} KiB", in_units(1024).max(1.0)),
        _ if bytes < TIGHT => format!("{:.1} MiB", in_units(MIB)),
        _ => format!("{:.1} GiB", in_units(TIGHT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::self_hosted::doctor::Verdict;

    #[test]
    fn little_room_is_told_with_what_takes_it() {
        let (cache, logs) = (Path::new("/d/cache"), Path::new("/d/logs"));
        let judge = |free| judge(free, Path::new("/d"), &[(cache, 3 * TIGHT / 2), (logs, 10)]);
        let finding = judge(TIGHT);
        assert_eq!(finding.result, Verdict::Ok);
        assert_eq!(finding.detail, "1.0 GiB are free for /d; /d/cache has 1.5 GiB, /d/logs has 1 KiB");
        assert_eq!(judge(TIGHT - 1).result, Verdict::Warning);
        let full = judge(FULL - 1);
        assert_eq!(full.result, Verdict::Problem);
        assert_eq!(
            full.advice.unwrap(),
            "make room: for example, nothing needs what is in /d/cache (1.5 GiB)"
        );
    }

    #[test]
    fn files_at_any_depth_count() {
        let home = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(home.path().join("a/b")).unwrap();
        fs_err::write(home.path().join("a/b/c"), [0; 700]).unwrap();
        fs_err::write(home.path().join("d"), [0; 300]).unwrap();
        assert_eq!(size(home.path()), 1000);
        assert_eq!(size(&home.path().join("none")), 0);
    }
}
