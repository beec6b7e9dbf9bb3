//! Flags of the verbs that list resources.

use std::path::PathBuf;

use crate::commands::Globals;
use crate::error::Failure;
use crate::output::Format;
use crate::output::resources::Shown;
use crate::resources::Document;

/// Which resources, and how they are shown.
#[derive(Debug, clap::Args)]
pub struct ResourceArgs {
    /// If true, list all resources in all namespaces
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// List the resources of a Kubernetes cluster
    #[arg(short, long)]
    pub kubernetes: bool,
    /// The name of the resource to be printed (optional)
    #[arg(short, long, default_value = "")]
    name: String,
    /// The Kubernetes namespace
    #[arg(long, default_value = "")]
    namespace: String,
    /// The output format of the list. Valid values are: json, yaml, wide, or table (default)
    #[arg(short, long, default_value = "")]
    output: String,
    /// The path of a folder with resources. The default is the one of dapr init, with those of running apps
    #[arg(long)]
    resources_path: Vec<PathBuf>,
}

impl ResourceArgs {
    /// How they are shown.
    pub fn shown(&self) -> Result<Shown, Failure> {
        wide(&self.output)
    }

    /// The one name that is asked for.
    pub fn name(&self) -> Option<&str> {
        Some(self.name.trim()).filter(|name| !name.is_empty())
    }

    /// Whether this one is asked for; case doesn't matter.
    pub fn wants(&self, name: &str) -> bool {
        self.name().is_none_or(|wanted| wanted.eq_ignore_ascii_case(name))
    }

    /// The given folders; each has to be there.
    pub fn paths(&self) -> Result<Vec<PathBuf>, Failure> {
        if let Some(missing) = self.resources_path.iter().find(|path| !path.exists()) {
            let text = format!("--resources-path {}: there is no such file or directory", missing.display());
            return Err(Failure::new(text));
        }
        Ok(self.resources_path.clone())
    }
}

/// A format, or all columns of the table.
pub fn wide(output: &str) -> Result<Shown, Failure> {
    if output == "wide" {
        return Ok(Shown { format: Format::Table, wide: true });
    }
    let format = output.parse().map_err(|failure: Failure| {
        Failure::new(failure.message).hint("valid formats are json, yaml, wide and table")
    })?;
    Ok(Shown { format, wide: false })
}

/// Names files that can't be read; returns whether there are any.
pub fn report_broken(documents: &[Document], globals: &Globals) -> bool {
    let mut found = false;
    for document in documents {
        if let Some(error) = &document.error {
            found = true;
            globals.printer.report(&Failure::new(format!("{}: {error}", document.file.display())));
        }
    }
    found
}
