//! The log files of a run: `.dapr/logs/<app-id>/{app,daprd}_<time>_<pid>.log`.

use std::io;
use std::path::{Path, PathBuf};

use crate::env::{DAPR_LOG_FILES, DAPR_LOG_SIZE, Env};
use crate::process::{LogFile, Rotation, logfile};
use crate::self_hosted::quantity;

/// Runs whose files are kept beside those of the run that starts.
const KEPT: usize = 10;
/// A file that reaches this size is rotated: 256 MiB.
const SIZE: u64 = 256 * 1024 * 1024;
/// Rotated parts that are kept.
const PARTS: usize = 4;

/// How log files are rotated, with what `DAPR_LOG_SIZE` (a quantity) and `DAPR_LOG_FILES` (a number) say.
pub fn rotation(env: &Env) -> Rotation {
    let size = env.get(DAPR_LOG_SIZE).and_then(|text| quantity::parse(text).ok());
    let size = size.and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0);
    let parts = env.get(DAPR_LOG_FILES).and_then(|text| text.parse().ok());
    Rotation { size: size.unwrap_or(SIZE), parts: parts.unwrap_or(PARTS) }
}

/// Creates both files, the app's and the sidecar's, and forgets old ones.
pub fn open(directory: &Path, rotation: Rotation) -> io::Result<(LogFile, LogFile)> {
    fs_err::create_dir_all(directory)?;
    let stamp = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
    let suffix = format!("{stamp}_{}.log", std::process::id());
    forget_old(directory, "app_");
    forget_old(directory, "daprd_");
    let open = |kind: &str| LogFile::create(&directory.join(format!("{kind}{suffix}")), rotation);
    Ok((open("app_")?, open("daprd_")?))
}

/// Removes the oldest files of a kind, which their names begin with; those of runs that go on stay.
pub fn forget_old(directory: &Path, prefix: &str) {
    let Ok(entries) = fs_err::read_dir(directory) else { return };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)))
        .filter(|path| !still_written(path))
        .collect();
    // The name begins with the time.
    files.sort();
    let old = files.len().saturating_sub(KEPT);
    for path in &files[..old] {
        for number in 0.. {
            let part = logfile::part(path, number);
            let _ = fs_err::remove_file(logfile::times_of(&part));
            if fs_err::remove_file(&part).is_err() {
                break;
            }
        }
    }
}

/// The name ends in the PID of the run that writes the file.
fn still_written(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let pid = stem.rsplit('_').next().and_then(|pid| pid.parse().ok());
    pid.is_some_and(|pid| crate::os::start_time(pid).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_old_files_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for number in 10..40 {
            fs_err::write(folder.path().join(format!("app_202601010000{number}_4194303.log")), "x").unwrap();
        }
        let (app, _) = open(folder.path(), rotation(&Env::of([]))).unwrap();
        let names = fs_err::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.path());
        let apps = names.filter(|path| path.to_string_lossy().contains("/app_")).count();
        assert_eq!(apps, KEPT + 1);
        assert!(app.path().exists());
        assert!(!folder.path().join("app_20260101000010_4194303.log").exists());
    }
}
