//! From bound ports to `dapr initialized` (daprd reference, section 5). The order of the lines is what tools
//! see; their texts are exact.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Error;
use super::build::Texts;
use crate::components::registry;
use crate::env::{DAPR_API_TOKEN, NAMESPACE};
use crate::resources::{self, Audience, Loaded, Subscription};
use crate::sidecar::app::{Channel, health, wait};
use crate::sidecar::core::Core;
use crate::sidecar::handle::Addresses;
use crate::sidecar::health::RUNTIME as RUNTIME_TARGET;
use crate::sidecar::loading;
use crate::sidecar::reload::{self, Seen};

const RUNTIME: &str = "dapr.runtime";
const HTTP: &str = "dapr.runtime.http";

/// Loads everything, waits for the app, and reports ready. `app` follows the app's health; the tokens end the tasks that
/// go on afterwards, and the probes of the app's health.
pub async fn start(
    core: &Arc<Core>,
    texts: &Texts,
    started: Instant,
    app: &watch::Sender<bool>,
    [background, probes]: [&CancellationToken; 2],
) -> Result<(), Error> {
    before_components(core);
    let audience = audience(core);
    let loaded = read_resources(core, &audience)?;
    let directories = &core.options.resources_paths;
    let follows = reload::is_on(&core.shared.configuration) && !directories.is_empty();
    let seen = follows.then(|| Seen::first(&loaded, directories, &audience));
    core.sources.lock().await.declared = components(core, loaded).await?;
    core.loaded.send_replace(true);
    after_components(core, texts);
    core.health.set_outbound_ready();
    if let Some(seen) = seen {
        tokio::spawn(reload::run(Arc::clone(core), audience, seen, background.clone()));
    }
    if let Some(channel) = &core.shared.app {
        until_app(core, channel, app, [background, probes]).await;
    }
    core.health.set_ready(RUNTIME_TARGET);
    let elapsed = started.elapsed().as_millis();
    tracing::info!(target: RUNTIME, "dapr initialized. Status: Running. Init Elapsed {elapsed}ms");
    Ok(())
}

fn before_components(core: &Core) {
    let options = &core.options;
    if reload::is_on(&core.shared.configuration) {
        let directories: Vec<_> =
            options.resources_paths.iter().map(|path| path.display().to_string()).collect();
        tracing::info!(target: "dapr.runtime.hotreload.loader.disk", "Watching directories: [{}]", directories.join(" "));
    }
    for line in core.metrics.greeting() {
        tracing::info!(target: "dapr.runtime.diagnostics", "{line}");
    }
    if options.metrics.is_some()
        && let Some(address) = core.addresses.metrics.first()
    {
        tracing::info!(target: RUNTIME, "metrics server started on {address}/");
    }
    tracing::info!(target: RUNTIME, "standalone mode configured");
    tracing::info!(target: RUNTIME, "app id: {}", options.app_id);
    if let Some(greeting) = core.shared.tracer.greeting() {
        tracing::info!(target: RUNTIME, "{greeting}");
    }
    let resolution = &core.shared.configuration.name_resolution;
    if !resolution.is_empty() {
        tracing::warn!(
            target: RUNTIME,
            "name resolution {resolution} is not available in the embedded runtime; apps are found through the instance records of this machine"
        );
    }
    tracing::info!(target: RUNTIME, "Initialized name resolution to local instance records");
    if options.placement {
        tracing::warn!(target: RUNTIME, "actors and workflows are not available in the embedded runtime yet; --placement-host-address has no effect");
    }
    if let Some(file) = core.jobs.file() {
        tracing::info!(target: RUNTIME, "jobs of this machine are kept in {}", file.display());
    } else {
        tracing::warn!(
            target: RUNTIME,
            "jobs have no place, because the home directory is unknown: set HOME or DAPR_RUNTIME_PATH"
        );
    }
}

/// Who the resources have to be for.
fn audience(core: &Core) -> Audience {
    let namespace = core.shared.env.get(NAMESPACE).map(str::to_owned);
    Audience { app_id: core.shared.app_id.clone(), namespace }
}

fn read_resources(core: &Core, audience: &Audience) -> Result<Loaded, Error> {
    let directories = &core.options.resources_paths;
    if let Some(missing) = directories.iter().find(|directory| !directory.exists()) {
        return Err(Error::NoResources(missing.display().to_string()));
    }
    let loaded = resources::load(directories, audience).map_err(Error::Resources)?;
    for warning in &loaded.warnings {
        tracing::warn!(target: "dapr.runtime.loader.disk", "{warning}");
    }
    Ok(loaded)
}

async fn components(core: &Core, loaded: Loaded) -> Result<Vec<Subscription>, Error> {
    tracing::info!(target: RUNTIME, "Loading components…");
    let (shared, registry) = (&core.shared, registry::builtin());
    loading::all(loaded.components, &registry, shared, &shared.env, &core.metrics).await?;
    tracing::info!(target: RUNTIME, "Waiting for all outstanding components to be processed…");
    tracing::info!(target: RUNTIME, "All outstanding components processed");
    tracing::info!(target: RUNTIME, "Loading endpoints…");
    loading::endpoints::all(loaded.endpoints, shared, &shared.env, &core.invoker.outside).await?;
    tracing::info!(target: RUNTIME, "Waiting for all outstanding http endpoints to be processed…");
    tracing::info!(target: RUNTIME, "All outstanding http endpoints processed");
    tracing::info!(target: RUNTIME, "Loading Declarative Subscriptions…");
    for Subscription { name, .. } in &loaded.subscriptions {
        tracing::info!(target: RUNTIME, "Found Subscription: {name}");
    }
    Ok(loaded.subscriptions)
}

fn after_components(core: &Core, texts: &Texts) {
    let options = &core.options;
    if core.shared.app.is_none() {
        tracing::warn!(target: "dapr.runtime.channels", "App channel is not initialized. Did you configure an app-port?");
    }
    let token = core.shared.env.get(DAPR_API_TOKEN).is_some();
    for text in &texts.grpc {
        tracing::info!(target: "dapr.runtime.grpc.api", "gRPC server listening on {text}");
    }
    let port = Addresses::port(&core.addresses.grpc);
    tracing::info!(target: RUNTIME, "API gRPC server is running on port {port}");
    if let Some(size) = options.max_body_size {
        tracing::info!(target: HTTP, "Enabled max body size HTTP middleware with size {size} bytes");
    }
    tracing::info!(target: HTTP, "Enabled tracing HTTP middleware");
    tracing::info!(target: HTTP, "Enabled metrics HTTP middleware");
    if !options.allowed_origins.is_empty() {
        tracing::info!(target: HTTP, "Enabled CORS HTTP middleware");
    }
    if token {
        tracing::info!(target: HTTP, "Enabled token authentication on HTTP server");
    }
    for text in &texts.http {
        tracing::info!(target: HTTP, "HTTP server listening on {text}");
    }
    let port = Addresses::port(&core.addresses.http);
    tracing::info!(target: RUNTIME, "HTTP server is running on port {port}");
    if let Some(size) = options.max_body_size {
        tracing::info!(target: RUNTIME, "The request body size parameter is: {size} bytes");
    }
    for text in &texts.internal {
        tracing::info!(target: "dapr.runtime.grpc.internal", "gRPC server listening on {text}");
    }
    let port = Addresses::port(&core.addresses.internal);
    tracing::info!(target: RUNTIME, "Internal gRPC server is running on :{port}");
}

/// Waits for the app's port and brings up what needs the app.
async fn until_app(
    core: &Arc<Core>,
    channel: &Arc<Channel>,
    app: &watch::Sender<bool>,
    [background, probes]: [&CancellationToken; 2],
) {
    let options = &core.options;
    tracing::info!(
        target: RUNTIME,
        "application protocol: {}. waiting on port {}.  This will block until the app is listening on that port.",
        options.app_protocol.name(), options.app_port
    );
    wait::until_listening(channel).await;
    tracing::info!(target: RUNTIME, "application discovered on port {}", options.app_port);
    match &options.app_health {
        None => app_is_up(core, channel).await,
        Some(settings) => {
            app.send_replace(false);
            let mut changes = app.subscribe();
            tokio::spawn(health::probe(Arc::clone(channel), settings.clone(), app.clone(), probes.clone()));
            let (core, channel, background) = (Arc::clone(core), Arc::clone(channel), background.clone());
            // The start does not wait for an app that listens but isn't healthy yet.
            tokio::spawn(async move {
                let follow = async {
                    while changes.changed().await.is_ok() {
                        if *changes.borrow_and_update() {
                            app_is_up(&core, &channel).await;
                        } else {
                            core.stop_sources().await;
                        }
                    }
                };
                tokio::select! {
                    () = follow => {}
                    () = background.cancelled() => {}
                }
            });
        }
    }
}

/// The app can be called: asks it for its configuration and starts what it gets events from.
async fn app_is_up(core: &Core, channel: &Channel) {
    if core.options.app_config && wait::configuration(channel).await {
        tracing::info!(target: RUNTIME, "Application configuration loaded");
    }
    core.start_sources().await;
}
