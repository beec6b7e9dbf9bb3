//! `/control-plane`: the services beside the apps, and the ports on which the dashboard itself listens.

use serde::Serialize;

use super::Ask;
use crate::dashboard::problem::Problem;
use crate::dashboard::telemetry::Receiving;
use crate::self_hosted::status::{self, Request, Service};

/// The page's data.
#[derive(Debug, Serialize)]
pub struct Page {
    services: Vec<Row>,
    /// Why containers could not be looked at.
    trouble: Option<String>,
    receiving: Vec<Receiving>,
}

/// A service.
#[derive(Debug, Serialize)]
pub struct Row {
    name: String,
    healthy: bool,
    version: String,
    /// As RFC 3339; empty when it isn't known.
    created: String,
    port: u16,
    image: String,
}

impl From<Service> for Row {
    fn from(service: Service) -> Self {
        Self {
            name: service.name,
            healthy: service.healthy,
            version: service.version,
            created: service.created.map(|created| created.to_string()).unwrap_or_default(),
            port: service.port,
            image: service.image,
        }
    }
}

/// How all services are now.
pub async fn data(ask: Ask) -> Result<Page, Problem> {
    let options = ask.shared.options.clone();
    let looking = tokio::task::spawn_blocking(move || {
        let request = Request { install: options.install, engine: None, network: None, insist: false };
        status::status(&request, &options.env)
    });
    let status = looking.await.map_err(Problem::failed)?.map_err(Problem::failed)?;
    Ok(Page {
        // The sidecars have a page of their own.
        services: status
            .services
            .into_iter()
            .filter(|one| !one.name.starts_with("daprd/"))
            .map(Row::from)
            .collect(),
        trouble: status.trouble,
        receiving: ask.shared.receiving.clone(),
    })
}
