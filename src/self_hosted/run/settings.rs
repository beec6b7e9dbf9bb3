//! What a run was asked to do.

use std::path::PathBuf;

use crate::env::Env;
use crate::paths::InstallDir;
use crate::records::Runtime;

/// Which runtime is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The installed one when there is one.
    Automatic,
    /// This one, or a failure.
    Only(Runtime),
}

/// The flags of `run`, as given; ports that are 0 or less are to be picked.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag that takes no value")]
pub struct Settings {
    /// `.dapr`.
    pub install: InstallDir,
    /// The environment.
    pub env: Env,
    /// `--runtime` or `DAPR_RUNTIME`.
    pub runtime: Choice,
    /// The app's command and arguments; may be empty.
    pub command: Vec<String>,
    /// `--app-id`; empty for a made-up one.
    pub app_id: String,
    /// `--app-port`.
    pub app_port: i64,
    /// `--config`; empty for the default file.
    pub config: String,
    /// `--dapr-http-port`.
    pub http_port: i64,
    /// `--dapr-grpc-port`.
    pub grpc_port: i64,
    /// `--dapr-internal-grpc-port`.
    pub internal_port: i64,
    /// `--metrics-port`.
    pub metrics_port: i64,
    /// `--enable-profiling`.
    pub profiling: bool,
    /// `--profile-port`.
    pub profile_port: i64,
    /// `--log-level`.
    pub log_level: String,
    /// `--log-as-json`.
    pub log_as_json: bool,
    /// `--app-max-concurrency`.
    pub max_concurrency: i64,
    /// `--app-protocol`.
    pub protocol: String,
    /// `--app-ssl`.
    pub ssl: bool,
    /// `--components-path`.
    pub components_path: String,
    /// `--resources-path`.
    pub resources_paths: Vec<String>,
    /// `--placement-host-address`; `None` when not given.
    pub placement: Option<String>,
    /// `--scheduler-host-address`; `None` when not given.
    pub scheduler: Option<String>,
    /// `--max-body-size`.
    pub max_body_size: String,
    /// `--read-buffer-size`.
    pub read_buffer_size: String,
    /// `--unix-domain-socket`.
    pub socket: Option<PathBuf>,
    /// `--enable-app-health-check`.
    pub health_check: bool,
    /// `--app-health-check-path`.
    pub health_path: String,
    /// `--app-health-probe-interval`, seconds.
    pub health_interval: i64,
    /// `--app-health-probe-timeout`, milliseconds.
    pub health_timeout: i64,
    /// `--app-health-threshold`.
    pub health_threshold: i64,
    /// `--enable-api-logging`.
    pub api_logging: bool,
    /// `--dapr-listen-addresses`.
    pub listen_addresses: String,
    /// `--app-channel-address`.
    pub channel_address: String,
    /// Our standard output is a terminal.
    pub terminal: bool,
    /// The run is in the background: output goes to the log files only, and there is no input.
    pub detached: bool,
    /// Where both processes are started; our own working directory when `None`.
    pub directory: Option<PathBuf>,
    /// More variables for the app, which win over all others.
    pub entries: Vec<(String, String)>,
    /// The run file that the app is from.
    pub template: Option<Template>,
}

/// A run file, as records and sidecars name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Absolute path.
    pub path: String,
    /// Its `name`, may be empty.
    pub name: String,
}
