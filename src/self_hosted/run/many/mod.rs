//! The run of the apps of a run file: all are checked and have their ports before the first one starts; then
//! each lives by itself, and the run ends when it is asked to or when nothing is left to run.

mod files;
mod life;
mod probe;
mod states;
mod unit;
mod voice;
mod watch;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::control::{Control, Orders};
use super::prepare::Prepared;
use super::requests::Requests;
use super::{Choice, Note, Settings, Template};
use crate::env::Env;
use crate::error::{EXIT_FAILED, EXIT_OK, Failure};
use crate::paths::InstallDir;
use crate::process::{Console, Guard};
use crate::runfile::{App, Plan, RunFile};
use crate::self_hosted::instances;

use files::Look;
use states::States;
use unit::{End, Unit};
use voice::Voice;

pub use voice::Draw;

/// What happens to the others when an app or a sidecar fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// They go on, as with the stock command line.
    Keep,
    /// They are stopped, and the run ends.
    Stop,
}

/// What was asked for beside the run file.
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each flag that takes no value, and for the terminal"
)]
pub struct Options {
    /// The default `.dapr`.
    pub install: InstallDir,
    /// The environment.
    pub env: Env,
    /// `--runtime` or `DAPR_RUNTIME`, for apps whose file says nothing.
    pub runtime: Choice,
    /// `--log-as-json`.
    pub log_as_json: bool,
    /// `--on-failure`.
    pub on_failure: OnFailure,
    /// Our standard output is a terminal.
    pub terminal: bool,
    /// Colours can be shown.
    pub colours: bool,
    /// The run is in the background.
    pub detached: bool,
}

/// What the apps of a run share.
struct Context<'a> {
    guard: Arc<Guard>,
    requests: Requests,
    console: Console,
    voice: &'a Voice<'a>,
    states: States,
    look: Look,
    env: Env,
    /// The run file, as messages name it.
    file: String,
    /// Ids by rank.
    names: Vec<String>,
    on_failure: OnFailure,
    /// Ends the run from inside.
    give_up: CancellationToken,
    /// Ranks of the apps that still run or may run.
    left: RefCell<BTreeSet<usize>>,
    /// How many apps are still to be started.
    starting: Cell<usize>,
    /// Checks an app once more and reserves its ports, by rank: for one that is started again.
    prepare: &'a dyn Fn(usize) -> Result<Prepared, Failure>,
}

impl Context<'_> {
    async fn ending(&self) {
        tokio::select! {
            () = self.requests.asked.cancelled() => {}
            () = self.give_up.cancelled() => {}
            () = self.guard.lost() => {}
        }
    }

    fn is_ending(&self) -> bool {
        self.requests.asked.is_cancelled() || self.give_up.is_cancelled()
    }

    /// An app has been started, or never will be; with the last one all that can be is up.
    fn start_done(&self, rank: usize) {
        self.voice.done(rank);
        self.starting.set(self.starting.get().saturating_sub(1));
        if self.starting.get() == 0 && !self.is_ending() {
            self.voice.event(&Note::Up);
        }
    }

    /// Something failed.
    fn failed(&self) {
        if self.on_failure == OnFailure::Stop {
            self.give_up.cancel();
        }
    }

    /// An app has ended for good; with the last one the run ends.
    fn ended(&self, rank: usize) {
        let mut left = self.left.borrow_mut();
        left.remove(&rank);
        if left.is_empty() {
            self.give_up.cancel();
        }
    }
}

/// Runs what was planned until it ends. Returns the exit code of the process.
pub async fn run(file: &RunFile, plan: &Plan, options: Options, draw: Draw<'_>) -> Result<u8, Failure> {
    let requests =
        Requests::listen().map_err(|error| Failure::new(format!("cannot listen to signals: {error}")))?;
    let console = Console::default();
    let apps: Vec<&App> = plan.order.iter().map(|index| &file.apps[*index]).collect();
    let voice = Voice::new(console.clone(), draw, apps.len());
    let names: Vec<String> = apps.iter().map(|app| app.id.clone()).collect();
    let Some(prepared) = prepare(file, &apps, &options, &voice)? else {
        return Ok(EXIT_FAILED);
    };
    let (control, orders) = Control::open(&options.install, &names);
    let reachable = |app: Prepared| app.reachable_at(control.as_ref().map(Control::path));
    let prepared = prepared.into_iter().map(reachable).collect();
    let again = |rank: usize| {
        let app = apps.get(rank).ok_or_else(|| Failure::new("there is no such app"))?;
        let known = instances::known(&options.install);
        let prepared = Prepared::new(settings(file, app, &options)?, &known, &|note| voice.app(rank, &note))?;
        Ok(reachable(prepared))
    };
    let guard = Guard::start()
        .map_err(|error| Failure::new(format!("cannot start the guardian process: {error}")))?;
    let width = if options.terminal { names.iter().map(String::len).max().unwrap_or_default() } else { 0 };
    let context = Context {
        guard: Arc::new(guard),
        requests,
        console,
        voice: &voice,
        states: States::new(apps.len()),
        look: Look { colours: options.colours, width, hidden: options.detached },
        env: options.env.clone(),
        file: file.path.display().to_string(),
        left: RefCell::new((0..apps.len()).collect()),
        starting: Cell::new(apps.len()),
        names,
        on_failure: options.on_failure,
        give_up: CancellationToken::new(),
        prepare: &again,
    };
    let ends = live(&context, plan, &apps, prepared, orders).await;
    context.voice.open();
    // The guardian ends what is left, which closes the last pipes: every line has been written then.
    context.guard.finish();
    let codes = ends.into_iter().map(|end| {
        for mut pair in end.pairs {
            pair.clean_up();
        }
        end.code
    });
    // All of them, before the first bad one is looked for.
    let codes: Vec<u8> = codes.collect();
    Ok(codes.into_iter().find(|code| *code != EXIT_OK).unwrap_or(EXIT_OK))
}

async fn live(
    context: &Context<'_>,
    plan: &Plan,
    apps: &[&App],
    prepared: Vec<Prepared>,
    orders: Vec<Orders>,
) -> Vec<End> {
    let units = apps.iter().zip(prepared).zip(orders).enumerate();
    let units = units.map(|(rank, ((app, prepared), orders))| {
        let needs = plan.needs(rank);
        Unit { rank, app, needs, run: context }.live(prepared, orders)
    });
    let all = join_all(units);
    let told = async {
        context.ending().await;
        context.voice.open();
        if context.requests.asked.is_cancelled() {
            context.voice.run(&Note::Plain(String::new()));
            let text =
                "Received signal to stop Dapr and app processes. Shutting down Dapr and app processes.";
            context.voice.run(&Note::Info(text.into()));
        }
    };
    // In this order: the line that says so comes before what the apps say of it.
    futures_util::join!(told, all).1
}

/// Checks every app and reserves its ports; all complaints are told, and then nothing is started.
fn prepare(
    file: &RunFile,
    apps: &[&App],
    options: &Options,
    voice: &Voice<'_>,
) -> Result<Option<Vec<Prepared>>, Failure> {
    let known = instances::known(&options.install);
    let mut prepared = Vec::new();
    let mut failed = false;
    for (rank, app) in apps.iter().enumerate() {
        let say = |note: Note| voice.app(rank, &note);
        let settings = settings(file, app, options)?;
        match Prepared::new(settings, &known, &say) {
            Ok(app) => prepared.push(app),
            Err(failure) => {
                failed = true;
                let text = format!(
                    "Error validating run config for app \"{}\" present in {}: {}",
                    app.id,
                    file.path.display(),
                    failure.message
                );
                voice.run(&Note::Failure(text));
            }
        }
    }
    Ok((!failed).then_some(prepared))
}

fn settings(file: &RunFile, app: &App, options: &Options) -> Result<Settings, Failure> {
    let install = match &app.runtime_path {
        Some(path) => InstallDir::resolve(Some(&path.to_string_lossy()), &options.env)
            .map_err(|error| Failure::new(error.to_string()))?,
        None => options.install.clone(),
    };
    let runtime = match app.runtime {
        Some(runtime) => Choice::Only(runtime),
        None => options.runtime,
    };
    Ok(Settings {
        install,
        env: options.env.clone(),
        runtime,
        command: app.command.clone(),
        app_id: app.id.clone(),
        app_port: app.app_port,
        config: app.config_file.to_string_lossy().into_owned(),
        http_port: app.http_port,
        grpc_port: app.grpc_port,
        internal_port: app.internal_port,
        metrics_port: app.metrics_port,
        profiling: app.profiling,
        profile_port: app.profile_port,
        log_level: app.log_level.clone(),
        log_as_json: options.log_as_json,
        max_concurrency: app.max_concurrency,
        protocol: app.protocol.clone(),
        ssl: app.ssl,
        components_path: String::new(),
        resources_paths: app.resources_paths.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
        placement: app.placement.clone(),
        scheduler: app.scheduler.clone(),
        max_body_size: app.max_body_size.clone(),
        read_buffer_size: app.read_buffer_size.clone(),
        socket: app.socket.clone(),
        health_check: app.health_check,
        health_path: app.health_path.clone(),
        health_interval: app.health_interval,
        health_timeout: app.health_timeout,
        health_threshold: app.health_threshold,
        api_logging: app.api_logging,
        listen_addresses: app.listen_addresses.clone(),
        channel_address: app.channel_address.clone(),
        terminal: options.terminal,
        detached: options.detached,
        directory: Some(app.directory.clone()),
        entries: app.env.clone(),
        template: Some(Template { path: file.path.to_string_lossy().into_owned(), name: file.name.clone() }),
    })
}
