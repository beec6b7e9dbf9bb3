//! Name resolution: which instances an app id has, from the instance records under `.dapr/run`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::records::{Directory, Record, Runtime};

/// How long an answer is used without looking again. A dead instance is noticed sooner, because its
/// connection is refused.
const FRESH: Duration = Duration::from_secs(1);
/// How long a call waits for an app that has no instance: it may be starting at this moment.
const GRACE: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(50);

/// Where another sidecar takes calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instance {
    /// An embedded sidecar: its internal port.
    Embedded(u16),
    /// A stock one: the ports of its APIs.
    Installed {
        /// HTTP.
        http: u16,
        /// gRPC.
        grpc: u16,
    },
}

impl Instance {
    fn of(record: &Record) -> Option<Self> {
        match record.runtime {
            Runtime::Embedded => {
                Some(Self::Embedded(record.internal_port)).filter(|_| record.internal_port != 0)
            }
            Runtime::Installed => {
                let reachable = record.http_port != 0 && record.unix_domain_socket.is_none();
                reachable.then_some(Self::Installed { http: record.http_port, grpc: record.grpc_port })
            }
        }
    }
}

type Answers = HashMap<String, (Instant, Arc<[Instance]>)>;

/// Answers from a short memory.
pub struct Resolver {
    /// `None` without a home directory: then nobody is found.
    directory: Option<Directory>,
    answers: Mutex<Answers>,
    turn: AtomicUsize,
}

impl Resolver {
    /// A resolver over these records.
    pub fn new(directory: Option<Directory>) -> Self {
        Self { directory, answers: Mutex::default(), turn: AtomicUsize::new(0) }
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The living instances; waits a moment for the first one to appear. Empty when there is none.
    pub async fn instances(&self, app_id: &str) -> Arc<[Instance]> {
        if let Some((when, instances)) = self.answers().get(app_id)
            && when.elapsed() < FRESH
        {
            return Arc::clone(instances);
        }
        let started = tokio::time::Instant::now();
        loop {
            let instances = self.look(app_id).await;
            if !instances.is_empty() || started.elapsed() >= GRACE {
                return instances;
            }
            tokio::time::sleep(STEP).await;
        }
    }

    /// The living instances as they are now.
    pub async fn look(&self, app_id: &str) -> Arc<[Instance]> {
        let Some(directory) = self.directory.clone() else {
            return Arc::default();
        };
        let name = app_id.to_owned();
        // Reads files and the process table.
        let found = tokio::task::spawn_blocking(move || {
            directory.instances(&name).iter().filter_map(Instance::of).collect::<Arc<[Instance]>>()
        });
        let found = found.await.unwrap_or_default();
        let mut answers = self.answers();
        if found.is_empty() {
            // What isn't there is never remembered, so that an app is found as soon as it is up.
            answers.remove(app_id);
        } else {
            answers.retain(|_, (when, _)| when.elapsed() < FRESH);
            answers.insert(app_id.to_owned(), (Instant::now(), Arc::clone(&found)));
        }
        found
    }

    /// Where to begin in a list of instances: each call at the next one.
    pub fn turn(&self) -> usize {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::paths::InstallDir;
    use crate::records::ProcessId;

    fn directory(home: &tempfile::TempDir) -> Directory {
        let home = home.path().to_string_lossy().into_owned();
        Directory::of(&InstallDir::resolve(Some(&home), &Env::of([])).unwrap())
    }

    fn record(app_id: &str, internal_port: u16) -> Record {
        serde_json::from_value(serde_json::json!({
            "appId": app_id, "runtime": "embedded", "daprd": ProcessId::current(), "created": "x",
            "httpPort": 1, "grpcPort": 2, "internalPort": internal_port,
        }))
        .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_app_is_found_as_soon_as_it_is_there() {
        let home = tempfile::tempdir().unwrap();
        let directory = directory(&home);
        let resolver = Resolver::new(Some(directory.clone()));
        assert!(resolver.look("a").await.is_empty());
        directory.write(&record("a", 7)).unwrap();
        assert_eq!(*resolver.instances("a").await, [Instance::Embedded(7)]);
        // From memory for a while, even though the record is gone.
        directory.remove("a", std::process::id()).unwrap();
        assert_eq!(*resolver.instances("a").await, [Instance::Embedded(7)]);
        assert!(resolver.look("a").await.is_empty());
    }

    #[test]
    fn an_instance_without_a_usable_port_does_not_count() {
        let mut stock = Record { runtime: Runtime::Installed, ..record("a", 7) };
        assert_eq!(Instance::of(&stock), Some(Instance::Installed { http: 1, grpc: 2 }));
        stock.unix_domain_socket = Some("/run".into());
        assert_eq!(Instance::of(&stock), None);
        assert_eq!(Instance::of(&record("a", 0)), None);
    }
}
