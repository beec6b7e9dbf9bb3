//! The ports of the services: taken by others before an installation, open to others after it.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Finding;
use super::engine::Engines;
use crate::containers::Container;
use crate::net;
use crate::paths::InstallDir;
use crate::self_hosted::init::{Record, Role};
use crate::self_hosted::installation::Installation;

const CHECK: &str = "ports";
/// How long the engine may take to tell who has the ports.
const LIMIT: Duration = Duration::from_secs(1);

/// Looks at those of the containers that there are or, when there are none, at those that they would need.
pub async fn check(install: &InstallDir, installation: &Installation, engines: &Engines) -> Vec<Finding> {
    let found = engines.found().unwrap_or_default();
    let containers: Vec<&Container> = found.iter().filter_map(|found| found.container.as_ref()).collect();
    let record = Record::read(install);
    let installed = install.daprd().is_file();
    if installed && (record.slim || install.program("placement").is_file()) {
        return vec![Finding::ok(CHECK, "a slim installation has no containers, and needs no fixed ports")];
    }
    if !containers.is_empty() {
        return open(&containers, installation);
    }
    if !installation.expected.is_empty() || installation.network.is_some() {
        // The engine or the containers are missing, which is told elsewhere; on a network nothing is published.
        return Vec::new();
    }
    if engines.engine().is_some_and(|engine| !engine.is_local()) {
        return vec![Finding::ok(CHECK, "the container engine, and so the ports, are on another machine")];
    }
    taken(&record, engines).await
}

/// Containers that others can reach from other machines.
fn open(containers: &[&Container], installation: &Installation) -> Vec<Finding> {
    let is_open = |container: &&&Container| container.bind.is_some_and(|bind| bind.is_unspecified());
    let mut findings: Vec<Finding> = containers
        .iter()
        .filter(is_open)
        .map(|container| {
            let name = &container.name;
            let why = if *name == Role::Redis.container(installation.network.as_deref()) {
                "; Redis has no password"
            } else {
                ""
            };
            Finding::warning(
                CHECK,
                format!("{name} publishes {} on all addresses of this machine{why}", ports(container)),
                format!(
                    "if other machines must not reach it: `{} rm -f {name}`, with which data in it goes, then \
                     `dapr init --bind 127.0.0.1`",
                    installation.engine
                ),
            )
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "no container of ours can be reached from other machines"));
    }
    findings
}

fn ports(container: &Container) -> String {
    let ports = container.ports.iter().map(|port| port.host.to_string());
    ports.collect::<Vec<_>>().join(", ")
}

/// Ports that `dapr init` would need and that somebody else has.
async fn taken(record: &Record, engines: &Engines) -> Vec<Finding> {
    let end = Instant::now() + LIMIT;
    let mut findings = Vec::new();
    let mut free = Vec::new();
    for role in Role::ALL {
        for port in role.ports() {
            if !net::is_taken(record.bind(), port.host) {
                free.push(port.host);
                continue;
            }
            let holder = match engines.engine() {
                Some(engine) => timeout_at(end, engine.publisher(port.host)).await.ok().and_then(Result::ok),
                None => None,
            };
            let by = holder.flatten().map(|name| format!(" by the container {name}")).unwrap_or_default();
            let advice = if role == Role::Redis {
                format!(
                    "if that is a Redis that you want to use: `dapr init --redis-host localhost:{}`",
                    port.host
                )
            } else {
                "before `dapr init`, end what uses it, or choose a network for the containers with --network"
                    .into()
            };
            let detail =
                format!("port {}, which {} would need, is in use{by}", port.host, role.container(None));
            findings.push(Finding::warning(CHECK, detail, advice));
        }
    }
    free.sort_unstable();
    if findings.is_empty() {
        let free: Vec<String> = free.iter().map(ToString::to_string).collect();
        findings.push(Finding::ok(
            CHECK,
            format!("those that `dapr init` would need are free: {}", free.join(", ")),
        ));
    }
    findings
}
