//! `dapr lint`: what is wrong with run files and resources, before anything is started.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Globals;
use super::run::read_run_file;
use crate::env::Env;
use crate::error::{EXIT_FAILED, EXIT_OK, EXIT_USAGE, Failure};
use crate::lint::{self, Diagnostic, Severity};
use crate::resources::{self, Strictness};
use crate::runfile::{Plan, PlanError};

const EXAMPLES: &str = "# Check dapr.yaml and the resources that it names
dapr lint

# Check a directory of resources; warnings count as errors
dapr lint --strict ./components";

/// Flags of `lint`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, override_usage = "dapr lint [flags] [PATH...]")]
pub struct Args {
    /// Run files, resource files and directories.
    paths: Vec<PathBuf>,
    /// Warnings count as errors
    #[arg(long)]
    strict: bool,
    /// The output format. Valid values are: json, or text (default)
    #[arg(short, long, default_value = "text")]
    output: String,
}

/// Prints findings; the exit code is 1 when there are errors.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    if !matches!(args.output.as_str(), "text" | "json") {
        return Err(Failure::new(format!("invalid value {:?} for --output", args.output))
            .hint("--output takes text or json")
            .code(EXIT_USAGE));
    }
    let mut work = Work::default();
    let mut given = Vec::new();
    for path in paths(args, globals)? {
        if let Some(path) = work.path(path, globals)? {
            given.push(path);
        }
    }
    work.together(&given, &globals.env);
    let Work { found, files, .. } = work;
    let errors = found.iter().filter(|finding| finding.is_error()).count();
    let warnings = found.len() - errors;
    if args.output == "json" {
        let rows: Vec<Row<'_>> = found.iter().map(Row::of).collect();
        let text = serde_json::to_string_pretty(&rows).map_err(Failure::new)?;
        globals.finish(text + "\n")?;
    } else {
        let mut text = String::new();
        for finding in &found {
            let _ = writeln!(text, "{finding}");
        }
        let count =
            |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let (errors, warnings) = (count(errors, "error"), count(warnings, "warning"));
        let _ = writeln!(text, "{errors}, {warnings} in {}", count(files.len(), "file"));
        globals.finish(text)?;
    }
    Ok(if errors > 0 || (args.strict && warnings > 0) { EXIT_FAILED } else { EXIT_OK })
}

/// What is checked when nothing is given: the run file here, else the default resources.
fn paths(args: &Args, globals: &Globals) -> Result<Vec<PathBuf>, Failure> {
    if !args.paths.is_empty() {
        return Ok(args.paths.clone());
    }
    let run_file = PathBuf::from("dapr.yaml");
    if run_file.is_file() {
        return Ok(vec![run_file]);
    }
    let install = globals.install()?;
    if install.components().is_dir() {
        let config = Some(install.config()).filter(|path| path.is_file());
        return Ok([install.components()].into_iter().chain(config).collect());
    }
    Err(Failure::new("there is neither a dapr.yaml here nor a default resources directory")
        .hint("name what is to be checked: dapr lint PATH"))
}

#[derive(Default)]
struct Work {
    found: Vec<Diagnostic>,
    /// Groups of resource files that have been checked.
    groups: HashSet<Vec<PathBuf>>,
    /// Everything that was looked at, by its true path.
    files: HashSet<PathBuf>,
}

impl Work {
    /// Checks a run file; gives back what holds resources.
    fn path(&mut self, path: PathBuf, globals: &Globals) -> Result<Option<PathBuf>, Failure> {
        if !path.exists() {
            return Err(Failure::new(format!("stat {}: no such file or directory", path.display())));
        }
        let run_file = if path.is_dir() { path.join("dapr.yaml") } else { path.clone() };
        if run_file.is_file() && is_run_file(&run_file) {
            self.run_file(&run_file, globals)?;
            return Ok(None);
        }
        Ok(Some(path))
    }

    fn run_file(&mut self, path: &Path, globals: &Globals) -> Result<(), Failure> {
        // A key that nobody knows doesn't stop a run; here it is what is looked for.
        let (file, found) = read_run_file(&path.to_string_lossy(), Severity::Error, globals)?;
        self.files.insert(identity(path));
        self.found.extend(found);
        let Some(file) = file else { return Ok(()) };
        let all: Vec<String> = file.apps.iter().map(|app| app.id.clone()).collect();
        if let Err(circle @ PlanError::Circle(_)) = Plan::select(&file, &all, &[]) {
            self.found.push(Diagnostic::error(&file.path, (1, 1), circle.to_string()));
        }
        for app in &file.apps {
            let paths = app.resources_paths.iter().filter(|path| path.exists());
            let config = Some(&app.config_file).filter(|path| path.is_file());
            self.together(&paths.chain(config).cloned().collect::<Vec<_>>(), &globals.env);
        }
        Ok(())
    }

    /// Checks what one sidecar loads: names are unique in there, and references lead to what is in there.
    fn together(&mut self, paths: &[PathBuf], env: &Env) {
        let mut seen = HashSet::new();
        let files = paths.iter().flat_map(|path| resources::files(path));
        let files: Vec<PathBuf> = files.filter(|file| seen.insert(identity(file))).collect();
        let mut group: Vec<PathBuf> = seen.iter().cloned().collect();
        group.sort();
        if !self.groups.insert(group) {
            return;
        }
        self.files.extend(seen);
        for finding in resources::check_within(Some(env), &files, None, Strictness::Lint) {
            if !self.found.contains(&finding) {
                self.found.push(finding);
            }
        }
    }
}

/// The one path of a file, however it was named.
fn identity(path: &Path) -> PathBuf {
    fs_err::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// A run file has `apps` and no `kind`.
fn is_run_file(path: &Path) -> bool {
    let text = fs_err::read_to_string(path).unwrap_or_default();
    match lint::parse(path, &text).0.first() {
        Some(root) => root.get("apps").is_some() && root.get("kind").is_none(),
        // Empty or broken as it is: the name tells.
        None => path.file_name().is_some_and(|name| name == "dapr.yaml"),
    }
}

/// A finding as JSON.
#[derive(Serialize)]
struct Row<'a> {
    file: &'a Path,
    line: usize,
    column: usize,
    severity: String,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of(finding: &'a Diagnostic) -> Self {
        Self {
            file: &finding.file,
            line: finding.line,
            column: finding.column,
            severity: finding.severity.to_string(),
            message: &finding.message,
            hint: finding.hint.as_deref(),
        }
    }
}
