//! Files whose change restarts an app.

use std::path::{Path, PathBuf};
use std::time::Duration;

use glob::{MatchOptions, Pattern};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::runfile::App;

/// Never of interest: what tools and runs write beside the sources.
const NOISE: [&str; 8] =
    [".git", ".dapr", "node_modules", "__pycache__", ".venv", ".pytest_cache", ".idea", ".vscode"];

/// Changes of the files that an app watches.
pub struct Changes {
    events: UnboundedReceiver<PathBuf>,
    debounce: Duration,
    last: String,
    base: PathBuf,
    _watcher: RecommendedWatcher,
}

impl Changes {
    /// Begins to watch; nothing when the app does not want it or the system can't.
    pub fn of(app: &App) -> Option<Self> {
        let wanted = app.watch.as_ref()?;
        let ignored = ignored(&wanted.ignore);
        let base = app.directory.clone();
        let (sender, events) = unbounded_channel();
        let root = base.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let Ok(event) = event else { return };
            if matches!(event.kind, EventKind::Access(_)) {
                return;
            }
            for path in event.paths.into_iter().filter(|path| matters(path, &root, &ignored)) {
                let _ = sender.send(path);
            }
        })
        .ok()?;
        for path in &wanted.paths {
            // A path that goes away later is no reason to stop watching the others.
            let _ = watcher.watch(path, RecursiveMode::Recursive);
        }
        let (debounce, last) = (wanted.debounce, String::new());
        Some(Self { events, debounce, last, base, _watcher: watcher })
    }

    /// Waits for a change, and until things have been quiet for a while.
    pub async fn next(&mut self) {
        let Some(first) = self.events.recv().await else { return std::future::pending().await };
        self.last = first.strip_prefix(&self.base).unwrap_or(&first).display().to_string();
        while tokio::time::timeout(self.debounce, self.events.recv()).await.is_ok() {}
    }

    /// What has changed first, below the app's directory if it is there.
    pub fn last(&self) -> String {
        self.last.clone()
    }
}

fn ignored(patterns: &[String]) -> Vec<Pattern> {
    // `name` is meant anywhere, as in ignore files, and with all that is below it.
    let forms = patterns.iter().flat_map(|pattern| [format!("**/{pattern}"), format!("**/{pattern}/**")]);
    forms.filter_map(|form| Pattern::new(&form).ok()).collect()
}

fn matters(path: &Path, root: &Path, ignored: &[Pattern]) -> bool {
    let below = path.strip_prefix(root).unwrap_or(path);
    let noise = below.components().any(|part| NOISE.iter().any(|noise| part.as_os_str() == *noise));
    let options = MatchOptions { require_literal_separator: true, ..MatchOptions::default() };
    !noise && !ignored.iter().any(|pattern| pattern.matches_path_with(below, options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_and_what_is_ignored_do_not_matter() {
        let ignored = ignored(&["*.log".into(), "out".into(), "data/*.db".into()]);
        let matters = |path: &str| matters(&Path::new("/app").join(path), Path::new("/app"), &ignored);
        assert!(matters("main.py") && matters("pkg/views.py") && matters("data/seed.sql"));
        for path in ["a.log", "deep/b.log", "out/main.js", "x/out/main.js", "data/x.db", ".git/index"] {
            assert!(!matters(path), "{path}");
        }
        assert!(!matters("pkg/__pycache__/views.pyc"));
    }
}
