//! What is started of a run file, and in which order.

use super::{App, Condition, RunFile};
use crate::suggest;

/// Apps to start, in the order in which their lines are shown: the order of the file, but each after the apps
/// that it depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Indexes into [`RunFile::apps`].
    pub order: Vec<usize>,
    needs: Vec<Vec<(usize, Condition)>>,
}

/// Why there is nothing to start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file has no such app.
    #[error("the run file has no app {name:?}{}", question.as_ref().map(|text| format!(" ({text})")).unwrap_or_default())]
    Unknown {
        /// What was asked for.
        name: String,
        /// A question that names similar ids.
        question: Option<String>,
    },
    /// Apps wait for each other.
    #[error("these apps depend on each other in a circle: {0}")]
    Circle(String),
    /// Nothing is left after names and profiles.
    #[error("No apps to run")]
    Nothing,
}

impl Plan {
    /// What is started when these apps are asked for (all when there are none), with these profiles. What an
    /// app depends on comes with it, whatever its own profiles.
    pub fn select(file: &RunFile, names: &[String], profiles: &[String]) -> Result<Self, Error> {
        let apps = &file.apps;
        let index = |id: &str| apps.iter().position(|app| app.id == id);
        let mut wanted = Vec::new();
        for name in names {
            wanted.push(index(name).ok_or_else(|| Error::Unknown {
                name: name.clone(),
                question: suggest::question(name, apps.iter().map(|app| app.id.as_str())),
            })?);
        }
        let admitted =
            |app: &App| app.profiles.is_empty() || app.profiles.iter().any(|one| profiles.contains(one));
        if names.is_empty() {
            wanted = (0..apps.len()).filter(|at| admitted(&apps[*at])).collect();
        }
        let needed = |at: usize| apps[at].depends_on.iter().filter_map(|(id, _)| index(id));
        let mut next = 0;
        while let Some(&at) = wanted.get(next) {
            let more: Vec<usize> = needed(at).filter(|other| !wanted.contains(other)).collect();
            wanted.extend(more);
            next += 1;
        }
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Err(Error::Nothing);
        }
        let mut order: Vec<usize> = Vec::new();
        while order.len() < wanted.len() {
            let free = |at: &&usize| !order.contains(*at) && needed(**at).all(|other| order.contains(&other));
            match wanted.iter().find(free) {
                Some(at) => order.push(*at),
                None => return Err(Error::Circle(circle(apps, &wanted, &order))),
            }
        }
        let rank = |id: &str| order.iter().position(|at| apps[*at].id == id);
        let needs = order.iter().map(|at| {
            apps[*at].depends_on.iter().filter_map(|(id, condition)| Some((rank(id)?, *condition))).collect()
        });
        Ok(Self { needs: needs.collect(), order: order.clone() })
    }

    /// What an app, by its place in the order, has to wait for: places in the order.
    pub fn needs(&self, rank: usize) -> Vec<(usize, Condition)> {
        self.needs.get(rank).cloned().unwrap_or_default()
    }
}

/// Follows dependencies among those that could not be ordered until one comes again.
fn circle(apps: &[App], wanted: &[usize], ordered: &[usize]) -> String {
    let stuck = |at: &usize| wanted.contains(at) && !ordered.contains(at);
    let mut path: Vec<usize> = wanted.iter().copied().filter(|at| stuck(at)).take(1).collect();
    while let Some(&last) = path.last() {
        let next = apps[last]
            .depends_on
            .iter()
            .find_map(|(id, _)| apps.iter().position(|app| app.id == *id).filter(|at| stuck(at)));
        let Some(next) = next else { break };
        if let Some(begin) = path.iter().position(|at| *at == next) {
            path.push(next);
            path.drain(..begin);
            break;
        }
        path.push(next);
    }
    path.iter().map(|at| apps[*at].id.as_str()).collect::<Vec<_>>().join(" → ")
}

#[cfg(test)]
mod tests;
