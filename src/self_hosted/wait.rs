//! Waiting until apps are healthy, or until they have ended.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::client::{self, Endpoint};
use crate::paths::InstallDir;
use crate::records::{Directory, Record};

/// How often is looked.
const GLANCE: Duration = Duration::from_millis(50);
/// How long a sidecar may take to say that it is healthy.
const ANSWER: Duration = Duration::from_millis(500);

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// An instance runs, its sidecar is healthy, and so is the app if it has a readiness probe.
    Healthy,
    /// No instance runs.
    Exited,
}

/// Waits until it holds for all instances of all these apps. When the time is over: what is missing, a phrase each.
pub async fn until(
    install: &InstallDir,
    ids: &[String],
    wanted: For,
    timeout: Duration,
) -> Result<(), Vec<String>> {
    let deadline = Instant::now() + timeout;
    let records = Directory::of(install);
    loop {
        let alive = records.live();
        let mut missing = Vec::new();
        for id in ids {
            let instances: Vec<&Record> = alive.iter().filter(|record| record.app_id == *id).collect();
            match wanted {
                For::Exited if instances.is_empty() => {}
                For::Exited => missing.push(format!("{id} still runs")),
                For::Healthy if instances.is_empty() => missing.push(format!("{id} does not run")),
                For::Healthy => missing.extend(unhealthy(id, &instances).await),
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(missing);
        }
        tokio::time::sleep(GLANCE).await;
    }
}

async fn unhealthy(id: &str, instances: &[&Record]) -> Option<String> {
    for record in instances {
        if record.ready == Some(false) {
            return Some(format!("{id} is not ready"));
        }
        let endpoint = match &record.unix_domain_socket {
            Some(directory) => Endpoint::socket(directory, &record.app_id),
            None => Endpoint::Tcp(record.http_port),
        };
        let request = hyper::Request::get("/v1.0/healthz").body(Bytes::new()).ok()?;
        match client::send(&endpoint, request, Some(ANSWER)).await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => {
                return Some(format!("the sidecar of {id} answers with status {}", answer.status().as_u16()));
            }
            Err(error) => return Some(format!("the sidecar of {id} does not answer: {error}")),
        }
    }
    None
}
