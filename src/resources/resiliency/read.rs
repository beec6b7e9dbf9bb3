//! From a YAML document to a resource. Everything that is wrong is found at once, each with its place and field.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::super::check::key;
use super::{Breaker, Matching, Pace, Range, Reference, Resiliency, Retry, Target, Trip};
use crate::lint::{Diagnostic, Node, Value, duration};

/// What a retry policy waits when it says nothing.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a circuit breaker stays open when it says nothing.
const OPEN: Duration = Duration::from_mins(1);
const HTTP: Range = (100, 599);
const GRPC: Range = (0, 16);

/// Reads a document of the kind.
pub fn resource(file: &Path, document: &Node) -> Result<Resiliency, Vec<Diagnostic>> {
    let mut reader = Reader { file, found: Vec::new() };
    let metadata = key(document, "metadata");
    let text = |name: &str| metadata.and_then(|metadata| key(metadata, name)).map(Node::text);
    let mut resource = Resiliency {
        name: text("name").unwrap_or_default().to_owned(),
        namespace: text("namespace").unwrap_or_default().to_owned(),
        ..Resiliency::default()
    };
    let Some(spec) = key(document, "spec") else { return Ok(resource) };
    if let Some(policies) = key(spec, "policies") {
        let part = |name: &str| format!("spec.policies.{name}");
        resource.timeouts = reader.each(policies, &part("timeouts"), Reader::duration);
        // Such a policy is there, and limits nothing.
        for limit in resource.timeouts.values_mut().filter(|limit| limit.is_zero()) {
            *limit = Duration::MAX;
        }
        resource.retries = reader.each(policies, &part("retries"), Reader::retry);
        resource.breakers = reader.each(policies, &part("circuitBreakers"), Reader::breaker);
    }
    if let Some(targets) = key(spec, "targets") {
        resource.apps = reader.each(targets, "spec.targets.apps", Reader::target);
        let components = reader.each(targets, "spec.targets.components", |_, field, node| {
            Some((field.to_owned(), node.clone()))
        });
        for (name, (field, node)) in components {
            for (direction, into) in
                [("inbound", &mut resource.inbound), ("outbound", &mut resource.outbound)]
            {
                let target = key(&node, direction)
                    .and_then(|target| reader.target(&format!("{field}.{direction}"), target));
                into.extend(target.map(|target| (name.clone(), target)));
            }
        }
    }
    if reader.found.is_empty() { Ok(resource) } else { Err(reader.found) }
}

struct Reader<'a> {
    file: &'a Path,
    found: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn wrong(&mut self, field: &str, node: &Node, text: &str) {
        self.found.push(Diagnostic::error(self.file, node.at, format!("{field}: {text}")));
    }

    /// The entries of the map whose field ends this path.
    fn each<T>(
        &mut self,
        parent: &Node,
        path: &str,
        mut read: impl FnMut(&mut Self, &str, &Node) -> Option<T>,
    ) -> BTreeMap<String, T> {
        let name = path.rsplit('.').next().unwrap_or_default();
        let Some(map) = key(parent, name) else { return BTreeMap::new() };
        if !matches!(map.value, Value::Map(_)) {
            self.wrong(path, map, "it has to be a map of names");
        }
        let mut all = BTreeMap::new();
        for (name, node) in map.entries() {
            let field = format!("{path}.{}", name.text());
            all.extend(read(self, &field, node).map(|value| (name.text().to_owned(), value)));
        }
        all
    }

    fn duration(&mut self, field: &str, node: &Node) -> Option<Duration> {
        let text = node.text();
        // Numbers are milliseconds.
        let found = text.parse().map(Duration::from_millis).ok().or_else(|| duration(text));
        if found.is_none() {
            self.wrong(field, node, &format!("{text:?} is no duration (try 5s, or 500 for milliseconds)"));
        }
        found
    }

    /// The duration that a field holds; the default where it doesn't say.
    fn duration_of(&mut self, parent: &Node, field: &str, name: &str, default: Duration) -> Duration {
        let node = key(parent, name).filter(|node| !node.is_blank());
        node.and_then(|node| self.duration(&format!("{field}.{name}"), node)).unwrap_or(default)
    }

    fn number<T: std::str::FromStr>(&mut self, parent: &Node, field: &str, name: &str, default: T) -> T {
        let Some(node) = key(parent, name).filter(|node| !node.is_blank()) else { return default };
        node.text().parse().unwrap_or_else(|_| {
            self.wrong(&format!("{field}.{name}"), node, &format!("{:?} is no such number", node.text()));
            default
        })
    }

    fn retry(&mut self, field: &str, node: &Node) -> Option<Retry> {
        let kind = key(node, "policy").map_or("", Node::text);
        let pace = match kind.to_ascii_lowercase().as_str() {
            "" | "constant" => Pace::Constant(self.duration_of(node, field, "duration", PAUSE)),
            "exponential" => self.exponential(field, node),
            _ => {
                let text = format!("{kind:?} is no kind of retry: it is constant or exponential");
                self.wrong(&format!("{field}.policy"), node, &text);
                return None;
            }
        };
        let most = self.number(node, field, "maxRetries", -1_i64);
        let most = u32::try_from(most).ok();
        let matching = match key(node, "matching") {
            None => Matching::default(),
            Some(matching) => Matching {
                http: self.codes(matching, field, "httpStatusCodes", HTTP),
                grpc: self.codes(matching, field, "gRPCStatusCodes", GRPC),
            },
        };
        Some(Retry { pace, most, matching })
    }

    fn exponential(&mut self, field: &str, node: &Node) -> Pace {
        let Pace::Exponential { initial, multiplier, jitter, longest, total } = Pace::EXPONENTIAL else {
            return Pace::EXPONENTIAL;
        };
        let total = self.duration_of(node, field, "maxElapsedTime", total.unwrap_or_default());
        Pace::Exponential {
            initial: self.duration_of(node, field, "initialInterval", initial),
            multiplier: self.number(node, field, "multiplier", multiplier),
            jitter: self.number(node, field, "randomizationFactor", jitter).clamp(0.0, 1.0),
            longest: self.duration_of(node, field, "maxInterval", longest),
            total: Some(total).filter(|total| !total.is_zero()),
        }
    }

    /// A list such as `429,500-599`.
    fn codes(&mut self, parent: &Node, field: &str, name: &str, known: Range) -> Option<Vec<Range>> {
        let node = key(parent, name).filter(|node| !node.is_blank())?;
        let range = |text: &str| -> Option<Range> {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let range = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (known.0 <= range.0 && range.0 <= range.1 && range.1 <= known.1).then_some(range)
        };
        let mut ranges = Vec::new();
        for text in node.text().split(',').map(str::trim).filter(|text| !text.is_empty()) {
            if let Some(range) = range(text) {
                ranges.push(range);
            } else {
                let (first, last) = known;
                let text = format!("{text:?} is no status or range of them between {first} and {last}");
                self.wrong(&format!("{field}.matching.{name}"), node, &text);
            }
        }
        Some(ranges)
    }

    #[expect(clippy::unnecessary_wraps, reason = "as each kind of policy is read")]
    fn breaker(&mut self, field: &str, node: &Node) -> Option<Breaker> {
        let trip = key(node, "trip").filter(|trip| !trip.is_blank());
        let trip = trip.and_then(|trip| match Trip::parse(trip.text()) {
            Ok(trip) => Some(trip),
            Err(error) => {
                let text = format!("{:?} is no condition: {error}", trip.text());
                self.wrong(&format!("{field}.trip"), trip, &text);
                None
            }
        });
        Some(Breaker {
            max_requests: self.number(node, field, "maxRequests", 1).max(1),
            interval: self.duration_of(node, field, "interval", Duration::ZERO),
            timeout: Some(self.duration_of(node, field, "timeout", OPEN))
                .filter(|time| !time.is_zero())
                .unwrap_or(OPEN),
            trip: trip.unwrap_or_default(),
        })
    }

    #[expect(clippy::unnecessary_wraps, reason = "as each kind of entry is read")]
    fn target(&mut self, field: &str, node: &Node) -> Option<Target> {
        let file = self.file;
        let reference = |name: &str| {
            let node = key(node, name).filter(|node| !node.is_blank())?;
            let field = format!("{field}.{name}");
            Some(Reference { name: node.text().to_owned(), field, file: file.to_owned(), at: node.at })
        };
        Some(Target {
            timeout: reference("timeout"),
            retry: reference("retry"),
            breaker: reference("circuitBreaker"),
            cache: Some(self.number(node, field, "circuitBreakerCacheSize", 0)).filter(|size| *size > 0),
        })
    }
}
