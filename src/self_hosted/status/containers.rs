//! The services that `dapr init` runs in containers, each asked in its own way.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::Service;
use crate::client::health;
use crate::containers::{Container, Engine, Kind, State, tag};
use crate::env::Env;
use crate::self_hosted::init::Role;
use crate::self_hosted::installation::{Found, Installation, reason};
use crate::self_hosted::instances::PROBE;

/// How long the engine may take to give the last lines of a container.
const WORDS: Duration = Duration::from_secs(5);
/// Where all services of the runtime have their metrics, in the container.
const METRICS: u16 = 9090;

/// How long the engine may take to tell what there is. Services are asked after that.
fn patience(engine: Kind) -> Duration {
    match engine {
        Kind::Docker => Duration::from_millis(650),
        // Where its service isn't switched on it is started first.
        Kind::Podman => Duration::from_secs(3),
    }
}

/// The containers that are there or have to be, and why the engine could not be asked.
pub async fn look(installation: &Installation, env: &Env) -> (Vec<Service>, Option<String>) {
    let asked = async {
        let engine = Engine::connect(installation.engine, env).await?;
        let found = installation.look(&engine).await?;
        Ok::<_, crate::containers::Error>((engine, found))
    };
    let patience = patience(installation.engine);
    let trouble = match timeout(patience, asked).await {
        Ok(Ok((engine, found))) => {
            let found = found.iter().filter(|found| found.container.is_some() || installation.expects(found));
            let rows = found.map(|found| row(&engine, found));
            return (futures_util::future::join_all(rows).await, None);
        }
        Ok(Err(error)) => reason(&error),
        Err(_) => format!("{} does not answer within {} ms", installation.engine, patience.as_millis()),
    };
    let expected = installation.services().filter(|found| installation.expects(found));
    let absent = expected.map(|found| Service { name: found.name, ..Service::default() });
    (absent.collect(), Some(trouble))
}

/// The last lines of a service's container. The error is one sentence without its end.
pub async fn last_words(
    installation: &Installation,
    env: &Env,
    name: &str,
    lines: usize,
) -> Result<String, String> {
    if !installation.services().any(|found| found.name == name) {
        return Err(format!("{name} is no service in a container"));
    }
    let asked = async {
        let engine = Engine::connect(installation.engine, env).await.map_err(|error| reason(&error))?;
        match engine.container(name).await {
            Ok(Some(_)) => Ok(engine.last_words(name, lines).await),
            Ok(None) => Err(format!("{} has no container {name}", installation.engine)),
            Err(error) => Err(reason(&error)),
        }
    };
    let late = || Err(format!("{} does not answer within {} s", installation.engine, WORDS.as_secs()));
    timeout(WORDS, asked).await.unwrap_or_else(|_| late())
}

async fn row(engine: &Engine, found: &Found) -> Service {
    let name = found.name.clone();
    let Some(container) = &found.container else {
        return Service { name, ..Service::default() };
    };
    Service {
        name,
        healthy: is_well(engine, found.role, container).await,
        version: tag(&container.image).to_owned(),
        created: Some(container.created),
        port: published(container, found.role.port()).unwrap_or(found.role.port()),
        image: container.image.clone(),
        metrics_port: published(container, METRICS).filter(|_| engine.is_local()).unwrap_or_default(),
    }
}

/// The port of the host that leads to this one of the container.
fn published(container: &Container, inside: u16) -> Option<u16> {
    container.ports.iter().find(|port| port.container == inside).map(|port| port.host)
}

async fn is_well(engine: &Engine, role: Role, container: &Container) -> bool {
    if container.state != State::Running {
        return false;
    }
    let inside = role.health_port();
    if let Some(port) = published(container, inside) {
        let bind = container.bind.filter(|bind| engine.is_local() && !bind.is_unspecified());
        let host = bind.map_or_else(|| engine.host().to_owned(), |bind| bind.to_string());
        return ask(role, &host, port).await == Answer::Well;
    }
    // On a network of its own it may be out of our reach, and then nobody knows better than the engine.
    match container.address.filter(|_| engine.is_local()) {
        Some(address) => ask(role, &address.to_string(), inside).await != Answer::Ill,
        None => true,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Well,
    Ill,
    /// There is no way to it from here.
    OutOfReach,
}

async fn ask(role: Role, host: &str, port: u16) -> Answer {
    let end = Instant::now() + PROBE;
    let stream = match timeout(PROBE / 2, TcpStream::connect((host, port))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => return Answer::Ill,
        Ok(Err(_)) | Err(_) => return Answer::OutOfReach,
    };
    let question = async {
        match role {
            Role::Placement | Role::Scheduler => health::http(stream, "/healthz").await,
            Role::Zipkin => health::http(stream, "/health").await,
            Role::Redis => health::redis(stream).await,
        }
    };
    if timeout_at(end, question).await == Ok(true) { Answer::Well } else { Answer::Ill }
}
