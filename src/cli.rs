//! The command enum, the global flags and the one match that leads from a parsed command line to a verb.
//!
//! Parsing is clap's; the rules of the stock flag library are applied on top (`flags`), and whatever clap
//! complains of is said in the stock words (`usage`). Help pages are drawn by `output::help`.

mod flags;
mod usage;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::commands::{
    Globals, build_info, bundle, completion, components, configurations, dashboard, doctor, init, invoke,
    lint, list, logs, mcpservers, publish, restart, run, scheduler, status, stop, subscriptions, uninstall,
    upgrade, version, wait,
};
use crate::env::Env;
use crate::error::{EXIT_FAILED, EXIT_OK, EXIT_USAGE, Failure};
use crate::output::{Printer, help};

const ABOUT: &str = r"
        |
    ___ |  ___    ___    ___
   /   \| /   \  /   \  /
  |     ||     ||     ||
   \___/| \___/||\___/ |
                |
                |
===============================
Distributed Application Runtime";

#[derive(Parser)]
#[command(name = "dapr", about = ABOUT)]
struct Cli {
    /// version for dapr
    #[arg(short = 'v', long)]
    version: bool,
    /// Log output in JSON format
    #[arg(long, global = true)]
    log_as_json: bool,
    /// The path to the dapr runtime installation directory
    #[arg(long, global = true)]
    runtime_path: Option<String>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// One variant per verb, in alphabetical order. A verb's doc comment is its line in the root help.
#[derive(Subcommand)]
enum Verb {
    /// Print build info of Dapr CLI and runtime
    BuildInfo(build_info::Args),
    /// Pack the installed runtime for machines without a network. Supported platforms: Self-hosted
    Bundle(bundle::Args),
    /// Generates shell completion scripts
    Completion(completion::Args),
    /// List all Dapr components. Supported platforms: Kubernetes and self-hosted
    Components(components::Args),
    /// List all Dapr configurations. Supported platforms: Kubernetes and self-hosted
    Configurations(configurations::Args),
    /// Show apps, logs and resources in the browser. Supported platforms: Self-hosted
    Dashboard(dashboard::Args),
    /// Look for what keeps Dapr from working on this machine. Supported platforms: Self-hosted
    Doctor(doctor::Args),
    /// Help about any command
    #[command(
        long_about = "Help provides help for any command in the application.\n\
                      Simply type dapr help [path to command] for full details.",
        override_usage = "dapr help [command] [flags]"
    )]
    Help {
        /// The command, word by word.
        topic: Vec<String>,
    },
    /// Install Dapr on supported hosting platforms. Supported platforms: Kubernetes and self-hosted
    Init(Box<init::Args>),
    /// Invoke a method on a given Dapr application. Supported platforms: Self-hosted
    Invoke(invoke::Args),
    /// Check run files and resources. Supported platforms: Self-hosted
    Lint(lint::Args),
    /// List all Dapr instances. Supported platforms: Kubernetes and self-hosted
    List(list::Args),
    /// Show what applications and their sidecars have written. Supported platforms: Self-hosted
    Logs(logs::Args),
    /// List all Dapr MCPServer resources. Supported platforms: Kubernetes and self-hosted
    Mcpservers(mcpservers::Args),
    /// Publish a pub-sub event. Supported platforms: Self-hosted
    Publish(publish::Args),
    /// Restart applications, beside the same sidecars. Supported platforms: Self-hosted
    Restart(restart::Args),
    /// Run Dapr and (optionally) your application side by side. Supported platforms: Self-hosted
    Run(Box<run::Args>),
    /// Scheduler management commands. Use -k to target a Kubernetes Dapr cluster.
    #[command(visible_alias = "sched")]
    Scheduler(scheduler::Args),
    /// Show the health status of Dapr services. Supported platforms: Kubernetes and self-hosted
    Status(status::Args),
    /// Stop Dapr instances and their associated apps. Supported platforms: Self-hosted
    Stop(stop::Args),
    /// List what running applications receive. Supported platforms: Self-hosted
    Subscriptions(subscriptions::Args),
    /// Uninstall Dapr runtime. Supported platforms: Kubernetes and self-hosted
    Uninstall(uninstall::Args),
    /// Upgrades or downgrades a Dapr installation. Supported platforms: Kubernetes and self-hosted
    Upgrade(upgrade::Args),
    /// Print the Dapr runtime and CLI version
    Version(version::Args),
    /// Wait until applications are healthy, or have ended. Supported platforms: Self-hosted
    Wait(wait::Args),
}

impl Verb {
    fn run(self, globals: &Globals) -> Result<u8, Failure> {
        match self {
            Self::BuildInfo(args) => build_info::run(&args, globals),
            Self::Bundle(args) => bundle::run(&args, globals),
            Self::Completion(completion::Args { shell: None }) => {
                Ok(show_help(&["completion"], globals.printer))
            }
            Self::Completion(completion::Args { shell: Some(shell) }) => completion::run(shell, globals),
            Self::Components(args) => components::run(&args, globals),
            Self::Configurations(args) => configurations::run(&args, globals),
            Self::Dashboard(args) => dashboard::run(&args, globals),
            Self::Doctor(args) => doctor::run(&args, globals),
            Self::Help { topic } => {
                let topic: Vec<&str> = topic.iter().map(String::as_str).collect();
                Ok(show_help(&topic, globals.printer))
            }
            Self::Init(args) => init::run(&args, globals),
            Self::Invoke(args) => invoke::run(&args, globals),
            Self::Lint(args) => lint::run(&args, globals),
            Self::List(args) => list::run(&args, globals),
            Self::Logs(args) => logs::run(&args, globals),
            Self::Mcpservers(args) => mcpservers::run(&args, globals),
            Self::Publish(args) => publish::run(&args, globals),
            Self::Restart(args) => restart::run(&args, globals),
            Self::Run(args) => run::run(*args, globals),
            Self::Scheduler(args) => match &args.verb {
                Some(verb) => scheduler::run(&args, verb, globals),
                None => Ok(show_help(&["scheduler"], globals.printer)),
            },
            Self::Status(args) => status::run(&args, globals),
            Self::Stop(args) => stop::run(&args, globals),
            Self::Subscriptions(args) => subscriptions::run(&args, globals),
            Self::Uninstall(args) => uninstall::run(&args, globals),
            Self::Upgrade(args) => upgrade::run(&args, globals),
            Self::Version(args) => version::run(&args, globals),
            Self::Wait(args) => wait::run(&args, globals),
        }
    }
}

/// Verbs of the stock command line that don't exist here yet. They are not listed in the help.
const MISSING: [&str; 3] = ["annotate", "mtls", "workflow"];

/// The description of the whole command line, from which help pages and completion scripts are made.
pub fn command() -> clap::Command {
    flags::with_help(Cli::command())
}

/// Runs one command line, the program's name first. Returns the exit code of the process; everything that
/// there is to say has been said.
pub fn main(args: &[String]) -> u8 {
    let root = command();
    let located = usage::locate(&root, args);
    let printer = Printer::default();
    if let Some(word) = &located.unknown {
        return unknown(word, &located, printer);
    }
    let mut parser = flags::like_pflag(command());
    let parsed = parser.try_get_matches_from_mut(args).and_then(|matches| {
        let given = given(&parser, &matches);
        Ok((Cli::from_arg_matches(&matches)?, given))
    });
    let (cli, given) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return complain(&error, &located, args, printer),
    };
    let printer = Printer::new(cli.log_as_json);
    let globals = Globals {
        env: Env::process(),
        printer,
        log_as_json: cli.log_as_json,
        runtime_path: cli.runtime_path,
        given,
    };
    let result = match cli.verb {
        Some(verb) => verb.run(&globals),
        None if cli.version => version::run(&version::Args::default(), &globals),
        None => Ok(show_help(&[], printer)),
    };
    result.unwrap_or_else(|failure| {
        printer.report(&failure);
        failure.code
    })
}

/// Long names of the flags of a command line's last command that were given, not left to their defaults.
fn given(root: &clap::Command, matches: &ArgMatches) -> Vec<String> {
    let (mut command, mut matches) = (root, matches);
    while let Some((name, below)) = matches.subcommand() {
        let Some(child) = command.find_subcommand(name) else { break };
        (command, matches) = (child, below);
    }
    let is_given = |arg: &&clap::Arg| {
        !arg.is_global_set() && matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
    };
    let flags = command.get_arguments().filter(is_given);
    let mut names: Vec<String> = flags.filter_map(|flag| flag.get_long().map(str::to_owned)).collect();
    names.sort_unstable();
    names
}

/// Something that isn't a command where one is expected.
fn unknown(word: &str, located: &usage::Located<'_>, printer: Printer) -> u8 {
    if located.path.len() > 1 {
        // As the stock one does: a parent that is given an unknown child shows its help.
        return print(&help::help(&located.path), printer);
    }
    if MISSING.contains(&word) {
        printer.report(&Failure::new(format!("dapr {word} is not available yet in this build")));
        return EXIT_FAILED;
    }
    printer.complain(&usage::unknown_command(&located.path, word));
    EXIT_USAGE
}

/// A usage error: what is wrong, then how to use the command. Asking for help arrives here as well.
fn complain(error: &clap::Error, located: &usage::Located<'_>, args: &[String], printer: Printer) -> u8 {
    match usage::explain(error, &located.path, args) {
        None => print(&help::help(&located.path), printer),
        Some(usage::Complaint { message, hint }) => {
            printer.complain(&format!("Error: {message}\n{}\n", help::usage(&located.path)));
            if let Some(hint) = hint {
                printer.hint(hint);
            }
            EXIT_USAGE
        }
    }
}

/// Prints the help page of a command that is named word by word.
fn show_help(topic: &[&str], printer: Printer) -> u8 {
    let root = command();
    let mut path = vec![&root];
    for word in topic {
        let parent = path.last().copied().unwrap_or(&root);
        match parent.find_subcommand(word) {
            Some(child) => path.push(child),
            // What follows a complete command is not looked at.
            None if path.len() > 1 => break,
            None => {
                let quoted: Vec<String> = topic.iter().map(|word| format!("`{word}`")).collect();
                let usage = help::usage(&path);
                printer.complain(&format!("Unknown help topic [{}]\n{usage}", quoted.join(" ")));
                return EXIT_USAGE;
            }
        }
    }
    print(&help::help(&path), printer)
}

fn print(text: &str, printer: Printer) -> u8 {
    match printer.data(text) {
        Ok(()) => EXIT_OK,
        Err(_) => EXIT_FAILED,
    }
}
