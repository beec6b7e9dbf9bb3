//! `/apps`: all running apps, and what can be done with one.

use serde::Serialize;

use super::{Ask, Done};
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::apps::App;
use crate::dashboard::sources::secrets;
use crate::dashboard::view::path_segment;
use crate::records::Stopped;
use crate::self_hosted::instances::Instance;
use crate::self_hosted::{restart, stop};

/// The page's data.
#[derive(Debug, Serialize)]
pub struct Apps {
    apps: Vec<App>,
    /// Apps that were stopped while their runs go on.
    stopped: Vec<Resting>,
}

/// An app that can be started again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resting {
    app_id: String,
    command: String,
    run_file: String,
}

/// Those of this home, by id.
pub async fn resting(ask: &Ask) -> Result<Vec<Resting>, Problem> {
    let install = ask.shared.options.install.clone();
    let reading = tokio::task::spawn_blocking(move || restart::stopped(&install));
    let row = |one: Stopped| Resting {
        command: secrets::command(&one.command),
        app_id: one.app_id,
        run_file: one.run_template_path,
    };
    Ok(reading.await.map_err(Problem::failed)?.into_iter().map(row).collect())
}

/// What runs now.
pub async fn data(ask: Ask) -> Result<Apps, Problem> {
    Ok(Apps { apps: ask.shared.apps.now().await.apps.clone(), stopped: resting(&ask).await? })
}

/// The instances of the app that the path names.
pub async fn of(ask: &Ask) -> Result<Vec<App>, Problem> {
    named(ask, ask.part("id")).await
}

/// The instances of an app.
pub async fn named(ask: &Ask, id: &str) -> Result<Vec<App>, Problem> {
    let snapshot = ask.shared.apps.now().await;
    let apps: Vec<App> = snapshot.apps.iter().filter(|app| app.app_id == id).cloned().collect();
    if apps.is_empty() {
        return Err(not_running(id));
    }
    Ok(apps)
}

fn not_running(id: &str) -> Problem {
    Problem::not_found(format_args!("no app with the id {id} is running"))
}

/// Ends the app and its sidecar, as `dapr stop` does.
pub async fn stop(ask: Ask) -> Result<Done, Problem> {
    let id = ask.part("id").to_owned();
    let instances: Vec<Instance> = of(&ask).await?.into_iter().map(|app| app.instance).collect();
    let stopping = {
        let id = id.clone();
        tokio::task::spawn_blocking(move || {
            let mut outcome = Ok(());
            stop::stop(&[id], &instances, stop::GRACE, |_, result| outcome = result);
            outcome
        })
    };
    let outcome = stopping.await.map_err(Problem::failed)?;
    ask.shared.apps.refresh().await;
    outcome.map_err(|error| Problem::failed(format_args!("{id} was not stopped: {error}")))?;
    Ok(Done::new(format!("{id} was stopped."), "/apps".into()))
}

/// Ends the app and starts it again, as `dapr restart` does; one that was stopped is started.
pub async fn restart(ask: Ask) -> Result<Done, Problem> {
    let id = ask.part("id").to_owned();
    let snapshot = ask.shared.apps.now().await;
    let instances: Vec<Instance> = snapshot.apps.iter().map(|app| app.instance.clone()).collect();
    let restarting = {
        let (id, install) = (id.clone(), ask.shared.options.install.clone());
        tokio::task::spawn_blocking(move || restart::restart(&id, &instances, &restart::stopped(&install)))
    };
    let outcome = restarting.await.map_err(Problem::failed)?;
    ask.shared.apps.refresh().await;
    outcome.map_err(|error| match error {
        restart::Error::NotFound { .. } => not_running(&id),
        error => Problem::failed(format_args!("{id} was not restarted: {error}")),
    })?;
    let next = format!("/apps/{}", path_segment(&id));
    Ok(Done::new(format!("{id} was restarted."), next))
}
