//! Help and usage pages in the layout of the stock command line (output reference, section 2), drawn from the
//! parser's own description of a command.
//!
//! Takes commands that are not built yet: building copies the global flags into every command. `after_help`
//! is the examples block, `override_usage` replaces the usage line, `long_about` the short text.

use std::any::TypeId;
use std::fmt::Write as _;

use clap::{Arg, ArgAction, Command};

/// Narrowest column of command names, as in the stock layout.
const NAME_WIDTH: usize = 11;

/// A command and the way to it: the root first, the command itself last. Never empty.
pub type Path<'a> = [&'a Command];

/// The help page: the description, then the usage.
pub fn help(path: &Path<'_>) -> String {
    let description = path.last().and_then(|command| command.get_long_about().or(command.get_about()));
    match description {
        Some(text) => format!("{}\n\n{}", text.to_string().trim_end(), usage(path)),
        None => usage(path),
    }
}

/// The usage page, which also follows a usage error.
pub fn usage(path: &Path<'_>) -> String {
    let Some(command) = path.last() else {
        return String::new();
    };
    let full_name = path.iter().map(|part| part.get_name()).collect::<Vec<_>>().join(" ");
    let line = command.get_overridden_usage().map_or(format!("{full_name} [flags]"), ToString::to_string);
    let mut text = format!("Usage:\n  {line}\n");
    let children: Vec<&Command> = sorted(command.get_subcommands().filter(|child| !child.is_hide_set()));
    if !children.is_empty() {
        let _ = writeln!(text, "  {full_name} [command]");
    }
    let aliases: Vec<&str> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        let _ = write!(text, "\nAliases:\n  {}, {}\n", command.get_name(), aliases.join(", "));
    }
    if let Some(examples) = command.get_after_help() {
        let _ = write!(text, "\nExamples:\n\n{}\n\n", examples.to_string().trim_matches('\n'));
    }
    if !children.is_empty() {
        text += "\nAvailable Commands:\n";
        let width = children.iter().map(|child| child.get_name().len()).max().unwrap_or_default();
        let width = width.max(NAME_WIDTH);
        for child in &children {
            let about = child.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {:width$} {about}", child.get_name());
        }
    }
    text += &section("Flags", command.get_arguments().collect());
    text += &section("Global Flags", inherited(path).collect());
    if !children.is_empty() {
        let _ =
            write!(text, "\nUse \"{full_name} [command] --help\" for more information about a command.\n");
    }
    text
}

/// The flags that a command has from the commands above it.
pub(crate) fn inherited<'a>(path: &'a Path<'a>) -> impl Iterator<Item = &'a Arg> {
    let above = path.split_last().map_or(path, |(_, above)| above);
    above.iter().flat_map(|command| command.get_arguments().filter(|arg| arg.is_global_set()))
}

fn sorted<'a>(commands: impl Iterator<Item = &'a Command>) -> Vec<&'a Command> {
    let mut commands: Vec<_> = commands.collect();
    commands.sort_by_key(|command| command.get_name());
    commands
}

fn section(title: &str, mut flags: Vec<&Arg>) -> String {
    flags.retain(|arg| arg.get_long().is_some() && !arg.is_hide_set());
    if flags.is_empty() {
        return String::new();
    }
    flags.sort_by_key(|arg| arg.get_long());
    let heads: Vec<String> = flags.iter().map(|arg| head(arg)).collect();
    let width = heads.iter().map(String::len).max().unwrap_or_default() + 3;
    let mut text = format!("\n{title}:\n");
    for (arg, head) in flags.iter().zip(heads) {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let help = help.replace('\n', &format!("\n{}", " ".repeat(width)));
        text += format!("{head:width$}{help}{}", default(arg)).trim_end();
        text.push('\n');
    }
    text
}

/// `  -a, --app-id string`
fn head(arg: &Arg) -> String {
    let short = arg.get_short().map_or("    ".to_owned(), |short| format!("-{short}, "));
    let kind = kind(arg);
    let space = if kind.is_empty() { "" } else { " " };
    format!("  {short}--{}{space}{kind}", arg.get_long().unwrap_or_default())
}

/// The type's name as it stands after a flag; nothing for a switch.
pub(crate) fn kind(arg: &Arg) -> &'static str {
    if is_switch(arg) {
        return "";
    }
    if matches!(arg.get_action(), ArgAction::Append) {
        return if arg.get_value_delimiter().is_some() { "strings" } else { "stringArray" };
    }
    if is_unsigned(arg) {
        "uint"
    } else if is_signed(arg) {
        "int"
    } else {
        "string"
    }
}

/// Whether a flag needs no value.
pub(crate) fn is_switch(arg: &Arg) -> bool {
    let kind = arg.get_value_parser().type_id();
    !arg.get_action().takes_values() || kind == TypeId::of::<bool>()
}

pub(crate) fn is_signed(arg: &Arg) -> bool {
    let kind = arg.get_value_parser().type_id();
    [TypeId::of::<i64>(), TypeId::of::<i32>(), TypeId::of::<i16>()].iter().any(|signed| kind == *signed)
}

pub(crate) fn is_unsigned(arg: &Arg) -> bool {
    let kind = arg.get_value_parser().type_id();
    [TypeId::of::<u64>(), TypeId::of::<u32>(), TypeId::of::<u16>()].iter().any(|unsigned| kind == *unsigned)
}

/// ` (default …)`, unless it is the type's zero value.
fn default(arg: &Arg) -> String {
    let values: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let value = values.join(",");
    if matches!(value.as_str(), "" | "0" | "false") {
        return String::new();
    }
    match kind(arg) {
        "string" => format!(" (default {value:?})"),
        "strings" | "stringArray" => format!(" (default [{value}])"),
        _ => format!(" (default {value})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        let tool = Command::new("tool")
            .about("Does it.")
            .after_help("# One\ntool x")
            .visible_alias("t")
            .arg(
                Arg::new("port")
                    .short('p')
                    .long("port")
                    .help("The port")
                    .value_parser(clap::value_parser!(i64))
                    .default_value("-1"),
            )
            .arg(Arg::new("level").long("level").help("The level\nof it").default_value("info"))
            .arg(Arg::new("paths").long("paths").value_delimiter(',').action(ArgAction::Append).help("Paths"))
            .arg(Arg::new("slim").short('s').long("slim").action(ArgAction::SetTrue).help("Less"))
            .arg(Arg::new("old").long("old").hide(true));
        Command::new("root")
            .about("Root")
            .arg(Arg::new("path").long("path").global(true).help("Where"))
            .subcommand(tool)
    }

    #[test]
    fn a_command_shows_its_flags_sorted_and_aligned() {
        let root = command();
        let tool = root.find_subcommand("tool").unwrap();
        insta::assert_snapshot!(help(&[&root, tool]), @r#"
        Does it.

        Usage:
          root tool [flags]

        Aliases:
          tool, t

        Examples:

        # One
        tool x


        Flags:
              --level string    The level
                                of it (default "info")
              --paths strings   Paths
          -p, --port int        The port (default -1)
          -s, --slim            Less

        Global Flags:
              --path string   Where
        "#);
    }

    #[test]
    fn a_parent_lists_its_commands() {
        insta::assert_snapshot!(help(&[&command()]), @r#"
        Root

        Usage:
          root [flags]
          root [command]

        Available Commands:
          tool        Does it.

        Flags:
              --path string   Where

        Use "root [command] --help" for more information about a command.
        "#);
    }
}
