//! Which command a command line means, and what is wrong with it, in the stock words (output reference,
//! section 6).

use std::error::Error as _;
use std::fmt::Write as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use crate::output::help::{Path, inherited, is_signed, is_switch, is_unsigned};
use crate::suggest;

/// The command that the words of a command line lead to.
pub struct Located<'a> {
    /// From the root to the command.
    pub path: Vec<&'a Command>,
    /// A word where only the name of a command can stand, but isn't one.
    pub unknown: Option<String>,
}

/// Follows the words of a command line, skipping flags and their values, as far as they name commands.
pub fn locate<'a>(root: &'a Command, args: &[String]) -> Located<'a> {
    let mut path = vec![root];
    let mut words = args.iter().skip(1);
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if word.len() > 1 && word.starts_with('-') {
            if takes_next(&path, word) {
                words.next();
            }
            continue;
        }
        let parent = path.last().copied().unwrap_or(root);
        match parent.find_subcommand(word) {
            Some(child) => path.push(child),
            None if parent.has_subcommands() => return Located { path, unknown: Some(word.clone()) },
            None => break,
        }
    }
    Located { path, unknown: None }
}

/// Whether the word after a flag is the flag's value. An unknown flag is taken to have one.
fn takes_next(path: &Path<'_>, word: &str) -> bool {
    let flag = match word.strip_prefix("--") {
        Some(long) if !long.contains('=') => by_long(path, long),
        None if word.chars().count() == 2 => by_short(path, word.chars().nth(1).unwrap_or_default()),
        _ => return false,
    };
    flag.is_none_or(|arg| !is_switch(arg))
}

fn flags<'a>(path: &'a Path<'a>) -> impl Iterator<Item = &'a Arg> {
    let own = path.last().into_iter().flat_map(|command| command.get_arguments());
    own.chain(inherited(path))
}

fn by_long<'a>(path: &'a Path<'a>, name: &str) -> Option<&'a Arg> {
    flags(path).find(|arg| arg.get_long() == Some(name))
}

fn by_short<'a>(path: &'a Path<'a>, name: char) -> Option<&'a Arg> {
    flags(path).find(|arg| arg.get_short() == Some(name))
}

/// The whole text for an unknown command: it has no usage page, but asks what was meant.
pub fn unknown_command(path: &Path<'_>, word: &str) -> String {
    let root = path.first().map_or("", |root| root.get_name());
    let names = path.last().into_iter().flat_map(|parent| parent.get_subcommands()).map(Command::get_name);
    let near = suggest::similar(word, names);
    let mut text = format!("Error: unknown command {word:?} for {root:?}\n");
    if !near.is_empty() {
        text += "\nDid you mean this?\n";
        for name in near {
            let _ = writeln!(text, "\t{name}");
        }
        text.push('\n');
    }
    text + &format!("Run '{root} --help' for usage.\n")
}

/// A usage error.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong.
    pub message: String,
    /// What may have been meant.
    pub hint: Option<String>,
}

/// What the parser found wrong; `None` when help was asked for.
pub fn explain(error: &clap::Error, path: &Path<'_>, args: &[String]) -> Option<Complaint> {
    let plain = |message: String| Some(Complaint { message, hint: None });
    let subject = text(error, ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => None,
        ErrorKind::UnknownArgument => Some(unknown_flag(&subject, path, args)),
        ErrorKind::MissingRequiredArgument => plain(missing(error)),
        ErrorKind::InvalidValue if text(error, ContextKind::InvalidValue).is_empty() => {
            plain(format!("flag needs an argument: {}", as_typed(&subject, path, args)))
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => plain(invalid(error, &subject, path)),
        // What is left is ours alone, such as two flags that exclude each other.
        _ => {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            plain(line.trim_start_matches("error: ").to_owned())
        }
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    }
}

/// The long name in the parser's form of a flag: `app-port` in `--app-port <APP_PORT>`.
fn long_name(subject: &str) -> Option<&str> {
    let name = subject.strip_prefix("--")?;
    name.split(|letter: char| !(letter.is_alphanumeric() || letter == '-' || letter == '_')).next()
}

fn unknown_flag(subject: &str, path: &Path<'_>, args: &[String]) -> Complaint {
    if let Some(name) = subject.strip_prefix("--") {
        let name = name.split('=').next().unwrap_or_default();
        let near =
            suggest::question(name, flags(path).filter(|arg| !arg.is_hide_set()).filter_map(Arg::get_long));
        let hint = near.map(|question| {
            question.replacen("did you mean ", "did you mean --", 1).replace(" or ", " or --")
        });
        return Complaint { message: format!("unknown flag: --{name}"), hint };
    }
    if !subject.starts_with('-') {
        // A word after `--` where only a command can stand.
        let root = path.first().map_or("", |root| root.get_name());
        return Complaint { message: format!("unknown command {subject:?} for {root:?}"), hint: None };
    }
    let letter = subject.chars().nth(1).unwrap_or_default();
    let cluster = cluster(letter, args).unwrap_or_else(|| letter.to_string());
    Complaint { message: format!("unknown shorthand flag: '{letter}' in -{cluster}"), hint: None }
}

/// The rest of the word of short flags in which a letter stands, from that letter on.
fn cluster(letter: char, args: &[String]) -> Option<String> {
    args.iter().skip(1).take_while(|word| *word != "--").find_map(|word| {
        let letters = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'))?;
        letters.find(letter).map(|start| letters[start..].to_owned())
    })
}

/// A flag whose value is missing, in the form in which it was typed. It is the last word.
fn as_typed(subject: &str, path: &Path<'_>, args: &[String]) -> String {
    let name = long_name(subject).unwrap_or_default();
    let last = args.last().map(String::as_str).unwrap_or_default();
    let short = by_long(path, name).and_then(Arg::get_short);
    match short {
        Some(letter) if !last.starts_with("--") && last.ends_with(letter) => {
            format!("'{letter}' in -{letter}")
        }
        _ => format!("--{name}"),
    }
}

fn missing(error: &clap::Error) -> String {
    let Some(ContextValue::Strings(subjects)) = error.get(ContextKind::InvalidArg) else {
        return "required flag(s) not set".to_owned();
    };
    let mut names: Vec<&str> = subjects.iter().filter_map(|subject| long_name(subject)).collect();
    if names.is_empty() {
        return format!("requires at least {} arg(s), only received 0", subjects.len());
    }
    names.sort_unstable();
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    format!("required flag(s) {} not set", names.join(", "))
}

fn invalid(error: &clap::Error, subject: &str, path: &Path<'_>) -> String {
    let value = text(error, ContextKind::InvalidValue);
    let name = long_name(subject).unwrap_or(subject);
    let flag = by_long(path, name);
    let form = match flag.and_then(Arg::get_short) {
        Some(short) => format!("-{short}, --{name}"),
        None => format!("--{name}"),
    };
    let parser = match flag {
        Some(arg) if is_signed(arg) => "ParseInt",
        Some(arg) if is_unsigned(arg) => "ParseUint",
        Some(arg) if is_switch(arg) => "ParseBool",
        _ => "",
    };
    let cause = if parser.is_empty() {
        error.source().map(ToString::to_string).unwrap_or_default()
    } else {
        let digits = value.trim_start_matches(['-', '+']);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let negative = parser == "ParseUint" && value.starts_with('-');
        let problem = if is_number && !negative { "value out of range" } else { "invalid syntax" };
        format!("strconv.{parser}: parsing {value:?}: {problem}")
    };
    format!("invalid argument {value:?} for {form:?} flag: {cause}")
}

#[cfg(test)]
mod tests;
