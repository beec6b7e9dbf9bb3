//! Instance records: one JSON file per running sidecar under `.dapr/run`, the place where the command line and
//! the embedded sidecars find each other.
//!
//! A record names processes by PID *and* start time. A record whose sidecar is not alive is ignored by every
//! reader and removed by the first one that meets it, so a crash leaves nothing that matters behind. Files
//! are written beside their place and renamed, so that a reader never sees half of one.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::os;
use crate::paths::{InstallDir, file_name};

/// How the files of [`Stopped`] end.
const STOPPED: &str = "stopped";

/// A process that can't be mistaken for a later one with the same PID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// Process id.
    pub pid: u32,
    /// Start time in the unit of [`os::start_time`].
    pub started: u64,
}

impl ProcessId {
    /// A running process; `None` when there is none with this PID.
    pub fn of(pid: u32) -> Option<Self> {
        os::start_time(pid).map(|started| Self { pid, started })
    }

    /// This process.
    pub fn current() -> Self {
        let pid = std::process::id();
        Self { pid, started: os::start_time(pid).unwrap_or_default() }
    }

    /// Whether that very process still runs.
    pub fn is_alive(&self) -> bool {
        os::start_time(self.pid) == Some(self.started)
    }
}

/// Which `daprd` serves an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// The sidecar in this binary.
    Embedded,
    /// A stock `daprd` from `.dapr/bin`.
    Installed,
}

impl std::fmt::Display for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Installed => "installed",
        })
    }
}

/// What is known of one running instance of an app. Unknown ports are 0, unknown texts empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Identity of the app; several records may share it.
    pub app_id: String,
    /// Which sidecar this is.
    pub runtime: Runtime,
    /// The sidecar's process. The record lives as long as it does.
    pub daprd: ProcessId,
    /// The `dapr run` that owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cli: Option<ProcessId>,
    /// The app's process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<ProcessId>,
    /// HTTP API port.
    pub http_port: u16,
    /// gRPC API port.
    pub grpc_port: u16,
    /// Port for calls between sidecars.
    pub internal_port: u16,
    /// Prometheus port.
    #[serde(default)]
    pub metrics_port: u16,
    /// Port on which the app listens.
    #[serde(default)]
    pub app_port: u16,
    /// Whether the metrics endpoint is on.
    #[serde(default = "yes")]
    pub metrics_enabled: bool,
    /// Directory of the API's Unix sockets, when it listens there instead of on TCP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unix_domain_socket: Option<PathBuf>,
    /// The app's command, arguments joined by one space.
    #[serde(default)]
    pub command: String,
    /// When the instance was started: RFC 3339, UTC.
    pub created: String,
    /// `--max-body-size` in bytes.
    #[serde(default)]
    pub max_request_body_size: i64,
    /// `--read-buffer-size` in bytes.
    #[serde(default)]
    pub http_read_buffer_size: i64,
    /// Where the app's output is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_log_path: Option<PathBuf>,
    /// Where the sidecar's output is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daprd_log_path: Option<PathBuf>,
    /// Socket on which the owning `dapr run` takes requests for this app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<PathBuf>,
    /// Whether the app's readiness probe has succeeded; `None` when it has no probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
    /// Absolute path of the run file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run_template_path: String,
    /// Name in the run file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run_template_name: String,
}

/// An app that was stopped while its run goes on with others: the run can start it again. Unknown texts are empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stopped {
    /// Identity of the app.
    pub app_id: String,
    /// The `dapr run`. The file means something as long as it lives.
    pub cli: ProcessId,
    /// Socket on which it takes requests for this app.
    pub control: PathBuf,
    /// The app's command, arguments joined by one space.
    #[serde(default)]
    pub command: String,
    /// Absolute path of the run file.
    #[serde(default)]
    pub run_template_path: String,
}

fn yes() -> bool {
    true
}

/// What a directory of records holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leftovers {
    /// How many sidecars are alive.
    pub alive: usize,
    /// Records of sidecars that are dead; the next reader removes them.
    pub dead: Vec<PathBuf>,
    /// Files that nobody can use, nor removes.
    pub useless: Vec<PathBuf>,
}

/// The directory of the records.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// The records of one install directory; nothing is created before the first write.
    pub fn of(install: &InstallDir) -> Self {
        Self { path: install.run() }
    }

    /// The file of a record: `<app-id>-<sidecar's pid>.json`.
    pub fn file(&self, app_id: &str, daprd_pid: u32) -> PathBuf {
        let safe = file_name(app_id);
        self.path.join(format!("{safe}-{daprd_pid}.json"))
    }

    /// Writes or replaces a record.
    pub fn write(&self, record: &Record) -> io::Result<()> {
        let (file, temporary) = self.stage(record)?;
        fs_err::rename(temporary, file)
    }

    /// Writes a record unless one for the same sidecar is there; returns whether it was written. A sidecar
    /// announces itself so, without taking away what the command line that started it knows in addition.
    pub fn announce(&self, record: &Record) -> io::Result<bool> {
        let file = self.file(&record.app_id, record.daprd.pid);
        if read(&file).is_some_and(|old| old.daprd == record.daprd) {
            return Ok(false);
        }
        // Whatever is there now belongs to a dead process with the same PID.
        let (file, temporary) = self.stage(record)?;
        let linked = fs_err::hard_link(&temporary, &file);
        match linked {
            Ok(()) => fs_err::remove_file(temporary).map(|()| true),
            Err(_) if read(&file).is_some_and(|old| old.daprd == record.daprd) => {
                fs_err::remove_file(temporary).map(|()| false)
            }
            Err(_) => fs_err::rename(temporary, file).map(|()| true),
        }
    }

    fn stage(&self, record: &Record) -> io::Result<(PathBuf, PathBuf)> {
        fs_err::create_dir_all(&self.path)?;
        let file = self.file(&record.app_id, record.daprd.pid);
        let temporary = file.with_extension(format!("json.{}", std::process::id()));
        fs_err::write(&temporary, serde_json::to_vec_pretty(record)?)?;
        Ok((file, temporary))
    }

    /// Removes the record of a sidecar; one that isn't there is fine.
    pub fn remove(&self, app_id: &str, daprd_pid: u32) -> io::Result<()> {
        match fs_err::remove_file(self.file(app_id, daprd_pid)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The records of all living sidecars, oldest first. Records of dead ones are removed on the way; files
    /// that don't parse are left alone.
    pub fn live(&self) -> Vec<Record> {
        let Ok(entries) = fs_err::read_dir(&self.path) else {
            return Vec::new();
        };
        let files = entries.flatten().map(|entry| entry.path());
        let mut records: Vec<Record> = files
            .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
            .filter_map(|file| {
                let record = read(&file)?;
                if record.daprd.is_alive() {
                    return Some(record);
                }
                let _ = fs_err::remove_file(file);
                None
            })
            .collect();
        records.sort_by(|a, b| (&a.created, a.daprd.pid).cmp(&(&b.created, b.daprd.pid)));
        records
    }

    /// The living instances of one app, oldest first.
    pub fn instances(&self, app_id: &str) -> Vec<Record> {
        let mut records = self.live();
        records.retain(|record| record.app_id == app_id);
        records
    }

    fn stopped_file(&self, app_id: &str, cli_pid: u32) -> PathBuf {
        self.path.join(format!("{}-{cli_pid}.{STOPPED}", file_name(app_id)))
    }

    /// Notes that an app was stopped while its run goes on.
    pub fn write_stopped(&self, stopped: &Stopped) -> io::Result<()> {
        fs_err::create_dir_all(&self.path)?;
        let file = self.stopped_file(&stopped.app_id, stopped.cli.pid);
        let beside = file.with_extension("new");
        fs_err::write(&beside, serde_json::to_vec_pretty(stopped)?)?;
        fs_err::rename(beside, file)
    }

    /// Takes the note back; one that isn't there is fine.
    pub fn remove_stopped(&self, app_id: &str, cli_pid: u32) {
        let _ = fs_err::remove_file(self.stopped_file(app_id, cli_pid));
    }

    /// The apps that were stopped and can be started again, by id. Notes of runs that are gone are removed on the way.
    pub fn stopped(&self) -> Vec<Stopped> {
        let Ok(entries) = fs_err::read_dir(&self.path) else { return Vec::new() };
        let files = entries.flatten().map(|entry| entry.path());
        let read = |file: PathBuf| {
            let stopped: Stopped = serde_json::from_slice(&fs_err::read(&file).ok()?).ok()?;
            if !stopped.cli.is_alive() {
                let _ = fs_err::remove_file(file);
                return None;
            }
            Some(stopped)
        };
        let mut found: Vec<Stopped> = files
            .filter(|file| file.extension().is_some_and(|extension| extension == STOPPED))
            .filter_map(read)
            .collect();
        found.sort_by(|a, b| a.app_id.cmp(&b.app_id));
        found
    }

    /// What is in the directory, for those who look after it. Nothing is removed.
    pub fn leftovers(&self) -> Leftovers {
        let mut found = Leftovers::default();
        let is_record = |name: &str| Path::new(name).extension().is_some_and(|end| end == "json");
        for file in fs_err::read_dir(&self.path).into_iter().flatten().flatten().map(|entry| entry.path()) {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let gone = |pid: &str| pid.parse().is_ok_and(|pid| os::start_time(pid).is_none());
            match name.rsplit_once('.') {
                Some((_, "json")) => match read(&file) {
                    Some(record) if record.daprd.is_alive() => found.alive += 1,
                    Some(_) => found.dead.push(file),
                    // It may have gone meanwhile.
                    None if file.exists() => found.useless.push(file),
                    None => {}
                },
                // The socket of a run that was killed.
                Some((pid, "sock")) if gone(pid) => found.useless.push(file),
                // A record that was being written.
                Some((record, pid)) if is_record(record) && gone(pid) => found.useless.push(file),
                _ => {}
            }
        }
        found.dead.sort_unstable();
        found.useless.sort_unstable();
        found
    }

    /// Where the records are.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn read(file: &Path) -> Option<Record> {
    serde_json::from_slice(&fs_err::read(file).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(app_id: &str, daprd: ProcessId) -> Record {
        serde_json::from_value(serde_json::json!({
            "appId": app_id, "runtime": "embedded", "daprd": daprd, "created": "2026-11-24T00:00:00Z",
            "httpPort": 3500, "grpcPort": 50001, "internalPort": 50002,
        }))
        .unwrap()
    }

    fn directory() -> (tempfile::TempDir, Directory) {
        let home = tempfile::tempdir().unwrap();
        let directory = Directory { path: home.path().join("run") };
        (home, directory)
    }

    #[test]
    fn a_dead_sidecar_is_forgotten() {
        let (_home, directory) = directory();
        let me = ProcessId::current();
        directory.write(&record("a", me)).unwrap();
        directory.write(&record("b", ProcessId { pid: me.pid, started: me.started + 1 })).unwrap();
        let live: Vec<_> = directory.live().into_iter().map(|record| record.app_id).collect();
        assert_eq!(live, ["a"]);
        assert!(!directory.file("b", me.pid).exists());
    }

    #[test]
    fn what_is_left_is_told_by_what_becomes_of_it() {
        let (_home, directory) = directory();
        assert_eq!(directory.leftovers(), Leftovers::default());
        let me = ProcessId::current();
        let gone = ProcessId { pid: me.pid, started: me.started + 1 };
        directory.write(&record("a", me)).unwrap();
        directory.write(&record("b", gone)).unwrap();
        let file = |name: &str| directory.path().join(name);
        // No process has the largest number.
        let useless = [file("4294967295.sock"), file("broken.json"), file("c-1.json.4294967295")];
        let used = [file(&format!("{}.sock", me.pid)), file(&format!("c-1.json.{}", me.pid))];
        for file in useless.iter().chain(&used) {
            fs_err::write(file, "{").unwrap();
        }
        let dead = vec![directory.file("b", me.pid)];
        assert_eq!(directory.leftovers(), Leftovers { alive: 1, dead, useless: useless.to_vec() });
    }

    #[test]
    fn an_announcement_never_replaces_a_fuller_record() {
        let (_home, directory) = directory();
        let me = ProcessId::current();
        let full = Record { command: "uvicorn main:app".into(), ..record("a", me) };
        directory.write(&full).unwrap();
        assert!(!directory.announce(&record("a", me)).unwrap());
        assert_eq!(directory.live(), [full]);
        directory.remove("a", me.pid).unwrap();
        assert!(directory.announce(&record("a", me)).unwrap());
    }

    #[test]
    fn what_was_stopped_is_known_as_long_as_its_run_lives() {
        let (_home, directory) = directory();
        let me = ProcessId::current();
        let stopped = |app_id: &str, cli| Stopped {
            app_id: app_id.into(),
            cli,
            control: "/x.sock".into(),
            command: String::new(),
            run_template_path: String::new(),
        };
        let here = [stopped("a", me), stopped("b", me)];
        for one in here.iter().rev() {
            directory.write_stopped(one).unwrap();
        }
        let gone = ProcessId { pid: me.pid, started: me.started + 1 };
        directory.write_stopped(&stopped("c", gone)).unwrap();
        assert_eq!(directory.stopped(), here);
        assert!(directory.live().is_empty());
        directory.remove_stopped("a", me.pid);
        directory.remove_stopped("nobody", me.pid);
        assert_eq!(directory.stopped(), here[1..]);
        // The note of the run that is gone was removed by its first reader.
        assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_strange_app_id_stays_inside_the_directory() {
        let (_home, directory) = directory();
        assert_eq!(directory.file("../../etc/x", 1).parent(), Some(directory.path()));
    }
}
