//! `kind: Resiliency` (daprd reference, sections 10.4 and 15): named policies, and which apps and components they are
//! for. Knows nothing of how a policy is followed.

mod read;
mod trip;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Audience;
use super::check::{files, key};
use crate::lint::{self, Diagnostic, Node};
use crate::suggest;

pub use trip::{Counts, Trip};

/// A resource, or several of them merged.
#[derive(Debug, Clone, Default)]
pub struct Resiliency {
    /// `metadata.name`; of several, the last one's.
    pub name: String,
    /// `metadata.namespace`; may be empty.
    pub namespace: String,
    /// `spec.policies.timeouts`.
    pub timeouts: BTreeMap<String, Duration>,
    /// `spec.policies.retries`.
    pub retries: BTreeMap<String, Retry>,
    /// `spec.policies.circuitBreakers`.
    pub breakers: BTreeMap<String, Breaker>,
    /// `spec.targets.apps`, by app id.
    pub apps: BTreeMap<String, Target>,
    /// `spec.targets.components`, by name: what comes from a component.
    pub inbound: BTreeMap<String, Target>,
    /// The same for what goes to a component.
    pub outbound: BTreeMap<String, Target>,
}

/// When and how often something is tried again.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// How long the waits are.
    pub pace: Pace,
    /// Tries after the first one; `None` means without end.
    pub most: Option<u32>,
    /// Which failures are worth it.
    pub matching: Matching,
}

/// The waits between tries.
#[derive(Debug, Clone, PartialEq)]
pub enum Pace {
    /// Always the same.
    Constant(Duration),
    /// Longer and longer.
    Exponential {
        /// The first one.
        initial: Duration,
        /// What each following one is multiplied by.
        multiplier: f64,
        /// Share by which each is longer or shorter at random.
        jitter: f64,
        /// The longest one.
        longest: Duration,
        /// After this time there are no more tries; `None` means without end.
        total: Option<Duration>,
    },
}

impl Pace {
    /// What stock daprd takes when only `exponential` is said.
    pub const EXPONENTIAL: Self = Self::Exponential {
        initial: Duration::from_millis(500),
        multiplier: 1.5,
        jitter: 0.5,
        longest: Duration::from_mins(1),
        total: Some(Duration::from_mins(15)),
    };
}

/// A status that a failure came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Of HTTP.
    Http(u16),
    /// Of gRPC.
    Grpc(u16),
}

/// First and last status of a range.
pub type Range = (u16, u16);

/// `matching`: the statuses that are tried again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matching {
    /// Ranges of HTTP statuses; `None` means all.
    pub http: Option<Vec<Range>>,
    /// Ranges of gRPC statuses; `None` means all.
    pub grpc: Option<Vec<Range>>,
}

impl Matching {
    /// Whether a failure with this status is tried again.
    pub fn admits(&self, code: Code) -> bool {
        let (ranges, code) = match code {
            Code::Http(code) => (&self.http, code),
            Code::Grpc(code) => (&self.grpc, code),
        };
        ranges
            .as_ref()
            .is_none_or(|ranges| ranges.iter().any(|(first, last)| (*first..=*last).contains(&code)))
    }
}

/// A circuit breaker.
#[derive(Debug, Clone)]
pub struct Breaker {
    /// Requests that are let through to find out whether things are better.
    pub max_requests: u32,
    /// How often counts are cleared while all is well; zero means never.
    pub interval: Duration,
    /// How long it stays open.
    pub timeout: Duration,
    /// When it opens.
    pub trip: Trip,
}

/// The policies of a target, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// `timeout`.
    pub timeout: Option<Reference>,
    /// `retry`.
    pub retry: Option<Reference>,
    /// `circuitBreaker`.
    pub breaker: Option<Reference>,
    /// `circuitBreakerCacheSize`: most breakers that are kept for an app.
    pub cache: Option<usize>,
}

/// The name of a policy, and where it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The policy.
    pub name: String,
    /// For example `spec.targets.apps.shop.retry`.
    pub field: String,
    /// The file.
    pub file: PathBuf,
    /// Line and column.
    pub at: (usize, usize),
}

impl Resiliency {
    /// Adds another resource, whose names win over equal ones.
    pub fn merge(&mut self, other: Self) {
        let Self { name, namespace, timeouts, retries, breakers, apps, inbound, outbound } = other;
        (self.name, self.namespace) = (name, namespace);
        self.timeouts.extend(timeouts);
        self.retries.extend(retries);
        self.breakers.extend(breakers);
        self.apps.extend(apps);
        self.inbound.extend(inbound);
        self.outbound.extend(outbound);
    }

    /// Targets that name a policy which isn't there: they go without it.
    pub fn dangling(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for target in self.apps.values().chain(self.inbound.values()).chain(self.outbound.values()) {
            let mut look = |reference: &Option<Reference>, known: Vec<&String>, what: &str| {
                let Some(Reference { name, field, file, at }) = reference else { return };
                if !known.contains(&name) {
                    let hint = suggest::question(name, known.into_iter().map(String::as_str));
                    let text = format!("{field}: no {what} policy {name:?} is defined");
                    found.push(Diagnostic::error(file, *at, text).hint(hint));
                }
            };
            look(&target.timeout, self.timeouts.keys().collect(), "timeout");
            look(&target.retry, self.retries.keys().collect(), "retry");
            look(&target.breaker, self.breakers.keys().collect(), "circuit breaker");
        }
        found
    }

    /// Reads a document; `Err` is all that is wrong with it.
    pub(super) fn of(file: &Path, document: &Node) -> Result<Self, Vec<Diagnostic>> {
        read::resource(file, document)
    }
}

/// The resources of the directories that are for this app, in the order of the files, and why others could not be
/// read. Only the kind of a document counts, not its `apiVersion`.
pub fn resiliency<P: AsRef<Path>>(
    directories: &[P],
    audience: &Audience,
) -> (Vec<Resiliency>, Vec<Diagnostic>) {
    let (mut resources, mut found) = (Vec::new(), Vec::new());
    for file in directories.iter().flat_map(|directory| files(directory.as_ref())) {
        // A file that can't be read is told of by the loader of everything else.
        let text = fs_err::read_to_string(&file).unwrap_or_default();
        if !text.contains("Resiliency") {
            continue;
        }
        let (documents, _) = lint::parse(&file, &text);
        for document in documents.iter().filter(|document| is_meant(document, audience)) {
            match Resiliency::of(&file, document) {
                Ok(resource) => resources.push(resource),
                Err(wrong) => found.extend(wrong),
            }
        }
    }
    (resources, found)
}

fn is_meant(document: &Node, audience: &Audience) -> bool {
    let scopes = key(document, "scopes").map(Node::items).unwrap_or_default();
    let scopes: Vec<String> = scopes.iter().map(|scope| scope.text().to_owned()).collect();
    let namespace = key(document, "metadata").and_then(|metadata| key(metadata, "namespace"));
    key(document, "kind").is_some_and(|kind| kind.text() == "Resiliency")
        && audience.admits(namespace.map(Node::text), &scopes)
}

#[cfg(test)]
mod tests;
