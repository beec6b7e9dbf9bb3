//! What is started of a run file, and in which order.

use super::{Condition, RunFile};

/// Apps to start, in the order in which their lines are shown: those that depend on nothing first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Indexes into [`RunFile::apps`].
    pub order: Vec<usize>,
    needs: Vec<Vec<(usize, Condition)>>,
}

impl Plan {
    /// What an app, by its place in the order, has to wait for: places in the order.
    pub fn needs(&self, rank: usize) -> Vec<(usize, Condition)> {
        self.needs.get(rank).cloned().unwrap_or_default()
    }

    /// All apps.
    pub fn all(file: &RunFile) -> Self {
        let mut order: Vec<usize> = Vec::new();
        while order.len() < file.apps.len() {
            let ready = (0..file.apps.len()).find(|index| {
                !order.contains(index)
                    && file.apps[*index].depends_on.iter().all(|(id, _)| {
                        file.apps.iter().position(|app| app.id == *id).is_none_or(|at| order.contains(&at))
                    })
            });
            match ready {
                Some(index) => order.push(index),
                None => break,
            }
        }
        let rank = |id: &str| order.iter().position(|index| file.apps[*index].id == id);
        let needs = order
            .iter()
            .map(|index| {
                file.apps[*index]
                    .depends_on
                    .iter()
                    .filter_map(|(id, condition)| Some((rank(id)?, *condition)))
                    .collect()
            })
            .collect();
        Self { order, needs }
    }
}
