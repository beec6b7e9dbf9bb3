//! What a run file says, resolved.

use std::path::PathBuf;
use std::time::Duration;

use crate::records::Runtime;

/// A run file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFile {
    /// Absolute path; `<working directory>/-` for standard input.
    pub path: PathBuf,
    /// `name`, may be empty.
    pub name: String,
    /// In the order of the file.
    pub apps: Vec<App>,
}

/// One app, with what `common` adds and every default. Ports of 0 or less are to be picked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each key that is true or false")]
pub struct App {
    /// `appID`.
    pub id: String,
    /// `appDirPath`, absolute.
    pub directory: PathBuf,
    /// `command`; empty for a sidecar alone.
    pub command: Vec<String>,
    /// `env` and `envFile`, in order.
    pub env: Vec<(String, String)>,
    /// Configuration file; need not exist when it is the default one.
    pub config_file: PathBuf,
    /// Resources directories.
    pub resources_paths: Vec<PathBuf>,
    /// `appProtocol`.
    pub protocol: String,
    /// `appPort`.
    pub app_port: i64,
    /// `daprHTTPPort`.
    pub http_port: i64,
    /// `daprGRPCPort`.
    pub grpc_port: i64,
    /// `daprInternalGRPCPort`.
    pub internal_port: i64,
    /// `metricsPort`.
    pub metrics_port: i64,
    /// `profilePort`.
    pub profile_port: i64,
    /// `enableProfiling`.
    pub profiling: bool,
    /// `logLevel`; empty for the sidecar's own default.
    pub log_level: String,
    /// `appMaxConcurrency`.
    pub max_concurrency: i64,
    /// `appSSL`.
    pub ssl: bool,
    /// `placementHostAddress`; `None` when not given, empty to do without.
    pub placement: Option<String>,
    /// `schedulerHostAddress`; the same.
    pub scheduler: Option<String>,
    /// `maxBodySize`.
    pub max_body_size: String,
    /// `readBufferSize`.
    pub read_buffer_size: String,
    /// `unixDomainSocket`.
    pub socket: Option<PathBuf>,
    /// `enableAppHealthCheck`.
    pub health_check: bool,
    /// `appHealthCheckPath`.
    pub health_path: String,
    /// `appHealthProbeInterval`, seconds.
    pub health_interval: i64,
    /// `appHealthProbeTimeout`, milliseconds.
    pub health_timeout: i64,
    /// `appHealthThreshold`.
    pub health_threshold: i64,
    /// `enableApiLogging`.
    pub api_logging: bool,
    /// `apiListenAddresses`.
    pub listen_addresses: String,
    /// `appChannelAddress`.
    pub channel_address: String,
    /// `runtimePath`.
    pub runtime_path: Option<PathBuf>,
    /// `runtime`.
    pub runtime: Option<Runtime>,
    /// `daprdLogDestination`.
    pub daprd_log_destination: Destination,
    /// `appLogDestination`.
    pub app_log_destination: Destination,
    /// `logDir`.
    pub log_dir: Option<PathBuf>,
    /// `dependsOn`, by app id.
    pub depends_on: Vec<(String, Condition)>,
    /// `readiness`.
    pub readiness: Option<Readiness>,
    /// `restart`.
    pub restart: Restart,
    /// `watch`.
    pub watch: Option<Watch>,
    /// `profiles`.
    pub profiles: Vec<String>,
    /// `containerImage`, for Kubernetes.
    pub container_image: String,
    /// `containerImagePullPolicy`, for Kubernetes.
    pub container_image_pull_policy: String,
    /// `createService`, for Kubernetes.
    pub create_service: bool,
}

/// Where output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// Our standard output.
    Console,
    /// The log file.
    File,
    /// Both.
    FileAndConsole,
}

/// How far an app has to be for another one to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Its process runs.
    Started,
    /// It is ready.
    Healthy,
    /// It has ended with exit code 0.
    Completed,
}

impl std::fmt::Display for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Started => "started",
            Self::Healthy => "healthy",
            Self::Completed => "completed",
        })
    }
}

/// How it is found out whether an app is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// What is tried.
    pub probe: Probe,
    /// Pause between tries.
    pub interval: Duration,
    /// Limit of one try.
    pub timeout: Duration,
    /// Limit of all tries together.
    pub start_timeout: Duration,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// GET, answered with 2xx or 3xx.
    Http {
        /// Path.
        path: String,
        /// Port; the app's own when `None`.
        port: Option<u16>,
    },
    /// A connection.
    Tcp {
        /// Port; the app's own when `None`.
        port: Option<u16>,
    },
    /// A command that ends with 0.
    Command(Vec<String>),
}

/// Whether an app that ends is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restart {
    /// When.
    pub policy: RestartPolicy,
    /// How often at most, until it has run for a minute; without end when `None`.
    pub max_retries: Option<u32>,
    /// The first pause; each further one is twice as long.
    pub backoff: Duration,
    /// The longest pause.
    pub max_backoff: Duration,
}

/// When an app is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartPolicy {
    /// Never.
    No,
    /// When it failed.
    OnFailure,
    /// Whenever it ends.
    Always,
}

/// Files whose change restarts an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// Files and directories, absolute.
    pub paths: Vec<PathBuf>,
    /// Glob patterns of what doesn't count.
    pub ignore: Vec<String>,
    /// How long things have to be quiet before the restart.
    pub debounce: Duration,
}
