//! `/configurations` and `/configurations/{name}`: the settings of sidecars.

use serde::Serialize;

use super::{Ask, yaml};
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::resources;
use crate::resources::Document;
use crate::self_hosted::resources::{exporters, is_measured, is_traced};

/// The list's data; of one configuration, those of its name.
#[derive(Debug, Serialize)]
pub struct List {
    configurations: Vec<Row>,
}

/// A configuration.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    name: String,
    tracing_enabled: bool,
    sampling_rate: String,
    tracing_exporter: String,
    metrics_enabled: bool,
    /// When its file was written, as RFC 3339.
    created: String,
    file: String,
    /// The document, without secrets.
    yaml: String,
}

impl From<&Document> for Row {
    fn from(document: &Document) -> Self {
        Self {
            name: document.name.clone(),
            tracing_enabled: is_traced(document),
            sampling_rate: document.spec_text(&["tracing", "samplingRate"]),
            tracing_exporter: exporters(document),
            metrics_enabled: is_measured(document),
            created: super::created(document),
            file: document.file.display().to_string(),
            yaml: yaml(document),
        }
    }
}

/// All of them.
pub async fn list(ask: Ask) -> Result<List, Problem> {
    let found = resources::find(&ask.shared).await?;
    Ok(List { configurations: found.configurations.iter().map(Row::from).collect() })
}

/// Those of one name.
pub async fn one(ask: Ask) -> Result<List, Problem> {
    let name = ask.part("name").to_owned();
    let mut list = list(ask).await?;
    list.configurations.retain(|one| one.name == name);
    if list.configurations.is_empty() {
        return Err(Problem::not_found(format_args!("no configuration is called {name}")));
    }
    Ok(list)
}
