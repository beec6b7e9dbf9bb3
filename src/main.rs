//! Entry point of `dapr` and, under the name `daprd`, of the embedded sidecar.

use std::path::Path;
use std::process::ExitCode;

use dapr_cli::cli;
use dapr_cli::commands::daprd;
use dapr_cli::error::{EXIT_USAGE, Failure};
use dapr_cli::output::Printer;

/// A program inside this binary: it gets its arguments, without a program name, and returns the exit code.
type Program = fn(&[String]) -> u8;

/// Programs that are no verbs: they never see the verbs' parser, and no help lists them. They are chosen by the
/// name that this binary is called by, or by its first argument: `daprd`, and the guardian of processes.
const PROGRAMS: &[(&str, Program)] = &[("daprd", daprd::run)];

fn main() -> ExitCode {
    let args: Result<Vec<String>, _> = std::env::args_os().map(std::ffi::OsString::into_string).collect();
    let args = match args {
        Ok(args) => args,
        Err(word) => {
            let word = word.display();
            Printer::default().report(&Failure::new(format!("an argument is not valid UTF-8: {word}")));
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let code = match program(&args) {
        Some((program, rest)) => program(rest),
        None => cli::main(&args),
    };
    ExitCode::from(code)
}

/// The hidden program that a command line means, with its arguments.
fn program(args: &[String]) -> Option<(Program, &[String])> {
    let find = |name: &str| PROGRAMS.iter().find(|(known, _)| *known == name).map(|(_, program)| *program);
    let called = args.first().and_then(|path| Path::new(path).file_stem()?.to_str());
    if let Some(program) = called.and_then(find) {
        return Some((program, &args[1..]));
    }
    let program = find(args.get(1)?)?;
    Some((program, &args[2..]))
}
