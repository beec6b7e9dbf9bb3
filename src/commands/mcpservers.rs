//! `dapr mcpservers`: MCPServer resources in files (mcpservers reference, section C).

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Globals, unavailable};
use crate::error::Failure;
use crate::output::{self, Format};
use crate::resources::catalog;

const EXAMPLES: &str = "# List the MCP servers of the default folder
dapr mcpservers

# Those of another folder, as JSON
dapr mcpservers --resources-path ./resources -o json";

/// Flags of `mcpservers`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// If true, list all Dapr MCPServers in all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// List all Dapr MCPServers in a Kubernetes cluster
    #[arg(short, long)]
    kubernetes: bool,
    /// The MCPServer name to be printed (optional)
    #[arg(short, long, default_value = "")]
    name: String,
    /// The Kubernetes namespace
    #[arg(long, default_value = "")]
    namespace: String,
    /// Output format (options: json or yaml or list)
    #[arg(short, long, default_value = "list")]
    output: String,
    /// The path of a folder with resources
    #[arg(long, default_value = "")]
    resources_path: String,
}

/// Prints the servers. A file that can't be read fails the command.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    let format = match args.output.as_str() {
        "list" => Format::Table,
        "json" => Format::Json,
        "yaml" => Format::Yaml,
        _ => {
            let text = "An invalid output format was specified. Valid values are: json, yaml, or list";
            return Err(Failure::new(text));
        }
    };
    if args.kubernetes {
        return Err(unavailable("dapr mcpservers -k"));
    }
    let root = match args.resources_path.trim() {
        "" => globals.install()?.components(),
        path => PathBuf::from(path),
    };
    if root.exists() && !root.is_dir() {
        return Err(Failure::new(format!(
            "resources path {:?} is not a directory",
            root.display().to_string()
        )));
    }
    let mut found = Vec::new();
    for file in tree(&root) {
        let documents = catalog(&[&file]);
        if let Some(error) = documents.iter().find_map(|document| document.error.as_ref()) {
            return Err(Failure::new(format!("parse {:?}: {error}", file.display().to_string())));
        }
        found.extend(documents);
    }
    let wanted = args.name.trim();
    found.retain(|one| {
        one.kind == "MCPServer" && (wanted.is_empty() || one.name.eq_ignore_ascii_case(wanted))
    });
    found.sort_by(|a, b| b.namespace.cmp(&a.namespace).then_with(|| a.name.cmp(&b.name)));
    globals.finish(output::resources::mcp_servers(&found, format, Timestamp::now(), &TimeZone::system())?)
}

/// The YAML files below a directory, in the order of their names.
fn tree(directory: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs_err::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let mut found = Vec::new();
    for path in entries {
        let is_yaml = |extension: &std::ffi::OsStr| {
            extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")
        };
        if path.is_dir() {
            found.extend(tree(&path));
        } else if path.extension().is_some_and(is_yaml) {
            found.push(path);
        }
    }
    found
}
