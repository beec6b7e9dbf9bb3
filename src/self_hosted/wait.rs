//! Waiting until apps are healthy, or until they have ended.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::instances::{self, Instance};
use crate::client;
use crate::paths::InstallDir;
use crate::records::Directory;

/// How often records are looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// How often the process table is searched, which takes longer.
const SEARCH: Duration = Duration::from_millis(250);
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
    let deadline = Instant::now().checked_add(timeout);
    loop {
        let (instances, pause) = find(install, ids);
        let missing = match wanted {
            For::Exited => alive(ids, &instances),
            For::Healthy => unhealthy(ids, &instances).await,
        };
        if missing.is_empty() {
            return Ok(());
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(missing);
        }
        tokio::time::sleep(left.map_or(pause, |left| pause.min(left))).await;
    }
}

/// The instances of these apps, and how long to wait until they are looked for again. Those that somebody else
/// started are searched only when an app has no record: an app that has one is started by us.
fn find(install: &InstallDir, ids: &[String]) -> (Vec<Instance>, Duration) {
    let mut found: Vec<Instance> = Directory::of(install).live().into_iter().map(Instance::from).collect();
    let has_record = |id: &String| found.iter().any(|instance| instance.app_id == *id);
    let pause = if ids.iter().all(has_record) {
        GLANCE
    } else {
        found = instances::known(install);
        SEARCH
    };
    found.retain(|instance| ids.contains(&instance.app_id));
    (found, pause)
}

fn alive(ids: &[String], instances: &[Instance]) -> Vec<String> {
    let runs = |id: &&String| instances.iter().any(|instance| instance.app_id == **id);
    ids.iter().filter(runs).map(|id| format!("{id} still runs")).collect()
}

async fn unhealthy(ids: &[String], instances: &[Instance]) -> Vec<String> {
    let reasons = join_all(instances.iter().map(reason)).await;
    let mut missing = Vec::new();
    for id in ids {
        let mut ours =
            instances.iter().zip(&reasons).filter(|(instance, _)| instance.app_id == *id).peekable();
        if ours.peek().is_none() {
            missing.push(format!("{id} does not run"));
        }
        // One reason for each app is enough to look after.
        missing.extend(ours.find_map(|(_, reason)| reason.clone()));
    }
    missing
}

/// Why an instance is not healthy.
async fn reason(instance: &Instance) -> Option<String> {
    let id = &instance.app_id;
    if instance.ready == Some(false) {
        return Some(format!("{id} is not ready"));
    }
    let request = match hyper::Request::get("/v1.0/healthz").body(Bytes::new()) {
        Ok(request) => request,
        Err(error) => return Some(error.to_string()),
    };
    match client::send(&instance.endpoint(), request, Some(ANSWER)).await {
        Ok(answer) if answer.status().is_success() => None,
        Ok(answer) => Some(format!("the sidecar of {id} answers with status {}", answer.status().as_u16())),
        Err(error) => Some(format!("the sidecar of {id} does not answer: {error}")),
    }
}
