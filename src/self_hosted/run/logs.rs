//! The log files of a run: `.dapr/logs/<app-id>/{app,daprd}_<time>_<pid>.log`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// Runs whose files are kept beside those of the run that starts.
const KEPT: usize = 10;

/// An open log file.
pub struct Log {
    /// Where it is.
    pub path: PathBuf,
    /// Open for writing.
    pub file: Arc<Mutex<File>>,
}

/// Opens both files, the app's and the sidecar's, and forgets old ones.
pub fn open(directory: &Path) -> io::Result<(Log, Log)> {
    fs_err::create_dir_all(directory)?;
    let stamp = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
    let suffix = format!("{stamp}_{}.log", std::process::id());
    forget_old(directory, "app_");
    forget_old(directory, "daprd_");
    let open = |kind: &str| -> io::Result<Log> {
        let path = directory.join(format!("{kind}{suffix}"));
        let file = fs_err::File::create(&path)?.into_file();
        Ok(Log { path, file: Arc::new(Mutex::new(file)) })
    };
    Ok((open("app_")?, open("daprd_")?))
}

fn forget_old(directory: &Path, prefix: &str) {
    let Ok(entries) = fs_err::read_dir(directory) else { return };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)))
        .filter(|path| !still_written(path))
        .collect();
    // The name begins with the time.
    files.sort();
    let old = files.len().saturating_sub(KEPT);
    for path in &files[..old] {
        let _ = fs_err::remove_file(path);
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
        let (app, _) = open(folder.path()).unwrap();
        let names: Vec<_> =
            fs_err::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.path()).collect();
        let apps = names.iter().filter(|path| path.to_string_lossy().contains("/app_")).count();
        assert_eq!(apps, KEPT + 1);
        assert!(app.path.exists());
        assert!(!folder.path().join("app_20260101000010_4194303.log").exists());
    }
}
