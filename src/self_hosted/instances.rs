//! The sidecars that run on this machine: those with a record first, then the `daprd` processes that somebody
//! else started.
//!
//! What neither the record nor the command line of a sidecar tells is asked of the sidecar itself, of all at
//! the same time, and one that doesn't answer costs its own answer only.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;

use super::quantity;
use crate::client::metadata::{self, Metadata};
use crate::client::{self, Endpoint};
use crate::env::Env;
use crate::os::{self, Process};
use crate::paths::InstallDir;
use crate::records::{Directory, ProcessId, Record, Runtime};

/// How long one sidecar may take to answer.
pub(super) const PROBE: Duration = Duration::from_millis(500);
/// How long all of them may take together.
pub(super) const ALL_PROBES: Duration = Duration::from_millis(900);
/// How many are asked at the same time.
pub(super) const AT_ONCE: usize = 128;
const BODY_SIZE: i64 = 4 << 20;
const BUFFER_SIZE: i64 = 4 << 10;

/// One running sidecar. Unknown PIDs and ports are 0, unknown texts empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Identity of the app; several instances may share it.
    pub app_id: String,
    /// Which sidecar this is, when a record tells.
    pub runtime: Option<Runtime>,
    /// The sidecar's version, when it was asked.
    pub version: String,
    /// HTTP API port.
    pub http_port: u16,
    /// gRPC API port.
    pub grpc_port: u16,
    /// Port on which the app listens.
    pub app_port: u16,
    /// Whether the metrics endpoint is on.
    pub metrics_enabled: bool,
    /// Port of the metrics endpoint; 0 when it isn't known.
    pub metrics_port: u16,
    /// The app's command, arguments joined by one space.
    pub command: String,
    /// When the sidecar was started.
    pub created: Timestamp,
    /// The sidecar's process.
    pub daprd: ProcessId,
    /// The `dapr run` that owns it; known for certain only when a record says so.
    pub cli_pid: u32,
    /// The app's process; the same holds.
    pub app_pid: u32,
    /// The owning `dapr run`, when it is alive and known for certain.
    pub cli: Option<ProcessId>,
    /// The app's process, when it is alive and known for certain.
    pub app: Option<ProcessId>,
    /// Largest request body in bytes; negative: no limit.
    pub max_request_body_size: i64,
    /// Size of the read buffer in bytes.
    pub http_read_buffer_size: i64,
    /// Absolute path of the run file.
    pub run_template_path: String,
    /// Name in the run file.
    pub run_template_name: String,
    /// The app's log file.
    pub app_log_path: String,
    /// The sidecar's log file.
    pub daprd_log_path: String,
    /// Directory of the API's Unix sockets, when it listens there.
    pub unix_domain_socket: Option<PathBuf>,
    /// Socket on which the owning `dapr run` takes requests for this app.
    pub control: Option<PathBuf>,
    /// Whether the app's readiness probe has succeeded; `None` when it has no probe.
    pub ready: Option<bool>,
    /// `--resources-path` of its command line.
    pub resources_paths: Vec<PathBuf>,
}

impl Default for Instance {
    /// What a sidecar without any flag has.
    fn default() -> Self {
        Self {
            app_id: String::new(),
            runtime: None,
            version: String::new(),
            http_port: 3500,
            grpc_port: 50001,
            app_port: 0,
            metrics_enabled: true,
            metrics_port: 9090,
            command: String::new(),
            created: Timestamp::UNIX_EPOCH,
            daprd: ProcessId { pid: 0, started: 0 },
            cli_pid: 0,
            app_pid: 0,
            cli: None,
            app: None,
            max_request_body_size: BODY_SIZE,
            http_read_buffer_size: BUFFER_SIZE,
            run_template_path: String::new(),
            run_template_name: String::new(),
            app_log_path: String::new(),
            daprd_log_path: String::new(),
            unix_domain_socket: None,
            control: None,
            ready: None,
            resources_paths: Vec::new(),
        }
    }
}

impl Instance {
    /// Where its HTTP API listens.
    pub fn endpoint(&self) -> Endpoint {
        match &self.unix_domain_socket {
            Some(directory) => Endpoint::socket(directory, &self.app_id),
            None => Endpoint::Tcp(self.http_port),
        }
    }

    /// Whether the sidecar has to be asked who owns it.
    fn is_incomplete(&self) -> bool {
        self.cli_pid == 0
    }

    /// Fills in what the sidecar itself tells.
    pub fn learn(&mut self, metadata: Metadata) {
        if !metadata.id.is_empty() && metadata.id != self.app_id {
            // Somebody else answers on this port.
            return;
        }
        self.version = metadata.runtime_version;
        if !self.is_incomplete() {
            return;
        }
        let mut known = metadata.extended;
        let mut take = |key: &str| known.remove(key).unwrap_or_default();
        let pid = |text: String| text.parse().unwrap_or_default();
        self.cli_pid = pid(take(metadata::CLI_PID));
        if self.app_pid == 0 {
            self.app_pid = pid(take(metadata::APP_PID));
        }
        for (field, key) in [
            (&mut self.command, metadata::APP_COMMAND),
            (&mut self.run_template_path, metadata::RUN_TEMPLATE_PATH),
            (&mut self.run_template_name, metadata::RUN_TEMPLATE_NAME),
            (&mut self.app_log_path, metadata::APP_LOG_PATH),
            (&mut self.daprd_log_path, metadata::DAPRD_LOG_PATH),
        ] {
            if field.is_empty() {
                *field = take(key);
            }
        }
    }
}

impl From<Record> for Instance {
    fn from(record: Record) -> Self {
        let cli = record.cli.filter(ProcessId::is_alive);
        let app = record.app.filter(ProcessId::is_alive);
        let text = |path: Option<PathBuf>| path.map(|path| path.display().to_string()).unwrap_or_default();
        let or = |size: i64, default: i64| if size == 0 { default } else { size };
        Self {
            runtime: Some(record.runtime),
            version: String::new(),
            http_port: record.http_port,
            grpc_port: record.grpc_port,
            app_port: record.app_port,
            metrics_enabled: record.metrics_enabled,
            metrics_port: record.metrics_port,
            command: record.command,
            created: record.created.parse().unwrap_or(Timestamp::UNIX_EPOCH),
            daprd: record.daprd,
            cli_pid: cli.map_or(0, |cli| cli.pid),
            app_pid: app.map_or(0, |app| app.pid),
            cli,
            app,
            max_request_body_size: or(record.max_request_body_size, BODY_SIZE),
            http_read_buffer_size: or(record.http_read_buffer_size, BUFFER_SIZE),
            run_template_path: record.run_template_path,
            run_template_name: record.run_template_name,
            control: record.control,
            ready: record.ready,
            app_log_path: text(record.app_log_path),
            daprd_log_path: text(record.daprd_log_path),
            unix_domain_socket: record.unix_domain_socket,
            resources_paths: Vec::new(),
            app_id: record.app_id,
        }
    }
}

/// All running instances with everything that can be learned of them within a second.
pub fn list(install: &InstallDir, env: &Env) -> Vec<Instance> {
    let mut instances = known(install);
    ask(&mut instances, env, Instance::is_incomplete);
    instances
}

/// As [`list`], with the version of each sidecar that answers.
pub fn list_with_versions(install: &InstallDir, env: &Env) -> Vec<Instance> {
    let mut instances = known(install);
    ask(&mut instances, env, |_| true);
    instances
}

/// All running instances with what the records and the process table tell; no sidecar is asked.
pub fn known(install: &InstallDir) -> Vec<Instance> {
    let mut instances: Vec<Instance> =
        Directory::of(install).live().into_iter().map(Instance::from).collect();
    let strangers: Vec<(Process, Vec<String>)> = os::processes()
        .into_iter()
        .filter(|process| is_sidecar(&process.name))
        .filter(|process| !instances.iter().any(|instance| instance.daprd.pid == process.pid))
        .map(|process| {
            let arguments = os::arguments(process.pid);
            (process, arguments)
        })
        .collect();
    for (process, arguments) in &strangers {
        // Between its fork and its exec a child looks like its parent.
        let is_copy = strangers.iter().any(|(other, same)| other.pid == process.parent && same == arguments);
        if !is_copy && let Some(instance) = from_arguments(process, arguments) {
            instances.push(instance);
        }
    }
    instances
}

fn is_sidecar(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "daprd" || name == "daprd.exe"
}

/// The flags of a command line, whose first word is the program, with their values; empty where none is given.
pub(super) fn flags(arguments: &[String]) -> impl Iterator<Item = (&str, &str)> {
    let mut words = arguments.iter().skip(1).peekable();
    std::iter::from_fn(move || {
        let flag = words.by_ref().find_map(|word| word.strip_prefix("--"))?;
        Some(match flag.split_once('=') {
            Some(pair) => pair,
            None => (flag, words.next_if(|next| !next.starts_with("--")).map_or("", String::as_str)),
        })
    })
}

/// Reads the command line of a `daprd`; `None` when it names no app.
fn from_arguments(process: &Process, arguments: &[String]) -> Option<Instance> {
    let created = os::started_at(process.started).and_then(|time| Timestamp::try_from(time).ok());
    let mut instance = Instance {
        created: created.unwrap_or(Timestamp::UNIX_EPOCH),
        daprd: ProcessId { pid: process.pid, started: process.started },
        ..Instance::default()
    };
    for (name, value) in flags(arguments) {
        match name {
            "app-id" => value.clone_into(&mut instance.app_id),
            "dapr-http-port" => number(value, &mut instance.http_port),
            "dapr-grpc-port" => number(value, &mut instance.grpc_port),
            "metrics-port" => number(value, &mut instance.metrics_port),
            "app-port" => number(value, &mut instance.app_port),
            "enable-metrics" => {
                instance.metrics_enabled = !matches!(value, "0" | "f" | "F" | "false" | "FALSE" | "False");
            }
            "max-body-size" => size(value, &mut instance.max_request_body_size),
            "read-buffer-size" => size(value, &mut instance.http_read_buffer_size),
            "unix-domain-socket" if !value.is_empty() => {
                instance.unix_domain_socket = Some(PathBuf::from(value));
            }
            "resources-path" => instance.resources_paths.extend(value.split(',').map(PathBuf::from)),
            _ => {}
        }
    }
    (!instance.app_id.is_empty()).then_some(instance)
}

fn number(text: &str, field: &mut u16) {
    if let Ok(value) = text.parse() {
        *field = value;
    }
}

fn size(text: &str, field: &mut i64) {
    if let Ok(value) = quantity::parse(text) {
        *field = value;
    }
}

/// Asks the sidecars of these instances for what is missing.
fn ask(instances: &mut [Instance], env: &Env, which: impl Fn(&Instance) -> bool) {
    let questions: Vec<(usize, Endpoint)> = instances
        .iter()
        .enumerate()
        .filter(|(_, instance)| which(instance))
        .map(|(index, instance)| (index, instance.endpoint()))
        .collect();
    if questions.is_empty() {
        return;
    }
    let Ok(runtime) = client::runtime() else {
        return;
    };
    runtime.block_on(async {
        let answers = stream::iter(questions)
            .map(|(index, endpoint)| async move { (index, metadata::get(&endpoint, env, PROBE).await) })
            .buffer_unordered(AT_ONCE)
            .take_until(tokio::time::sleep(ALL_PROBES));
        let mut answers = std::pin::pin!(answers);
        while let Some((index, answer)) = answers.next().await {
            if let (Ok(metadata), Some(instance)) = (answer, instances.get_mut(index)) {
                instance.learn(metadata);
            }
        }
    });
}

#[cfg(test)]
mod tests;
