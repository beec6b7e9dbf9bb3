//! Input bindings: which ones the app wants, reading them while the app is up, and handing their events over.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
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
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_mins(1));

/// All input bindings of the app. They are read while it is healthy; closed, they rest for good.
#[derive(Default)]
pub struct Inputs {
    current: Mutex<Vec<Arc<Source>>>,
    closed: CancellationToken,
}

/// A binding that is read. It doesn't keep its component alive: one that was replaced closes when nobody works with it.
struct Source {
    entry: Weak<Entry<dyn Input>>,
    tasks: Tasks,
}

impl Source {
    /// Whether events of this component are read by it now.
    fn reads(&self, entry: &Arc<Entry<dyn Input>>) -> bool {
        !self.tasks.stop.is_cancelled() && Weak::ptr_eq(&self.entry, &Arc::downgrade(entry))
    }
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
    /// Reads the bindings that there are now: those that are read go on, the app is asked about the others, and what is
    /// no more ends, with `patience` for the events that the app works on. Not to be called by two tasks at once.
    pub async fn start(&self, shared: &Arc<Shared>, patience: Duration) {
        let Some(app) = &shared.app else { return };
        let all = shared.components.all_input();
        let before = self.current().clone();
        let (mut sources, gone): (Vec<_>, Vec<_>) =
            before.into_iter().partition(|source| all.iter().any(|entry| source.reads(entry)));
        join_all(gone.iter().map(|source| source.tasks.end(patience))).await;
        let new: Vec<_> =
            all.into_iter().filter(|entry| !sources.iter().any(|source| source.reads(entry))).collect();
        let asked: Vec<&Component> =
            new.iter().map(|entry| &entry.manifest).filter(|manifest| !is_declared(manifest)).collect();
        let wanted = if asked.is_empty() {
            HashSet::new()
        } else {
            let wanted = self.closed.run_until_cancelled(app.wanted_bindings(&asked)).await;
            wanted.unwrap_or_default()
        };
        if self.closed.is_cancelled() {
            return;
        }
        for entry in new {
            let name = &entry.manifest.name;
            if is_declared(&entry.manifest) || wanted.contains(name) {
                sources.push(Arc::new(read(shared, app, entry)));
            } else {
                tracing::info!(target: SCOPE, "app has not subscribed to binding {name}.");
            }
        }
        let mut current = self.current();
        // `close` cancels before it looks at what is there, so that nothing slips in between.
        if !self.closed.is_cancelled() {
            *current = sources;
        }
    }

    /// Stops reading. Events that the app works on have `patience` left; returns whether that was enough.
    pub async fn stop(&self, patience: Duration) -> bool {
        let sources = self.current().clone();
        let ends = join_all(sources.iter().map(|source| source.tasks.end(patience))).await;
        ends.into_iter().all(|in_time| in_time)
    }

    /// As [`Self::stop`], for good.
    pub async fn close(&self, patience: Duration) -> bool {
        self.closed.cancel();
        self.stop(patience).await
    }

    fn current(&self) -> MutexGuard<'_, Vec<Arc<Source>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads one binding in the background, again and again until it can be read.
fn read(shared: &Arc<Shared>, app: &Arc<Channel>, entry: Arc<Entry<dyn Input>>) -> Source {
    let tasks = Tasks::default();
    let source = Arc::downgrade(&entry);
    let ending = Ending { last_try: tasks.stop.clone(), abandon: tasks.abandon.clone() };
    let stop = tasks.stop.clone();
    let handler = handler(Arc::clone(shared), Arc::clone(app), &entry, ending);
    tasks.all.spawn(async move {
        if let Some(reading) = stop.run_until_cancelled(begin(&entry, &handler)).await {
            stop.cancelled().await;
            reading.stop().await;
        }
    });
    Source { entry: source, tasks }
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
            if app.speaks_grpc() {
                span.set("db.statement", "/dapr.proto.runtime.v1.AppCallback/OnBindingEvent");
            } else {
                span.set("db.statement", format_args!("POST /{route}"));
            }
            span.set("rpc.service", "Dapr");
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
