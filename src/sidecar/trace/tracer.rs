//! Whether there are spans, and which of them are told to exporters (observability reference, section 1).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tokio::sync::mpsc::{Sender, channel};

use super::exporter::{Exporter, Target};
use super::span::{Finished, Kind, Span};
use super::{child_of, otlp, parts};
use crate::env::Env;
use crate::resources::Configuration;

/// Spans that may wait for the exporters.
const WAITING: usize = 8192;
/// The rate when the configuration names none, or one that can't be read.
const DEFAULT_RATE: f64 = 0.0001;

/// Begins the spans of one sidecar.
#[derive(Debug, Default)]
pub struct Tracer {
    /// Rate "0": nothing is said of traces at all.
    silent: bool,
    /// Without it there are no spans: the caller's context passes through.
    on: bool,
    /// Share of the traces that begin here which are sampled.
    rate: f64,
    exporter: Option<Sender<Finished>>,
    /// Whether a receiver of spans is there; while none is, nothing is recorded.
    heard: Arc<AtomicBool>,
}

impl Tracer {
    /// A tracer as the configuration wants it, and what sends its spans away if anybody wants them.
    /// The error is a setting that can't be followed.
    pub fn of(
        configuration: &Configuration,
        app_id: &str,
        env: &Env,
    ) -> Result<(Self, Option<Exporter>), String> {
        let at = |pointer: &str| configuration.spec.pointer(pointer);
        let rate = at("/tracing/samplingrate").map(|rate| match rate {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        let mut rate = rate.filter(|rate| !rate.is_empty());
        let mut targets = Vec::new();
        if let Some(url) =
            at("/tracing/zipkin/endpointaddress").and_then(Value::as_str).filter(|url| !url.is_empty())
        {
            targets.push(Target::Zipkin(url.to_owned()));
        }
        if let Some((receiver, from_env)) = otlp::receiver(configuration, env)? {
            targets.push(Target::Otlp(receiver));
            if from_env {
                rate.get_or_insert_with(|| "1".to_owned());
            }
        }
        if at("/tracing/stdout").and_then(Value::as_bool) == Some(true) {
            targets.push(Target::Stdout);
        }
        let silent = rate.as_deref() == Some("0");
        let on = !silent && (rate.is_some() || !targets.is_empty());
        if !on {
            return Ok((Self { silent, ..Self::default() }, None));
        }
        let rate = rate.and_then(|rate| rate.parse().ok()).unwrap_or(DEFAULT_RATE);
        if targets.is_empty() {
            return Ok((Self { silent, on, rate, ..Self::default() }, None));
        }
        let (sender, receiver) = channel(WAITING);
        let heard = Arc::new(AtomicBool::new(true));
        let exporter = Exporter::new(app_id, targets, receiver, Arc::clone(&heard));
        Ok((Self { silent, on, rate, exporter: Some(sender), heard }, Some(exporter)))
    }

    /// Whether answers carry a trace context, be it only the caller's own.
    pub fn gives_context(&self) -> bool {
        !self.silent
    }

    /// Whether there are spans at all.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Begins a span below the caller's, or the first one of a new trace. `None` when there are no spans.
    pub fn begin(&self, kind: Kind, parent: Option<&str>, name: impl FnOnce() -> String) -> Option<Span> {
        if !self.on {
            return None;
        }
        let valid = parent.filter(|parent| parts(parent).is_some());
        let mut own = child_of(valid);
        let (parent, sampled) = if let Some(parent) = valid {
            let flags = u8::from_str_radix(&own[53..55], 16).unwrap_or_default();
            (&parent[36..52], flags & 1 == 1)
        } else {
            let sampled = fastrand::f64() < self.rate;
            if !sampled {
                own.replace_range(53..55, "00");
            }
            ("", sampled)
        };
        let exporter =
            self.exporter.as_ref().filter(|_| sampled && self.heard.load(Ordering::Relaxed)).cloned();
        Some(Span::begin(own, parent, kind, name, exporter))
    }

    /// The line that tells of the sampler at the start; `None` when there are no spans.
    pub fn greeting(&self) -> Option<String> {
        self.on.then(|| {
            format!(
                "Dapr trace sampler initialized: ParentBased{{root:TraceIDRatioBased{{{}}},remoteParentSampled:AlwaysOnSampler,remoteParentNotSampled:AlwaysOffSampler,localParentSampled:AlwaysOnSampler,localParentNotSampled:AlwaysOffSampler}}",
                self.rate
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const NOT_SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    fn tracer(tracing: &str) -> (Tracer, Option<Exporter>) {
        let spec = serde_json::from_str(&format!("{{\"tracing\": {tracing}}}")).unwrap();
        Tracer::of(&Configuration { spec, ..Configuration::default() }, "a", &Env::of([])).unwrap()
    }

    #[test]
    fn without_a_rate_and_an_exporter_there_are_no_spans() {
        for tracing in
            ["{}", "{\"samplingrate\": \"\"}", "{\"samplingrate\": \"0\"}", "{\"samplingrate\": 0}"]
        {
            let (tracer, exporter) = tracer(tracing);
            assert!(!tracer.is_on() && exporter.is_none(), "{tracing}");
            assert!(tracer.begin(Kind::Client, Some(SAMPLED), String::new).is_none());
        }
    }

    #[test]
    fn a_parent_decides_whether_its_children_are_told() {
        let (tracer, exporter) =
            tracer(r#"{"samplingrate": "0.0001", "zipkin": {"endpointaddress": "http://127.0.0.1:1/x"}}"#);
        let mut exporter = exporter.unwrap();
        let span = tracer.begin(Kind::Client, Some(SAMPLED), || "one".into()).unwrap();
        assert_eq!(span.traceparent()[..36], SAMPLED[..36]);
        assert_ne!(span.traceparent()[36..52], SAMPLED[36..52]);
        let own = span.traceparent()[36..52].to_owned();
        drop(span);
        let told = exporter.waiting();
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].parent.as_str(), told[0].id.as_str()), (&SAMPLED[36..52], own.as_str()));
        let span = tracer.begin(Kind::Client, Some(NOT_SAMPLED), || "two".into()).unwrap();
        assert!(span.traceparent().ends_with("-00") && !span.is_told());
        drop(span);
        assert!(exporter.waiting().is_empty());
    }

    #[test]
    fn the_rate_decides_about_new_traces() {
        let sampled = |rate: &str| {
            let (tracer, _exporter) = tracer(&format!(
                r#"{{"samplingrate": "{rate}", "zipkin": {{"endpointaddress": "http://127.0.0.1:1/x"}}}}"#
            ));
            let begin = || tracer.begin(Kind::Client, None, String::new).unwrap();
            (0..1000).filter(|_| begin().traceparent().ends_with("-01")).count()
        };
        assert_eq!(sampled("1"), 1000);
        assert!((300..700).contains(&sampled("0.5")));
        assert!(sampled("nonsense") < 20);
    }
}
