//! `/apps`: all running apps, and what can be done with one.

use serde::Serialize;

use super::{Ask, Done};
use crate::dashboard::problem::Problem;
use crate::dashboard::sources::apps::App;
use crate::dashboard::view::path_segment;
use crate::self_hosted::instances::Instance;
use crate::self_hosted::{restart, stop};

/// The page's data.
#[derive(Debug, Serialize)]
pub struct Apps {
    apps: Vec<App>,
}

/// What runs now.
pub async fn data(ask: Ask) -> Result<Apps, Problem> {
    Ok(Apps { apps: ask.shared.apps.now().await.apps.clone() })
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
        return Err(Problem::not_found(format_args!("no app with the id {id} is running")));
    }
    Ok(apps)
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

/// Ends the app and starts it again, as `dapr restart` does.
pub async fn restart(ask: Ask) -> Result<Done, Problem> {
    let id = ask.part("id").to_owned();
    let instances: Vec<Instance> = of(&ask).await?.into_iter().map(|app| app.instance).collect();
    let restarting = {
        let id = id.clone();
        tokio::task::spawn_blocking(move || restart::restart(&id, &instances))
    };
    let outcome = restarting.await.map_err(Problem::failed)?;
    ask.shared.apps.refresh().await;
    outcome.map_err(|error| Problem::failed(format_args!("{id} was not restarted: {error}")))?;
    let next = format!("/apps/{}", path_segment(&id));
    Ok(Done::new(format!("{id} was restarted."), next))
}
