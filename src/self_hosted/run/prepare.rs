//! What happens before a sidecar exists: every check, the ports, the defaults of the first embedded run; then
//! the start of the sidecar (run reference, sections 2 to 5).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::argv::{Facts, arguments};
use super::pair::{Begin, Outlets, Pair, find};
use super::ports::{Numbers, Ports};
use super::{Note, Settings, choose, names};
use crate::client::Endpoint;
use crate::env::{DAPR_HOST_IP, DAPR_LISTEN_FDS, DAPR_RUNTIME_PATH, NAMESPACE};
use crate::error::{Failure, system_text};
use crate::os;
use crate::process::{Guard, Source, Spec, Stream, pump};
use crate::records::{Directory, ProcessId, Record, Runtime};
use crate::resources::{self, Audience, Configuration, Strictness};
use crate::self_hosted::instances::Instance;
use crate::self_hosted::last_run::LastRun;
use crate::self_hosted::{defaults, quantity};

/// Everything that can be wrong is known, and nothing was started.
pub struct Prepared {
    settings: Settings,
    app_id: String,
    runtime: Runtime,
    why: String,
    ports: Ports,
    config: PathBuf,
    mtls: bool,
    control: Option<PathBuf>,
}

impl Prepared {
    /// Checks everything and reserves the ports.
    pub fn new(mut settings: Settings, known: &[Instance], say: &dyn Fn(Note)) -> Result<Self, Failure> {
        let app_id = match settings.app_id.trim() {
            "" => names::generate(|name| known.iter().any(|instance| instance.app_id == name)),
            given => given.to_owned(),
        };
        let command = settings.command.first();
        if let Some(program) = command
            && find(program, &settings).is_none()
        {
            return Err(Failure::new(format!(
                "Failed to find command {program}: exec: \"{program}\": executable file not found in $PATH"
            ))
            .hint(format!("install {program}, or give the path of the program after `--`")));
        }
        let (runtime, why) = choose::choose(settings.runtime, &settings.install)?;
        if settings.resources_paths.is_empty() && !settings.components_path.is_empty() {
            settings.resources_paths = vec![settings.components_path.clone()];
        }
        let default = settings.install.components();
        let takes_default = settings.resources_paths.is_empty()
            || settings.resources_paths.iter().any(|path| Path::new(path) == default);
        // A run that is refused leaves nothing behind: what it brings itself is looked at first.
        if !takes_default {
            check_resources(&settings, &app_id, runtime, say)?;
        }
        if runtime == Runtime::Embedded && !default.exists() {
            write_defaults(&settings, say)?;
        }
        if takes_default {
            check_resources(&settings, &app_id, runtime, say)?;
        }
        warn_of_app_port(&settings, say);
        let ports = reserve(&settings, known)?;
        size("invalid max request body size", &settings.max_body_size)?;
        size("invalid http read buffer size", &settings.read_buffer_size)?;
        let config = if settings.config.is_empty() {
            settings.install.config()
        } else {
            PathBuf::from(&settings.config)
        };
        let mtls =
            Configuration::load(&[&config], &settings.env).is_ok_and(|configuration| configuration.mtls);
        Ok(Self { settings, app_id, runtime, why, ports, config, mtls, control: None })
    }

    /// The app's id, made up when none was given.
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// Names the socket on which the run takes requests for the app.
    #[must_use]
    pub fn reachable_at(mut self, control: Option<PathBuf>) -> Self {
        self.control = control;
        self
    }

    /// What was asked for.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The line that says which runtime serves the app, and why.
    pub fn runtime(&self) -> String {
        format!("Runtime: {}", self.why)
    }

    /// The line that says which ports the app gets.
    pub fn starting(&self) -> String {
        starting(&self.settings, &self.app_id, self.ports.numbers())
    }

    /// Starts the sidecar and writes the instance record.
    pub fn start(self, guard: &Arc<Guard>, outlets: Outlets, say: &dyn Fn(Note)) -> Result<Pair, Failure> {
        let Self { settings, app_id, runtime, ports, config, mtls, control, .. } = self;
        let numbers = ports.numbers();
        let facts = Facts {
            app_id: &app_id,
            ports: numbers,
            config: &config,
            components: &settings.install.components(),
            mtls,
        };
        let mut args = arguments(&settings, &facts);
        if runtime == Runtime::Embedded && settings.config.is_empty() && !config.exists() {
            // The default configuration may be missing; a given one may not.
            args.drain(..2);
        }
        let failed =
            |error: io::Error| Failure::new(format!("cannot start the sidecar: {}", system_text(&error)));
        let mut pumps = Vec::new();
        let (out, out_theirs) = os::output_pipe().map_err(failed)?;
        let (err, err_theirs) = os::output_pipe().map_err(failed)?;
        for (file, stream) in [(out, Stream::Out), (err, Stream::Err)] {
            pumps.push(pump(Source { file, stream, prompts: false }, &outlets.daprd).map_err(failed)?);
        }
        let mut env = Vec::new();
        let (program, name, listeners) = match runtime {
            Runtime::Embedded => {
                let path = settings.install.runtime_path().to_string_lossy().into_owned();
                env.push((DAPR_RUNTIME_PATH.to_owned(), path));
                let api = settings.listen_addresses.is_empty() && settings.socket.is_none();
                let program = std::env::current_exe().map_err(failed)?;
                (program, "daprd".to_owned(), ports.hand_over(api))
            }
            Runtime::Installed => {
                drop(ports);
                let program = settings.install.daprd();
                let name = program.to_string_lossy().into_owned();
                (program, name, Vec::new())
            }
        };
        if settings.template.is_some() && settings.env.raw(DAPR_HOST_IP).is_none() {
            env.push((DAPR_HOST_IP.to_owned(), "127.0.0.1".to_owned()));
        }
        let spec = Spec {
            program: program.to_string_lossy().into_owned(),
            name,
            args,
            env,
            directory: settings.directory.clone(),
            streams: [os::nothing().map_err(failed)?, out_theirs, err_theirs],
            listeners,
            listeners_variable: DAPR_LISTEN_FDS,
        };
        let sidecar = guard.spawn(spec).map_err(|error| {
            Failure::new(format!("fork/exec {}: {}", program.display(), system_text(&error)))
        })?;
        let daprd = ProcessId::of(sidecar.pid).unwrap_or(ProcessId { pid: sidecar.pid, started: 0 });
        let record = Record { control, ..record(&settings, &app_id, runtime, daprd, numbers, &outlets) };
        let records = Directory::of(&settings.install);
        if let Err(error) = records.write(&record) {
            say(Note::Warning(format!("cannot write the instance record: {}", system_text(&error))));
        }
        // Only `dapr logs` of a later time would miss it.
        let _ = LastRun::remember(&settings.install, &record);
        let endpoint = match &settings.socket {
            Some(directory) => Endpoint::socket(directory, &app_id),
            None => Endpoint::Tcp(numbers.http),
        };
        let guard = Arc::clone(guard);
        Ok(Pair::new(Begin { settings, record, records, endpoint, guard, outlets, sidecar, pumps }))
    }
}

fn write_defaults(settings: &Settings, say: &dyn Fn(Note)) -> Result<(), Failure> {
    let written = defaults::write_defaults(&settings.install).map_err(Failure::new)?;
    let names: Vec<String> =
        written.iter().filter(|file| !file.kept).map(|file| file.path.display().to_string()).collect();
    if !names.is_empty() {
        say(Note::Info(format!(
            "First run of the embedded runtime: default resources written to {}",
            names.join(", ")
        )));
    }
    Ok(())
}

fn check_resources(
    settings: &Settings,
    app_id: &str,
    runtime: Runtime,
    say: &dyn Fn(Note),
) -> Result<(), Failure> {
    let paths = match &settings.resources_paths[..] {
        [] => vec![settings.install.components()],
        paths => paths.iter().map(PathBuf::from).collect(),
    };
    let quoted: Vec<String> = paths.iter().map(|path| format!("{:?}", path.to_string_lossy())).collect();
    let quoted = quoted.join(" ");
    if let Some(missing) = paths.iter().find(|path| !path.exists()) {
        let missing = missing.display();
        return Err(Failure::new(format!(
            "error validating resources path [{quoted}] : stat {missing}: no such file or directory"
        ))
        .hint("create the directory, or run `dapr init --embedded` for the default one"));
    }
    let audience =
        Audience { app_id: app_id.to_owned(), namespace: settings.env.get(NAMESPACE).map(str::to_owned) };
    let loaded = resources::load(&paths, &audience).map_err(|error| {
        Failure::new(format!("error validating components in resources path [{quoted}] : {error}"))
    })?;
    let found = resources::check(&paths, Some(&audience), Strictness::Run);
    // The stock runtime goes on without what it can't read, and scripts may count on that.
    let (errors, warnings): (Vec<_>, Vec<_>) =
        found.iter().partition(|finding| finding.is_error() && runtime == Runtime::Embedded);
    for warning in warnings {
        say(Note::Warning(warning.to_string()));
    }
    match &errors[..] {
        [] => {}
        [one] => {
            return Err(Failure::new(format!("cannot load {one}"))
                .hint("correct the file, or move it out of the resources path"));
        }
        many => {
            let lines: Vec<String> = many.iter().map(|error| format!("  {error}")).collect();
            return Err(Failure::new(format!("cannot load the resources:\n{}", lines.join("\n")))
                .hint("correct the files, or move them out of the resources path"));
        }
    }
    choose::check_types(runtime, &loaded.components)
}

fn reserve(settings: &Settings, known: &[Instance]) -> Result<Ports, Failure> {
    let given = [
        ("HTTPPort", settings.http_port),
        ("GRPCPort", settings.grpc_port),
        ("MetricsPort", settings.metrics_port),
        ("InternalGRPCPort", settings.internal_port),
    ];
    for (name, port) in given.into_iter().filter(|(_, port)| *port > 0) {
        let owner = known.iter().find(|instance| {
            [instance.app_port, instance.http_port, instance.grpc_port]
                .iter()
                .any(|used| i64::from(*used) == port)
        });
        if let Some(owner) = owner {
            return Err(Failure::new(format!(
                "invalid configuration for {name}. Port {port} is not available"
            ))
            .hint(format!(
                "app {} uses port {port}; stop it with `dapr stop -a {}` or choose another port",
                owner.app_id, owner.app_id
            )));
        }
    }
    Ports::reserve(settings)
}

/// The app may well be started already, or reach the port some other way: that is no reason to refuse.
fn warn_of_app_port(settings: &Settings, say: &dyn Fn(Note)) {
    if let (Ok(port @ 1..), false) = (u16::try_from(settings.app_port), settings.command.is_empty())
        && crate::net::answers(port)
    {
        say(Note::Warning(format!(
            "Another program listens on port {port} already: is it the app that --app-port is meant for?"
        )));
    }
}

fn size(what: &str, text: &str) -> Result<i64, Failure> {
    quantity::parse(text).map_err(|error| Failure::new(format!("{what}: {error}")))
}

fn starting(settings: &Settings, app_id: &str, ports: Numbers) -> String {
    match &settings.socket {
        None => {
            format!("Starting Dapr with id {app_id}. HTTP Port: {}. gRPC Port: {}", ports.http, ports.grpc)
        }
        Some(directory) => {
            let directory = directory.display();
            format!(
                "Starting Dapr with id {app_id}. HTTP Socket: {directory}/dapr-{app_id}-http.socket. gRPC Socket: {directory}/dapr-{app_id}-grpc.socket."
            )
        }
    }
}

fn record(
    settings: &Settings,
    app_id: &str,
    runtime: Runtime,
    daprd: ProcessId,
    ports: Numbers,
    outlets: &Outlets,
) -> Record {
    Record {
        app_id: app_id.to_owned(),
        runtime,
        daprd,
        cli: Some(ProcessId::current()),
        app: None,
        http_port: ports.http,
        grpc_port: ports.grpc,
        internal_port: ports.internal,
        metrics_port: ports.metrics,
        app_port: u16::try_from(settings.app_port).unwrap_or_default(),
        metrics_enabled: true,
        unix_domain_socket: settings.socket.clone(),
        command: settings.command.join(" "),
        created: jiff::Timestamp::now().to_string(),
        max_request_body_size: quantity::parse(&settings.max_body_size).unwrap_or(-1).max(-1),
        http_read_buffer_size: quantity::parse(&settings.read_buffer_size).unwrap_or(-1).max(-1),
        app_log_path: outlets.app.file().filter(|_| !settings.command.is_empty()).map(Path::to_owned),
        daprd_log_path: outlets.daprd.file().map(Path::to_owned),
        control: None,
        ready: None,
        run_template_path: settings.template.as_ref().map_or_else(String::new, |file| file.path.clone()),
        run_template_name: settings.template.as_ref().map_or_else(String::new, |file| file.name.clone()),
    }
}
