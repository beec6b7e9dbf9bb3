//! `/components` and `/components/{name}`: what is configured, what was loaded, what was not.

use serde::Serialize;

use super::{Ask, yaml};
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::resources;
use crate::resources::Document;
use crate::self_hosted::resources::Component;

/// The list's data.
#[derive(Debug, Serialize)]
pub struct List {
    components: Vec<Row>,
    /// Files that can't be read.
    broken: Vec<Broken>,
}

/// A component.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    version: String,
    scopes: Vec<String>,
    /// When its file was written, as RFC 3339.
    created: String,
    file: String,
    /// Apps whose sidecars have loaded it.
    loaded_by: Vec<String>,
    /// Apps whose sidecars should have loaded it and have not.
    not_loaded_by: Vec<String>,
    capabilities: Vec<String>,
    /// The document, without secrets.
    yaml: String,
}

/// A file that can't be read.
#[derive(Debug, Serialize)]
pub struct Broken {
    file: String,
    error: String,
}

impl From<&Component> for Row {
    fn from(one: &Component) -> Self {
        let document = one.document.as_ref();
        Self {
            name: one.name.clone(),
            kind: one.kind.clone(),
            version: one.version.clone(),
            scopes: one.scopes.clone(),
            created: document.map(super::created).unwrap_or_default(),
            file: document.map(|document| document.file.display().to_string()).unwrap_or_default(),
            loaded_by: one.loaded_by.clone(),
            not_loaded_by: one.missing_in.clone(),
            capabilities: one.capabilities.clone(),
            yaml: document.map(yaml).unwrap_or_default(),
        }
    }
}

/// All of them.
pub async fn list(ask: Ask) -> Result<List, Problem> {
    let found = resources::find(&ask.shared).await?;
    let broken = |document: &Document| {
        Some(Broken { file: document.file.display().to_string(), error: document.error.clone()? })
    };
    Ok(List {
        components: found.components.iter().map(Row::from).collect(),
        broken: found.documents.iter().filter_map(broken).collect(),
    })
}

/// One's data; several when folders of different apps have one of this name.
#[derive(Debug, Serialize)]
pub struct Page {
    name: String,
    components: Vec<Row>,
}

/// One of them.
pub async fn one(ask: Ask) -> Result<Page, Problem> {
    let name = ask.part("name").to_owned();
    let found = resources::find(&ask.shared).await?;
    let components: Vec<Row> =
        found.components.iter().filter(|component| component.name == name).map(Row::from).collect();
    if components.is_empty() {
        return Err(Problem::not_found(format_args!("no component is called {name}")));
    }
    Ok(Page { name, components })
}
