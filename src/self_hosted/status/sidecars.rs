//! The sidecars that run, each asked for its health and its version.

use futures_util::{StreamExt, stream};

use super::Service;
use crate::client::{health, metadata};
use crate::env::Env;
use crate::paths::InstallDir;
use crate::records::Runtime;
use crate::self_hosted::instances::{ALL_PROBES, AT_ONCE, Instance, PROBE};

/// One row for each, sorted by name. Those that nobody got round to asking in time are not healthy.
pub async fn ask(instances: &[Instance], install: &InstallDir, env: &Env) -> Vec<Service> {
    let mut rows: Vec<Service> = instances.iter().map(|instance| unasked(instance, install)).collect();
    let answers = stream::iter(instances.iter().enumerate())
        .map(|(index, instance)| async move { (index, answer(instance, env).await) })
        .buffer_unordered(AT_ONCE)
        .take_until(tokio::time::sleep(ALL_PROBES));
    let mut answers = std::pin::pin!(answers);
    while let Some((index, (healthy, version))) = answers.next().await {
        if let Some(row) = rows.get_mut(index) {
            (row.healthy, row.version) = (healthy, version);
        }
    }
    rows.sort_by(|one, other| (&one.name, one.port).cmp(&(&other.name, other.port)));
    rows
}

fn unasked(instance: &Instance, install: &InstallDir) -> Service {
    let image = match instance.runtime {
        Some(Runtime::Embedded) => "embedded".to_owned(),
        Some(Runtime::Installed) => install.daprd().display().to_string(),
        None => String::new(),
    };
    Service {
        name: format!("daprd/{}", instance.app_id),
        created: Some(instance.created),
        port: if instance.unix_domain_socket.is_some() { 0 } else { instance.http_port },
        image,
        ..Service::default()
    }
}

async fn answer(instance: &Instance, env: &Env) -> (bool, String) {
    let endpoint = instance.endpoint();
    let questions =
        tokio::join!(health::sidecar(&endpoint, env, PROBE), metadata::get(&endpoint, env, PROBE));
    let (healthy, metadata) = (questions.0, questions.1.unwrap_or_default());
    // Somebody else may answer on this port.
    let is_other = !metadata.id.is_empty() && metadata.id != instance.app_id;
    if is_other { (false, String::new()) } else { (healthy, metadata.runtime_version) }
}
