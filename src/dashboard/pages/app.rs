//! `/apps/{id}`: everything about one app.

use serde::Serialize;

use super::{Ask, apps};
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::apps::App;
use crate::dashboard::sources::secrets;
use crate::os;

/// The page's data.
#[derive(Debug, Serialize)]
pub struct Page {
    id: String,
    /// Several when the app was started several times.
    instances: Vec<Instance>,
}

/// A running instance.
#[derive(Debug, Serialize)]
pub struct Instance {
    #[serde(flatten)]
    app: App,
    /// What the app's process was started with, by name; secrets are masked. Empty when there is no process, or when
    /// it can't be read.
    environment: Vec<Variable>,
}

/// A variable.
#[derive(Debug, Serialize)]
pub struct Variable {
    name: String,
    value: String,
}

/// What is known of it now.
pub async fn data(ask: Ask) -> Result<Page, Problem> {
    let id = ask.part("id").to_owned();
    let apps = apps::of(&ask).await?;
    let reading = tokio::task::spawn_blocking(move || {
        let instance = |app: App| Instance { environment: environment(&app), app };
        apps.into_iter().map(instance).collect()
    });
    Ok(Page { id, instances: reading.await.map_err(Problem::failed)? })
}

fn environment(app: &App) -> Vec<Variable> {
    if app.app_pid == 0 {
        return Vec::new();
    }
    let shown = secrets::pairs(os::environment(app.app_pid));
    shown.into_iter().map(|(name, value)| Variable { name, value }).collect()
}
