//! The rules of the stock flag library (pflag) on top of clap's: switches that take `=false`, values that begin
//! with a dash, the last one of a repeated flag wins, surplus words are ignored.

use clap::{Arg, ArgAction, Command};

use crate::output::help::is_switch;

/// Adds `-h/--help` in the stock words to a command and all below it.
pub fn with_help(command: Command) -> Command {
    let text = match command.get_name() {
        "dapr" => "help for dapr",
        "help" => "help for help",
        _ => "Print this help message",
    };
    let help = Arg::new("help").short('h').long("help").help(text).action(ArgAction::Help);
    let command =
        command.disable_help_flag(true).disable_help_subcommand(true).disable_version_flag(true).arg(help);
    map_children(command, with_help)
}

/// Makes a command, and all below it, parse its flags as pflag does.
pub fn like_pflag(command: Command) -> Command {
    let is_leaf = !command.has_subcommands();
    let has_words = command.get_positionals().next().is_some();
    let mut command = command.args_override_self(true).mut_args(flag);
    if is_leaf && !has_words {
        command = command.arg(Arg::new("surplus").num_args(0..).action(ArgAction::Append).hide(true));
    }
    map_children(command, like_pflag)
}

fn map_children(mut command: Command, change: fn(Command) -> Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|child| child.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, change);
    }
    command
}

fn flag(arg: Arg) -> Arg {
    if arg.is_positional() || matches!(arg.get_action(), ArgAction::Help) {
        return arg;
    }
    if !is_switch(&arg) {
        return arg.allow_hyphen_values(true);
    }
    let needs_default = arg.get_default_values().is_empty();
    let arg = arg
        .action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_parser(truth);
    if needs_default { arg.default_value("false") } else { arg }
}

/// Go's `strconv.ParseBool`.
fn truth(text: &str) -> Result<bool, &'static str> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("invalid syntax"),
    }
}
