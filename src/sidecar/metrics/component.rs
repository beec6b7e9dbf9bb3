//! What is done with components (observability reference, 5.2). A component's series are held beside it, so that
//! counting looks nothing up but the operation.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::Metrics;
use super::histogram::Histogram;
use super::registry::Counter;
use super::traffic::MOST;

/// The names of a kind of component.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    count: &'static str,
    latencies: &'static str,
}

/// State stores.
pub const STATE: Kind = Kind { count: "component_state_count", latencies: "component_state_latencies" };
/// Secret stores.
pub const SECRET: Kind = Kind { count: "component_secret_count", latencies: "component_secret_latencies" };
/// Configuration stores.
pub const CONFIGURATION: Kind =
    Kind { count: "component_configuration_count", latencies: "component_configuration_latencies" };
/// Input bindings.
pub const INPUT: Kind =
    Kind { count: "component_input_binding_count", latencies: "component_input_binding_latencies" };
/// Output bindings.
pub const OUTPUT: Kind =
    Kind { count: "component_output_binding_count", latencies: "component_output_binding_latencies" };
/// Lock stores, of which nothing is counted.
pub const LOCK: Kind = Kind { count: "", latencies: "" };
/// Pub/sub components, which are counted by topic.
pub const PUBSUB: Kind = LOCK;
const EGRESS: Kind =
    Kind { count: "component_pubsub_egress_count", latencies: "component_pubsub_egress_latencies" };
const EGRESS_BULK: Kind =
    Kind { count: "component_pubsub_egress_bulk_count", latencies: "component_pubsub_egress_bulk_latencies" };
const INGRESS: Kind =
    Kind { count: "component_pubsub_ingress_count", latencies: "component_pubsub_ingress_latencies" };
const INGRESS_BULK: Kind = Kind {
    count: "component_pubsub_ingress_bulk_count",
    latencies: "component_pubsub_ingress_bulk_latencies",
};

/// How often and how long.
#[derive(Debug)]
struct Series(Counter, Histogram);

impl Series {
    fn of(metrics: &Metrics, kind: Kind, labels: &[(&str, &str)]) -> Self {
        Self(metrics.counter(kind.count, labels), metrics.latency(kind.latencies, labels))
    }

    fn add(&self, took: Duration) {
        self.0.add(1);
        self.1.took(took);
    }
}

/// What became of events that were handed to the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processed {
    /// The app has handled them.
    Success,
    /// They come again.
    Retry,
    /// They were given up, as the app wished.
    Drop,
    /// They were given up: the app has nothing that takes them.
    Refused,
}

impl Processed {
    fn label(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Retry => "retry",
            Self::Drop | Self::Refused => "drop",
        }
    }

    /// The other label, which says how the call itself went.
    fn status(self) -> &'static str {
        match self {
            Self::Drop => "success",
            other => other.label(),
        }
    }
}

/// The series of one component.
#[derive(Debug)]
pub struct Meter {
    metrics: Arc<Metrics>,
    component: String,
    namespace: String,
    kind: Kind,
    operations: Vec<(&'static str, [OnceLock<Series>; 2])>,
    /// Of a pub/sub component.
    topics: RwLock<HashMap<String, Arc<Topic>>>,
}

impl Meter {
    /// The series of a component that has these operations; one without a name is for components that do only one
    /// thing.
    pub fn new(
        metrics: &Arc<Metrics>,
        component: &str,
        namespace: &str,
        kind: Kind,
        operations: &[&'static str],
    ) -> Self {
        let operations = operations.iter().map(|name| (*name, Default::default())).collect();
        Self {
            metrics: Arc::clone(metrics),
            component: component.to_owned(),
            namespace: namespace.to_owned(),
            kind,
            operations,
            topics: RwLock::default(),
        }
    }

    /// An operation has ended.
    pub fn done(&self, operation: &str, began: Instant, success: bool) {
        if !self.metrics.is_on() {
            return;
        }
        let Some((name, series)) = self.operations.iter().find(|(name, _)| *name == operation) else {
            return;
        };
        let series = series[usize::from(success)].get_or_init(|| {
            let labels = [
                ("component", self.component.as_str()),
                ("namespace", &self.namespace),
                ("success", truth(success)),
                ("operation", name),
            ];
            let labels = if name.is_empty() { &labels[..3] } else { &labels[..] };
            Series::of(&self.metrics, self.kind, labels)
        });
        series.add(began.elapsed());
    }

    /// The series of a topic; `None` when nothing is counted, or when there are too many of them.
    pub fn topic(&self, topic: &str) -> Option<Arc<Topic>> {
        if !self.metrics.is_on() {
            return None;
        }
        if let Some(known) = self.topics.read().unwrap_or_else(PoisonError::into_inner).get(topic) {
            return Some(Arc::clone(known));
        }
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        if topics.len() >= MOST && !topics.contains_key(topic) {
            return None;
        }
        let new = || {
            Arc::new(Topic {
                metrics: Arc::clone(&self.metrics),
                component: self.component.clone(),
                namespace: self.namespace.clone(),
                name: topic.to_owned(),
                egress: Default::default(),
                egress_bulk: Default::default(),
                ingress: Default::default(),
                ingress_bulk: Default::default(),
            })
        };
        Some(Arc::clone(topics.entry(topic.to_owned()).or_insert_with(new)))
    }
}

/// The series of one topic.
#[derive(Debug)]
pub struct Topic {
    metrics: Arc<Metrics>,
    component: String,
    namespace: String,
    name: String,
    egress: [OnceLock<Series>; 2],
    egress_bulk: [OnceLock<(Series, Counter)>; 2],
    ingress: [OnceLock<Series>; 4],
    ingress_bulk: [OnceLock<(Series, Counter)>; 3],
}

impl Topic {
    fn labels<'a>(&'a self, name: &'a str, value: &'a str) -> [(&'a str, &'a str); 4] {
        [("component", &self.component), ("namespace", &self.namespace), ("topic", &self.name), (name, value)]
    }

    /// A message was published, or was not.
    pub fn sent(&self, began: Instant, success: bool) {
        let series = self.egress[usize::from(success)]
            .get_or_init(|| Series::of(&self.metrics, EGRESS, &self.labels("success", truth(success))));
        series.add(began.elapsed());
    }

    /// So many messages were published by one call, or not all of them.
    pub fn sent_many(&self, began: Instant, success: bool, messages: usize) {
        let (series, events) = self.egress_bulk[usize::from(success)].get_or_init(|| {
            let labels = self.labels("success", truth(success));
            let events = self.metrics.counter("component_pubsub_egress_bulk_event_count", &labels);
            (Series::of(&self.metrics, EGRESS_BULK, &labels), events)
        });
        series.add(began.elapsed());
        events.add(messages as u64);
    }

    /// A message was handed to the app.
    pub fn received(&self, began: Instant, processed: Processed) {
        let series = self.ingress[processed as usize].get_or_init(|| {
            let [component, namespace, topic, process] = self.labels("process_status", processed.label());
            Series::of(
                &self.metrics,
                INGRESS,
                &[component, namespace, topic, process, ("status", processed.status())],
            )
        });
        series.add(began.elapsed());
    }

    /// Messages were handed to the app by one call; each in `processed`.
    pub fn received_many(&self, began: Instant, processed: &(impl Iterator<Item = Processed> + Clone)) {
        for kind in [Processed::Success, Processed::Retry, Processed::Drop] {
            let messages = processed.clone().filter(|one| one.label() == kind.label()).count();
            if messages == 0 {
                continue;
            }
            let (series, events) = self.ingress_bulk[kind as usize].get_or_init(|| {
                let labels = self.labels("process_status", kind.label());
                let events = self.metrics.counter("component_pubsub_ingress_bulk_event_count", &labels);
                (Series::of(&self.metrics, INGRESS_BULK, &labels), events)
            });
            series.add(began.elapsed());
            events.add(messages as u64);
        }
    }
}

/// A flag as a label.
pub(super) fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_and_topics_have_series_of_their_own() {
        let metrics = Arc::new(Metrics::new("a"));
        let began = Instant::now();
        let state = Meter::new(&metrics, "s", "ns", STATE, &["get", "set"]);
        for (operation, success) in [("get", true), ("get", true), ("get", false), ("other", true)] {
            state.done(operation, began, success);
        }
        Meter::new(&metrics, "in", "", INPUT, &[""]).done("", began, true);
        let broker = Meter::new(&metrics, "bus", "", EGRESS, &[]);
        let topic = broker.topic("t").unwrap();
        topic.sent(began, true);
        topic.sent_many(began, false, 3);
        topic.received(began, Processed::Drop);
        let several = [Processed::Success, Processed::Retry, Processed::Success, Processed::Refused];
        topic.received_many(began, &several.into_iter());
        assert!(Arc::ptr_eq(&topic, &broker.topic("t").unwrap()));
        let text = metrics.text();
        let counters: Vec<&str> =
            text.lines().filter(|line| line.starts_with("dapr") && !line.contains("latencies")).collect();
        insta::assert_snapshot!(counters.join("\n"), @r#"
        dapr_component_input_binding_count{app_id="a",component="in",namespace="",success="true"} 1
        dapr_component_pubsub_egress_bulk_count{app_id="a",component="bus",namespace="",success="false",topic="t"} 1
        dapr_component_pubsub_egress_bulk_event_count{app_id="a",component="bus",namespace="",success="false",topic="t"} 3
        dapr_component_pubsub_egress_count{app_id="a",component="bus",namespace="",success="true",topic="t"} 1
        dapr_component_pubsub_ingress_bulk_count{app_id="a",component="bus",namespace="",process_status="drop",topic="t"} 1
        dapr_component_pubsub_ingress_bulk_count{app_id="a",component="bus",namespace="",process_status="retry",topic="t"} 1
        dapr_component_pubsub_ingress_bulk_count{app_id="a",component="bus",namespace="",process_status="success",topic="t"} 1
        dapr_component_pubsub_ingress_bulk_event_count{app_id="a",component="bus",namespace="",process_status="drop",topic="t"} 1
        dapr_component_pubsub_ingress_bulk_event_count{app_id="a",component="bus",namespace="",process_status="retry",topic="t"} 1
        dapr_component_pubsub_ingress_bulk_event_count{app_id="a",component="bus",namespace="",process_status="success",topic="t"} 2
        dapr_component_pubsub_ingress_count{app_id="a",component="bus",namespace="",process_status="drop",status="success",topic="t"} 1
        dapr_component_state_count{app_id="a",component="s",namespace="ns",operation="get",success="false"} 1
        dapr_component_state_count{app_id="a",component="s",namespace="ns",operation="get",success="true"} 2
        "#);
        assert_eq!(text.matches("_latencies_count{").count(), 9);
    }
}
