//! `dapr run`: an app and its sidecar, side by side.

use std::io::IsTerminal;
use std::path::PathBuf;

use super::Globals;
use super::args::locate_run_file;
use crate::client;
use crate::env::DAPR_RUNTIME;
use crate::error::{EXIT_FAILED, EXIT_OK, EXIT_USAGE, Failure};
use crate::lint::{Diagnostic, Severity};
use crate::output::{Printer, Status};
use crate::paths::InstallDir;
use crate::records::Runtime;
use crate::runfile::{self, Context, Plan, RunFile};
use crate::self_hosted::run::detach::{Background, Outcome, Starter};
use crate::self_hosted::run::{self, Choice, Note, OnFailure, Options, Settings};

const EXAMPLES: &str = "# Run a .NET application
dapr run --app-id myapp --app-port 5000 -- dotnet run

# Run a Python application
dapr run --app-id myapp --app-port 8000 -- uvicorn main:app

# Run a sidecar only
dapr run --app-id myapp

# Run a gRPC application
dapr run --app-id myapp --app-protocol grpc --app-port 5000 -- go run main.go";

/// Flags that mean something together with a run file; all others are the file's business.
const WITH_RUN_FILE: &[&str] =
    &["run-file", "kubernetes", "help", "runtime", "profile", "on-failure", "detach", "detached"];

/// Flags of `run` (run reference, section 1).
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag that takes no value")]
#[command(after_help = EXAMPLES, override_usage = "dapr run [flags] [-- COMMAND [ARG...]]")]
pub struct Args {
    /// The app's command and its arguments; with a run file the apps to start.
    command: Vec<String>,
    /// The id for your application, used for service discovery
    #[arg(short, long, default_value = "")]
    app_id: String,
    /// The port your application is listening on
    #[arg(short = 'p', long, default_value_t = -1)]
    app_port: i64,
    /// Dapr configuration file
    #[arg(short, long, default_value = "")]
    config: String,
    /// The HTTP port for Dapr to listen on
    #[arg(short = 'H', long, default_value_t = -1)]
    dapr_http_port: i64,
    /// The gRPC port for Dapr to listen on
    #[arg(short = 'G', long, default_value_t = -1)]
    dapr_grpc_port: i64,
    /// The gRPC port for the Dapr internal API to listen on
    #[arg(short = 'I', long, default_value_t = -1)]
    dapr_internal_grpc_port: i64,
    /// The port of metrics on dapr
    #[arg(short = 'M', long, default_value_t = -1)]
    metrics_port: i64,
    /// Enable pprof profiling via an HTTP endpoint
    #[arg(long)]
    enable_profiling: bool,
    /// The port for the profile server to listen on
    #[arg(long, default_value_t = -1)]
    profile_port: i64,
    /// The log verbosity. Valid values are: debug, info, warn, error, fatal, or panic
    #[arg(long, default_value = "info")]
    log_level: String,
    /// The concurrency level of the application; unlimited if negative or zero
    #[arg(long, default_value_t = -1)]
    app_max_concurrency: i64,
    /// The protocol (grpc, grpcs, http, https, h2c) Dapr uses to talk to the application
    #[arg(short = 'P', long, default_value = "http")]
    app_protocol: String,
    /// Deprecated: the path for components directory
    #[arg(short = 'd', long, hide = true, default_value = "")]
    components_path: String,
    /// The path for resources directory
    #[arg(long, value_delimiter = ',')]
    resources_path: Vec<String>,
    /// Deprecated: enable https when Dapr invokes the application
    #[arg(long, hide = true)]
    app_ssl: bool,
    /// The address of the placement service. Format is either <hostname> for default port or <hostname>:<port> for custom port
    #[arg(long)]
    placement_host_address: Option<String>,
    /// The address of the scheduler service. Format is either <hostname> for default port or <hostname>:<port> for custom port
    #[arg(long)]
    scheduler_host_address: Option<String>,
    /// Max size of the request body in the form of a quantity
    #[arg(long, default_value = "4Mi")]
    max_body_size: String,
    /// Max size of the HTTP header buffer in the form of a quantity
    #[arg(long, default_value = "4Ki")]
    read_buffer_size: String,
    /// Path to a unix domain socket dir. If specified, Dapr API servers will use Unix Domain Sockets
    #[arg(short, long, default_value = "")]
    unix_domain_socket: String,
    /// Enable health checks for the application using the protocol defined with app-protocol
    #[arg(long)]
    enable_app_health_check: bool,
    /// Path used for health checks; HTTP only
    #[arg(long, default_value = "")]
    app_health_check_path: String,
    /// Interval to probe for the health of the app in seconds
    #[arg(long, default_value_t = 0)]
    app_health_probe_interval: i64,
    /// Timeout for app health probes in milliseconds
    #[arg(long, default_value_t = 0)]
    app_health_probe_timeout: i64,
    /// Number of consecutive failures for the app to be considered unhealthy
    #[arg(long, default_value_t = 0)]
    app_health_threshold: i64,
    /// Log API calls at INFO verbosity
    #[arg(long)]
    enable_api_logging: bool,
    /// Comma separated list of IP addresses that sidecar will listen to
    #[arg(long, default_value = "")]
    dapr_listen_addresses: String,
    /// The network address the application listens on
    #[arg(long, default_value = "127.0.0.1")]
    app_channel_address: String,
    /// The runtime to use: embedded or installed (default: installed when there is one)
    #[arg(long, default_value = "")]
    runtime: String,
    /// Run in the background; see dapr logs, dapr list and dapr stop
    #[arg(long)]
    detach: bool,
    #[arg(long, hide = true)]
    detached: bool,
    /// With a run file: start the apps of this profile too (may be given several times)
    #[arg(long)]
    profile: Vec<String>,
    /// With a run file: what happens to the other apps when one fails: keep or stop
    #[arg(long, default_value = "keep")]
    on_failure: String,
    /// Path to the run template file for the list of apps to run
    #[arg(short = 'f', long, default_value = "")]
    run_file: String,
    /// Run the apps of the run template file in a Kubernetes cluster
    #[arg(short, long)]
    kubernetes: bool,
}

/// Runs the app with its sidecar; the exit code is the app's own.
pub fn run(args: Args, globals: &Globals) -> Result<u8, Failure> {
    if args.detach && args.run_file == "-" {
        return Err(Failure::new("a run in the background cannot read its run file from standard input")
            .hint("write the run file to disk and name it with -f"));
    }
    if args.detach {
        return detach(globals);
    }
    let starter = args.detached.then(Starter::leave).transpose();
    let starter = starter.map_err(|error| Failure::new(format!("cannot run in the background: {error}")))?;
    if !args.run_file.is_empty() {
        return many(&args, starter.as_ref(), globals);
    }
    if !args.components_path.is_empty() {
        deprecated(globals.printer, "components-path", "Use \"resources-path\" flag instead");
    }
    if args.app_ssl {
        deprecated(
            globals.printer,
            "app-ssl",
            "Use \"app-protocol\" flag with https or grpcs values instead",
        );
    }
    let runtime = client::runtime().map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let settings = settings(args, globals)?;
    let printer = globals.printer;
    let say = move |note: Note| match (&note, &starter) {
        (Note::Up, Some(starter)) => starter.up(),
        (Note::Up, None) => {}
        _ => show(printer, &note),
    };
    runtime.block_on(run::run(settings, &say))
}

/// Starts the same run in the background.
fn detach(globals: &Globals) -> Result<u8, Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let background = Background::start(&globals.install()?, &args)?;
    let log = background.log.clone();
    let outcome = background.wait()?;
    // What it has said belongs to the user, as if it had been said here.
    if let Ok(text) = fs_err::read(&log) {
        let _ = globals.printer.data(text);
    }
    match outcome {
        Outcome::Up { pid } => {
            let text = format!("Running in the background: process {pid}, log file {}", log.display());
            globals.printer.success(text);
            Ok(EXIT_OK)
        }
        Outcome::Ended(status) => {
            Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(EXIT_FAILED))
        }
    }
}

fn show(printer: Printer, note: &Note) {
    match note {
        Note::Failure(text) => printer.failure(text),
        // A console that is gone shows nothing; what runs goes on all the same.
        other => drop(printer.data(draw(printer, other) + "\n")),
    }
}

/// A status line without its newline.
fn draw(printer: Printer, note: &Note) -> String {
    let (status, text) = match note {
        Note::Info(text) => (Status::Info, text),
        Note::Success(text) => (Status::Success, text),
        Note::Warning(text) => (Status::Warning, text),
        Note::Failure(text) => (Status::Failure, text),
        Note::Plain(text) => return text.clone(),
        Note::Up => return String::new(),
        Note::NoCommand => return console::style(note.text()).white().bold().to_string(),
    };
    let mut line = printer.line(status, text);
    line.pop();
    line
}

/// Runs the apps of a run file.
fn many(args: &Args, starter: Option<&Starter>, globals: &Globals) -> Result<u8, Failure> {
    let ignored: Vec<&str> =
        globals.given.iter().map(String::as_str).filter(|flag| !WITH_RUN_FILE.contains(flag)).collect();
    if !ignored.is_empty() {
        globals.printer.warning(format!(
            "The following flags are ignored when using --run-file and should be configured in the run file instead: {}",
            ignored.join(", ")
        ));
    }
    let install = globals.install()?;
    let (file, found) = read_run_file(&args.run_file, Severity::Warning, globals)?;
    for finding in &found {
        globals.printer.complain(&format!("{finding}\n"));
    }
    let file = file.ok_or_else(|| {
        let errors = found.iter().filter(|finding| finding.is_error()).count();
        let plural = if errors == 1 { "error" } else { "errors" };
        Failure::new(format!("Error getting apps from config file: {errors} {plural}, see above"))
    })?;
    let plan = Plan::select(&file, &args.command, &args.profile).map_err(Failure::new)?;
    let terminal = std::io::stdout().is_terminal();
    let options = Options {
        install,
        env: globals.env.clone(),
        runtime: choice(&args.runtime, globals)?,
        log_as_json: globals.log_as_json,
        on_failure: match args.on_failure.as_str() {
            "keep" => OnFailure::Keep,
            "stop" => OnFailure::Stop,
            other => {
                return Err(Failure::new(format!("invalid value {other:?} for --on-failure"))
                    .hint("--on-failure takes keep or stop")
                    .code(EXIT_USAGE));
            }
        },
        detached: args.detached,
        terminal,
        colours: console::colors_enabled(),
    };
    let runtime = client::runtime().map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let draw = |note: &Note| {
        if let (Note::Up, Some(starter)) = (note, starter) {
            starter.up();
        }
        draw(globals.printer, note)
    };
    runtime.block_on(run::run_many(&file, &plan, options, &draw))
}

/// Finds, reads and checks a run file. With an error among the findings there is no file.
pub fn read_run_file(
    path: &str,
    unknown_keys: Severity,
    globals: &Globals,
) -> Result<(Option<RunFile>, Vec<Diagnostic>), Failure> {
    let source = locate_run_file(path)?;
    let text = if source.stdin {
        std::io::read_to_string(std::io::stdin()).map_err(|error| {
            Failure::new(format!("error in reading the provided app config from stdin: {error}"))
        })?
    } else {
        fs_err::read_to_string(&source.path).map_err(|error| {
            Failure::new(format!("error in reading the provided app config file: {error}"))
        })?
    };
    let home = globals.env.get("HOME").map(PathBuf::from);
    let context = Context { env: globals.env.clone(), install: globals.install()?, home, unknown_keys };
    Ok(match runfile::load(&source, &text, &context) {
        Ok((file, warnings)) => (Some(file), warnings),
        Err(found) => (None, found),
    })
}

fn deprecated(printer: Printer, flag: &str, instead: &str) {
    printer.complain(&format!(
        "Flag --{flag} has been deprecated, This flag is deprecated and will be removed in the future releases. {instead}\n"
    ));
}

/// The runtime that is meant, and why, by the flag, the environment, and what is installed.
pub(super) fn runtime(
    flag: &str,
    install: &InstallDir,
    globals: &Globals,
) -> Result<(Runtime, String), Failure> {
    run::choose(choice(flag, globals)?, install)
}

/// The runtime that the flag or the environment asks for.
fn choice(flag: &str, globals: &Globals) -> Result<Choice, Failure> {
    match if flag.is_empty() { globals.env.get(DAPR_RUNTIME).unwrap_or_default() } else { flag } {
        "" => Ok(Choice::Automatic),
        "embedded" => Ok(Choice::Only(Runtime::Embedded)),
        "installed" => Ok(Choice::Only(Runtime::Installed)),
        other => Err(Failure::new(format!("invalid runtime {other:?}"))
            .hint("--runtime and DAPR_RUNTIME take embedded or installed")
            .code(EXIT_USAGE)),
    }
}

fn settings(args: Args, globals: &Globals) -> Result<Settings, Failure> {
    let runtime = choice(&args.runtime, globals)?;
    Ok(Settings {
        install: globals.install()?,
        env: globals.env.clone(),
        runtime,
        command: args.command,
        app_id: args.app_id,
        app_port: args.app_port,
        config: args.config,
        http_port: args.dapr_http_port,
        grpc_port: args.dapr_grpc_port,
        internal_port: args.dapr_internal_grpc_port,
        metrics_port: args.metrics_port,
        profiling: args.enable_profiling,
        profile_port: args.profile_port,
        log_level: args.log_level,
        log_as_json: globals.log_as_json,
        max_concurrency: args.app_max_concurrency,
        protocol: args.app_protocol,
        ssl: args.app_ssl,
        components_path: args.components_path,
        resources_paths: args.resources_path,
        placement: args.placement_host_address,
        scheduler: args.scheduler_host_address,
        max_body_size: args.max_body_size,
        read_buffer_size: args.read_buffer_size,
        socket: Some(args.unix_domain_socket).filter(|path| !path.is_empty()).map(PathBuf::from),
        health_check: args.enable_app_health_check,
        health_path: args.app_health_check_path,
        health_interval: args.app_health_probe_interval,
        health_timeout: args.app_health_probe_timeout,
        health_threshold: args.app_health_threshold,
        api_logging: args.enable_api_logging,
        listen_addresses: args.dapr_listen_addresses,
        channel_address: args.app_channel_address,
        terminal: std::io::stdout().is_terminal(),
        detached: args.detached,
        directory: None,
        entries: Vec::new(),
        template: None,
    })
}
