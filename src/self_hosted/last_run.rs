//! Where the logs of an app's last run are, for those who ask after it has ended: a small file in the app's
//! directory below `.dapr/logs`, whether or not the logs are there too.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::paths::InstallDir;
use crate::records::Record;

const FILE: &str = "last.json";

/// What is remembered of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastRun {
    /// The app.
    pub app_id: String,
    /// Its log file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_log_path: Option<PathBuf>,
    /// The sidecar's log file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daprd_log_path: Option<PathBuf>,
    /// When it was started: RFC 3339, UTC.
    pub created: String,
}

impl LastRun {
    /// Remembers a run that begins.
    pub fn remember(install: &InstallDir, record: &Record) -> io::Result<()> {
        let run = Self {
            app_id: record.app_id.clone(),
            app_log_path: record.app_log_path.clone(),
            daprd_log_path: record.daprd_log_path.clone(),
            created: record.created.clone(),
        };
        let directory = install.logs(&record.app_id);
        fs_err::create_dir_all(&directory)?;
        // Two instances of one app may do this at the same time; a reader must never see half a file.
        let beside = directory.join(format!(".{FILE}.{}", record.daprd.pid));
        fs_err::write(&beside, serde_json::to_vec(&run)?)?;
        fs_err::rename(&beside, directory.join(FILE))
    }

    /// What is known of an app's last run.
    pub fn of(install: &InstallDir, app_id: &str) -> Option<Self> {
        let text = fs_err::read(install.logs(app_id).join(FILE)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// The last runs of all apps, by id.
    pub fn all(install: &InstallDir) -> Vec<Self> {
        let Ok(directories) = fs_err::read_dir(install.logs_of_all()) else { return Vec::new() };
        let mut runs: Vec<Self> = directories
            .flatten()
            .filter_map(|directory| fs_err::read(directory.path().join(FILE)).ok())
            .filter_map(|text| serde_json::from_slice(&text).ok())
            .collect();
        runs.sort_by(|one: &Self, other| one.app_id.cmp(&other.app_id));
        runs
    }
}
