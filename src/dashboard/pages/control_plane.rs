//! `/control-plane`: the services beside the apps, and the ports on which the dashboard itself listens;
//! `/control-plane/{name}`: one of them, with what it has logged and what it counts.

use serde::Serialize;

use super::Ask;
use crate::dashboard::Options;
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::logs;
use crate::dashboard::sources::samples::{self, Sample};
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
#[serde(rename_all = "camelCase")]
pub struct Row {
    name: String,
    healthy: bool,
    version: String,
    /// As RFC 3339; empty when it isn't known.
    created: String,
    port: u16,
    image: String,
    /// Where its metrics are, on this machine; 0 when it has none.
    metrics_port: u16,
    /// Whether the container engine keeps its log.
    contained: bool,
}

impl From<Service> for Row {
    fn from(service: Service) -> Self {
        Self {
            contained: service.name != PROGRAM,
            name: service.name,
            healthy: service.healthy,
            version: service.version,
            created: service.created.map(|created| created.to_string()).unwrap_or_default(),
            port: service.port,
            metrics_port: service.metrics_port,
            image: service.image,
        }
    }
}

/// The program that serves the next run, among the services.
const PROGRAM: &str = "daprd";
/// Lines of a log that a page shows at first.
const LAST: u64 = 200;
/// Most lines that can be asked for.
const MOST: u64 = 5000;

fn request(options: &Options) -> Request {
    Request { install: options.install.clone(), engine: None, network: None, insist: false }
}

/// The services, and why containers could not be looked at.
async fn services(ask: &Ask) -> Result<(Vec<Row>, Option<String>), Problem> {
    let options = ask.shared.options.clone();
    let looking = tokio::task::spawn_blocking(move || status::status(&request(&options), &options.env));
    let status = looking.await.map_err(Problem::failed)?.map_err(Problem::failed)?;
    // The sidecars have a page of their own.
    let services = status.services.into_iter().filter(|one| !one.name.starts_with("daprd/"));
    Ok((services.map(Row::from).collect(), status.trouble))
}

/// How all services are now.
pub async fn data(ask: Ask) -> Result<Page, Problem> {
    let (services, trouble) = services(&ask).await?;
    Ok(Page { services, trouble, receiving: ask.shared.receiving.clone() })
}

/// One service's data.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct One {
    service: Row,
    /// Its last lines.
    lines: Vec<Line>,
    /// Why there are none.
    unlogged: Option<String>,
    /// What it counts.
    metrics: Vec<Sample>,
    /// Why that isn't known.
    uncounted: Option<String>,
}

/// A line of a log.
#[derive(Debug, Serialize)]
pub struct Line {
    /// `error`, `warning`, `info`, `debug`, or nothing when it doesn't say.
    level: &'static str,
    text: String,
}

/// One of them.
pub async fn one(ask: Ask) -> Result<One, Problem> {
    let name = ask.part("name").to_owned();
    let count = usize::try_from(ask.number("count", LAST, MOST)?).unwrap_or_default();
    let (services, _) = services(&ask).await?;
    let Some(service) = services.into_iter().find(|service| service.name == name) else {
        return Err(Problem::not_found(format_args!("there is no service {name}")));
    };
    let log = async {
        if !service.contained {
            return Ok(Err("sidecars write the logs of their apps".to_owned()));
        }
        let options = ask.shared.options.clone();
        let read = move || status::last_words(&request(&options), &options.env, &name, count);
        tokio::task::spawn_blocking(read).await.map_err(Problem::failed)?.map_err(Problem::failed)
    };
    let counted = async {
        match service.metrics_port {
            0 => Err("it has no port for metrics that is reached from here".to_owned()),
            port => samples::read(port).await,
        }
    };
    let (words, counted) = tokio::join!(log, counted);
    let (lines, unlogged) = match words? {
        Ok(text) => (text.lines().map(line).collect(), None),
        Err(why) => (Vec::new(), Some(why)),
    };
    let (metrics, uncounted) = match counted {
        Ok(samples) => (samples, None),
        Err(why) => (Vec::new(), Some(why)),
    };
    Ok(One { service, lines, unlogged, metrics, uncounted })
}

fn line(text: &str) -> Line {
    let text = console::strip_ansi_codes(text).into_owned();
    Line { level: logs::level(&text), text }
}
