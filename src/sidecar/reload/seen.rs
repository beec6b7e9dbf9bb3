//! What the files of the resources directories said when they were last read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::SCOPE;
use crate::resources::{self, Audience, Component, Fixed, Loaded, Strictness, Subscription, Warning};

/// Resources by name, and what was complained of.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Components for this app.
    pub components: BTreeMap<String, Component>,
    /// Subscriptions for this app, in the order of the files.
    pub subscriptions: Vec<Subscription>,
    /// Resources of the kinds that can't be taken in one by one.
    fixed: BTreeMap<(String, String), Fixed>,
    /// Said once, not at every look.
    complaints: BTreeSet<String>,
}

impl Seen {
    /// What was loaded when the sidecar began.
    pub fn first(loaded: &Loaded, directories: &[PathBuf], audience: &Audience) -> Self {
        let (_, wrong) = resources::resiliency(directories, audience);
        let warnings = loaded.warnings.iter().map(ToString::to_string);
        Self {
            components: by_name(&loaded.components),
            subscriptions: loaded.subscriptions.clone(),
            fixed: resources::fixed(directories, audience),
            complaints: warnings.chain(wrong.iter().map(ToString::to_string)).collect(),
        }
    }

    /// Reads the files again. What stood in a file that can't be read now is taken as unchanged. The error is a state
    /// of the files that makes no sense as a whole.
    pub fn look(&self, directories: &[PathBuf], audience: &Audience) -> Result<Self, String> {
        let loaded = resources::load(directories, audience).map_err(|error| error.to_string())?;
        let (_, wrong) = resources::resiliency(directories, audience);
        let mut complaints: BTreeSet<String> = loaded.warnings.iter().map(ToString::to_string).collect();
        complaints.extend(wrong.iter().map(ToString::to_string));
        for complaint in complaints.difference(&self.complaints) {
            tracing::error!(target: SCOPE, "{complaint}; what ran before goes on");
        }
        let new = |warning: &&Warning| !self.complaints.contains(&warning.to_string());
        let broken = loaded.warnings.iter().filter(new).filter_map(|warning| match warning {
            Warning::Broken { file, .. } => Some(file.clone()),
            Warning::NotYaml(_) => None,
        });
        let broken: Vec<PathBuf> = broken.collect::<BTreeSet<_>>().into_iter().collect();
        // The place in the file, which a parser of shapes doesn't know.
        for finding in resources::check(&broken, Some(audience), Strictness::Run) {
            if finding.is_error() {
                tracing::error!(target: SCOPE, "{finding}");
            }
        }
        let is_broken = |file: &Path| {
            let of_warning =
                |warning: &Warning| matches!(warning, Warning::Broken { file: broken, .. } if broken == file);
            loaded.warnings.iter().any(of_warning) || wrong.iter().any(|finding| finding.file == file)
        };
        let mut components = by_name(&loaded.components);
        for (name, old) in self.components.iter().filter(|(_, old)| is_broken(&old.file)) {
            components.entry(name.clone()).or_insert_with(|| old.clone());
        }
        let mut subscriptions = loaded.subscriptions;
        for old in self.subscriptions.iter().filter(|old| is_broken(&old.file)) {
            let is_it = |one: &Subscription| {
                one.file == old.file
                    && one.name == old.name
                    && (!old.name.is_empty() || one.topic == old.topic)
            };
            if !subscriptions.iter().any(is_it) {
                subscriptions.push(old.clone());
            }
        }
        let mut fixed = resources::fixed(directories, audience);
        fixed.retain(|_, resource| !is_broken(&resource.file));
        for (key, old) in self.fixed.iter().filter(|(_, old)| is_broken(&old.file)) {
            fixed.entry(key.clone()).or_insert_with(|| old.clone());
        }
        Ok(Self { components, subscriptions, fixed, complaints })
    }

    /// Whether this was not complained of before.
    pub fn complains_first(&self, complaint: &str) -> bool {
        !self.complaints.contains(complaint)
    }

    /// The same after this was complained of.
    pub fn with_complaint(&self, complaint: String) -> Self {
        let mut seen = self.clone();
        seen.complaints.insert(complaint);
        seen
    }

    /// The first of the resources that can't be taken in one by one which has changed: what happened to it, kind and
    /// name.
    pub fn fixed_difference<'a>(&'a self, now: &'a Self) -> Option<(&'static str, &'a str, &'a str)> {
        let new = now.fixed.iter().find_map(|(key, resource)| match self.fixed.get(key) {
            None => Some(("CREATED", key)),
            Some(old) if !old.says_the_same(resource) => Some(("UPDATED", key)),
            Some(_) => None,
        });
        let gone = || self.fixed.keys().find(|key| !now.fixed.contains_key(*key)).map(|key| ("DELETED", key));
        new.or_else(gone).map(|(event, (kind, name))| (event, kind.as_str(), name.as_str()))
    }
}

fn by_name(components: &[Component]) -> BTreeMap<String, Component> {
    components.iter().map(|component| (component.name.clone(), component.clone())).collect()
}
