//! Input bindings: which ones the app wants, reading them while the app is up, and handing their events over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::{Delivery, SCOPE, follow};
use crate::components::bindings::{Error, Event, Handler, Input, Reading};
use crate::resources::Component;
use crate::sidecar::Shared;
use crate::sidecar::app::Channel;
use crate::sidecar::blocks::tasks::{Ending, Tasks};
use crate::sidecar::resiliency::guard_until;
use crate::sidecar::store::Entry;
use crate::sidecar::trace::{self, Kind};

/// First and longest wait before a source that could not be read is tried again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));

/// All input bindings of the app. They are read while it is healthy; closed, they rest for good.
#[derive(Default)]
pub struct Inputs {
    /// The reading between one start and one stop.
    current: Mutex<Option<Arc<Tasks>>>,
    closed: CancellationToken,
}

/// Where an HTTP app gets the events of a component, without a slash in front.
pub fn route(manifest: &Component) -> &str {
    let route = manifest.value("route").map(str::trim).filter(|route| !route.is_empty());
    route.unwrap_or(&manifest.name).trim_start_matches('/')
}

/// Whether the component's metadata say that its events are wanted, so that the app isn't asked.
fn is_declared(manifest: &Component) -> bool {
    let direction = manifest.value("direction").unwrap_or_default();
    direction.split(',').any(|one| one.trim().eq_ignore_ascii_case("input"))
}

impl Inputs {
    /// Asks the app which bindings it wants and starts to read those. Not to be called while they are read: see
    /// [`Self::stop`].
    pub async fn start(&self, shared: &Arc<Shared>) {
        let Some(app) = &shared.app else { return };
        let all = shared.components.all_input();
        if all.is_empty() {
            return;
        }
        let asked: Vec<&Component> =
            all.iter().map(|entry| &entry.manifest).filter(|manifest| !is_declared(manifest)).collect();
        let Some(wanted) = self.closed.run_until_cancelled(app.wanted_bindings(&asked)).await else { return };
        let Some(life) = self.begin() else { return };
        for entry in all {
            let name = &entry.manifest.name;
            if is_declared(&entry.manifest) || wanted.contains(name) {
                read(&life, shared, app, entry);
            } else {
                tracing::info!(target: SCOPE, "app has not subscribed to binding {name}.");
            }
        }
    }

    /// Stops reading. Events that the app works on have `patience` left; returns whether that was enough.
    pub async fn stop(&self, patience: Duration) -> bool {
        let life = self.current().clone();
        match life {
            Some(life) => life.end(patience).await,
            None => true,
        }
    }

    /// As [`Self::stop`], for good.
    pub async fn close(&self, patience: Duration) -> bool {
        self.closed.cancel();
        self.stop(patience).await
    }

    fn current(&self) -> MutexGuard<'_, Option<Arc<Tasks>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new life, unless it is too late.
    fn begin(&self) -> Option<Arc<Tasks>> {
        let mut current = self.current();
        // `close` cancels before it looks at what is there, so that nothing slips in between.
        if self.closed.is_cancelled() {
            return None;
        }
        current.insert(Arc::default()).clone().into()
    }
}

/// Reads one binding in the background, again and again until it can be read.
fn read(life: &Tasks, shared: &Arc<Shared>, app: &Arc<Channel>, entry: Arc<Entry<dyn Input>>) {
    let ending = Ending { last_try: life.stop.clone(), abandon: life.abandon.clone() };
    let stop = life.stop.clone();
    let handler = handler(Arc::clone(shared), Arc::clone(app), &entry, ending);
    life.all.spawn(async move {
        if let Some(reading) = stop.run_until_cancelled(begin(&entry, &handler)).await {
            stop.cancelled().await;
            reading.stop().await;
        }
    });
}

async fn begin(entry: &Entry<dyn Input>, handler: &Handler) -> Box<dyn Reading> {
    let mut wait = BACKOFF.0;
    loop {
        match entry.provider.read(Arc::clone(handler)).await {
            Ok(reading) => return reading,
            Err(error) => tracing::error!(
                target: SCOPE,
                "error reading from input binding {}, trying again in {wait:?}: {error}", entry.manifest.name
            ),
        }
        tokio::time::sleep(wait).await;
        wait = wait.mul_f64(1.5).min(BACKOFF.1);
    }
}

/// What a binding calls for each event.
fn handler(shared: Arc<Shared>, app: Arc<Channel>, entry: &Arc<Entry<dyn Input>>, ending: Ending) -> Handler {
    let entry = Arc::clone(entry);
    Arc::new(move |event| {
        let (shared, app, entry) = (Arc::clone(&shared), Arc::clone(&app), Arc::clone(&entry));
        let Ending { last_try, abandon } = ending.clone();
        Box::pin(async move {
            let delivered = abandon.run_until_cancelled(deliver(&shared, &app, &entry, &event, &last_try));
            delivered.await.unwrap_or_else(|| Err(Error::new("the sidecar is shutting down")))
        })
    })
}

/// Hands an event to the app and does what its answer asks for.
async fn deliver(
    shared: &Shared,
    app: &Channel,
    entry: &Entry<dyn Input>,
    event: &Event,
    last_try: &CancellationToken,
) -> Result<Bytes, Error> {
    let (name, route) = (entry.manifest.name.as_str(), route(&entry.manifest));
    let parent = event.metadata.get("traceparent").map(String::as_str);
    let mut span = shared.tracer.begin(Kind::Client, parent, || format!("bindings/{name}"));
    let parent = match &mut span {
        None => trace::child_of(parent),
        Some(span) => {
            span.set("db.system", "bindings");
            span.set("db.name", name);
            span.set("db.statement", format_args!("POST /{route}"));
            span.set("db.connection_string", "bindings");
            span.traceparent().to_owned()
        }
    };
    let delivery = Delivery { name, route, event, parent: &parent };
    let began = Instant::now();
    let handled = guard_until(entry.inbound.as_ref(), last_try, || app.binding_event(delivery)).await;
    entry.meter.done("", began, handled.is_ok());
    match handled {
        Ok(answer) => {
            let data = answer.data.clone();
            follow(shared, name, answer).await;
            Ok(data)
        }
        Err(cause) => {
            tracing::warn!(target: SCOPE, "error from app consumer for binding [{name}]: {cause}");
            if let Some(span) = &mut span {
                span.fail(&cause);
            }
            Err(Error::new(cause))
        }
    }
}
