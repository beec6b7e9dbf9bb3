//! What `dapr init` has set up here, as files and the container engine tell.

use super::init::{Record, Role};
use crate::containers::{self, Container, Engine, Kind};
use crate::paths::InstallDir;

/// The services of an install directory.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Which engine has the containers.
    pub engine: Kind,
    /// The network that they are on.
    pub network: Option<String>,
    /// Those that have to be there.
    pub expected: Vec<Role>,
    /// Whether somebody set up containers, as far as is known.
    pub may_have_containers: bool,
}

/// A service and what there is of it.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which one.
    pub role: Role,
    /// What its container is called.
    pub name: String,
    /// Its container.
    pub container: Option<Container>,
}

impl Installation {
    /// Reads the files. The engine and the network are those that are asked for, or the ones of the record.
    pub fn of(install: &InstallDir, engine: Option<Kind>, network: Option<String>) -> Self {
        let record = Record::is_there(install).then(|| Record::read(install));
        let installed = install.daprd().is_file();
        let noted = record.as_ref().filter(|record| !record.slim && !record.services.is_empty());
        let noted_network = noted.and_then(|record| record.network.clone());
        let network = network.or_else(|| noted_network.clone());
        // The record outlives the runtime when that is uninstalled and data stays. On another network nothing is
        // expected, though there may be something.
        let expected = noted.filter(|_| installed && network == noted_network);
        // The stock command line leaves no record; a slim installation has the services as programs.
        let unnoted = record.is_none() && installed && !install.program("placement").is_file();
        Self {
            engine: engine.or_else(|| record.as_ref().map(Record::engine)).unwrap_or_default(),
            expected: expected.map(|record| record.services.clone()).unwrap_or_default(),
            may_have_containers: noted.is_some() || unnoted,
            network,
        }
    }

    /// All services, with nothing known of their containers.
    pub fn services(&self) -> impl Iterator<Item = Found> {
        Role::LISTED.into_iter().map(|role| {
            let name = role.container(self.network.as_deref());
            Found { role, name, container: None }
        })
    }

    /// Whether this service has to be there.
    pub fn expects(&self, found: &Found) -> bool {
        self.expected.contains(&found.role)
    }

    /// Asks for the container of each service.
    pub async fn look(&self, engine: &Engine) -> Result<Vec<Found>, containers::Error> {
        let questions = self.services().map(|found| async move {
            let container = engine.container(&found.name).await?;
            Ok(Found { container, ..found })
        });
        futures_util::future::try_join_all(questions).await
    }
}

/// Why an engine can't be asked, in one line.
pub fn reason(error: &containers::Error) -> String {
    match error {
        containers::Error::Unreachable { kind, tried } if tried.is_empty() => format!("there is no {kind}"),
        containers::Error::Unreachable { kind, tried } => {
            format!("{kind} does not answer: {}", tried.join("; "))
        }
        other => other.to_string(),
    }
}
