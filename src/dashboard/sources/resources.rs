//! Resources in files, with what the running sidecars have made of them.

use std::sync::Arc;

use crate::dashboard::problem::Problem;
use crate::dashboard::shared::Shared;
use crate::resources::Document;
use crate::self_hosted::resources::{self, Component, Sidecar};

/// Everything that was found.
pub struct Found {
    /// All documents of the default folder and of the folders of running sidecars.
    pub documents: Vec<Document>,
    /// Components, from files and from sidecars.
    pub components: Vec<Component>,
    /// Configurations.
    pub configurations: Vec<Document>,
}

/// Reads the files anew: they are few and small, and somebody who has just changed one wants to see it.
pub async fn find(shared: &Arc<Shared>) -> Result<Found, Problem> {
    let snapshot = shared.apps.now().await;
    let install = shared.options.install.clone();
    let finding = tokio::task::spawn_blocking(move || {
        let sidecars: Vec<Sidecar> =
            snapshot.apps.iter().map(|app| Sidecar::new(&app.instance, app.told.clone(), &install)).collect();
        let documents = resources::documents(&install, &[], &sidecars);
        let components = resources::components(&documents, &sidecars);
        let configurations = resources::configurations(&install, &documents);
        Found { documents, components, configurations }
    });
    finding.await.map_err(Problem::failed)
}
